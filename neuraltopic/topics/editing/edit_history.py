"""The history of edits of a model's topics: a log over the unedited topics, and the resulting topics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.topics.editing.edited_topics import EditedTopics, apply, replay
from neuraltopic.topics.editing.edits import Merge, Operation, Split, Undo, effective, from_entry, to_entry


@dataclass(frozen=True)
class EditHistory:
    """Edits of topics, oldest first. Every method returns a new history; this one does not change.

    Attributes
    ----------
    unedited : EditedTopics
        The topics of the model.
    columns : dict of str to int
        The column of each word of the vocabulary.
    log : tuple of Operation
        Every edit, including undone ones.
    topics : EditedTopics
        The topics after the edits.
    """

    unedited: EditedTopics
    columns: dict[str, int]
    log: tuple[Operation, ...]
    topics: EditedTopics

    @classmethod
    def of(cls, unedited: EditedTopics, columns: dict[str, int], log: Sequence[Operation] = ()) -> Self:
        """The history of these edits of these topics.

        Raises
        ------
        UsageError
            When one cannot be applied.
        """
        return cls(unedited, columns, tuple(log), replay(unedited, effective(log), columns))

    @classmethod
    def read(
        cls, unedited: EditedTopics, columns: dict[str, int], entries: Sequence[dict[str, Any]], path: Path
    ) -> Self:
        """The history of a log that was read from `path`.

        Raises
        ------
        NeuralTopicError
            When it cannot be replayed over these topics.
        """
        try:
            log = [from_entry(entry, f"line {line}") for line, entry in enumerate(entries, start=2)]
            for operation in log:
                if isinstance(operation, Merge | Split) and operation.found is None:
                    raise UsageError(
                        "log",
                        expected="for each merge and split, what was found in the documents",
                        got="an edit without it",
                        hint="Restore it from a copy",
                    )
            return cls.of(unedited, columns, log)
        except UsageError as error:
            raise NeuralTopicError(
                str(path), expected="edits of these topics", got=str(error), hint="Restore it from a copy"
            ) from error

    @property
    def in_force(self) -> tuple[Operation, ...]:
        """The edits in force: those that were not undone."""
        return effective(self.log)

    def with_edit(self, operation: Operation) -> Self:
        """The history with one more edit; `Undo` undoes the last one in force."""
        log = (*self.log, operation)
        if isinstance(operation, Undo):
            return self.of(self.unedited, self.columns, log)
        return replace(self, log=log, topics=apply(self.topics, operation, self.columns))

    def entries(self, *, with_coordinates: bool) -> list[dict[str, Any]]:
        """The whole log as JSON; with split coordinates of documents only on request."""
        return [to_entry(operation if with_coordinates else without_coordinates(operation)) for operation in self.log]

    def coordinates(self, n_documents: int) -> NDArray[np.float32]:
        """Split coordinates, (D, S), of the documents whose vectors are kept."""
        return kept_coordinates(self.in_force, n_documents)


def without_coordinates(operation: Operation) -> Operation:
    """The operation without the split coordinates of documents."""
    if isinstance(operation, Split) and operation.found is not None:
        return Split(operation.topic, replace(operation.found, coordinates=None))
    return operation


def kept_coordinates(operations: Sequence[Operation], n_documents: int) -> NDArray[np.float32]:
    """Split coordinates of the documents whose vectors are kept, (D, S).

    Raises
    ------
    NeuralTopicError
        When a split has none, or those of another number of documents.
    """
    columns = [
        operation.found.coordinates for operation in operations if isinstance(operation, Split) and operation.found
    ]
    whole = [column for column in columns if column is not None]
    if len(whole) < len(columns) or any(len(column) != n_documents for column in whole):
        raise NeuralTopicError(
            "edits",
            expected=f"a coordinate of each of {n_documents:,} documents in every split",
            got="a log that lacks some",
            hint="Undo the split and do it again",
        )
    return np.array(whole, np.float32).reshape(len(whole), n_documents).T
