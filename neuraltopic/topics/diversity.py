"""Diversity of topics: figures of a set of word lists, and of each list.

Axes: K topics, n words in a list, V words. A word is its number; lists have the same length, and no word twice.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from neuraltopic.topics.overlap import rank_biased_overlap


def uniqueness(lists: NDArray[np.integer]) -> NDArray[np.float64]:
    """Mean over a list's words of one over the number of lists that have it, (K,), from 1/K to 1.

    Nan, Ding, Nallapati and Xiang (2019), Topic modeling with Wasserstein autoencoders. Its mean over topics is the
    diversity of Dieng, Ruiz and Blei (2020): distinct words over all words of the lists, 1/K for K equal lists.
    """
    _, which, counts = np.unique(lists, return_inverse=True, return_counts=True)
    return (1.0 / counts[which.reshape(lists.shape)]).mean(1)


def diversity(lists: NDArray[np.integer]) -> float:
    """Distinct words over all words of the lists, from 1/K to 1, 0 without a list (Dieng, Ruiz, Blei 2020)."""
    return len(np.unique(lists)) / max(lists.size, 1)


def inverted_rbo(lists: NDArray[np.integer]) -> NDArray[np.float64]:
    """1 less the mean rank-biased overlap of a list with the others, (K,); its mean is that over the pairs of lists.

    0 when all lists are equal, 1 when no two share a word, or there is only one. Webber et al. (2010) for the
    overlap, Bianchi, Terragni and Hovy (2021) for its use.
    """
    K = len(lists)
    overlap = rank_biased_overlap(lists, lists)
    np.fill_diagonal(overlap, 0.0)
    return 1.0 - overlap.sum(1) / max(K - 1, 1)


def exclusivity(log_probabilities: NDArray[np.floating], lists: NDArray[np.integer]) -> NDArray[np.float64]:
    """Mean over a topic's words of p(w | topic) / sum_j p(w | j), (K,), from 0 to 1.

    The exclusivity of Bischof and Airoldi (2012), in the mean over the top words. 1/K when all topics are equal.

    Parameters
    ----------
    log_probabilities : (K, V)
        log p(w | topic).
    lists : int array of shape (K, n)
    """
    share = np.take_along_axis(log_probabilities, lists, 1) - logsumexp(log_probabilities, axis=0)[lists]
    return np.exp(share).mean(1)
