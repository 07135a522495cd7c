"""Rows of comma- and tab-separated files."""

import csv
import re
from collections.abc import Iterator

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.columns import Records, choose_columns
from neuraltopic.reading.encodings import Lines
from neuraltopic.reading.rows import Row

FIELD_LIMIT = 1 << 28  # characters; beyond it, an unclosed quote is likelier than a document
_END = "\0end of file"
_LONE_RETURN = re.compile("(?<=\r)(?!\n)")


def delimited_rows(lines: Lines, name: str, *, tabs: bool, text: str | None, id: str | None) -> Iterator[Row]:
    """Read a header and rows; quoted fields may hold line ends.

    Without `tabs` the separator is the comma, or the semicolon or tab where the header has no comma. Lines
    that are blank are no rows.

    Raises
    ------
    UsageError
        When the columns are not there or not clear.
    NeuralTopicError
        When a quote is never closed or an id comes twice.
    """
    source = _Source(lines)
    first = source.peek()
    delimiter = "\t" if tabs else next((mark for mark in ",;\t" if mark in first), ",")
    parsed = _parse(source, name, delimiter)
    header = next(parsed, [])
    twice = [column for place, column in enumerate(header) if column in header[:place]]
    if twice:
        raise UsageError(
            name,
            expected="column names that differ",
            got=f"{twice[0]!r} twice in the header",
            hint="Rename one of the columns",
        )
    records = Records(name, choose_columns(name, header, header, text=text, id=id), lines.encoding)
    source.take_problem()
    for values in parsed:
        problem = source.take_problem()
        if values:
            if len(values) > len(header):
                problem = problem or f"{len(values)} values for {len(header)} columns"
            yield records.row(dict(zip(header, values, strict=False)), problem)


class _Source:
    """Lines for the csv module, with their ends, remembering the problems of those it took."""

    def __init__(self, lines: Lines) -> None:
        self._lines = iter(lines)
        self._problem = ""
        self._waiting: list[str] = []
        self._pieces = self._read()

    def peek(self) -> str:
        """Give the first line that is not blank without taking it."""
        for line in self._pieces:
            if line.strip():
                self._waiting = [line]
                return line
        return ""

    def take_problem(self) -> str:
        """Give the first problem since the last call."""
        problem, self._problem = self._problem, ""
        return problem

    def __iter__(self) -> Iterator[str]:
        yield from self._waiting
        yield from self._pieces
        yield _END

    def _read(self) -> Iterator[str]:
        for line, problem in self._lines:
            self._problem = self._problem or problem
            # A carriage return alone ends a line too; the csv module refuses to meet one inside a line.
            yield from _LONE_RETURN.split(line + "\n")


def _parse(source: _Source, name: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        # The limit belongs to the whole process, so it is ours only while a row is read.
        limit = csv.field_size_limit(FIELD_LIMIT)
        try:
            values = next(reader)
        except csv.Error as error:
            raise _unclosed(name, line, str(error)) from error
        finally:
            csv.field_size_limit(limit)
        if values == [_END]:
            return
        if values and values[-1].endswith(_END):
            raise _unclosed(name, line, "a quote that is never closed")
        yield values


def _unclosed(name: str, line: int, reason: str) -> NeuralTopicError:
    return NeuralTopicError(
        f"{name}: line {line:,}",
        expected="quotes in pairs",
        got=reason,
        hint='Write a quote inside a quoted field as ""',
    )
