"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The tests run in several processes (`-n auto`), and most fits in them are tiny: one thread each. Set before torch is
# imported, and inherited by the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine takes as long as it takes: no example is wrong for being slow.
settings.register_profile("neuraltopic", deadline=None)
settings.load_profile("neuraltopic")

# A process takes about 700 MB at most.
_MOST_PROCESSES = 4


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite runs in one process per processor; named files run in this process, where a debugger works."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return 0
    from neuraltopic.preprocessing.tokenisation.processors import usable_cpus

    return min(usable_cpus(), _MOST_PROCESSES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no process ends long after the others."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real corpora, which are not in the repository."""
    named = os.environ.get("NEURALTOPIC_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real corpora not found in {folder}: set NEURALTOPIC_DATA to the folder that holds them")
    return folder


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Tiny products take longer to share among threads than to compute, ten times so on a busy machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
