"""How much of a document each topic accounts for, when z is a Gaussian and not yet a share of anything.

Axes: D documents, K topics, V words.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax


def energy_variance(components: NDArray[np.floating], bias: NDArray[np.floating]) -> NDArray[np.float64]:
    """Variance of each topic's energies over the words of the unigram model softmax(b), (K,)."""
    unigram = softmax(bias.astype(np.float64))
    mean = components @ unigram  # (K,)
    return np.square(components - mean[:, None]) @ unigram


def document_weights(vectors: NDArray[np.floating], variance: NDArray[np.floating]) -> NDArray[np.float32]:
    """Share of each topic in each document, (D, K); rows sum to 1.

    Parameters
    ----------
    vectors : (D, K)
        Posterior means of z.
    variance : (K,)
        From `energy_variance`.

    Moving z from 0 to z_k along axis k alone changes the word distribution by
    KL(p(. | z_k) || p(. | 0)) = 1/2 z_k^2 Var(R_k) nats a token, to second order. A topic's share is that information,
    counted where z_k > 0, the side that the topic's word list describes. It is unchanged when z_k is stretched and R_k
    shrunk, and a dimension that says nothing gets nothing. A document with no positive coordinate is shared evenly.
    """
    information = np.square(np.maximum(vectors, 0.0)) * variance
    total = information.sum(1, keepdims=True)
    even = np.full_like(information, 1.0 / vectors.shape[1])
    return np.where(total > 0, information / np.where(total > 0, total, 1.0), even).astype(np.float32)
