"""A fitted model of documents with edited topics.

Axes: D documents, V words, K topics of the model, S splits, T topics after the edits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from neuraltopic.errors import NeuralTopicError
from neuraltopic.estimators.counts.document_inference import FittedDocuments
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.editing.edited_topics import EditedTopics
from neuraltopic.topics.interpretation import TopicWords
from neuraltopic.topics.words.word_scores import word_scores

# Split coordinates in a vector: documents of one part and of the other are as far apart as those of two topics.
_SCALE = np.float32(0.5**0.5)


class EditedDocuments:
    """The methods of `FittedDocuments` that concern topics, for T edited topics.

    Vectors are those of the model with a coordinate for each split, (D, K + S): the vectors do not change when topics
    are named, merged, dropped or reordered.

    Parameters
    ----------
    model : FittedDocuments
    topics : EditedTopics
    """

    def __init__(self, model: FittedDocuments, topics: EditedTopics) -> None:
        self.model = model
        self.topics = topics
        self._reading = find_recipe(model.recipe).interpretation
        self.components_ = topics.components
        self.bias_ = model.bias_

    def transform(self, X: Counts, *, embeddings: Any = None) -> NDArray[np.float32]:
        """As `FittedDocuments.transform`, (D, K + S)."""
        return self.with_coordinates(np.asarray(self.model.transform(X, embeddings=embeddings)), X)

    def with_coordinates(self, vectors: NDArray[np.float32], counts: Counts) -> NDArray[np.float32]:
        """Vectors of the model, (D, K), with the coordinates of the splits, (D, K + S)."""
        if not self.topics.splits:
            return vectors
        coordinates = self.topics.coordinates(self.model.document_weights(vectors), counts)
        return self.joined(vectors, coordinates)

    def joined(self, vectors: NDArray[np.float32], coordinates: NDArray[np.floating]) -> NDArray[np.float32]:
        """Vectors of the model, (D, K), joined with given coordinates of the splits, (D, S)."""
        return np.hstack([vectors, coordinates.astype(np.float32) * _SCALE]) if self.topics.splits else vectors

    def empty_document_vector(self) -> NDArray[np.float32]:
        """As `FittedDocuments.empty_document_vector`, (K + S,)."""
        vector = self.model.empty_document_vector()[None]
        empty = Counts.from_scipy(csr_array((1, self.components_.shape[1])))
        return self.with_coordinates(vector, empty)[0]

    def document_weights(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Shares, (D, T): rows sum to 1, or to less by what was dropped."""
        own, coordinates = self._parts(vectors)
        return self.topics.shares(self.model.document_weights(own), coordinates)

    def shares_of(self, latents: NDArray[np.floating], X: Counts) -> NDArray[np.float32]:
        """Shares (D, T) of documents with these z of the model (D, K) and these counts, by which splits divide them."""
        shares = self.model.shares_of(latents)
        return self.topics.shares(shares, self.topics.coordinates(shares, X))

    def latents(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """z of the edited topics, (D, T): see `EditedTopics.latents`."""
        own, coordinates = self._parts(vectors)
        return self.topics.latents(self.model.latents(own), self.model.document_weights(own), coordinates)

    def predict(self, X: Counts, *, embeddings: Any = None) -> NDArray[np.int64]:
        """The topic that each document is assigned to, (D,); -1 where it was dropped."""
        return self.topics_of(X, self.transform(X, embeddings=embeddings))

    def topics_of(self, X: Counts, vectors: NDArray[np.floating]) -> NDArray[np.int64]:
        """As `predict`, of documents whose vectors are known, (D, K + S)."""
        own, coordinates = self._parts(vectors)
        return self.topics.listed(self.model.topics_of(X, own), coordinates)

    def word_weights(
        self, word_totals: NDArray[np.floating], ranking: str, strength: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """As `FittedDocuments.word_weights`, (T, V)."""
        return word_scores(ranking, self._reading, self._words(), word_totals, strength)

    def topic_log_probabilities(self, strength: NDArray[np.floating]) -> NDArray[np.floating]:
        """log p(w | topic), (T, V)."""
        return self._reading.log_probabilities(self._words(), strength)

    def log_unigram(self) -> NDArray[np.floating]:
        """log p(w), (V,), which no edit changes."""
        return self.model.log_unigram()

    def _words(self) -> TopicWords:
        explained = self.model.explained_
        documents = None if explained is None else explained.sum(0, dtype=np.float64)
        assignment = self.model.assignment_
        mean_length = np.inf if assignment is None else assignment.mean_length()
        return TopicWords(
            self.components_, self.bias_, self.topics.explained, documents=documents, mean_length=mean_length
        )

    def _parts(self, vectors: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """The model's vectors, and the split coordinates."""
        vectors = np.asarray(vectors)
        K, S = self.topics.n_of_model, len(self.topics.splits)
        if vectors.ndim != 2 or vectors.shape[1] != K + S:
            raise NeuralTopicError(
                "vectors",
                expected=f"one row per document, of {K:,} numbers and {S} for the splits of topics",
                got=f"an array of shape {vectors.shape}",
                hint="Pass what transform of this model gives since its topics were split",
            )
        return vectors[:, :K], vectors[:, K:] / _SCALE
