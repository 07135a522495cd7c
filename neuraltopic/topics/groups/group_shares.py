r"""Shares of topics in groups of documents (periods, classes), with intervals, and the words of a topic in each.

The share of a topic in a group is the mean s of its shares in the n documents of the group. Its interval is for the
mean of the population from which the documents were drawn. The shares of a topic are near 0 in most documents and large
in few, so that a bootstrap is far too narrow for a group that has none of these. The interval is Wilson's (1927) for a
mean between 0 and 1 with variance phi m (1 - m): all m with

    (s - m)^2 <= z^2 phi m (1 - m) / n,        z = 1.96,

where phi, from 0 to 1, is the dispersion of the topic: 1 if every share is 0 or 1. It is a weighted mean of the
dispersion of all documents, var(s) / (s (1 - s)), and that of the group, whose weight is
n s (1 - s) / (n s (1 - s) + 5). The uncertainty of the inferred shares is not included: see
`neuraltopic.topics.groups.effects`.

Axes: D documents, G groups, K topics, V words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuraltopic.topics.words.ranking import divergence_terms, top_words

FloatArray = NDArray[np.floating]
_Z = 1.959963984540054
# n s (1 - s) at which the weight of the group's own dispersion is 1/2.
_OVERALL = 5.0
# Pseudo-count of the whole topic's words in a group.
_SMOOTHING_WORDS = 50.0


@dataclass(frozen=True)
class GroupShares:
    """Shares of topics in groups.

    Attributes
    ----------
    n_documents : int (G,)
    share, low, high : (G, K)
        Mean share, and the bounds of the 95 % interval.
    """

    n_documents: NDArray[np.int64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def group_shares(shares: FloatArray, groups: NDArray[np.integer], n_groups: int) -> GroupShares:
    """Mean share of each topic in each group, with its interval.

    Parameters
    ----------
    shares : (D, K)
        From 0 to 1.
    groups : (D,)
        Group of each document, -1 for none.
    n_groups : int
        G. A group without documents has share NaN and the interval from 0 to 1.
    """
    s = shares.astype(np.float64)
    has = groups >= 0
    member = np.zeros((n_groups, len(s)))
    member[groups[has], np.flatnonzero(has)] = 1.0
    n = member.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (member @ s) / n[:, None]
        variance = np.maximum((member @ np.square(s)) / n[:, None] - mean**2, 0.0) * (n / (n - 1.0))[:, None]
    overall = _dispersion(s.mean(0), s.var(0, ddof=1) if len(s) > 1 else np.zeros(s.shape[1]), np.ones(s.shape[1]))
    own = _dispersion(mean, variance, np.broadcast_to(overall, mean.shape))
    told = np.nan_to_num(n[:, None] * mean * (1.0 - mean))
    weight = np.where(n[:, None] > 1, told / (told + _OVERALL), 0.0)
    phi = weight * np.nan_to_num(own) + (1.0 - weight) * overall
    low, high = wilson_interval(np.nan_to_num(mean), n[:, None], phi)
    empty = n == 0
    low[empty], high[empty] = 0.0, 1.0
    return GroupShares(n.astype(np.int64), mean, low, high)


def wilson_interval(
    mean: FloatArray, n: FloatArray, phi: FloatArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The bounds of all m with (mean - m)^2 <= z^2 phi m (1 - m) / n."""
    spread = np.divide(_Z**2 * phi, n, out=np.zeros(np.broadcast_shapes(mean.shape, phi.shape)), where=n > 0)
    centre = (mean + 0.5 * spread) / (1.0 + spread)
    half = np.sqrt(spread * mean * (1.0 - mean) + 0.25 * spread**2) / (1.0 + spread)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def _dispersion(mean: FloatArray, variance: FloatArray, where_none: FloatArray) -> NDArray[np.float64]:
    """phi, from 0 to 1; `where_none` for topics with mean 0 or 1."""
    whole = mean * (1.0 - mean)
    with np.errstate(invalid="ignore"):
        return np.clip(np.divide(variance, whole, out=where_none.astype(np.float64), where=whole > 0), 0.0, 1.0)


def group_words(
    explained: FloatArray, log_probabilities: FloatArray, log_unigram: FloatArray, top_n: int
) -> NDArray[np.int64]:
    """Indices of the first words of each topic in one group, (K, top_n).

    Parameters
    ----------
    explained : (K, V)
        Expected number of documents of the group in which each topic accounts for each word.
    log_probabilities : (K, V)
        log p(w | topic) in all documents, with which the words of the group are smoothed (50 pseudo-counts).
    log_unigram : (V,)
        log p(w) in all documents.

    Words are ranked by p log(p / p(w)) with p the smoothed distribution: the contribution of a word to the divergence
    of the topic in the group from the collection.
    """
    total = explained.sum(1, keepdims=True, dtype=np.float64)
    smoothed = (explained + _SMOOTHING_WORDS * np.exp(log_probabilities)) / (total + _SMOOTHING_WORDS)
    return top_words(divergence_terms(np.log(smoothed), log_unigram), top_n)


def shares_table(
    name: str, values: Sequence[object], found: GroupShares, labels: Sequence[str], listed: NDArray[np.integer]
) -> pd.DataFrame:
    """One line per topic in a group: `name` (the group), topic, label, share, low, high, n_documents, n_listed.

    Parameters
    ----------
    name : str
        Name of the column of groups.
    values : G of anything
    found : GroupShares
    labels : K strings
    listed : int (G, K)
        Documents of the group assigned to each topic; n_documents counts all of the group.
    """
    G, K = found.share.shape
    return pd.DataFrame(
        {
            name: [value for value in values for _ in range(K)],
            "topic": np.tile(np.arange(K), G),
            "label": list(labels) * G,
            "share": found.share.ravel(),
            "low": found.low.ravel(),
            "high": found.high.ravel(),
            "n_documents": np.repeat(found.n_documents, K),
            "n_listed": listed.ravel(),
        }
    )
