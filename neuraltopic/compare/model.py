"""What a model must answer to be compared.

Axes: D documents, V words, K topics.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuraltopic.documents.counts import Counts

FloatArray = NDArray[np.floating]


class ComparedModel(ABC):
    """A model of K topics, made for one fit.

    Attributes
    ----------
    settings : dict
        All that was chosen about it, as JSON can hold it.
    packages : tuple of str
        Distributions whose versions the result depends on.
    """

    packages: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}

    @abstractmethod
    def fit(self, counts: Counts, words: Sequence[str]) -> None:
        """Learn from counts (D, V) of V words: all of what a user waits for, and nothing else, since it is timed."""

    @abstractmethod
    def word_scores(self) -> FloatArray:
        """What ranks the words of each topic, (K, V); the highest are its top words."""

    @abstractmethod
    def vectors(self, counts: Counts) -> FloatArray:
        """Vector of each document, (D, K)."""

    @abstractmethod
    def log_likelihood(self, vectors: FloatArray, counts: Counts) -> NDArray[np.float64]:
        """Log p(words | vector) of each document in nats, (D,), without the multinomial coefficient."""

    def shares(self, vectors: FloatArray) -> FloatArray:
        """Share of each topic in documents with these vectors, (D, K); here the vectors themselves."""
        return vectors

    def bound(self, counts: Counts) -> NDArray[np.float64] | None:
        """Lower bound on log p(words) of each document in nats, (D,); None for a model that has none."""
        return None
