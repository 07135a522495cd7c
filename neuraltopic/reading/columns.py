"""Rows out of records: the columns of the text and the id, and unusual values."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.rows import Row, note, text_problem, value_problem
from neuraltopic.reading.word_lists import joined_list, note_lists

_NUMBER = re.compile(r"[-+(]?[$€£¥]? ?\d[\d.,:/ TZ%)+-]*(?:[ap]\.?m\.?)? ?(?:(?:GMT|UTC)[\d:+-]*)?", re.IGNORECASE)

# What a row is called that sums up those above it, folded.
_SUMS = frozenset({"total", "totals", "sum", "grandtotal", "summe", "gesamt", "insgesamt", "somme", "suma", "totale"})

_OVERLOOKED = re.compile(r"[\s\ufeff_-]+")
_SHOWN = 30  # names of columns in an error


class Columns(NamedTuple):
    """The column of the text, and of the ids unless rows are numbered."""

    text: str
    id: str | None


def choose_columns(
    name: str,
    columns: Sequence[str],
    strings: Sequence[str],
    *,
    text: str | None,
    id: str | None,
    hint: str = "Name the column of the text",
) -> Columns:
    """The given columns, else "text" or the only one of `strings`, and "id" if there is one.

    A name may differ from that of the column in case and spaces, unless another column matches too.

    Raises
    ------
    UsageError
        When a given column is missing, or several could hold the text.
    """

    def asked(wanted: str) -> str:
        found = find_column(wanted, columns)
        if found is None:
            raise _wrong_column(name, f"a column {wanted!r}", columns, hint)
        return found

    text_column = None if text is None else asked(text)
    id_column = find_column("id", columns) if id is None else asked(id)
    if id is None and id_column == text_column:
        id_column = None
    if text_column is None:
        candidates = [column for column in strings if column != id_column]
        text_column = find_column("text", columns) or (candidates[0] if len(candidates) == 1 else None)
        if text_column is None:
            raise _wrong_column(name, "a column 'text', or a single column of strings", columns, hint)
    return Columns(text_column, id_column)


def find_column(wanted: str, columns: Sequence[str]) -> str | None:
    """The column of that name, or the only one that differs from it only in case and spaces."""
    if wanted in columns:
        return wanted
    alike = [column for column in columns if folded(column) == folded(wanted)]
    return alike[0] if len(alike) == 1 else None


def folded(name: str) -> str:
    """A name of a column without case, spaces, hyphens, underscores and a byte-order mark."""
    return "".join(_OVERLOOKED.split(name)).casefold()


def longer_lists(values: Mapping[str, Sequence[object]], strings: Sequence[str]) -> list[str]:
    """The columns whose lists of words are longer than any column of strings, which may be labels of these lists."""
    lists = {name: list(map(joined_list, column)) for name, column in values.items() if name not in strings}
    longest = max((_mean_words(values[name]) for name in strings), default=0.0)
    return [
        name
        for name, column in lists.items()
        if all(column) and _mean_words([listed.text for listed in column if listed]) > longest
    ]


def _mean_words(texts: Sequence[object]) -> float:
    return sum(len(str(text).split()) for text in texts) / max(1, len(texts))


def is_number(text: str) -> bool:
    """Whether a text is a number, a date or a time."""
    return _NUMBER.fullmatch(text) is not None


def _wrong_column(name: str, expected: str, columns: Sequence[str], hint: str) -> UsageError:
    more = f" and {len(columns) - _SHOWN:,} more" if len(columns) > _SHOWN else ""
    return UsageError(name, expected=expected, got=f"columns {', '.join(columns[:_SHOWN]) or 'none'}{more}", hint=hint)


class Records:
    """Make rows of records, numbered from 1, each with a unique id.

    Parameters
    ----------
    name : str
        Name of the corpus in error messages.
    columns : Columns
    encoding : str
        Encoding that the records were read with.
    id_asked : bool
        Whether the id column was given. Then a repeated id is an error; otherwise the later rows get
        "#2", "#3" ... after it, and `close` says so.

    Attributes
    ----------
    columns : Columns
    """

    def __init__(self, name: str, columns: Columns, encoding: str, *, id_asked: bool) -> None:
        self._name = name
        self.columns = columns
        self._encoding = encoding
        self._id_asked = id_asked
        self._number = 0
        self._last: dict[str, object] = {}
        self._seen: dict[str, int] = {}  # the row of each id
        self._times: dict[str, int] = {}  # of repeated ids
        self._n_repeated = 0
        self._first_repeated = ""
        self._n_lists = 0
        self._lists_are_words: bool | None = None  # None before the first list that is not empty

    def row(self, record: dict[str, object], problem: str = "", line: int = 0, n_lines: int = 0) -> Row:
        """Make the next row; a `problem` of the whole record takes precedence over one of its text.

        A list of words or sentences in the place of the text is joined: see `joined_list`.

        Raises
        ------
        NeuralTopicError
            When the id is that of an earlier row, and the id column was given.
        """
        self._number += 1
        self._last = record
        text_column, id_column = self.columns
        id = str(self._number) if id_column is None else self._unique(record.get(id_column))
        text = record.get(text_column)
        listed = joined_list(text, as_words=self._lists_are_words)
        if listed is not None:
            text, problem = listed.text, problem or listed.problem
            self._n_lists += 1
            if text and self._lists_are_words is None:
                self._lists_are_words = listed.is_cut
        if not problem and (text is None or type(text) is not str or not text.isascii()):
            problem = text_problem(text) if text_column in record else f"no column {text_column!r}"
        if not problem and isinstance(text, str):
            problem = value_problem(text)
        metadata = {name: value for name, value in record.items() if name not in self.columns}
        is_cut = listed is not None and listed.is_cut
        return Row(id, None if problem else str(text), metadata, self._encoding, problem, line, n_lines, is_cut)

    def close(self) -> None:
        """Note repeated ids, lists in place of texts, and a last row that sums up the others."""
        first = str(next(iter(self._last.values()), "")).strip(" :")
        if self._number > 1 and folded(first) in _SUMS:
            note(self._name, f"the last row, {first!r}, looks like a sum of the others, and is a row as they are")
        if self._lists_are_words is not None and 2 * self._n_lists > self._number:
            note_lists(self._name, is_cut=self._lists_are_words)
        if self._n_repeated:
            rows = "1 row has" if self._n_repeated == 1 else f"{self._n_repeated:,} rows have"
            note(
                self._name,
                f"{rows} the {self.columns.id} of an earlier one, the first {self._first_repeated}; "
                "they are numbered #2, #3 ... after it",
            )

    def _unique(self, value: object) -> str:
        id = "" if value is None else str(value)
        if not id or id == "nan":
            id = f"row {self._number}"
        earlier = self._seen.setdefault(id, self._number)
        if earlier == self._number:
            return id
        if self._id_asked:
            raise NeuralTopicError(
                f"{self._name}: id {id!r}",
                expected="an id to occur once",
                got=f"it in rows {earlier:,} and {self._number:,}",
                hint="Choose another id column, or make the ids unique",
            )
        self._n_repeated += 1
        self._first_repeated = self._first_repeated or f"{id!r} in rows {earlier:,} and {self._number:,}"
        while True:
            times = self._times[id] = self._times.get(id, 1) + 1
            if self._seen.setdefault(f"{id}#{times}", self._number) == self._number:
                return f"{id}#{times}"
