"""Overlap of two word lists: rank-biased overlap, and the Jaccard index.

Axes: K and L topics of the two models, n words in a list, U distinct words. A word is its number.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neuraltopic.errors import UsageError

# Webber, Moffat and Zobel's parameter: the weight falls by a tenth per rank, so that the first ten of an infinite list
# have 86% of it.
PERSISTENCE = 0.9

Lists = NDArray[np.integer]


def rank_biased_overlap(first: Lists, second: Lists, persistence: float = PERSISTENCE) -> NDArray[np.float64]:
    r"""Rank-biased overlap of every list of one set with every list of another, (K, L), from 0 to 1.

    .. math:: \frac{X_n}{n} p^n + \frac{1 - p}{p} \sum_{d=1}^{n} \frac{X_d}{d} p^d

    :math:`X_d` is how many words the first d of both lists share: the extrapolated form of Webber, Moffat
    and Zobel (2010), A similarity measure for indefinite rankings. 1 for equal lists, 0 for lists with no common
    word, and more where the common words come first.

    Parameters
    ----------
    first, second : int arrays of shape (K, n), (L, n)
        Numbers of words, best first, distinct in a row.
    persistence : float
        p, above 0 and below 1.

    Raises
    ------
    UsageError
        When p is out of range, or the lists differ in length.
    """
    if not 0.0 < persistence < 1.0:
        raise UsageError("persistence", expected="a number above 0 and below 1", got=repr(persistence), hint="Try 0.9")
    one, other = _members(first, second)
    n = first.shape[1]
    total = np.zeros((len(first), len(second)))
    shared = np.zeros_like(total)
    for depth in range(1, n + 1):
        shared = _shared(one[:depth], other[:depth])
        total += (1.0 - persistence) / persistence * shared / depth * persistence**depth
    return total + shared / max(n, 1) * persistence**n


def jaccard(first: Lists, second: Lists) -> NDArray[np.float64]:
    """Share of the words of two lists that are in both, (K, L), from 0 to 1; order does not count.

    Parameters and errors are those of `rank_biased_overlap`.
    """
    one, other = _members(first, second)
    shared = _shared(one, other)
    return shared / np.maximum(2.0 * first.shape[1] - shared, 1.0)


def _members(first: Lists, second: Lists) -> tuple[list[sparse.csr_array], list[sparse.csr_array]]:
    """For each rank, the word of every list at this rank: n matrices (K, U) and n matrices (L, U)."""
    if first.shape[1] != second.shape[1]:
        raise UsageError(
            "lists of words",
            expected="as many words in both",
            got=f"{first.shape[1]} and {second.shape[1]}",
            hint="Shorten the longer lists",
        )
    n_words = max((int(lists.max()) + 1 for lists in (first, second) if lists.size), default=0)

    def at_each_rank(lists: Lists) -> list[sparse.csr_array]:
        K = len(lists)
        rows = np.arange(K + 1)
        return [sparse.csr_array((np.ones(K), column, rows), shape=(K, n_words)) for column in lists.T]

    return at_each_rank(first), at_each_rank(second)


def _shared(one: list[sparse.csr_array], other: list[sparse.csr_array]) -> NDArray[np.float64]:
    return (sum(one[1:], one[0]) @ sum(other[1:], other[0]).T).toarray()
