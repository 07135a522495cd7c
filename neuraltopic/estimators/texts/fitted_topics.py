"""The topics of a fitted topic model, and the documents of its fit: attributes and tables.

Axes: N input rows, D documents that were counted, K topics, V words.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.estimators.document_vae import DocumentVAE
from neuraltopic.estimators.texts.documents_of_fit import DocumentsOfFit
from neuraltopic.estimators.texts.edited_documents import EditedDocuments
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.topics.editing.edit_history import EditHistory
from neuraltopic.topics.row_blocks import MadeRows, blocks
from neuraltopic.topics.tables import (
    TopicStatistics,
    documents_table,
    topic_labels,
    topic_words_table,
    topics_table,
)
from neuraltopic.topics.words.ranking import top_words

if TYPE_CHECKING:
    import pandas as pd


class FittedTopics(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """The fitted state of a `TopicModel`, and its topics after edits.

    `document_vae_` is the model as it was fitted. `_edits` is the history of edits, and `_documents` the documents of
    the fit or the last update, which a loaded model does not have.
    """

    recipe: str
    document_vae_: DocumentVAE
    preprocessor_: Preprocessor
    corpus_sha256_: str
    n_documents_: int
    updates_: list[dict[str, Any]]
    _statistics: TopicStatistics  # of the topics as they were fitted
    _edits: EditHistory
    _documents: DocumentsOfFit | None = None

    @property
    def components_(self) -> NDArray[np.float32]:
        """R, (K, V), after edits."""
        return self._edits.topics.components

    @property
    def vocabulary_(self) -> tuple[str, ...]:
        """The V words."""
        return self.preprocessor_.vocabulary.words

    @property
    def statistics_(self) -> TopicStatistics:
        """Statistics of each topic in the documents of the fit."""
        return self._edits.topics.statistics

    @property
    def reader_(self) -> DocumentVAE | EditedDocuments:
        """The model for inference: `document_vae_`, with the edited topics if there are edits."""
        return self._edited() if self._edits.in_force else self.document_vae_

    @property
    def labels_(self) -> list[str]:
        """The label of each topic: a given one, or its number and first words."""
        labels = topic_labels(self.word_weights(), self.vocabulary_)
        given = self._edits.topics.labels
        return [own if label is None else label for own, label in zip(labels, given, strict=True)]

    @property
    def ledger_(self) -> "pd.DataFrame":
        """One line per input row of the fit or the last update: kept, or why not."""
        return self._at_hand("ledger_").ledger

    @property
    def vectors_(self) -> NDArray[np.float32]:
        """Vectors of the documents kept in the fit or the last update, in their order, (D, K + S)."""
        documents = self._at_hand("vectors_")
        if not self._edits.topics.splits:
            return documents.vectors
        return self._edited().joined(documents.vectors, self._edits.coordinates(len(documents.vectors)))

    @property
    def topics_(self) -> NDArray[np.int64]:
        """The topic that each of these documents is assigned to, -1 where it was dropped."""
        documents, topics = self._at_hand("topics_"), self._edits.topics
        if not topics.steps:
            return documents.listed
        return topics.listed(documents.listed, self._edits.coordinates(len(documents.listed)))

    @property
    def model_vectors_(self) -> NDArray[np.float32]:
        """Vectors of the documents without the coordinates of splits, (D, K)."""
        return self._at_hand("model_vectors_").vectors

    def word_weights(self, ranking: str = "default") -> NDArray[np.floating]:
        """Weights that rank the words of each topic, (K, V).

        Parameters
        ----------
        ranking : str
            One of `neuraltopic.topics.words.ranking_names.RANKINGS`, see `neuraltopic.topics.words.word_scores`; the
            default is the recipe's own.

        Raises
        ------
        UsageError
            When there is no such ranking, or this recipe does not have it.
        """
        check_is_fitted(self)
        totals = np.asarray(self.preprocessor_.vocabulary.cf, np.float64)
        return self.reader_.word_weights(totals, ranking, self.statistics_.strength)

    def get_topics(self, top_n: int = 10, ranking: str = "default") -> dict[int, list[tuple[str, float]]]:
        """The highest-ranked words of each topic with their weights, best first; for `ranking` see `word_weights`."""
        weights = self.word_weights(ranking)
        return {
            topic: [(self.vocabulary_[w], float(weights[topic, w])) for w in row]
            for topic, row in enumerate(top_words(weights, top_n))
        }

    def get_topic(self, topic: int, top_n: int = 10, ranking: str = "default") -> list[tuple[str, float]]:
        """The highest-ranked words of one topic with their weights, best first.

        Raises
        ------
        UsageError
            When there is no such topic.
        """
        self._require_topic(topic)
        return self.get_topics(top_n, ranking)[topic]

    def get_topic_words(self, top_n: int = 10, ranking: str = "default") -> "pd.DataFrame":
        """One line per word: topic, label, rank, word, weight, frex, lift. The label is that of the default ranking."""
        check_is_fitted(self)
        log_probabilities = self.reader_.topic_log_probabilities(self.statistics_.strength)
        log_unigram = self.reader_.log_unigram()
        weights = self.word_weights(ranking)
        return topic_words_table(self.labels_, weights, log_probabilities, log_unigram, self.vocabulary_, top_n)

    def get_topic_info(self, top_n: int = 10, ranking: str = "default") -> "pd.DataFrame":
        """One line per topic: topic, label, share, n_documents, information, words (top_n), typical_documents, flags.

        Labels and flags are those of the default ranking, for any `ranking`.
        """
        check_is_fitted(self)
        junk = self._edits.topics.junk
        table = topics_table(self.word_weights(), self.vocabulary_, self.statistics_, top_n, self.labels_, junk)
        if ranking != "default":
            table["words"] = [" ".join(word for word, _ in row) for row in self.get_topics(top_n, ranking).values()]
        return table

    def get_document_info(self) -> "pd.DataFrame":
        """One line per input row of the fit, in order: the ledger, then topic, topic_label and topic_weight.

        Its index is that of the Series or the data frame that was given, if it was one of pandas.

        Raises
        ------
        NeuralTopicError
            After `load`: a saved model does not hold the documents.
        """
        documents, topics, vectors = self._require_documents(), self.topics_, self.vectors_
        weight = np.empty(len(topics), np.float32)
        for rows in blocks(len(topics)):
            shares = self.reader_.document_weights(vectors[rows])
            weight[rows] = np.take_along_axis(shares, np.maximum(topics[rows, None], 0), 1)[:, 0]
        table = documents_table(documents.ledger, documents.position, topics, weight, self.labels_)
        return table if documents.index is None else table.set_axis(documents.index, axis="index")

    def get_representative_docs(self, topic: int, n: int = 5) -> list[str]:
        """Ids of the documents with the largest z for this topic, most typical first.

        Raises
        ------
        UsageError
            When there is no such topic.
        """
        self._require_topic(topic)
        ids = self._require_documents().ids
        made = MadeRows(self.vectors_, lambda vectors: self.reader_.latents(vectors)[:, [topic]])
        of_topic = np.concatenate([made[rows] for rows in blocks(len(made))])
        return [ids[d] for d in top_words(of_topic.T, n)[0]]

    def _require_topic(self, topic: int) -> None:
        check_is_fitted(self)
        if isinstance(topic, bool) or not isinstance(topic, int | np.integer) or not 0 <= topic < len(self.components_):
            raise UsageError(
                parameter("topic"),
                expected=f"a number from 0 to {len(self.components_) - 1}",
                got=repr(topic),
                hint="The table of topics has their numbers",
            )

    def _require_documents(self) -> DocumentsOfFit:
        """The documents of the fit; a loaded model raises a NeuralTopicError."""
        check_is_fitted(self)
        if self._documents is None:
            raise NeuralTopicError(
                "documents of the fit",
                expected="a model fitted in this session",
                got="a loaded one, which holds nothing of its documents",
                hint="Read documents.parquet in the run folder, or transform the documents again",
            )
        return self._documents

    def _at_hand(self, attribute: str) -> DocumentsOfFit:
        """The documents of the fit; a model without them raises an AttributeError, as for an attribute that it does not
        have."""
        if self._documents is None:
            raise AttributeError(
                f"{attribute} needs the documents of a fit, which a loaded or unfitted model does not have"
            )
        return self._documents

    def _edited(self) -> EditedDocuments:
        return EditedDocuments(self.document_vae_, self._edits.topics)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "document_vae_")
