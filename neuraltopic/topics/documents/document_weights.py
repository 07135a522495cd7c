"""Shares of topics in documents, computed from the energies z^T R + b of the words.

G is the covariance of R over the words of the unigram model softmax(b), see `energy_covariance`. If the z of two
documents differ by d, the difference of their energies has the variance d^T G d over these words.

Axes: D documents, K topics, V words.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

FloatArray = NDArray[np.floating]


def energy_variance(components: FloatArray, bias: FloatArray) -> NDArray[np.float64]:
    """Variance of each topic's energies over the words of the unigram model softmax(b), (K,): the diagonal of G."""
    unigram = softmax(bias.astype(np.float64))
    mean = components @ unigram  # (K,)
    return np.square(components - mean[:, None]) @ unigram


def axis_weights(latents: FloatArray, variance: FloatArray) -> NDArray[np.float32]:
    """Weight of each topic in each document, (D, K); rows sum to 1. For topics that are axes of a Gaussian z.

    Parameters
    ----------
    latents : (D, K)
        Posterior means of z.
    variance : (K,)
        From `energy_variance`.

    Moving z from 0 to z_k along axis k alone changes the word distribution by
    KL(p(. | z_k) || p(. | 0)) = 1/2 z_k^2 Var(R_k) nats per token, to second order. A topic's weight is that
    information, counted where z_k > 0, the side that the topic's word list describes. It does not change if z_k is
    scaled up and R_k down, and a dimension without information gets 0. A document with no positive coordinate has equal
    weights.
    """
    return _normalised(np.square(np.maximum(latents, 0.0)) * variance)


def energy_shares(latents: FloatArray, covariance: FloatArray) -> NDArray[np.float32]:
    """Fraction of each topic in the energies of each document, (D, K); rows sum to 1.

    Parameters
    ----------
    latents : (D, K)
        z less that of an empty document.
    covariance : (K, K)
        G.

    z^T G z = sum_k z_k (G z)_k: a topic's term is its part of the variance of the document's energies. It counts if the
    topic is present, z_k > 0, and the document's words are its words, (G z)_k > 0. If no topic has both, the positive
    parts of z are used, and a document without any has equal shares.
    """
    z = latents.astype(np.float64)
    there = np.maximum(z, 0.0)
    return _normalised(there * np.maximum(z @ covariance, 0.0), there)


def _normalised(*choices: FloatArray) -> NDArray[np.float32]:
    """Rows divided by their sums, (D, K): each row of the first choice (D, K) in which it is not all 0, else equal
    values."""
    out = np.full(choices[0].shape, 1.0 / choices[0].shape[1])
    for values in reversed(choices):
        total = values.sum(1, keepdims=True, dtype=np.float64)
        np.divide(values, total, out=out, where=total > 0)
    return out.astype(np.float32)
