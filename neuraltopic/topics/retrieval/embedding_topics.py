"""The topics that embeddings suggest, beside those of the words.

A document of a few words says little of its topics, and its embedding by a pre-trained model says more: it is close to
those of documents that have other words for the same. Which topics an embedding suggests is learned from the documents
themselves, without labels, by ridge regression (Hoerl & Kennard 1970) of their directions f on their embeddings e:

    W = (S + tr(S) / C I)^-1 sum_d (e_d - m) (f_d - n)^T,    S = sum_d (e_d - m) (e_d - m)^T,

with m and n the means: axes along which embeddings vary less than along the mean axis count for little. The direction
of a document, and of a query, is then that of f + p / |p|, p = W^T (e - m): half by its words and half by its
embedding.

Axes: D documents, K topics, C dimensions of an embedding.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.topics.retrieval.document_set import FloatArray, unit_rows

# Documents from which the map is learned, at most: a sixteenth of them are nearly as good, see
# tests/benchmarks/README.md.
_SAMPLE = 1 << 16
# Documents that are read at once.
_AT_ONCE = 1 << 12


@dataclass(frozen=True)
class EmbeddingTopics:
    """The map from embeddings to topics.

    Attributes
    ----------
    map : float32 array of shape (C + 1, K)
        W, and in the last row -W^T m.
    """

    map: NDArray[np.float32]

    @classmethod
    def learned(cls, directions: NDArray[np.float32], embeddings: NDArray[np.float32]) -> Self:
        """From documents, at even distances if they are many.

        Parameters
        ----------
        directions : float32 array of shape (D, K)
            See `document_set.directions`; rows of zeros have no part.
        embeddings : float32 array of shape (D, C)
            Rows of length 1.
        """
        C, K = embeddings.shape[1], directions.shape[1]
        products, total, n_documents = np.zeros((C, C + K)), np.zeros(C + K), 0
        chosen = np.unique(np.linspace(0, max(len(directions) - 1, 0), _SAMPLE).astype(np.intp))[: len(directions)]
        for start in range(0, len(chosen), _AT_ONCE):
            some = chosen[start : start + _AT_ONCE]
            rows = np.hstack([embeddings[some], directions[some]]).astype(np.float64)
            rows = rows[rows[:, C:].any(1)]
            products += rows[:, :C].T @ rows
            total += rows.sum(0)
            n_documents += len(rows)
        mean = total / max(n_documents, 1)
        products -= np.outer(total[:C], mean)
        spread = float(np.trace(products[:, :C]))
        # Embeddings that are all the same, to rounding, suggest nothing.
        if spread <= 1e-6 * n_documents:
            return cls(np.zeros((C + 1, K), np.float32))
        found = np.linalg.solve(products[:, :C] + spread / C * np.eye(C), products[:, C:])
        return cls(np.vstack([found, -mean[:C] @ found]).astype(np.float32))

    def directions(self, of_words: FloatArray, embeddings: FloatArray) -> NDArray[np.float32]:
        """Directions by words and embeddings, (D, K), of length 1 or zeros.

        Parameters
        ----------
        of_words : (D, K)
            See `document_set.directions`; where there are zeros, the embedding alone decides.
        embeddings : (D, C)
            Rows of length 1.
        """
        suggested = embeddings.astype(np.float64) @ self.map[:-1] + self.map[-1]
        return unit_rows(of_words + unit_rows(suggested))
