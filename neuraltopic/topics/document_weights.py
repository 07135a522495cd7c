"""How much of a document each topic accounts for, by what the decoder makes of z: the energies z^T R + b of the words.

G is the covariance of R over the words of the unigram model softmax(b), see `energy_covariance`. Moving z from 0 to z
changes the word distribution by KL(p(. | z) || p(. | 0)) = 1/2 z^T G z nats a token, to second order.

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

    A topic's weight is what z_k says alone, 1/2 z_k^2 Var(R_k), counted where z_k > 0, the side that the topic's word
    list describes. It is unchanged when z_k is stretched and R_k shrunk, and a dimension that says nothing gets
    nothing. A document with no positive coordinate is shared evenly.
    """
    return _normalised(np.square(np.maximum(latents, 0.0)) * variance)


def energy_shares(latents: FloatArray, covariance: FloatArray) -> NDArray[np.float32]:
    """Share of each topic in what z says of each document, (D, K); rows sum to 1.

    Parameters
    ----------
    latents : (D, K)
        z less that of a document of which nothing is known.
    covariance : (K, K)
        G.

    z^T G z = sum_k z_k (G z)_k: a topic's term is its part of the variance of the document's energies, counted where
    the topic is there, z_k > 0, and the document's words are its words, (G z)_k > 0. Even where that is nowhere.
    """
    z = latents.astype(np.float64)
    return _normalised(np.maximum(z, 0.0) * np.maximum(z @ covariance, 0.0))


def single_topic_weights(latents: FloatArray, covariance: FloatArray, share: FloatArray) -> NDArray[np.float32]:
    """How well each topic by itself would describe each document, (D, K); rows sum to 1.

    Parameters
    ----------
    latents : (D, K)
        z less that of a document of which nothing is known.
    covariance : (K, K)
        G.
    share : (K,)
        Mean share of each topic in the training documents.

    Of all points t on axis k alone, the one whose energies t R_k are nearest to the document's leaves (G z)_k^2 / G_kk
    less of their variance z^T G z: that part of them is told by topic k, with what it has in common with the document's
    other topics. The weight is in proportion to it, counted where (G z)_k > 0, and to the topic's share: of two topics
    that tell as much, a document is sooner of the common one. Even where no topic tells anything.
    """
    variance = np.diag(covariance)
    told = np.square(np.maximum(latents.astype(np.float64) @ covariance, 0.0))
    return _normalised(np.divide(told * share, variance, out=np.zeros_like(told), where=variance > 0))


def _normalised(values: FloatArray) -> NDArray[np.float32]:
    """Rows over their sums; even ones where that is 0."""
    total = values.sum(1, keepdims=True)
    even = np.full_like(values, 1.0 / values.shape[1])
    return np.where(total > 0, values / np.where(total > 0, total, 1.0), even).astype(np.float32)
