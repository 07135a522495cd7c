"""What is compared with a query: words, topics and embeddings of documents, and those of the query itself.

Axes: D documents, V words, K topics, C dimensions of an embedding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.counts import Counts

FloatArray = NDArray[np.floating]

# Rows that are computed at once: they fit the cache.
_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Postings:
    """Which documents have a word, and how often.

    Attributes
    ----------
    bounds : int64 array of shape (V + 1,)
        Word w has entries `bounds[w]` to `bounds[w + 1]`.
    documents : int32 array of shape (N,)
        Ascending within a word.
    counts : array of shape (N,)
    """

    bounds: NDArray[np.int64]
    documents: NDArray[np.int32]
    counts: NDArray[np.generic]

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """The transpose of counts, (D, V)."""
        D, V = counts.shape
        words = np.asarray(counts.indices)
        # Stable, so that the documents of a word stay ascending.
        order = np.argsort(words, kind="stable")
        documents = np.repeat(np.arange(D, dtype=np.int32), np.diff(counts.indptr))[order]
        bounds = np.concatenate([[0], np.cumsum(np.bincount(words, minlength=V))]).astype(np.int64)
        return cls(bounds, documents, np.asarray(counts.data)[order])

    def of_word(self, word: int) -> tuple[NDArray[np.int32], NDArray[np.generic]]:
        """Documents that have the word, and its count in each."""
        entries = slice(int(self.bounds[word]), int(self.bounds[word + 1]))
        return self.documents[entries], self.counts[entries]


@dataclass(frozen=True)
class DocumentSet:
    """The data of D documents, numbered from 0.

    Attributes
    ----------
    counts : Counts of shape (D, V)
    postings : Postings
        Of these counts.
    lengths : float64 array of shape (D,)
        Tokens of each document.
    directions : float32 array of shape (D, K)
        See `directions`, and with embeddings `EmbeddingTopics`.
    live : bool array of shape (D,), optional
        False for documents that were deleted; all are live by default.
    embeddings : float32 array of shape (D, C), optional
        By a pre-trained model, see `unit_rows`; rows of zeros are unknown.
    """

    counts: Counts
    postings: Postings
    lengths: NDArray[np.float64]
    directions: NDArray[np.float32]
    live: NDArray[np.bool_] | None = None
    embeddings: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True)
class Query:
    """The words, the direction and the embedding of a query.

    Attributes
    ----------
    words : dict of int to float
        How often each word of the vocabulary, by its column, occurs.
    direction : float32 array of shape (K,)
        As those of the documents; zeros if it is unknown.
    embedding : float32 array of shape (C,), optional
        Of length 1, by the model of the documents' embeddings; None if it is unknown.
    n_unknown : float
        Its tokens that the vocabulary does not have.
    """

    words: Mapping[int, float]
    direction: NDArray[np.float32]
    embedding: NDArray[np.float32] | None = None
    n_unknown: float = 0.0

    @property
    def n_tokens(self) -> float:
        """Tokens of the vocabulary, n_q."""
        return float(sum(self.words.values()))


def directions(vectors: FloatArray, of_nothing: FloatArray) -> NDArray[np.float32]:
    """Unit vectors from the vector of an empty document, (K,), to others, (D, K).

    A vector that equals it to rounding has no direction: zeros.
    """
    scale = max(1.0, float(np.linalg.norm(of_nothing)))
    out = np.empty(np.shape(vectors), np.float32)
    for start in range(0, len(vectors), _AT_ONCE):
        difference = vectors[start : start + _AT_ONCE].astype(np.float64) - of_nothing
        norms = np.linalg.norm(difference, axis=1, keepdims=True)
        known = norms > 1e-5 * scale
        out[start : start + _AT_ONCE] = np.where(known, difference / np.where(known, norms, 1.0), 0.0)
    return out


def unit_rows(embeddings: FloatArray) -> NDArray[np.float32]:
    """Embeddings scaled to length 1, (D, C); a row of zeros stays one."""
    out = np.empty(np.shape(embeddings), np.float32)
    for start in range(0, len(embeddings), _AT_ONCE):
        rows = embeddings[start : start + _AT_ONCE].astype(np.float64)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        out[start : start + _AT_ONCE] = rows / np.where(norms > 0.0, norms, 1.0)
    return out
