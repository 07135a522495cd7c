"""Divide the documents of a topic in two by their words.

Axes: n documents of the topic, V words.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import xlogy

FloatArray = NDArray[np.floating]
# Steps of the power iteration that starts the division, and of the classification that finishes it: more change little.
_POWER_STEPS = 20
_STEPS = 8
# Pseudo-counts per word of the vocabulary that smooth the words of each part, in proportion to the words of the corpus.
_SMOOTHING = 0.1


@dataclass(frozen=True)
class Split:
    """Two parts of the documents of a topic.

    Attributes
    ----------
    smaller : bool array of shape (n,)
        The documents of the smaller part.
    information : float
        Information of the part on the words, in nats over all tokens: the gain in log likelihood of two distributions
        of words, each the maximum likelihood one of its part, over one.
    """

    smaller: NDArray[np.bool_]
    information: float


def split_documents(counts: sparse.csr_array, weight: FloatArray, unigram: FloatArray) -> Split | None:
    """Two parts of the documents, or None if they do not separate.

    The parts start as the two sides of the leading direction of the centred tf-idf rows. Then each document moves to
    the part whose words make its own likelier, as in the classification form of the mixture of unigrams (Celeux &
    Govaert 1992; Nigam et al. 2000). Nothing is drawn: the same documents give the same parts.

    Parameters
    ----------
    counts : csr_array of shape (n, V)
    weight : (n,)
        Weight of a token of each document, above 0.
    unigram : (V,)
        Words of the corpus, above 0; sums to 1.
    """
    n, V = counts.shape
    if n < 2 or not counts.nnz:
        return None
    used = np.unique(counts.indices)
    counts, base = counts[:, used], _SMOOTHING * V * unigram[used]
    side = _leading_direction(counts)
    if side is None:
        return None
    weighted = sparse.diags_array(weight.astype(np.float64)) @ counts
    total = weighted.sum(0)
    for _ in range(_STEPS):
        first = weighted[side].sum(0)
        log_ratio = np.log((first + base) / (first.sum() + _SMOOTHING * V)) - np.log(
            (total - first + base) / ((total - first).sum() + _SMOOTHING * V)
        )
        moved = weighted @ log_ratio + np.log(side.sum() / (n - side.sum())) > 0.0
        if moved.all() or not moved.any():
            return None
        if (moved == side).all():
            break
        side = moved
    first = weighted[side].sum(0)
    information = _log_likelihood(first) + _log_likelihood(total - first) - _log_likelihood(total)
    return Split(~side if 2 * side.sum() > n else side, information)


def _leading_direction(counts: sparse.csr_array) -> NDArray[np.bool_] | None:
    """Whether each document lies on one side of the mean along the leading direction of the tf-idf rows, (n,)."""
    n = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    rows = (counts @ sparse.diags_array(np.log((1.0 + n) / (1.0 + frequency)))).tocsr()
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(1)).ravel())
    rows = sparse.diags_array(1.0 / np.where(length > 0, length, 1.0)) @ rows
    mean = rows.sum(0) / n
    # Any start that does not depend on the order of documents will do; this one draws no random numbers.
    position = np.cos(np.arange(n) * np.pi * (np.sqrt(5.0) - 1.0))
    for _ in range(_POWER_STEPS):
        position = position - position.mean()
        direction = rows.T @ position
        position = rows @ direction - mean @ direction
        norm = np.linalg.norm(position)
        if norm < 1e-12:
            return None
        position /= norm
    side = position > 0.0
    return side if side.any() and not side.all() else None


def _log_likelihood(totals: FloatArray) -> float:
    """sum_w t_w log(t_w / sum t) of word totals t, in nats."""
    return float(xlogy(totals, totals).sum() - xlogy(totals.sum(), totals.sum()))
