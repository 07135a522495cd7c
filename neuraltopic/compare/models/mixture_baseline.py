"""Models whose documents are mixtures of topics: p(w | d) = sum_k theta_dk p(w | k).

Axes: D documents, V words, K topics.
"""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neuraltopic.compare.models.protocol import ComparedModel, FloatArray
from neuraltopic.preprocessing.counts import Counts

# Smallest probability of a word: a word that a model gives probability 0 costs 27.6 nats instead of infinitely many.
_LEAST = 1e-12
# Probabilities held at once.
_TILE = 1 << 22


class Mixture(ComparedModel):
    """A model whose documents are mixtures of topics. Its package is imported in the constructor, which is not
    timed."""

    requires: ClassVar[str] = ""  # module of an optional package
    extra: ClassVar[str] = ""  # of neuraltopic, that brings it

    def __init__(self, n_components: int, seed: int) -> None:
        super().__init__()
        self._K = n_components
        self._seed = seed

    @abstractmethod
    def topic_probabilities(self) -> FloatArray:
        """p(w | k), (K, V); rows sum to 1."""

    def word_scores(self) -> FloatArray:
        """p(w | k), as these libraries rank words."""
        return self.topic_probabilities()

    def log_likelihood(self, vectors: FloatArray, counts: Counts) -> NDArray[np.float64]:
        """Log likelihood of the mixture; a probability of 0 is replaced by `_LEAST`."""
        topics = self.topic_probabilities().astype(np.float64)
        result = np.zeros(len(counts))
        at_once = max(1, _TILE // counts.shape[1])
        for start in range(0, len(counts), at_once):
            block = counts.slice(start, start + at_once)
            theta = normalised(vectors[start : start + at_once].astype(np.float64))
            p = theta @ topics
            document = np.repeat(np.arange(len(block)), np.diff(block.indptr))
            log_p = np.log(np.maximum(p[document, block.indices], _LEAST))
            result[start : start + at_once] = np.bincount(document, block.data * log_p, minlength=len(block))
        return result


def normalised(rows: FloatArray) -> FloatArray:
    """Rows divided by their sums; a row of zeros becomes uniform."""
    total = rows.sum(1, keepdims=True)
    return np.where(total > 0, rows / np.where(total > 0, total, 1.0), 1.0 / rows.shape[1])
