"""From the columns of R to word lists: what each topic says, and how specific each word is to it.

Axes: K topics, V words.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from scipy.stats import rankdata

FloatArray = NDArray[np.floating]


def top_words(scores: FloatArray, n: int) -> NDArray[np.int64]:
    """Numbers of the n highest-scoring words of each topic, best first, (K, min(n, V)); ties go to the lower number."""
    n = min(n, scores.shape[1])
    if n == 0:
        return np.zeros((len(scores), 0), np.int64)
    cut = -np.partition(-scores, n - 1, axis=1)[:, n - 1]
    ranked = np.empty((len(scores), n), np.int64)
    for topic, row in enumerate(scores):
        candidates = np.flatnonzero(row >= cut[topic])
        ranked[topic] = candidates[np.argsort(-row[candidates], kind="stable")[:n]]
    return ranked


def topic_log_probabilities(components: FloatArray, bias: FloatArray, strength: FloatArray) -> FloatArray:
    """log p(w | topic), (K, V): the energy softmax (17.14) at z = strength_k on axis k and 0 elsewhere.

    Parameters
    ----------
    components : (K, V)
        R.
    bias : (V,)
        b.
    strength : (K,)
        How far along its axis a document goes that is about the topic.
    """
    return log_softmax(bias + strength[:, None] * components, axis=1)


def lift(log_probabilities: FloatArray, bias: FloatArray) -> FloatArray:
    """p(w | topic) over p(w | z = 0), (K, V): how many times likelier the topic makes the word (Taddy 2012)."""
    return np.exp(log_probabilities - log_softmax(bias))


def frex(log_probabilities: FloatArray, exclusivity_weight: float = 0.5) -> FloatArray:
    """Frequency and exclusivity, (K, V), from 0 to 1 (Bischof & Airoldi 2012).

    The weighted harmonic mean of two ranks within the topic, as shares of V: that of p(w | topic), and that of the
    topic's part of the word, p(w | topic) / sum_j p(w | j).
    """
    V = log_probabilities.shape[1]
    exclusivity = log_probabilities - np.logaddexp.reduce(log_probabilities, axis=0)
    frequency_rank = rankdata(log_probabilities, axis=1) / V
    exclusivity_rank = rankdata(exclusivity, axis=1) / V
    return 1.0 / (exclusivity_weight / exclusivity_rank + (1.0 - exclusivity_weight) / frequency_rank)
