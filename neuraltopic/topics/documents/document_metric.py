"""The metric of document vectors: differences in the expected words, and in the topics.

The coordinates of z are topics, and in z two topics that share most of their words are as far apart as any others. The
decoder computes z^T R + b, the energies of the words. Over the words of the unigram model p = softmax(b) the difference
of two documents' energies has the variance

    (z - z')^T G (z - z'),    G = Cov_p[R],

which near z = 0 is twice the KL of their word distributions to second order: G is the Fisher information of z there
(Amari 1998). It is measured in units of a topic's own energies and added to the distance of z, which separates topics
of similar words.

For z on the simplex R_kw + c_w and b_w - c_w are the same model, and G depends on the choice of c. Documents are
compared by cosines as well as by distances, and the common part of all topics makes any two documents similar. So c_w =
-mean_k R_kw is used, and the covariance of R is

    G' = C G C,    C = I - 1 1^T / K.

Vectors whose Euclidean distance this is are

    v = (I + G' / g)^(1/2) z,    g = mean_k G'_kk,

with the symmetric root, whose axes are nearest to the topics (Löwdin 1950). tests/benchmarks/README.md has the
precision of neighbours with G and with G'.

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
    """G, and the root of the metric of G' and its inverse, all symmetric (K, K)."""

    covariance: NDArray[np.float64]
    root: NDArray[np.float64]
    inverse: NDArray[np.float64]

    @classmethod
    def of(cls, components: FloatArray, bias: FloatArray) -> Self:
        """The metric of R (K, V) and b (V,)."""
        covariance = energy_covariance(components, bias)
        rows = covariance - covariance.mean(0)
        centred = rows - rows.mean(1, keepdims=True)
        scale = np.diag(centred).mean()
        values, axes = np.linalg.eigh(centred / scale if scale > 0 else centred)
        roots = np.sqrt(1.0 + np.maximum(values, 0.0))
        return cls(covariance, (axes * roots) @ axes.T, (axes / roots) @ axes.T)

    def vectors(self, latents: FloatArray) -> NDArray[np.float32]:
        """v of documents with these z, both (D, K)."""
        return (latents.astype(np.float64) @ self.root).astype(np.float32)

    def latents(self, vectors: FloatArray) -> NDArray[np.float64]:
        """z of documents with these v, both (D, K)."""
        return vectors.astype(np.float64) @ self.inverse
