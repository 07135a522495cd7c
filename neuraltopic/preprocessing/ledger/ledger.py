"""The ledger: the outcome of every input row, in input order."""

from array import array
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from neuraltopic.preprocessing.ledger.compact import CompactTexts, CompactValues

if TYPE_CHECKING:
    import pandas as pd


# The columns of the table that are no metadata of the corpus.
LEDGER_COLUMNS = frozenset({"row", "id", "status", "detail", "encoding", "n_tokens", "line", "n_lines"})


# Distinct texts of a column of metadata that are held once however often they occur.
_HELD_ONCE = 1 << 12


class Status(StrEnum):
    """Outcome of a row."""

    KEPT = "kept"
    EMPTY = "empty"
    DUPLICATE = "duplicate"
    UNDECODABLE = "undecodable"
    NO_WORD = "no word of the vocabulary"


class Ledger:
    """One entry per input row, in input order; entries are never removed.

    An entry takes about 60 bytes plus its id and its metadata. Repeated values of metadata, such as labels, are stored
    once.

    Attributes
    ----------
    ids, statuses, details, encodings : sequence
        One entry per row.
    lines, n_lines : array of int
        The first line of each row of a table of lines, counted from 1, and how many it takes up; 0 elsewhere.
    """

    def __init__(self) -> None:
        self.ids = CompactTexts()
        self.statuses: CompactValues[Status] = CompactValues()
        self.encodings: CompactValues[str] = CompactValues()
        self.lines = array("q")
        self.n_lines = array("q")
        self.details = CompactTexts()
        self._metadata: dict[str, list[object]] = {}
        self._held_once: dict[str, dict[str, str]] = {}
        self._n_tokens = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ids)

    def add(
        self,
        id: str,
        status: Status,
        *,
        detail: str = "",
        encoding: str = "utf-8",
        line: int = 0,
        n_lines: int = 0,
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        """Append a row; a metadata column that other rows lack is None there."""
        self.extend(
            [id],
            [status],
            details=[detail],
            encodings=[encoding],
            lines=[line],
            n_lines=[n_lines],
            metadata=[metadata or {}],
        )

    def extend(
        self,
        ids: Sequence[str],
        statuses: Sequence[Status],
        *,
        details: Sequence[str],
        encodings: Sequence[str],
        lines: Sequence[int],
        n_lines: Sequence[int],
        metadata: Sequence[Mapping[str, object]],
    ) -> None:
        """Append rows, of each of which every sequence has an entry."""
        first = len(self)
        self.ids.extend(ids)
        self.statuses.extend(statuses)
        self.details.extend(details)
        self.encodings.extend(encodings)
        self.lines.extend(lines)
        self.n_lines.extend(n_lines)
        if any(metadata):
            for row, of_row in enumerate(metadata, first):
                for name, value in of_row.items():
                    column = self._metadata.setdefault(name, [])
                    column.extend([None] * (row - len(column)))
                    column.append(self._once(name, value) if isinstance(value, str) else value)

    def set_status(self, row: int, status: Status, detail: str = "") -> None:
        """Change what became of `row` (counted from 0), with the reason."""
        self.statuses[row] = status
        self.details[row] = detail

    def _once(self, column: str, text: str) -> str:
        """The same text, as the column has it already where it is one of its first so many distinct ones."""
        held = self._held_once.setdefault(column, {})
        return held.setdefault(text, text) if len(held) < _HELD_ONCE else held.get(text, text)

    @property
    def n_tokens(self) -> np.ndarray:
        """Tokens of the vocabulary in each row, int64 of shape (rows,); 0 until preprocessing sets it."""
        n_tokens = np.zeros(len(self), dtype=np.int64)
        n_tokens[: len(self._n_tokens)] = self._n_tokens
        n_tokens.flags.writeable = False
        return n_tokens

    @n_tokens.setter
    def n_tokens(self, n_tokens: np.ndarray) -> None:
        if len(n_tokens) != len(self):
            raise ValueError(f"n_tokens has {len(n_tokens)} entries; the ledger has {len(self)} rows")
        self._n_tokens = np.array(n_tokens, dtype=np.int64)

    def counts(self) -> dict[Status, int]:
        """Rows of each status, every status named, in the order of `Status`."""
        counted = self.statuses.counts()
        return {status: counted[status] for status in Status}

    def kept(self) -> np.ndarray:
        """The rows (int64, ascending, from 0) whose status is kept."""
        return np.fromiter(self.statuses.places(Status.KEPT), np.int64)

    def summary(self) -> str:
        """One line: how many rows of each status and of each encoding."""
        rows = f"{len(self):,} rows" if len(self) != 1 else "1 row"
        if not len(self):
            return rows
        statuses = ", ".join(f"{count:,} {status}" for status, count in self.counts().items() if count)
        encodings = self.encodings.counts().most_common()
        found = ", ".join(f"{name} {count:,}" for name, count in encodings if name)  # a binary row has none
        return f"{rows}: {statuses}" + (f"; encodings: {found}" if found else "")

    def to_frame(self) -> "pd.DataFrame":
        """Table with a line per row.

        Returns
        -------
        pandas.DataFrame
            row (from 0), id, status, detail, encoding, n_tokens, of a table of lines also line and n_lines, then the
            metadata columns under their own names; one that would clash gets "_" appended until it does not.
        """
        import pandas as pd

        columns: dict[str, object] = {
            "row": np.arange(len(self), dtype=np.int64),
            "id": pd.array(self.ids.to_arrow(), dtype="str"),
            "status": pd.array(self.statuses.to_arrow(), dtype="str"),
            "detail": pd.array(self.details.to_arrow(), dtype="str"),
            "encoding": pd.array(self.encodings.to_arrow(), dtype="str"),
            "n_tokens": self.n_tokens,
        }
        if any(self.n_lines):
            columns["line"] = np.array(self.lines, np.int64)
            columns["n_lines"] = np.array(self.n_lines, np.int64)
        taken = set(columns) | set(self._metadata)
        for name, column in self._metadata.items():
            free = name
            if name in columns:
                while free in taken:
                    free += "_"
                taken.add(free)
            whole: list[Any] = column + [None] * (len(self) - len(column))
            columns[free] = pd.array(whole, dtype="Int64") if _needs_integers(whole) else whole
        return pd.DataFrame(columns)


def _needs_integers(column: Sequence[object]) -> bool:
    """Whether cells are whole numbers, some of them missing, of which float64 would lose digits."""
    present = [cell for cell in column if cell is not None]
    if len(present) == len(column) or not all(type(cell) is int for cell in present):
        return False
    largest = max((abs(cell) for cell in present if isinstance(cell, int)), default=0)
    return 2**53 < largest < 2**63
