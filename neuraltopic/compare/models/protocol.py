"""The interface of a model that can be compared.

Axes: D documents, V words, K topics, E numbers of a document embedding.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.counts import Counts

FloatArray = NDArray[np.floating]
Embeddings = FloatArray | None  # (D, E), one row per document, if there are any


class ComparedModel(ABC):
    """A model of K topics, made for one fit.

    Attributes
    ----------
    settings : dict
        All its settings, as a JSON object.
    packages : tuple of str
        Distributions whose versions the result depends on.
    reads_embeddings : bool
        Whether documents must come with embeddings. An embedding has seen the whole document, so such a model has no
        completion perplexity.
    notes : list of str
        Notes on this fit, a phrase each.
    """

    packages: ClassVar[tuple[str, ...]] = ()
    reads_embeddings: bool = False

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.notes: list[str] = []

    @abstractmethod
    def fit(self, counts: Counts, words: Sequence[str], embeddings: Embeddings = None) -> None:
        """Learn from counts (D, V) of V words: all the work that a user waits for, and nothing else, since it is
        timed."""

    @abstractmethod
    def word_scores(self) -> FloatArray:
        """Weights that rank the words of each topic, (K, V); the highest are its top words."""

    @abstractmethod
    def vectors(self, counts: Counts, embeddings: Embeddings = None) -> FloatArray:
        """Vector of each document, (D, K)."""

    @abstractmethod
    def log_likelihood(self, vectors: FloatArray, counts: Counts) -> NDArray[np.float64]:
        """Log p(words | vector) of each document in nats, (D,), without the multinomial coefficient."""

    def topics_of(self, vectors: FloatArray, counts: Counts) -> NDArray[np.int64]:
        """The topic that each document with these vectors (D, K) and counts (D, V) is assigned to, (D,); here that
        of the largest number."""
        return vectors.argmax(1)

    def usage(self, counts: Counts, embeddings: Embeddings = None) -> tuple[FloatArray, NDArray[np.int64]]:
        """Mean share of each topic in the documents of the fit, and how many are assigned to it, both (K,)."""
        vectors = np.maximum(self.vectors(counts, embeddings), 0.0)
        total = vectors.sum(1, keepdims=True)
        shares = np.divide(vectors, total, out=np.full(vectors.shape, 1.0 / vectors.shape[1]), where=total > 0)
        listed = np.bincount(self.topics_of(vectors, counts), minlength=vectors.shape[1])
        return shares.mean(0), listed

    def bound(self, counts: Counts, embeddings: Embeddings = None) -> NDArray[np.float64] | None:
        """Lower bound on log p(words) of each document in nats, (D,); None for a model that has none."""
        return None
