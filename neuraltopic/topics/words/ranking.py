"""Word lists from the columns of R: the words of each topic, and how specific each word is to it.

Axes: K topics, V words.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from scipy.stats import rankdata

FloatArray = NDArray[np.floating]
_PRIOR_TOKENS = 30.0


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


def reliable_weights(components: FloatArray, bias: FloatArray, word_totals: FloatArray) -> FloatArray:
    """R as the word lists rank it, (K, V): less the topic's mean, and shrunk where a word is rare.

    Parameters
    ----------
    components : (K, V)
        R.
    bias : (V,)
        b; softmax(b) weighs the mean, so that 0 is a word which the topic neither raises nor lowers.
    word_totals : (V,)
        Tokens n_w of each word in the training documents.

    The largest entries of R belong to rare words, whose estimates are uncertain. n / (n + 30) is the weight of n
    observations with a prior worth 30. See tests/benchmarks/README.md for its effect.
    """
    centred = components - (components @ softmax(bias))[:, None]
    return centred * (word_totals / (word_totals + _PRIOR_TOKENS))


def smoothed_topics(explained: FloatArray, unigram: FloatArray, prior: float = 1.0) -> FloatArray:
    """p(w | topic) from the number of times that the topic accounts for the word, (K, V), with a prior of
    pseudo-counts, (K, V).

    (explained_kw + prior unigram_w) / (sum_v explained_kv + prior): positive wherever the unigram (V,) is.
    """
    return (explained + prior * unigram) / (explained.sum(1, keepdims=True, dtype=np.float64) + prior)


def relevance(log_probabilities: FloatArray, log_unigram: FloatArray, weight: float) -> FloatArray:
    """weight log p(w | topic) + (1 - weight) log lift, (K, V) (Sievert & Shirley 2014).

    The paper's readers did best at 0.6; at one half it ranks as p(w | topic)^2 / p(w) does.
    """
    return log_probabilities - (1.0 - weight) * log_unigram


def penalise_shared_words(scores: FloatArray, weight: float) -> FloatArray:
    """Scores minus `weight` times the margin of each word's best topic, (K, V): fewer words are in several lists.

    At 0 they are the scores; towards infinity each word is in the list of one topic, while there are words enough.
    """
    return scores - weight * (scores.max(0) - scores)


def topic_log_probabilities(components: FloatArray, bias: FloatArray, strength: FloatArray) -> FloatArray:
    """log p(w | topic), (K, V): the energy softmax (17.14) at z = strength_k on axis k and 0 elsewhere.

    Parameters
    ----------
    components : (K, V)
        R.
    bias : (V,)
        b.
    strength : (K,)
        Typical coordinate of a document about the topic on its axis.
    """
    return log_softmax(bias + strength[:, None] * components, axis=1)


def lift(log_probabilities: FloatArray, log_unigram: FloatArray) -> FloatArray:
    """p(w | topic) over p(w), (K, V): how many times likelier the topic makes the word (Taddy 2012)."""
    return np.exp(log_probabilities - log_unigram)


def divergence_terms(log_probabilities: FloatArray, log_unigram: FloatArray) -> FloatArray:
    """p(w | topic) log lift, in nats, (K, V): the word's term of KL(p(w | topic) || p(w)) (Tomokiyo & Hurst 2003)."""
    return np.exp(log_probabilities) * (log_probabilities - log_unigram)


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
