"""Edits of the topics of a fitted `TopicModel`: a log over the model, which stays as it is."""

import copy
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError
from neuraltopic.estimators.texts.documents_of_edits import DocumentsOfEdits, Texts, inferences
from neuraltopic.estimators.texts.documents_of_fit import DocumentsOfFit
from neuraltopic.estimators.texts.fitted_topics import FittedTopics
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.editing.edit_findings import pooled_findings
from neuraltopic.topics.editing.edit_history import EditHistory, kept_coordinates
from neuraltopic.topics.editing.edited_topics import EditedTopics, apply
from neuraltopic.topics.editing.edits import (
    Drop,
    Junk,
    Merge,
    MoveWord,
    Operation,
    Rename,
    Reorder,
    Split,
    Undo,
    from_entry,
    to_entry,
)
from neuraltopic.topics.hierarchy import cut, hierarchy_table, topic_distances, topic_tree
from neuraltopic.topics.tables import TopicStatistics

if TYPE_CHECKING:
    import pandas as pd


class TopicEditing(FittedTopics):
    """The part of `TopicModel` that edits topics.

    Every method returns the model; one that raises changes nothing. Topic numbers are those before the call.
    `merge_topics`, `reduce_topics` and `split_topic` compute the new topics from the documents of the fit, which a
    loaded model does not have and takes as `documents`.
    """

    @property
    def edits_(self) -> list[dict[str, Any]]:
        """The edits in force, oldest first, as in the log, without the findings."""
        return [_without_findings(operation) for operation in self._edits.in_force]

    def merge_topics(self, groups: Sequence[Any], *, documents: Texts | None = None) -> Self:
        """Merge topics into one.

        Parameters
        ----------
        groups : sequence of int, or of sequences of int
            The topics to merge; several groups at once are one edit.
        documents : as for `fit`, optional
            For a loaded model.

        The share of the new topic is the sum of theirs in every document, its documents are theirs, and its row of R is
        computed from these: see `neuraltopic.topics.editing.edited_topics`.
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
        """Drop topics: their share of a document is left out, and their documents are assigned to -1."""
        return self.edit([Drop(tuple(int(topic) for topic in topics))])

    def reorder_topics(self, order: Sequence[int]) -> Self:
        """Renumber the topics; `order[i]` is the current number of the new topic i."""
        return self.edit([Reorder(tuple(int(topic) for topic in order))])

    def set_topic_labels(self, labels: Mapping[int, str | None] | Sequence[str | None]) -> Self:
        """Name topics; None restores the label of the topic's words.

        Parameters
        ----------
        labels : mapping of topic to str, or one for each topic
        """
        if not isinstance(labels, Mapping):
            if len(labels) != len(self._edits.topics):
                raise UsageError(
                    "labels",
                    expected=f"{len(self._edits.topics)}, one per topic",
                    got=f"{len(labels)}",
                    hint="Or pass a dict",
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
        """Undo the last edit in force.

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
            See `neuraltopic.topics.editing.edits`. Topic numbers in each are those after the edits before it.
        documents : as for `fit`, optional
            For splits, and for merges in a loaded model.

        Raises
        ------
        UsageError
            When one cannot be done, or needs documents that are not available.
        """
        history = self._edits
        at_hand = DocumentsOfEdits(self, documents)
        for value in operations:
            # Through the form of the log, so that every edit can be read again.
            operation = from_entry(to_entry(value) if isinstance(value, Operation) else value)
            if isinstance(operation, Merge | Split):
                operation = at_hand.ask(history, operation)
            history = history.with_edit(operation)
        self._edits = history
        return self

    def unedited(self) -> Self:
        """The same model with the topics of its fit."""
        model = copy.copy(self)
        model._edits = EditHistory.of(self._edits.unedited, self._edits.columns)
        return model

    def take_documents(
        self,
        ledger: "pd.DataFrame",
        position: NDArray[np.int64],
        vectors: NDArray[np.float32],
        listed: NDArray[np.int64],
    ) -> None:
        """Set the documents of the fit, from a run folder.

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
        self._documents = DocumentsOfFit(ledger, position, vectors, listed)

    def get_topic_hierarchy(self) -> "pd.DataFrame":
        """One line per merger of the two nearest groups of topics: see `neuraltopic.topics.hierarchy`."""
        return hierarchy_table(self._tree(), self.labels_)

    def topics_sha256(self) -> str:
        """Digest of R of the model, which a log of edits belongs to."""
        return hashlib.sha256(self.document_vae_.components_.tobytes()).hexdigest()

    def edit_entries(self, *, with_coordinates: bool) -> list[dict[str, Any]]:
        """The whole log, with what was undone, as JSON has it; split coordinates of documents only where asked."""
        return self._edits.entries(with_coordinates=with_coordinates)

    def take_edits(self, entries: Sequence[dict[str, Any]], path: Path) -> None:
        """Replay a log that was read from `path`.

        Raises
        ------
        NeuralTopicError
            When it cannot be replayed over this model.
        """
        self._edits = EditHistory.read(self._edits.unedited, self._edits.columns, entries, path)

    def _forget_edits(self) -> None:
        """Start a history of edits of the topics as they are in `document_vae_`."""
        self._edits = EditHistory.of(self._unedited_topics(self._statistics), self.preprocessor_.vocabulary.index)

    def _unedited_topics(self, statistics: TopicStatistics) -> EditedTopics:
        vae = self.document_vae_
        return EditedTopics.of(statistics, vae.components_, vae.explained_)

    def _tree(self) -> NDArray[np.float64]:
        log_probabilities = self.reader_.topic_log_probabilities(self.statistics_.strength)
        return topic_tree(topic_distances(np.exp(log_probabilities)))

    def _update_edits(self, counts: Counts, new: TopicStatistics, n_earlier: int, earlier: EditedTopics) -> None:
        """Update the findings of the edits with the documents of an update.

        Parameters
        ----------
        counts : Counts
            Of the new documents.
        new : TopicStatistics
            Of the new documents alone.
        n_earlier : int
            Documents before.
        earlier : EditedTopics
            The unedited topics before.
        """
        fitted, columns = self._require_documents(), self._edits.columns
        documents = inferences(self.document_vae_, fitted, counts, ())
        n_new = documents.copies.sum()
        weights = np.array([n_earlier, n_new]) / (n_earlier + n_new)
        interpretation = find_recipe(self.document_vae_.recipe).interpretation
        later = self._unedited_topics(new)
        log: list[Operation] = []
        for operation in self._edits.in_force:
            said, both = pooled_findings(operation, earlier, later, documents, weights, interpretation, columns)
            earlier, later = apply(earlier, operation, columns), apply(later, said, columns)
            log.append(both)
            documents = dataclasses.replace(documents, coordinates=kept_coordinates(log, len(fitted.vectors)))
        self._edits = EditHistory.of(self._unedited_topics(self._statistics), columns, log)


def _without_findings(operation: Operation) -> dict[str, Any]:
    return {name: value for name, value in to_entry(operation).items() if name != "found"}
