"""Rows of files whose fields are separated by commas, semicolons, tabs or bars."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from neuraltopic.reading.columns import Records, choose_columns
from neuraltopic.reading.encodings import SAMPLE, Lines
from neuraltopic.reading.formats.dialects import (
    DELIMITERS,
    OF_SCRIPTS,
    Dialect,
    Quoting,
    Record,
    find_dialect,
    fitting_share,
    read_records,
)
from neuraltopic.reading.formats.headers import find_header, note_header
from neuraltopic.reading.rows import Row, note

_HEAD = 1000  # records that decide whether there is a header
_MANY_LINES = 100
_LONE_RETURN = re.compile("\r(?!\n|$)")
_NAME = re.compile(r"[^\W\d]\w*(?: \w+){0,2}")
_RULE = re.compile(r"[\s:+-]*--[\s:+-]*")  # of a table drawn with bars
_WRAPPED = re.compile('"(?:[^"]|"")*"')
_SEPARATOR = re.compile('"?sep=(.)"?\\s*', re.IGNORECASE)


def delimited_rows(lines: Lines, name: str, *, delimiter: str, text: str | None, id: str | None) -> Iterator[Row]:
    """Read a header and rows; quoted fields may hold line ends.

    The separator, the quoting and the header are decided from the first mebibyte; a line "sep=;" decides the separator.
    Blank lines are skipped. Deviations from the usual rules are noted at the end.

    Parameters
    ----------
    delimiter : str
        The separator that the suffix of the file suggests.

    Raises
    ------
    UsageError
        When a column is missing or ambiguous.
    NeuralTopicError
        When an id comes twice in a column that was asked for.
    """
    stream = _physical_lines(lines)
    sample, whole = _sample(stream)
    stated = _SEPARATOR.fullmatch(sample[0][0]) if sample else None
    start = 1 if stated else 0
    sample = sample[start:]
    if _are_wrapped(sample):
        note(name, "each line is in quotes as a whole, and read as what is in them")
        sample, stream = [_unwrapped(pair) for pair in sample], map(_unwrapped, stream)
    mark = stated[1] if stated else None
    dialect = find_dialect(sample, expected=delimiter, delimiter=mark, whole=whole)
    if any(_LONE_RETURN.search(line) for line, _ in sample):
        parts = list(_split_at_returns(sample))
        by_parts = find_dialect(parts, expected=delimiter, delimiter=mark, whole=whole)
        if fitting_share(parts, by_parts, whole=whole) > fitting_share(sample, dialect, whole=whole):
            note(name, "carriage returns alone end lines, as line feeds do")
            sample, dialect, stream = parts, by_parts, _split_at_returns(stream)
    sample = _with_one_separator(sample, dialect, name)
    head = [record.values for record in itertools.islice(read_records(sample, dialect, whole=whole), _HEAD)]
    header = find_header(head, dialect.n_fields, (text, id))
    hint = "Name the column of the text"
    if not header.is_there:
        hint += ", or write a first line of names: the first line reads like the others"
    chosen = choose_columns(name, header.columns, header.strings, text=text, id=id, hint=hint)
    note_header(name, header, chosen)
    if dialect.delimiter in OF_SCRIPTS:
        note(name, f"the fields are separated by {dialect.delimiter!r}")
    if dialect.quoting is Quoting.NONE:
        note(name, "quotes are read as text, since they do not pair up to quoted fields")
    records = Records(name, chosen, lines.encoding, id_asked=id is not None)
    found = read_records(itertools.chain(sample, stream), dialect, line=start + 1)
    rows = itertools.islice(found, header.n_records, None)
    names = header.columns if header.is_there else []
    yield from _rows(rows, name, dialect, header.columns, names, records)


def _rows(
    found: Iterable[Record], name: str, dialect: Dialect, columns: list[str], names: list[str], records: Records
) -> Iterator[Row]:
    n_columns, odd = len(columns), _Odd()
    place = columns.index(records.columns.text)
    for values, line, n_lines, problem, unclosed in found:
        if len(values) > n_columns and any(values[n_columns:]):
            joined = _joined(values, place, n_columns, dialect)
            if joined is not None:
                values = joined
                odd.n_joined += 1
            else:
                problem = problem or f"{len(values)} values for {n_columns} columns"
        if len(values) > 1 and _RULE.fullmatch("".join(values)):
            problem = problem or "a rule below the header"
        if [value.strip().lstrip("\ufeff") for value in values] == names:
            problem = problem or "the header again"
        if unclosed:
            odd.first_unclosed = odd.first_unclosed or line
            odd.n_unclosed += 1
        if n_lines > _MANY_LINES:
            odd.n_long += 1
            odd.longest = max(odd.longest, (n_lines, line))
        yield records.row(dict(zip(columns, values, strict=False)), problem, line, n_lines)
    records.close()
    odd.tell(name)


def _joined(values: list[str], place: int, n_columns: int, dialect: Dialect) -> list[str] | None:
    """Values without surplus; None where it is not clear which of them are parts of one field.

    Where nothing is quoted, separators before a blank are part of a text, and so are all in the last column if that is
    the text.
    """
    if not dialect.delimiter or dialect.needed:
        return None
    joined: list[str] = []
    for value in values:
        if value.startswith(" ") and joined:
            joined[-1] += dialect.delimiter + value
        else:
            joined.append(value)
    if len(joined) != n_columns and place == n_columns - 1:
        joined = [*values[:place], dialect.delimiter.join(values[place:])]
    return joined if len(joined) == n_columns else None


def _are_wrapped(lines: list[tuple[str, str]]) -> bool:
    """Whether each line is one quoted field, with as many separators in it as the first has: a table in a column."""
    texts = [text.strip() for text, _ in lines if text.strip()]
    if len(texts) < 2 or not all(map(_WRAPPED.fullmatch, texts)):
        return False
    return any(mark in texts[0] and all(t.count(mark) >= texts[0].count(mark) for t in texts) for mark in DELIMITERS)


def _unwrapped(pair: tuple[str, str]) -> tuple[str, str]:
    text, problem = pair
    return (text.strip()[1:-1].replace('""', '"') if _WRAPPED.fullmatch(text.strip()) else text), problem


def _with_one_separator(sample: list[tuple[str, str]], dialect: Dialect, name: str) -> list[tuple[str, str]]:
    """The lines; names in the first get the separator of the other lines if they have another."""
    if dialect.n_fields < 2 or dialect.delimiter in sample[0][0]:
        return sample
    for mark in DELIMITERS:
        names = [field.strip().strip('"') for field in sample[0][0].removesuffix("\r").split(mark)]
        if len(names) == dialect.n_fields and all(map(_NAME.fullmatch, names)):
            note(name, f"the first line separates the names by {mark!r}, and the others by {dialect.delimiter!r}")
            return [(dialect.delimiter.join(names), sample[0][1]), *sample[1:]]
    return sample


@dataclass
class _Odd:
    """Deviations that a user should know about."""

    n_joined: int = 0
    n_unclosed: int = 0
    first_unclosed: int = 0
    n_long: int = 0
    longest: tuple[int, int] = (0, 0)

    def tell(self, name: str) -> None:
        """Note it."""
        if self.n_joined:
            rows = "1 row has" if self.n_joined == 1 else f"{self.n_joined:,} rows have"
            note(name, f"{rows} more values than there are columns; the surplus is read as part of the field before it")
        if self.n_unclosed:
            rows = "1 row opens" if self.n_unclosed == 1 else f"{self.n_unclosed:,} rows open"
            note(
                name,
                f"{rows} a quote that is not closed rightly, the first in line {self.first_unclosed:,}; such a quote "
                "is read as text, and each line as a row",
            )
        if self.n_long:
            rows = "1 row spans" if self.n_long == 1 else f"{self.n_long:,} rows span"
            n_lines, line = self.longest
            note(name, f"{rows} more than {_MANY_LINES} lines; the longest begins in line {line:,} and has {n_lines:,}")


def _sample(stream: Iterator[tuple[str, str]]) -> tuple[list[tuple[str, str]], bool]:
    """The lines of the first mebibyte, and whether these are all."""
    sample, size = [], 0
    for pair in stream:
        sample.append(pair)
        size += len(pair[0]) + 1
        if size >= SAMPLE:
            return sample, False
    return sample, True


def _physical_lines(lines: Lines) -> Iterator[tuple[str, str]]:
    """Lines without their line feed. If the first line ends with a carriage return alone, all lines do."""
    stream = iter(lines)
    first = next(stream, None)
    if first is None:
        return
    if not _LONE_RETURN.search(first[0]):
        yield first
        yield from stream
        return
    yield from _split_at_returns(itertools.chain([first], stream))


def _split_at_returns(lines: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for line, problem in lines:
        for piece in line.removesuffix("\r").split("\r"):
            yield piece, problem
