"""The metric of document vectors: differences in the expected words, and in the topics.

Coordinates of z are topics, and topics that share most of their words are as far apart there as any two. What the
decoder makes of z is z^T R + b, the energies of the words. Over the words of the unigram model p = softmax(b) the
difference of two documents' energies has the variance

    (z - z')^T G (z - z'),    G = Cov_p[R],

which near z = 0 is twice the KL of their word distributions to second order: G is the Fisher information of z there
(Amari 1998). It is taken in units of a topic's own energies, and beside it the distance of z itself counts, which keeps
topics of like words apart at all. (Where z sums to 1, R_kw + c_w and b_w - c_w are the same model with another G. That
of the recipes is near the log lift of words over their frequencies, where they start.)

Vectors in which that distance is Euclid's are

    v = (I + G / g)^(1/2) z,    g = mean_k G_kk,

with the symmetric root, whose axes stay nearest to the topics (Löwdin 1950).

Axes: D documents, V words, K topics.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

FloatArray = NDArray[np.floating]
# Words whose energies are held in float64 at once.
_AT_ONCE = 1 << 14


def energy_covariance(components: FloatArray, bias: FloatArray) -> NDArray[np.float64]:
    """G, the covariance of the topics' energies over the words of the unigram model softmax(b), (K, K)."""
    K, V = components.shape
    unigram = softmax(bias.astype(np.float64))
    blocks = [slice(start, start + _AT_ONCE) for start in range(0, V, _AT_ONCE)]
    mean = sum((components[:, block] @ unigram[block] for block in blocks), np.zeros(K))
    covariance = np.zeros((K, K))
    for block in blocks:
        centred = components[:, block] - mean[:, None]
        covariance += (centred * unigram[block]) @ centred.T
    return covariance


@dataclass(frozen=True)
class DocumentMetric:
    """G, the root of the metric and its inverse, all symmetric (K, K)."""

    covariance: NDArray[np.float64]
    root: NDArray[np.float64]
    inverse: NDArray[np.float64]

    @classmethod
    def of(cls, components: FloatArray, bias: FloatArray) -> Self:
        """The metric of R (K, V) and b (V,)."""
        covariance = energy_covariance(components, bias)
        scale = np.diag(covariance).mean()
        values, axes = np.linalg.eigh(covariance / scale if scale > 0 else covariance)
        roots = np.sqrt(1.0 + np.maximum(values, 0.0))
        return cls(covariance, (axes * roots) @ axes.T, (axes / roots) @ axes.T)

    def vectors(self, latents: FloatArray) -> NDArray[np.float32]:
        """v of documents with these z, both (D, K)."""
        return (latents.astype(np.float64) @ self.root).astype(np.float32)

    def latents(self, vectors: FloatArray) -> NDArray[np.float64]:
        """z of documents with these v, both (D, K)."""
        return vectors.astype(np.float64) @ self.inverse
