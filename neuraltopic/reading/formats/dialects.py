"""How a delimited file separates and quotes its fields, decided from its first lines.

A quotation mark at the start of a field either opens a quoted field, which may hold separators and line ends, or it is
text: an inch mark, a citation cut short. A reader that takes text for quoting swallows all rows to the next mark. So
each convention is tried on the first lines, and the one is taken under which most lines are part of records with the
same number of fields.
"""

import itertools
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from neuraltopic.reading.columns import is_number

DELIMITERS = (",", ";", "\t", "|")
# Taken where the first line has single words between them, and the others as many fields.
_RARE_DELIMITERS = ("\x01", "\x1f", "^", "~", "¦", "§")
# Commas and the like of scripts whose prose has them too: taken where the columns tell as well, see `_has_keys`.
OF_SCRIPTS = ("，", "；", "｜", "،", "؛")
_LONGEST_NAME = 12  # characters of the name of a column
# A column of labels: so many rows at least, so short, and so few that differ.
_LABELLED_ROWS, _LONGEST_LABEL, _MOST_LABELS = 10, 6, 0.2
_CODE = re.compile(r"(?=.*\d)[\w./: -]{1,20}", re.ASCII)  # a number, a date or an id
_CONTROLS = "\x01\x1f"  # which stand for nothing else, also between rows without names
FIELD_LIMIT = 1 << 28  # characters; beyond it, a quote that is not closed is likelier than a document
_HEAD = 1000  # lines that decide the separator
_STEADY = 0.8  # share of the lines that have the same number of fields
_WRAPPED = 0.9  # share of the fields of a column
# Consecutive lines which have all fields by chance, being lines of one text with as many commas.
_BY_CHANCE = 4
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "", "\n": "\n"}
_PAIR = re.compile(r"\\(.|\Z)", re.DOTALL)
_NULL = r"\N"


class Quoting(StrEnum):
    """What a quotation mark at the start of a field means, and a backslash."""

    DOUBLED = 'quoted fields, "" for a quote in them'
    BACKSLASH = r"quoted fields, \" for a quote in them"
    NONE = "quotes are text"
    ESCAPED = "quotes are text, a backslash before separators and line ends in a field"


class Record(NamedTuple):
    """The fields of one record and its lines.

    Attributes
    ----------
    values : list of str
    line, n_lines : int
        The first line, counted from 1, and how many there are.
    problem : str
        Of the first of these lines that has one.
    unclosed : bool
        Whether a quote that opens a field does not close it, so that it is read as text.
    """

    values: list[str]
    line: int
    n_lines: int
    problem: str
    unclosed: bool = False


@dataclass(frozen=True)
class Dialect:
    """How the fields of a file are written.

    Parameters
    ----------
    delimiter : str
        Empty for a file of one column.
    quoting : Quoting
    letters : bool
        Whether \\n and \\t stand for a line end and a tab, as in the dumps of databases.
    spaced : bool
        Whether spaces may stand between a separator and the quote that opens a field.
    n_fields : int
        Fields of most records.
    needed : bool
        Whether fields were seen that had to be quoted, for a separator, a quote or a line end in them.
    numeric : tuple of int
        Columns that hold numbers.
    """

    delimiter: str
    quoting: Quoting = Quoting.DOUBLED
    letters: bool = False
    spaced: bool = False
    n_fields: int = 1
    needed: bool = False
    numeric: tuple[int, ...] = ()

    @property
    def quotes(self) -> bool:
        """Whether fields may be quoted."""
        return self.quoting in (Quoting.DOUBLED, Quoting.BACKSLASH)

    def fields(self, line: str) -> tuple[list[str], bool]:
        """Split what may be a record: the values, and whether it ends with its last character."""
        if not (self._may_quote(line) or self._may_escape(line)):
            return line.split(self.delimiter) if self.delimiter else [line], True
        found = self._field.findall(line)
        if self.quoting is Quoting.ESCAPED:
            return [self._unescaped(text) for _, text in found], not _ends_escaped(line)
        values, closed = [], True
        for quoted, text in found:
            if text and self._opens(text):
                closed = False
            values.append(quoted.replace('""', '"') if quoted else text)
        return (list(map(self._unescaped, values)) if self.quoting is Quoting.BACKSLASH else values), closed

    def is_open(self, text: str) -> bool:
        """Whether the first quote that opens a field, and does not close it rightly, is still open at the end."""
        for match in self._field.finditer(text):
            if match[2] and self._opens(match[2]):
                return not self._closing.match(text, text.index('"', match.start(2)) + 1)
        return False

    def closes(self, line: str) -> bool:
        """Whether a quoted field that is open at the start of a line is closed in it."""
        return '"' in line and self._closing.match(line) is not None

    def looks_like_rows(self, lines: Sequence[str]) -> bool | None:
        """Whether each of these lines looks like a row by itself; None if it could be by chance."""
        if self.n_fields < 2 or any(line.count(self.delimiter) != self.n_fields - 1 for line in lines):
            return False
        if self.numeric:
            rows = [line.split(self.delimiter) for line in lines[1:]]
            alike = [all(_holds_number(values[column]) for column in self.numeric) for values in rows]
            return 2 * sum(alike) >= len(alike)
        return True if self.delimiter == "\t" or len(lines) > _BY_CHANCE else None

    def _may_quote(self, line: str) -> bool:
        if '"' not in line or not self.quotes:
            return False
        return line[0] == '"' or self._opening in line or self.spaced

    def _may_escape(self, line: str) -> bool:
        return self.quoting in (Quoting.BACKSLASH, Quoting.ESCAPED) and "\\" in line

    def _opens(self, text: str) -> bool:
        return text[0] == '"' or (self.spaced and text.lstrip(" ").startswith('"'))

    def _unescaped(self, text: str) -> str:
        if "\\" not in text:
            return text
        if text == _NULL:
            return ""
        return _PAIR.sub(self._meant, text)

    def _meant(self, match: re.Match[str]) -> str:
        character = match[1]
        if self.letters:
            return _LETTERS.get(character, character)
        return character if character in ("\\", '"', "'", self.delimiter, "\n") else match[0]

    @cached_property
    def _opening(self) -> str:
        # A file of one column has a quoted field at the start of a line only.
        return self.delimiter + '"' if self.delimiter else "\0"

    @cached_property
    def _field(self) -> re.Pattern[str]:
        mark = re.escape(self.delimiter)
        start, end = (rf"(?:\A|{mark})", rf"(?={mark}|\Z)") if mark else (r"\A", r"\Z")
        other = rf"[^{mark}]" if mark else r"[^\0]"
        if self.quoting is Quoting.ESCAPED:
            return re.compile(rf"{start}()((?:[^\\{mark}]|\\.|\\\Z)*+)", re.DOTALL)
        spaces = " *+" if self.spaced else ""
        if self.quoting is Quoting.BACKSLASH:
            quoted = r'[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+'
            other = rf"(?:\\.|[^\\{mark}]|\\\Z)"
        else:
            quoted = r'[^"]*+(?:""[^"]*+)*+'
        return re.compile(rf'{start}(?:{spaces}"({quoted})"{spaces}{end}|({other}*+))', re.DOTALL)

    @cached_property
    def _closing(self) -> re.Pattern[str]:
        if self.quoting is Quoting.BACKSLASH:
            return re.compile(r'(?:[^"\\]|\\.|\\\Z|"")*+"', re.DOTALL)
        return re.compile(r'[^"]*+(?:""[^"]*+)*+"')


def _ends_escaped(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def read_records(
    lines: Iterable[tuple[str, str]],
    dialect: Dialect,
    *,
    line: int = 1,
    whole: bool = True,
    cut: list[str] | None = None,
) -> Iterator[Record]:
    """Combine lines to records; empty lines are skipped.

    A quote that opens a field and is never closed, or closed before anything but a separator, is read as text. So it is
    where the lines that it would join each read like a row.

    Parameters
    ----------
    lines : iterable of (line, problem)
    dialect : Dialect
    line : int
        The number of the first line.
    whole : bool
        Whether the lines are those of the whole file. If not, a record that is open at their end is not given.
    cut : list of str, optional
        Receives the lines of that record.
    """
    source, returned = iter(lines), deque[tuple[str, str]]()
    stream = _taken(returned, source)
    number = line - 1
    while (pair := next(stream, None)) is not None:
        number += 1
        text, problem = pair
        text = text.removesuffix("\r")
        if not text:
            continue
        values, closed = dialect.fields(text)
        if closed:
            yield Record(values, number, 1, problem)
            continue
        joined, taken, at_end = _continued(stream, dialect, pair[0])
        if joined is not None:
            problem = problem or next((found for _, found in taken if found), "")
            yield Record(joined, number, 1 + len(taken), problem)
            number += len(taken)
        elif at_end and not whole:
            if cut is not None:
                cut += [pair[0], *(text for text, _ in taken)]
            return
        else:
            returned.extendleft(reversed(taken))
            stream = _taken(returned, source)  # the record before ended with the file
            yield Record(values, number, 1, problem, True)


def _taken(returned: deque[tuple[str, str]], source: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    while returned:
        yield returned.popleft()
    for pair in source:  # noqa: UP028  (`yield from` would close the source with this generator)
        yield pair


def _continued(
    stream: Iterator[tuple[str, str]], dialect: Dialect, first: str
) -> tuple[list[str] | None, list[tuple[str, str]], bool]:
    """The values of a record whose line `first` leaves a field open, and its further lines.

    If there are no values, the lines do not make a record; the last item says whether the stream ended too early.
    """
    taken: list[tuple[str, str]] = []
    escaped = dialect.quoting is Quoting.ESCAPED
    if not escaped and not dialect.is_open(first.removesuffix("\r")):
        return None, taken, False
    pieces, size = [first], len(first)
    for pair in stream:
        taken.append(pair)
        pieces.append(pair[0])
        size += len(pair[0])
        if size > FIELD_LIMIT:
            return None, taken, False
        last = pair[0].removesuffix("\r")
        if not (not _ends_escaped(last) if escaped else dialect.closes(last)):
            continue
        text = "\n".join(pieces).removesuffix("\r")
        values, closed = dialect.fields(text)
        if closed:
            rows = not escaped and dialect.looks_like_rows([piece.removesuffix("\r") for piece in pieces])
            return (None if rows or (rows is None and not dialect.needed) else values), taken, False
        if not escaped and not dialect.is_open(text):
            return None, taken, False
    return None, taken, True


class _Trial(NamedTuple):
    """How well a dialect fits lines: the share of them that are part of records of its usual number of fields."""

    dialect: Dialect
    share: float


def find_dialect(
    lines: Sequence[tuple[str, str]], *, expected: str, delimiter: str | None = None, whole: bool
) -> Dialect:
    """Decide how the fields of a file are written, from its first lines.

    Parameters
    ----------
    lines : sequence of (line, problem)
    expected : str
        The separator that the name of the file promises.
    delimiter : str, optional
        The separator, if the file declares it.
    whole : bool
        Whether these are all lines.
    """
    lines = [pair for pair in lines if pair[0].strip()]
    lines = list(itertools.dropwhile(_is_comment, lines)) or lines
    if delimiter is None:
        delimiter = _find_delimiter(lines, expected, whole=whole)
    return _best_quoting(lines, delimiter, whole=whole).dialect


def fitting_share(lines: Sequence[tuple[str, str]], dialect: Dialect, *, whole: bool) -> float:
    """The share of the lines that are part of records of the usual number of fields."""
    return _measure(dialect, lines, whole=whole).share


def _is_comment(line: tuple[str, str]) -> bool:
    """Whether a line is a comment without a separator, of which tables have some above the header."""
    return line[0].startswith("#") and not any(mark in line[0] for mark in DELIMITERS)


def _find_delimiter(lines: Sequence[tuple[str, str]], expected: str, *, whole: bool) -> str:
    marks = sorted(DELIMITERS, key=expected.__ne__)
    head, whole = lines[:_HEAD], whole and len(lines) <= _HEAD
    names = lines[0][0].strip() if lines else ""
    for mark in _RARE_DELIMITERS:
        is_named = stands_between_words(mark, names) or (mark in _CONTROLS and mark in names)
        if is_named and _best_quoting(head, mark, whole=whole).share >= _STEADY:
            return mark
    for mark in OF_SCRIPTS:
        if stands_between_words(mark, names) and _has_keys(_best_quoting(head, mark, whole=whole), head, whole=whole):
            return mark
    trials = [_best_quoting(head, mark, whole=whole) for mark in marks]
    steady = [trial for trial in trials if trial.dialect.n_fields > 1 and trial.share >= _STEADY]
    named = next((mark for mark in marks if stands_between_words(mark, names)), "")
    if steady:
        # First where the names are as many by the same mark, then the first if several are equal.
        best = max(steady, key=lambda trial: (_fits_names(trial.dialect, names), trial.share))
        # Names that are separated by another mark than the rows: as many as the rows have fields by their own.
        n_names = lines[0][0].count(best.dialect.delimiter) + 1
        if n_names == 1 and named and names.count(named) + 1 != best.dialect.n_fields:
            return named  # and the steady mark is one of the texts
        alike = [trial for trial in steady if trial.dialect.n_fields == n_names]
        return (best if best in alike or n_names == 1 else next(iter(alike), best)).dialect.delimiter
    # Rows differ in length: what stands between single words in the first line, or after a code in nearly every line.
    return named or next((mark for mark in marks if _begin_with_codes(mark, head)), "")


def _begin_with_codes(mark: str, lines: Sequence[tuple[str, str]]) -> bool:
    """Whether nearly every line begins with a number, a date or an id, and a mark after it."""
    starts = [line.partition(mark)[0].strip().strip('"') for line, _ in lines if mark in line]
    codes = [is_number(start) or (_CODE.fullmatch(start) is not None and " " not in start) for start in starts]
    return len(lines) > 1 and sum(codes) >= _WRAPPED * len(lines)


def _has_keys(trial: _Trial, lines: Sequence[tuple[str, str]], *, whole: bool) -> bool:
    """Whether the lines have as many fields as the first, whose fields are short, and a column is of codes or labels.

    Most have exactly as many, and few have less: a text in the last column may have such commas, too. The halves of
    verses and the clauses of prose are of one number as well, but none of them are codes or few.
    """
    records = [record.values for record in read_records(lines, trial.dialect, whole=whole)]
    if not records:
        return False
    names, *rows = records
    if len(names) != trial.dialect.n_fields or max(map(len, names)) > _LONGEST_NAME:
        return False
    fitting = [row for row in rows if len(row) == len(names)]
    enough = sum(len(row) >= len(names) for row in rows) >= _STEADY * len(rows)
    if not enough or 2 * len(fitting) <= len(rows):
        return False
    return any(map(_are_keys, names, zip(*fitting, strict=True)))


def _are_keys(name: str, values: Sequence[str]) -> bool:
    """Whether the values below a name are codes, such as numbers, or labels."""
    if _CODE.fullmatch(name.strip()) or name in values:
        return False  # the first line is one of the others
    if sum(bool(_CODE.fullmatch(value.strip())) for value in values) >= _WRAPPED * len(values):
        return True
    return (
        len(values) >= _LABELLED_ROWS
        and max(map(len, values)) <= _LONGEST_LABEL
        and len(set(values)) <= _MOST_LABELS * len(values)
    )


def _fits_names(dialect: Dialect, names: str) -> bool:
    """Whether the first line has as many single words, by the same separator, as the rows have fields."""
    return names.count(dialect.delimiter) + 1 == dialect.n_fields and stands_between_words(dialect.delimiter, names)


def stands_between_words(mark: str, line: str) -> bool:
    """Whether a line is single words with a mark between them, as the names of columns are."""
    return bool(re.fullmatch(rf'\s*"?\w+"?\s*({re.escape(mark)}\s*"?\w+"?\s*)+', line))


def _best_quoting(lines: Sequence[tuple[str, str]], delimiter: str, *, whole: bool) -> _Trial:
    """The convention of quotes and backslashes under which most lines are part of records of one length."""
    texts = [line.removesuffix("\r") for line, _ in lines]
    opened = any(text.startswith('"') or (delimiter and delimiter + '"' in text) for text in texts)
    spaced = bool(delimiter) and any(f'{delimiter} "' in text for text in texts)
    letters = _are_escapes(texts, delimiter)
    candidates = [Dialect(delimiter)]
    if opened or spaced:
        candidates.append(Dialect(delimiter, Quoting.BACKSLASH, letters=letters))
    if spaced:
        candidates.append(Dialect(delimiter, spaced=True))
    if letters:
        candidates.append(Dialect(delimiter, Quoting.ESCAPED, letters=True))
    if len(candidates) > 1:
        candidates.append(Dialect(delimiter, Quoting.NONE))
    rows = [text.split(delimiter) if delimiter else [text] for text in texts]
    n_fields = len(rows[0]) if rows else 1
    numeric = _numeric(rows, n_fields)
    trials = [_try(replace(each, n_fields=n_fields, numeric=numeric), lines, whole=whole) for each in candidates]
    best = max(trials, key=lambda trial: (trial.dialect.n_fields > 1, trial.share))  # the first of equals
    if delimiter == "\t" and best is trials[0] and not best.dialect.needed and not _wrapped(rows):
        # Nothing had to be quoted. A dump of a database is the likelier, where quotes are text.
        return next((trial for trial in trials if not trial.dialect.quotes and trial.share >= best.share), best)
    return best


def _try(dialect: Dialect, lines: Sequence[tuple[str, str]], *, whole: bool) -> _Trial:
    needed = dialect.quotes and _needed(dialect, [line for line, _ in lines])
    if dialect.quotes and not needed and not dialect.numeric and any('"' in line for line, _ in lines):
        # Where fields that span lines make columns of numbers, which the lines by themselves do not, they are fields.
        joined = _measure(replace(dialect, needed=True), lines, whole=whole)
        if joined.dialect.numeric:
            return joined
    return _measure(replace(dialect, needed=needed), lines, whole=whole)


def _measure(dialect: Dialect, lines: Sequence[tuple[str, str]], *, whole: bool) -> _Trial:
    cut: list[str] = []
    records = list(read_records(lines, dialect, whole=whole, cut=cut))
    counts = Counter(len(record.values) for record in records)
    n_fields = max(counts, key=lambda count: (counts[count], count), default=1)
    fitting = sum(record.n_lines for record in records if len(record.values) == n_fields and not record.unclosed)
    if cut and not dialect.looks_like_rows(cut):
        fitting += len(cut)
    if not dialect.delimiter:
        fitting -= _against(dialect, [line for line, _ in lines])
    found = replace(
        dialect,
        n_fields=n_fields,
        numeric=_numeric([record.values for record in records], n_fields),
        needed=dialect.needed or (dialect.quotes and any(record.n_lines > 1 for record in records)),
    )
    return _Trial(found, fitting / max(1, len(lines)))


def _needed(dialect: Dialect, texts: Iterable[str]) -> bool:
    """Whether a field that opens and closes in its line holds a separator or a quote."""
    # Excel also quotes a comma and a semicolon where it separates by tabs; in one column any may have been meant.
    marks = {dialect.delimiter} if dialect.delimiter not in ("", "\t") else {",", ";", "\t"}
    for text in texts:
        if '"' in text:
            for match in dialect._field.finditer(text.removesuffix("\r")):
                quoted = match[1]
                if quoted and ('"' in quoted or any(mark in quoted for mark in marks)):
                    return True
    return False


def _against(dialect: Dialect, texts: Iterable[str]) -> int:
    """Lines of a file of one column against a convention: with commas but no quotes, or in quotes that were needed."""
    if dialect.quoting is Quoting.NONE:
        return sum(_needed(Dialect(""), [text]) for text in texts if text.startswith('"'))
    return sum("," in text and '"' not in text for text in texts)


def _wrapped(rows: Sequence[Sequence[str]]) -> bool:
    """Whether nearly all fields of a column are quoted, not counting numbers and empty fields."""
    columns: dict[int, list[bool]] = {}
    for row in rows:
        for place, value in enumerate(row):
            if value and not is_number(value):
                columns.setdefault(place, []).append(len(value) > 1 and value[0] == value[-1] == '"')
    return any(sum(wrapped) >= _WRAPPED * len(wrapped) for wrapped in columns.values())


def _numeric(records: Sequence[Sequence[str]], n_fields: int) -> tuple[int, ...]:
    """The columns that hold numbers in all rows of `n_fields` but the first."""
    rows = [values for values in records[1:] if len(values) == n_fields]
    if n_fields < 2 or not rows:
        return ()
    return tuple(
        column
        for column in range(n_fields)
        if sum(_holds_number(values[column]) for values in rows) >= _WRAPPED * len(rows)
    )


def _holds_number(value: str) -> bool:
    value = value.strip()
    return is_number(value[1:-1] if value[:1] == value[-1:] == '"' else value)


def _are_escapes(texts: Iterable[str], delimiter: str) -> bool:
    """Whether every backslash escapes something, and some of them a separator, a line end or a backslash."""
    found = Counter(pair for text in texts if "\\" in text for pair in _PAIR.findall(text))
    if not set(found) <= {*_LETTERS, "\\", "N", '"', "'", delimiter, ""}:
        return False
    return any(found[sign] for sign in ("\\", delimiter, "", "N")) or found.total() >= 10
