"""Rows out of records: which column is the text, which the id, and what to do with the odd ones."""

from collections.abc import Sequence
from typing import NamedTuple

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.rows import Row, text_problem


class Columns(NamedTuple):
    """The column of the text, and of the ids unless rows are numbered."""

    text: str
    id: str | None


def choose_columns(
    name: str, columns: Sequence[str], strings: Sequence[str], *, text: str | None, id: str | None
) -> Columns:
    """Take the columns asked for, else "text" or the only one of `strings`, and "id" where there is one.

    Raises
    ------
    UsageError
        When one asked for is missing, or the text could be in several.
    """
    for wanted in (text, id):
        if wanted is not None and wanted not in columns:
            raise _wrong_column(name, f"a column {wanted!r}", columns)
    if id is None and "id" in columns and text != "id":
        id = "id"
    if text is None:
        candidates = [column for column in strings if column != id]
        if "text" not in columns and len(candidates) != 1:
            raise _wrong_column(name, "a column 'text', or a single column of strings", columns)
        text = "text" if "text" in columns else candidates[0]
    return Columns(text, id)


def _wrong_column(name: str, expected: str, columns: Sequence[str]) -> UsageError:
    listed = ", ".join(columns) if columns else "none"
    return UsageError(name, expected=expected, got=f"columns {listed}", hint="Name the column of the text")


class Records:
    """Make rows of records, numbered from 1, and see that no id comes twice.

    Parameters
    ----------
    name : str
        What the errors call the corpus.
    columns : Columns
    encoding : str
        What the records were read with.
    """

    def __init__(self, name: str, columns: Columns, encoding: str) -> None:
        self._name = name
        self._columns = columns
        self._encoding = encoding
        self._number = 0
        self._seen: dict[str, int] = {}

    def row(self, record: dict[str, object], problem: str = "") -> Row:
        """Make the next row; a `problem` of the whole record goes before one of its text.

        Raises
        ------
        NeuralTopicError
            When the id is that of an earlier row.
        """
        self._number += 1
        text_column, id_column = self._columns
        id = str(self._number) if id_column is None else self._unique(record.get(id_column))
        if not problem:
            missing = text_column not in record
            problem = f"no column {text_column!r}" if missing else text_problem(record[text_column])
        text = None if problem else str(record[text_column])
        metadata = {name: value for name, value in record.items() if name not in self._columns}
        return Row(id, text, metadata, self._encoding, problem)

    def _unique(self, value: object) -> str:
        id = "" if value is None else str(value)
        if not id or id == "nan":
            id = f"row {self._number}"
        earlier = self._seen.setdefault(id, self._number)
        if earlier != self._number:
            raise NeuralTopicError(
                f"{self._name}: id {id!r}",
                expected="an id to occur once",
                got=f"it in rows {earlier:,} and {self._number:,}",
                hint="Choose another id column, or make the ids unique",
            )
        return id
