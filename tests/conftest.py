"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine takes as long as it takes: no example is wrong for being slow.
settings.register_profile("neuraltopic", deadline=None)
settings.load_profile("neuraltopic")


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
