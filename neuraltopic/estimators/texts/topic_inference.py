"""Inference with a fitted topic model: vectors, topics and likelihoods of documents.

Axes: N input rows, D documents that were counted, K topics.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from neuraltopic.estimators.texts.counted_documents import Documents, as_corpus, first_rows, in_input_order
from neuraltopic.estimators.texts.fitted_topics import FittedTopics
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.preprocessor import Prepared
from neuraltopic.reading.rows import TextColumns
from neuraltopic.reading.vectors.embeddings import Embeddings, embeddings_of_input
from neuraltopic.topics.editing.edit_history import EditHistory
from neuraltopic.topics.editing.edited_topics import EditedTopics

if TYPE_CHECKING:
    from neuraltopic.progress import Progress


class TopicInference(FittedTopics):
    """The part of `TopicModel` that applies the fitted model to documents."""

    def transform(
        self, documents: Documents, *, text: TextColumns = None, id: str | None = None, embeddings: Any = None
    ) -> NDArray[np.float32]:
        """Vector of each document, (N, K), one row per input row: see `DocumentVAE.transform`.

        A row without a known word, or that could not be read, gets the vector of an empty document; with `embeddings`,
        as for `fit`, a row without a known word gets the vector of its embedding.
        """
        check_is_fitted(self)
        self.document_vae_.require_embeddings_given(embeddings)
        prepared = self.prepare(as_corpus(documents, text, id))
        vectors = self.reader_.transform(prepared.counts, embeddings=self.embeddings_of(prepared, embeddings))
        # An array, also where scikit-learn is set to give tables.
        return in_input_order(np.asarray(vectors), prepared.position, self.reader_.empty_document_vector())

    def predict(
        self, documents: Documents, *, text: TextColumns = None, id: str | None = None, embeddings: Any = None
    ) -> NDArray[np.int64]:
        """The topic that each document is assigned to, (N,), one per input row: see `DocumentVAE.predict`.

        -1 for a row that could not be read, for one without a known word or an embedding, and for one whose topic was
        dropped.
        """
        check_is_fitted(self)
        self.document_vae_.require_embeddings_given(embeddings)
        prepared = self.prepare(as_corpus(documents, text, id))
        given_embeddings = self.embeddings_of(prepared, embeddings)
        topics = self.reader_.predict(prepared.counts, embeddings=given_embeddings)
        known = given_embeddings is not None or prepared.ledger.n_tokens > 0
        return in_input_order(topics, np.where(known, prepared.position, -1), -1)

    def topic_weights(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Shares of the topics in documents with these vectors, (N, K); rows sum to 1.

        See `DocumentVAE.document_weights`; `predict` gives the one topic that a document is assigned to. If topics were
        dropped, rows sum to less by their shares.
        """
        check_is_fitted(self)
        return self.reader_.document_weights(vectors)

    def perplexity(self, documents: Documents, *, embeddings: Any = None, **options: Any) -> float:
        """Upper bound on the perplexity of documents; options as for `DocumentVAE.perplexity`."""
        prepared = self.prepare(documents)
        given_embeddings = self.embeddings_of(prepared, embeddings)
        return self.document_vae_.perplexity(prepared.counts, embeddings=given_embeddings, **options)

    def score(self, documents: Documents, y: object = None, *, embeddings: Any = None) -> float:
        """Bound on the log likelihood per token, in nats; higher is better."""
        prepared = self.prepare(documents)
        return self.document_vae_.score(prepared.counts, embeddings=self.embeddings_of(prepared, embeddings))

    def prepare(
        self, documents: Documents, *, workspace: Path | None = None, progress: "Progress | None" = None
    ) -> Prepared:
        """Counts of documents over the vocabulary of the fit, with their ledger."""
        check_is_fitted(self)
        corpus = as_corpus(documents, None, None)
        return self.preprocessor_.transform(corpus, workspace=workspace, progress=progress)

    def embeddings_of(self, prepared: Prepared, embeddings: Any) -> Embeddings | None:
        """The embedding of each document that was counted, from `embeddings` of the input rows.

        Raises
        ------
        UsageError
            When a document has none, or there is another number of them.
        """
        if embeddings is None:
            return None
        of_rows = embeddings_of_input(embeddings, prepared.ledger.ids, prepared.position >= 0)
        return of_rows.of(first_rows(prepared.position))

    def topics_of_vectors(self, counts: Counts, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """The topic that each document is assigned to, from its counts and its vector of `document_vae_`; documents of
        dropped topics have one number after the others."""
        if not self._edits.in_force:
            return self.document_vae_.topics_of(counts, vectors)
        edited = self._edited()
        topics = edited.topics_of(counts, edited.with_coordinates(vectors, counts))
        return np.where(topics < 0, len(self._edits.topics), topics)

    def assigned_topics(
        self, listed: NDArray[np.integer], counts: Counts, vectors: NDArray[np.floating]
    ) -> NDArray[np.int64]:
        """The topic that each document is assigned to, (D,), given that of `document_vae_`, -1 for none, its counts and
        its vector of `document_vae_`; -1 where it was dropped."""
        return self._edits.topics.listed(listed, self._coordinates_of(counts, vectors))

    def parts_by_topic(
        self, parts: NDArray[np.floating], counts: Counts, vector: NDArray[np.floating]
    ) -> dict[int, float]:
        """The parts of the topics of `document_vae_`, (K,), in one document, summed by the topics that they became.

        Parameters
        ----------
        parts : (K,)
        counts : Counts of shape (1, V)
        vector : (1, K)
            Of `document_vae_`.

        Returns
        -------
        dict of int to float
            -1 holds the part of topics that were dropped.
        """
        if not self._edits.topics.steps:
            return dict(enumerate(parts.tolist()))
        coordinates = np.repeat(self._coordinates_of(counts, vector), len(parts), axis=0)
        became = self._edits.topics.listed(np.arange(len(parts)), coordinates)
        return {int(topic): float(parts[became == topic].sum()) for topic in np.unique(became)}

    def shares_in(self, counts: Counts, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Share of each topic in documents, (D, T), given their counts and their vectors of `document_vae_`."""
        shares = self.document_vae_.document_weights(vectors)
        return (
            self._edits.topics.shares(shares, self._coordinates_of(counts, vectors)) if self._edits.in_force else shares
        )

    def explained_in(self, counts: Counts, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Expected number of documents in which each topic accounts for each word, (T, V), given their counts and their
        vectors of `document_vae_`."""
        vae = self.document_vae_
        unedited = EditedTopics.of(self._statistics, vae.components_, vae.explained_in(counts, vectors))
        explained = EditHistory.of(unedited, self._edits.columns, self._edits.log).topics.explained
        assert explained is not None
        return explained

    def _coordinates_of(self, counts: Counts, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Split coordinates, (D, S), of documents with these vectors of `document_vae_`."""
        if not self._edits.topics.splits:
            return np.zeros((len(vectors), 0), np.float32)
        return self._edits.topics.coordinates(self.document_vae_.document_weights(vectors), counts)
