"""Rows computed when they are read, one block at a time, so that they are never all in memory.

Axes: D documents, K topics.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neuraltopic.storage.pages import release_pages

FloatArray = NDArray[np.floating]
# Rows of a block: 13 MB of float32 at K = 100. A corpus of no more is read at once.
BLOCK_ROWS = 1 << 15


class FloatRows(Protocol):
    """Rows whose slices are arrays (n, K): an array in memory, one mapped from disk, or `MadeRows`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(D, K)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> FloatArray: ...


class MadeRows:
    """The results of a function of single rows, computed for the rows that are read.

    Parameters
    ----------
    rows : FloatRows of shape (D, K)
    function : callable
        Takes an array (n, K) and returns another.
    """

    def __init__(self, rows: FloatRows, function: Callable[[FloatArray], FloatArray]) -> None:
        self._rows = rows
        self._function = function

    @property
    def shape(self) -> tuple[int, ...]:
        """(D, K)."""
        return self._rows.shape

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice) -> FloatArray:
        read = np.asarray(self._rows[rows])
        made = self._function(read)
        release_pages(read)
        return made


def blocks(n_rows: int, size: int | None = None) -> Iterator[slice]:
    """Slices of at most `size` rows, `BLOCK_ROWS` by default, in order."""
    size = size or BLOCK_ROWS
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))
