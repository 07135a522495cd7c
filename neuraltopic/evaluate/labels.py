"""Labels of documents: a column of the corpus, as text that does not depend on the file format."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.runs.facts import run_file
from neuraltopic.storage.vectors import VECTORS_NPY

DEFAULT_LABEL = "label"


@dataclass(frozen=True)
class Labelled:
    """Vectors of T documents and the label of each, None where it has none.

    Attributes
    ----------
    vectors : (T, K)
    labels : sequence of T str or None
    """

    vectors: NDArray[np.floating]
    labels: Sequence[str | None]

    def __post_init__(self) -> None:
        """Check that there is one label a vector."""
        if len(self.vectors) != len(self.labels):
            raise NeuralTopicError(
                "labels",
                expected=f"one for each of {len(self.vectors):,} vectors",
                got=f"{len(self.labels):,}",
                hint="Pass None for a document without one",
            )

    def known(self) -> "Labelled":
        """Those that have a label."""
        rows = [row for row, label in enumerate(self.labels) if label is not None]
        return Labelled(self.vectors[rows], [self.labels[row] for row in rows])


def training_vectors(run: Path, label: str = DEFAULT_LABEL) -> Labelled | None:
    """The documents that a run was fitted on; None when their corpus has no such column.

    Raises
    ------
    UsageError
        When `run` is no run folder.
    NeuralTopicError
        When its files are not as they were written.
    """
    import pandas as pd

    path, vectors_path = run_file(run, "ledger.csv"), run_file(run, VECTORS_NPY)
    try:
        ledger = pd.read_csv(path, dtype=str, keep_default_na=False)
        if label not in ledger:
            return None
        vectors = np.load(vectors_path, allow_pickle=False)
        return Labelled(vectors, label_texts(ledger[label][ledger["status"] == "kept"]))
    except (ValueError, KeyError) as error:
        raise NeuralTopicError(
            str(run),
            expected="the vectors and the ledger of a run",
            got=f"{type(error).__name__}: {error}"[:200],
            hint="Restore it from a copy or fit again",
        ) from error


def label_texts(values: Iterable[object]) -> list[str | None]:
    """Labels as text: 3, 3.0 and "3" are one label; None, NaN and the empty text are none."""
    texts: list[str | None] = []
    for value in values:
        if isinstance(value, float | np.floating) and float(value).is_integer():
            value = int(value)
        missing = value is None or value != value or value == ""  # NaN alone is not itself
        texts.append(None if missing else str(value))
    return texts


def column_of(table_columns: Sequence[str], label: str | None, name: str) -> str | None:
    """The column of the labels: `label`, else "label" where there is one, else None.

    Raises
    ------
    UsageError
        When there is no column of the given name.
    """
    if label is None:
        return DEFAULT_LABEL if DEFAULT_LABEL in table_columns else None
    if label not in table_columns:
        raise UsageError(
            parameter("label"),
            expected=f"a column of {name}: {', '.join(table_columns) or 'it has none but the text'}",
            got=repr(label),
            hint="Name one of its columns",
        )
    return label


def numbered_labels(*groups: Sequence[Any]) -> list[NDArray[np.int64]]:
    """The labels of each group, none missing, as numbers from 0, equal ones with one number in all groups."""
    known = {label: number for number, label in enumerate(sorted({label for group in groups for label in group}))}
    return [np.array([known[label] for label in group], np.int64) for group in groups]
