"""Expected memory of a fit, and a limit on it.

Axes: D documents, V words, K topics.
"""

import ctypes
import sys

from neuraltopic.errors import UsageError, parameter

_BASE_BYTES = 450e6  # Python, torch, scikit-learn, pandas, and the blocks of reading and inference
# The ledger, the digests that identify copies, the table of documents, and the resident part of mapped counts.
_BYTES_A_DOCUMENT = 900.0
_HIDDEN = 128  # units of the encoder's first layer
# The weights of two threads, the best weights, two gradients, two moments, and the temporary arrays of two updates.
_COPIES_OF_WEIGHTS = 11.0
# Tiles that are kept for the gradient of an update: of two at once only where batches or vocabulary are small.
_TILES_BYTES = 1.34e8
_PROCESS_BYTES = 200e6  # of one that cuts texts into words


def expected_memory(D: int, V: int, K: int) -> float:
    """Largest resident memory of a fit in bytes: the copies of the weights, and what each document adds."""
    weights = 4.0 * V * (K + _HIDDEN)
    return _BASE_BYTES + _TILES_BYTES + _COPIES_OF_WEIGHTS * weights + D * _BYTES_A_DOCUMENT


def processes_within(max_memory: float | None, n_jobs: int) -> int:
    """The largest number of processes, of `n_jobs` and at least one, that leaves half of the memory to the main
    process."""
    if max_memory is None:
        return n_jobs
    return max(1, min(n_jobs, int(0.5 * max_memory / _PROCESS_BYTES)))


def require_memory(max_memory: float | None, D: int, V: int, K: int) -> None:
    """Refuse a fit that is expected to need more memory.

    Raises
    ------
    UsageError
    """
    expected = expected_memory(D, V, K)
    if max_memory is not None and expected > max_memory:
        raise UsageError(
            parameter("max_memory"),
            expected=f"{_megabytes(expected)} or more for {D:,} documents, {V:,} words and {K:,} topics",
            got=_megabytes(max_memory),
            hint=f"Allow more, or ask for fewer words ({parameter('max_vocabulary')}) or topics",
        )


def release_free_memory() -> None:
    """Return freed memory to the system, if the C library holds it for later (glibc), and what pyarrow holds.

    Otherwise a stage of a fit that needs blocks of other sizes would add to the memory of the stage before.
    """
    if "pyarrow" in sys.modules:
        import pyarrow as pa

        pa.default_memory_pool().release_unused()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library
        return
    trim(0)


def _megabytes(size: float) -> str:
    return f"{size / 2**20:,.0f}M"
