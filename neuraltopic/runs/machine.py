"""The machine of a run and its speed, for run.json and for the forecast of --dry-run."""

import platform
import re
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from neuraltopic.preprocessing.tokenisation.processors import usable_cpus

LIBRARIES = ("neuraltopic", "torch", "numpy", "scipy", "scikit-learn", "spacy", "gensim", "pandas")
_SIDE = 512  # of the square matrices multiplied: 0.27 GFLOP, milliseconds on any machine


def describe_machine() -> dict[str, object]:
    """Return the facts that a result may depend on, as JSON can hold them.

    Returns
    -------
    dict
        python, platform, machine : str
        cpus : int, those that this process may use
        torch_threads : int, or None while torch is not imported
        versions : dict of str to str, or None for a library that is not installed
    """
    torch = sys.modules.get("torch")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": usable_cpus(),
        "torch_threads": torch.get_num_threads() if torch else None,
        "versions": {name: _version(name) for name in LIBRARIES},
    }


def matmul_rate(seconds: float = 0.2) -> float:
    """Measure float32 matrix multiplication with torch's threads as they are set.

    Parameters
    ----------
    seconds : float
        About how long to measure.

    Returns
    -------
    float
        Floating-point operations per second; a multiplication and an addition are two.
    """
    import torch

    matrix = torch.full((_SIDE, _SIDE), 0.5)
    product = torch.empty_like(matrix)
    return 2.0 * _SIDE**3 * calls_per_second(lambda: torch.mm(matrix, matrix, out=product), seconds)


def peak_memory_bytes() -> int | None:
    """Return the most memory this process has had resident, in bytes; None where the system does not report it.

    On Linux the answer is the kernel's VmHWM, because ru_maxrss begins with that of the parent process.
    """
    status = Path("/proc/self/status")
    if status.exists() and (peak := re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)):
        return int(peak[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def calls_per_second(function: Callable[[], object], seconds: float) -> float:
    """Calls of a function per second, over about this many seconds, after one call that is not timed."""
    function()  # threads start and memory is touched before the clock does
    start = time.perf_counter()
    calls, elapsed = 0, 0.0
    while elapsed < seconds or calls == 0:
        function()
        calls += 1
        elapsed = time.perf_counter() - start
    return calls / elapsed


def best_of(rate: Callable[[float], float]) -> float:
    """The best of some short measurements: other processes disturb only some of them."""
    return max(rate(0.04) for _ in range(10))
