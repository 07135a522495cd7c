"""Expected memory of a fit, and a limit on it.

Axes: D documents, V words, K topics.
"""

from neuraltopic.errors import UsageError, parameter

_BASE_BYTES = 450e6  # Python, torch, scikit-learn, pandas, and the blocks of reading and inference
# The ledger, the digests by which copies are known, the table of documents, and what stays resident of mapped counts.
_BYTES_A_DOCUMENT = 900.0
_HIDDEN = 128  # units of the encoder's first layer
# The weights, the best of them, the gradient, two moments, and what an update makes of them.
_COPIES_OF_WEIGHTS = 8.0
# Tiles of an update that are kept for its gradient.
_TILES_BYTES = 1.34e8
_PROCESS_BYTES = 200e6  # of one that cuts texts into words


def expected_memory(D: int, V: int, K: int) -> float:
    """Bytes resident at most in the process of a fit: the weights as often as they stand in memory, and what each
    document leaves there."""
    weights = 4.0 * V * (K + _HIDDEN)
    return _BASE_BYTES + _TILES_BYTES + _COPIES_OF_WEIGHTS * weights + D * _BYTES_A_DOCUMENT


def processes_within(max_memory: float | None, n_jobs: int) -> int:
    """As many of `n_jobs` processes as leave a half of the memory to the process that they work for; one at least."""
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


def _megabytes(size: float) -> str:
    return f"{size / 2**20:,.0f}M"
