"""Stability of topics between seeds: the topics of two models are paired by similarity and compared.

Axes: K and L topics of the two models, V words of their one vocabulary.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import softmax

from neuraltopic.errors import UsageError


@dataclass(frozen=True)
class Alignment:
    """The best pairing of the topics of two models, min(K, L) pairs.

    Attributes
    ----------
    first, second : int64 arrays of shape (min(K, L),)
        The topics of each pair, ascending in the first.
    similarity : float64 array of shape (min(K, L),)
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    similarity: NDArray[np.float64]

    @property
    def agreement(self) -> float:
        """Mean similarity of the pairs."""
        return float(self.similarity.mean())


def align_topics(similarity: NDArray[np.floating]) -> Alignment:
    """Pair topics one to one so that the similarities, (K, L), have the largest sum (Kuhn's Hungarian method).

    The similarities are `rank_biased_overlap` or `jaccard` of the top words, or `cosine` of whole distributions. If one
    model has more topics, the surplus ones are left out.

    Raises
    ------
    UsageError
        When a model has no topic.
    """
    if not similarity.size:
        raise UsageError("topics", expected="one or more in each model", got="none", hint="Pass fitted models")
    first, second = linear_sum_assignment(similarity, maximize=True)
    return Alignment(first, second, np.asarray(similarity[first, second], np.float64))


def cosine(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Cosine of p(w | topic) of every topic of one model with every topic of another, (K, L), from 0 to 1.

    Parameters
    ----------
    first, second : (K, V), (L, V)
        Log probabilities of the words of one vocabulary.

    Raises
    ------
    UsageError
        When the vocabularies differ in size.
    """
    if first.shape[1] != second.shape[1]:
        raise UsageError(
            "topics of two models",
            expected="one vocabulary",
            got=f"{first.shape[1]:,} and {second.shape[1]:,} words",
            hint="Fit both to the same documents with the same settings",
        )
    one, other = (softmax(log_probabilities, axis=1) for log_probabilities in (first, second))
    one, other = (p / np.linalg.norm(p, axis=1, keepdims=True) for p in (one, other))
    return one @ other.T
