"""The documents with the highest scores, in a stable order."""

import heapq
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]

# Vectors are accurate to about 2e-7: scores are compared to this many decimals.
DECIMALS = 4


def best(values: FloatArray, eligible: NDArray[np.bool_], n: int, id_of: Callable[[int], str]) -> list[int]:
    """The n eligible documents with the highest values, best first, equal ones in the order of their ids.

    Values are compared to `DECIMALS` decimals.
    """
    candidates = np.flatnonzero(eligible)
    n = min(n, len(candidates))
    if n <= 0:
        return []
    rounded = np.round(values[candidates], DECIMALS)
    cut = -np.partition(-rounded, n - 1)[n - 1]
    above = candidates[rounded > cut].tolist()
    level = heapq.nsmallest(n - len(above), candidates[rounded == cut].tolist(), key=id_of)
    return sorted(above, key=lambda d: (-round(float(values[d]), DECIMALS), id_of(d))) + level


class Top:
    """Keeps the documents whose values may be among the n highest, as blocks of values come.

    Parameters
    ----------
    n : int
    margin : float
        Largest distance below the n-th highest value.
    """

    def __init__(self, n: int, margin: float) -> None:
        self._n = n
        self._margin = margin
        self._least = np.float32(-np.inf)
        self._values = np.zeros(0, np.float32)
        self.documents = np.zeros(0, np.intp)

    def add(self, values: NDArray[np.float32], first: int) -> None:
        """Add the values of documents from number `first`; -inf marks one that is not eligible."""
        kept = np.flatnonzero(values > self._least)
        if not len(kept):
            return
        self._values = np.concatenate([self._values, values[kept]])
        self.documents = np.concatenate([self.documents, kept + first])
        if len(self._values) > self._n:
            cut = np.partition(self._values, -self._n)[-self._n] if self._n else np.float32(np.inf)
            self._least = np.float32(cut - self._margin)
            kept = np.flatnonzero(self._values > self._least)
            self._values, self.documents = self._values[kept], self.documents[kept]
