"""The topics that embeddings suggest, beside those of the words.

A document of a few words says little of its topics, and its embedding by a pre-trained model says more: it is close to
those of documents that have other words for the same. Which topics an embedding suggests is learned from the documents
themselves, without labels, by ridge regression (Hoerl & Kennard 1970) of their directions f on their embeddings e:

    W = (S + tr(S) / C I)^-1 sum_d (e_d - m) (f_d - n)^T,    S = sum_d (e_d - m) (e_d - m)^T,

with m and n the means: axes along which embeddings vary less than along the mean axis count for little. The direction
of a document, and of a query, is then that of f + p / |p|, p = W^T (e - m): half by its words and half by its
embedding. An embedding of zeros, which some models give to a text of unknown words, suggests nothing.

Axes: D documents, K topics, C dimensions of an embedding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.topics.retrieval.document_set import FloatArray, directions, unit_rows


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
    def learned(cls, blocks: Iterable[tuple[FloatArray, FloatArray]], shape: tuple[int, int]) -> Self:
        """From documents.

        Parameters
        ----------
        blocks : iterable of (array of shape (D, K), array of shape (D, C))
            Directions, see `document_set.directions`, and embeddings of length 1; a document of which either is a row
            of zeros has no part.
        shape : (C, K)
        """
        C, K = shape
        products, total, n_documents = np.zeros((C, C + K)), np.zeros(C + K), 0
        for of_words, embeddings in blocks:
            known = of_words.any(1) & embeddings.any(1)
            rows = np.hstack([embeddings[known], of_words[known]]).astype(np.float64)
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
            Rows of length 1 or zeros.
        """
        suggested = embeddings.astype(np.float64) @ self.map[:-1] + self.map[-1]
        suggested = np.where(np.any(embeddings, axis=1, keepdims=True), suggested, 0.0)
        # What is 0 but for rounding has no direction.
        return unit_rows(of_words + directions(suggested, np.zeros(len(self.map[0]))))
