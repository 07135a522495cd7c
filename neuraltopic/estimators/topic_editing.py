"""Edits of the topics of a fitted `TopicModel`: a log over the model, which stays as it is."""

import copy
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.document_vae import DocumentVAE
from neuraltopic.estimators.edited_documents import EditedDocuments
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.preparation import Preparation, prepare
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.rows import Corpus
from neuraltopic.topics.edit_findings import Documents, pooled_findings, with_findings
from neuraltopic.topics.edited_topics import EditedTopics, apply, replay
from neuraltopic.topics.edits import (
    Drop,
    Junk,
    Merge,
    MoveWord,
    Operation,
    Rename,
    Reorder,
    Split,
    Undo,
    effective,
    from_entry,
    to_entry,
)
from neuraltopic.topics.hierarchy import cut, hierarchy_table, topic_distances, topic_tree
from neuraltopic.topics.tables import TopicStatistics, topic_labels

if TYPE_CHECKING:
    import pandas as pd

Texts = Sequence[str] | str | Path | Corpus


class TopicEditing:
    """The part of `TopicModel` that edits topics.

    Every method returns the model, and either does all that it is asked or raises and does nothing. Topics are numbered
    as they stand before the call. `merge_topics`, `reduce_topics` and `split_topic` ask the documents of the fit what
    they say of the new topics; a loaded model does not have them and takes them as `documents`.
    """

    document_vae_: DocumentVAE
    preprocessor_: Preprocessor
    corpus_sha256_: str
    updates_: list[dict[str, Any]]
    ledger_: "pd.DataFrame"
    _counts: "Counts | None"
    _index: "pd.Index[Any] | None"  # of the Series or the data frame that was fitted
    _statistics: TopicStatistics  # of the model's own topics
    _vectors: NDArray[np.float32]  # of the documents at hand, and the model's topics that they are assigned to
    _listed: NDArray[np.int64]
    _position: NDArray[np.int64]
    _log: tuple[Operation, ...]
    _topics: EditedTopics

    if TYPE_CHECKING:

        @property
        def vocabulary_(self) -> tuple[str, ...]:
            """The V words."""

        def word_weights(self, ranking: str = "default") -> NDArray[np.floating]:
            """What ranks the words."""

    @property
    def statistics_(self) -> TopicStatistics:
        """Statistics of each topic in the documents of the fit."""
        return self._topics.statistics

    @property
    def vectors_(self) -> NDArray[np.float32]:
        """Vectors of the documents kept in the fit or the last update, in their order, (D, K + S)."""
        return self._edited().joined(self._vectors, self._coordinates()) if self._topics.splits else self._vectors

    @property
    def topics_(self) -> NDArray[np.int64]:
        """The topic that each of these documents is assigned to, -1 where it was dropped."""
        return self._topics.listed(self._listed, self._coordinates()) if self._topics.steps else self._listed

    @property
    def reader_(self) -> DocumentVAE | EditedDocuments:
        """What reads documents: `document_vae_`, or where there are edits the same with its topics as they stand."""
        return self._edited() if self.edits_ else self.document_vae_

    @property
    def edits_(self) -> list[dict[str, Any]]:
        """The edits in force, oldest first, as in the log, without the findings."""
        return [_request(operation) for operation in effective(self._log)]

    @property
    def labels_(self) -> list[str]:
        """The label of each topic: the one that it was given, or its number and first words."""
        labels = topic_labels(self.word_weights(), self.vocabulary_)
        return [own if given is None else given for own, given in zip(labels, self._topics.labels, strict=True)]

    def merge_topics(self, groups: Sequence[Any], *, documents: Texts | None = None) -> Self:
        """Make one topic of some.

        Parameters
        ----------
        groups : sequence of int, or of sequences of int
            The topics to merge; several groups at once are one edit.
        documents : as for `fit`, optional
            For a loaded model.

        The share of the new topic is the sum of theirs in every document, its documents are theirs, and its row of R is
        what these say: see `neuraltopic.topics.edited_topics`.
        """
        nested = [groups] if all(isinstance(topic, int | np.integer) for topic in groups) else groups
        whole = tuple(tuple(int(topic) for topic in group) for group in nested)
        return self.edit([Merge(whole)], documents=documents)

    def reduce_topics(self, n: int, *, documents: Texts | None = None) -> Self:
        """Merge the nearest topics until there are `n`: cut the tree of `get_topic_hierarchy`."""
        groups = self.groups_of(n)
        return self.merge_topics(groups, documents=documents) if groups else self

    def groups_of(self, n: int) -> list[list[int]]:
        """The groups of topics that `reduce_topics` would merge."""
        return [list(group) for group in cut(self._tree(), n) if len(group) > 1]

    def split_topic(self, topic: int, documents: Texts) -> Self:
        """Divide a topic in two by the words of its documents; the smaller part becomes the last topic.

        Parameters
        ----------
        topic : int
        documents : as for `fit`
            Those of the fit, or of the last update, which the model does not keep.
        """
        return self.edit([Split(int(topic))], documents=documents)

    def delete_topics(self, topics: Sequence[int]) -> Self:
        """Drop topics: their share of a document belongs to no topic, and their documents are assigned to -1."""
        return self.edit([Drop(tuple(int(topic) for topic in topics))])

    def reorder_topics(self, order: Sequence[int]) -> Self:
        """Renumber the topics; `order[i]` is the current number of the new topic i."""
        return self.edit([Reorder(tuple(int(topic) for topic in order))])

    def set_topic_labels(self, labels: Mapping[int, str | None] | Sequence[str | None]) -> Self:
        """Name topics; None gives one the label of its words again.

        Parameters
        ----------
        labels : mapping of topic to str, or one for each topic
        """
        if not isinstance(labels, Mapping):
            if len(labels) != len(self._topics):
                raise UsageError(
                    "labels", expected=f"{len(self._topics)}, one a topic", got=f"{len(labels)}", hint="Or pass a dict"
                )
            labels = dict(enumerate(labels))
        return self.edit([Rename({int(topic): label for topic, label in labels.items()})])

    def mark_as_junk(self, topics: Sequence[int]) -> Self:
        """Flag topics as junk in the tables; nothing else changes."""
        return self.edit([Junk(tuple(int(topic) for topic in topics))])

    def move_word(self, word: str, source: int, target: int) -> Self:
        """Move a word from one topic to another; the words of both change, documents do not."""
        return self.edit([MoveWord(word, int(source), int(target))])

    def undo(self) -> Self:
        """Undo the last edit that is still in force.

        Raises
        ------
        UsageError
            When there is none.
        """
        return self.edit([Undo()])

    def edit(self, operations: Sequence[Any], *, documents: Texts | None = None) -> Self:
        """Apply several edits in order, all or none.

        Parameters
        ----------
        operations : sequence of Operation, or of dict as the log has them
            See `neuraltopic.topics.edits`. Each counts topics as those before it leave them.
        documents : as for `fit`, optional
            For splits, and for merges in a loaded model.

        Raises
        ------
        UsageError
            When one cannot be done, or needs documents that are not at hand.
        """
        log, topics = self._log, self._topics
        at_hand = _AtHand(self, documents)
        for value in operations:
            # By way of the log's own form, so that what is done can be read again.
            operation = from_entry(to_entry(value) if isinstance(value, Operation) else value)
            if isinstance(operation, Undo):
                log = (*log, operation)
                topics = replay(self._base(), effective(log), self._columns())
                continue
            if isinstance(operation, Merge | Split):
                operation = at_hand.ask(topics, operation, effective(log))
            topics = apply(topics, operation, self._columns())
            log = (*log, operation)
        self._log, self._topics = log, topics
        return self

    def unedited(self) -> Self:
        """The same model with the topics of its fit."""
        model = copy.copy(self)
        model._forget_edits()
        return model

    def topics_of_vectors(self, counts: Counts, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """The topic that each document is assigned to, from its counts and its vector of `document_vae_`; documents of
        a topic that was dropped are under one number beyond the others."""
        if not self.edits_:
            return self.document_vae_.topics_of(counts, vectors)
        edited = self._edited()
        topics = edited.topics_of(counts, edited.with_coordinates(vectors, counts))
        return np.where(topics < 0, len(self._topics), topics)

    def assigned_topics(
        self, listed: NDArray[np.integer], counts: Counts, vectors: NDArray[np.floating]
    ) -> NDArray[np.int64]:
        """The topic that each document is assigned to, (D,), given that of `document_vae_`, -1 for none, its counts and
        its vector of `document_vae_`; -1 where it was dropped."""
        return self._topics.listed(listed, self._coordinates_of(counts, vectors))

    def parts_by_topic(
        self, parts: NDArray[np.floating], counts: Counts, vector: NDArray[np.floating]
    ) -> dict[int, float]:
        """The sum of what the topics of `document_vae_` add, (K,), in each topic that they became for one document.

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
        if not self.edits_:
            return dict(enumerate(parts.tolist()))
        coordinates = np.repeat(self._coordinates_of(counts, vector), len(parts), axis=0)
        became = self._topics.listed(np.arange(len(parts)), coordinates)
        return {int(topic): float(parts[became == topic].sum()) for topic in np.unique(became)}

    def shares_in(self, counts: Counts, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Share of each topic in documents, (D, T), given their counts and their vectors of `document_vae_`."""
        shares = self.document_vae_.document_weights(vectors)
        return self._topics.shares(shares, self._coordinates_of(counts, vectors)) if self.edits_ else shares

    def explained_in(self, counts: Counts, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """In how many of some documents each topic accounts for each word, (T, V), given their counts and their vectors
        of `document_vae_`."""
        vae = self.document_vae_
        base = EditedTopics.of(self._statistics, vae.components_, vae.explained_in(counts, vectors))
        explained = replay(base, effective(self._log), self._columns()).explained
        assert explained is not None
        return explained

    @property
    def model_vectors_(self) -> NDArray[np.float32]:
        """Vectors of the documents at hand without the coordinates of splits, (D, K)."""
        return self._vectors

    def take_documents(
        self,
        ledger: "pd.DataFrame",
        position: NDArray[np.int64],
        vectors: NDArray[np.float32],
        listed: NDArray[np.int64],
    ) -> None:
        """Have the documents of the fit at hand again, as a run folder keeps them.

        Parameters
        ----------
        ledger : DataFrame of N rows
        position : (N,)
            The document of each row, -1 where it has none.
        vectors : (D, K)
            Of `document_vae_`.
        listed : (D,)
            The topic of the model that each is assigned to.
        """
        self.ledger_, self._position, self._vectors, self._listed = ledger, position, vectors, listed
        self._index, self._counts = None, None

    def get_topic_hierarchy(self) -> "pd.DataFrame":
        """A line a merger of the two nearest groups of topics: see `neuraltopic.topics.hierarchy`."""
        return hierarchy_table(self._tree(), self.labels_)

    def topics_sha256(self) -> str:
        """Digest of R of the model, which a log of edits belongs to."""
        return hashlib.sha256(self.document_vae_.components_.tobytes()).hexdigest()

    def edit_entries(self, *, with_coordinates: bool) -> list[dict[str, Any]]:
        """The whole log, with what was taken back, as JSON has it; split coordinates of documents only where asked."""
        return [to_entry(operation if with_coordinates else _without_coordinates(operation)) for operation in self._log]

    def take_edits(self, entries: Sequence[dict[str, Any]], path: Path) -> None:
        """Replay a log that was read from `path`.

        Raises
        ------
        NeuralTopicError
            When it cannot be replayed over this model.
        """
        try:
            log = tuple(from_entry(entry, f"line {line}") for line, entry in enumerate(entries, start=2))
            for operation in log:
                if isinstance(operation, Merge | Split) and operation.found is None:
                    raise UsageError(
                        "log", expected="what the documents said", got="an edit without", hint="Restore it"
                    )
            topics = replay(self._base(), effective(log), self._columns())
        except UsageError as error:
            raise NeuralTopicError(
                str(path), expected="edits of these topics", got=str(error), hint="Restore it from a copy"
            ) from error
        self._log, self._topics = log, topics

    def _forget_edits(self) -> None:
        self._log, self._topics = (), self._base()

    def _base(self) -> EditedTopics:
        vae = self.document_vae_
        return EditedTopics.of(self._statistics, vae.components_, vae.explained_)

    def _edited(self) -> EditedDocuments:
        return EditedDocuments(self.document_vae_, self._topics)

    def _columns(self) -> dict[str, int]:
        return self.preprocessor_.vocabulary.index

    def _coordinates_of(self, counts: Counts, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Split coordinates, (D, S), of documents with these vectors of `document_vae_`."""
        if not self._topics.splits:
            return np.zeros((len(vectors), 0), np.float32)
        return self._topics.coordinates(self.document_vae_.document_weights(vectors), counts)

    def _coordinates(self) -> NDArray[np.float32]:
        return _kept_coordinates(effective(self._log), len(self._vectors))

    def _tree(self) -> NDArray[np.float64]:
        log_probabilities = self.reader_.topic_log_probabilities(self.statistics_.strength)
        return topic_tree(topic_distances(np.exp(log_probabilities)))

    def _update_edits(self, counts: Counts, new: TopicStatistics, n_earlier: int, earlier: EditedTopics) -> None:
        """Update the findings of the edits with the documents of an update.

        Parameters
        ----------
        counts : Counts of the new documents
        new : TopicStatistics
            Of the new documents alone.
        n_earlier : int
            Documents before.
        earlier : EditedTopics
            The unedited topics before.
        """
        vae, words = self.document_vae_, self._columns()
        documents = self._documents_of_fit(counts, ())
        n_new = documents.copies.sum()
        weights = np.array([n_earlier, n_new]) / (n_earlier + n_new)
        later = EditedTopics.of(new, vae.components_, vae.explained_)
        log: list[Operation] = []
        for operation in effective(self._log):
            said, both = pooled_findings(
                operation, earlier, later, documents, weights, find_recipe(vae.recipe).interpretation, words
            )
            earlier, later = apply(earlier, operation, words), apply(later, said, words)
            log.append(both)
            documents = dataclasses.replace(documents, coordinates=_kept_coordinates(log, len(counts)))
        self._log, self._topics = tuple(log), replay(self._base(), log, words)

    def _documents_of_fit(self, counts: Counts | None, standing: Sequence[Operation]) -> Documents:
        vae, vectors = self.document_vae_, self._vectors
        ids = kept_ids(self.ledger_)
        coordinates = _kept_coordinates(standing, len(vectors))
        latents, shares = vae.latents(vectors), vae.document_weights(vectors)
        copies = np.bincount(self._position[self._position >= 0], minlength=len(vectors)).astype(np.float64)
        return Documents(latents, shares, self._listed, coordinates, ids, copies, counts)


def kept_ids(ledger: "pd.DataFrame") -> list[str]:
    """Ids of the documents that were counted, in their order."""
    return [str(id) for id in ledger["id"][ledger["status"] == "kept"]]


class _AtHand:
    """The documents that merges and splits are asked of, read when first needed."""

    def __init__(self, model: Any, documents: Texts | None) -> None:
        self._model = model
        self._given = documents
        self._of_fit = hasattr(model, "_vectors")
        self._prepared: Preparation | None = None
        self._shares_of_given: tuple[NDArray[Any], ...] | None = None

    def ask(self, topics: EditedTopics, operation: Merge | Split, standing: Sequence[Operation]) -> Operation:
        """The operation with its findings in the documents."""
        if self._of_fit:
            counts = self._counts_of_fit() if isinstance(operation, Split) else None
            return with_findings(topics, operation, self._model._documents_of_fit(counts, standing))
        return _without_coordinates(with_findings(topics, operation, self._others(topics)))

    def _others(self, topics: EditedTopics) -> Documents:
        """Documents that were given to a loaded model."""
        vae, counted = self._model.document_vae_, self._read()
        if self._shares_of_given is None:
            vectors = np.asarray(vae.transform(counted.counts))
            self._shares_of_given = (
                vae.latents(vectors),
                vae.document_weights(vectors),
                vae.topics_of(counted.counts, vectors),
            )
        latents, shares, listed = self._shares_of_given
        ids = kept_ids(counted.ledger)
        coordinates = topics.coordinates(shares, counted.counts)
        return Documents(latents, shares, listed, coordinates, ids, counted.copies(), counted.counts)

    def _counts_of_fit(self) -> Counts:
        return self._read().counts

    def _read(self) -> Preparation:
        if self._prepared is None:
            if self._given is None:
                raise UsageError(
                    "documents",
                    expected="the documents of the fit, which the model does not keep",
                    got="none",
                    hint="Pass documents=, or name the corpus",
                )
            corpus = self._given if isinstance(self._given, Corpus) else open_corpus(self._given)
            self._prepared = prepare(corpus, self._model.preprocessor_, workspace=None, progress=None)
            digests = [self._model.corpus_sha256_, *(update["corpus_sha256"] for update in self._model.updates_)]
            if self._of_fit and self._prepared.corpus_sha256 != digests[-1]:
                raise _other_documents("others")
            if not self._prepared.counts.nnz:
                raise _other_documents("none with a word of the model")
        return self._prepared


def _other_documents(got: str) -> NeuralTopicError:
    return NeuralTopicError(
        "documents", expected="those that the model was last fitted on", got=got, hint="Name the corpus of the fit"
    )


def _request(operation: Operation) -> dict[str, Any]:
    return {name: value for name, value in to_entry(operation).items() if name != "found"}


def _without_coordinates(operation: Operation) -> Operation:
    if isinstance(operation, Split) and operation.found is not None:
        return Split(operation.topic, dataclasses.replace(operation.found, coordinates=None))
    return operation


def _kept_coordinates(operations: Sequence[Operation], n_documents: int) -> NDArray[np.float32]:
    """Coordinates of the documents whose vectors are kept, (D, S)."""
    columns = [
        operation.found.coordinates for operation in operations if isinstance(operation, Split) and operation.found
    ]
    whole = [column for column in columns if column is not None]
    if len(whole) < len(columns) or any(len(column) != n_documents for column in whole):
        raise NeuralTopicError(
            "edits",
            expected=f"a coordinate of each of {n_documents:,} documents in every split",
            got="a log without",
            hint="Undo the split and do it again",
        )
    return np.array(whole, np.float32).reshape(len(whole), n_documents).T
