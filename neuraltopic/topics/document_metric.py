"""How far apart documents are: by how differently the model expects their words, and by their topics.

Coordinates of z are topics, and topics that share most of their words are as far apart there as any two. What the
decoder makes of z is z^T R + b, the energies of the words, and the mean square difference of two documents' energies
over the words of the unigram model p = softmax(b) is

    (z - z')^T G (z - z'),    G = Cov_p[R],

to second order twice the KL of their word distributions: G is the Fisher information of z at 0 (Amari 1998). It is
taken in units of a topic's own energies, and beside it the distance of z itself counts, which keeps topics of like
words apart at all. Vectors in which that distance is Euclid's are

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


def energy_covariance(components: FloatArray, bias: FloatArray) -> NDArray[np.float64]:
    """G, the covariance of the topics' energies over the words of the unigram model softmax(b), (K, K)."""
    unigram = softmax(bias.astype(np.float64))
    centred = components - (components @ unigram)[:, None]
    return (centred * unigram) @ centred.T


@dataclass(frozen=True)
class DocumentMetric:
    """The root of the metric, and its inverse, both symmetric (K, K)."""

    root: NDArray[np.float64]
    inverse: NDArray[np.float64]

    @classmethod
    def of(cls, components: FloatArray, bias: FloatArray) -> Self:
        """The metric of R (K, V) and b (V,)."""
        covariance = energy_covariance(components, bias)
        scale = np.diag(covariance).mean()
        values, axes = np.linalg.eigh(covariance / scale if scale > 0 else covariance)
        roots = np.sqrt(1.0 + np.maximum(values, 0.0))
        return cls((axes * roots) @ axes.T, (axes / roots) @ axes.T)

    def vectors(self, latents: FloatArray) -> NDArray[np.float32]:
        """v of documents with these z, both (D, K)."""
        return (latents.astype(np.float64) @ self.root).astype(np.float32)

    def latents(self, vectors: FloatArray) -> NDArray[np.float64]:
        """z of documents with these v, both (D, K)."""
        return vectors.astype(np.float64) @ self.inverse
