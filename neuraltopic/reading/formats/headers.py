"""Whether a table has a header, and what its columns are called: decided from its first rows."""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from neuraltopic.errors import UsageError
from neuraltopic.reading.columns import Columns, folded, is_number
from neuraltopic.reading.rows import note

_MOST_ABOVE = 20  # lines above a header: a title, a date
_MOSTLY = 0.9
_ENOUGH = 5  # rows that a header can be told from
# Lines below a header that describe the columns, as exports of surveys have them: at most so many, told from a table of
# so many rows by two columns of numbers or more, in which they have words.
_MOST_BELOW, _ENOUGH_BELOW = 2, 5
# What the second line of names of SurveyMonkey says of questions, and the third of Qualtrics of each column.
_OF_QUESTIONS = frozenset({"response", "open-ended response", "other (please specify)"})
_IMPORT_ID = re.compile(r'\s*\{\s*"ImportId"')
_NOTHING = frozenset({"", "na", "n/a", "nan", "null", "none"})


class Header(NamedTuple):
    """The columns of a table, and where its rows begin.

    Attributes
    ----------
    columns : list of str
        Names; "column 2" for one without. A name that comes again has "#2", "#3" ... after it.
    strings : list of str
        The columns that hold texts: not numbers, dates or empty cells.
    n_above : int
        Records above the header.
    is_there : bool
        Whether the next record is a header.
    doubt : bool
        Whether that record could also be a row.
    n_below : int
        Records below the header that describe the columns.
    repeated, renamed : tuple of str
        Names that come more than once, and what the columns after the first of a name are called.
    """

    columns: list[str]
    strings: list[str]
    n_above: int
    is_there: bool
    doubt: bool
    n_below: int
    repeated: tuple[str, ...]
    renamed: tuple[str, ...]

    @property
    def n_records(self) -> int:
        """Records before the first row."""
        return self.n_above + self.is_there + self.n_below


def find_header(records: Sequence[Sequence[str]], n_fields: int, wanted: Sequence[str | None]) -> Header:
    """Decide whether a table has a header, and where it is.

    Parameters
    ----------
    records : sequence of sequences of str
        The first of the table.
    n_fields : int
        Fields of most records.
    wanted : sequence of (str or None)
        Columns that were asked for.
    """
    names = {folded(name) for name in (*wanted, "text") if name is not None}
    n_above = _count_above(records, n_fields, names)
    first, rows = (records[n_above], records[n_above + 1 :]) if len(records) > n_above else ([], [])
    is_there, doubt = _is_header(first, rows, names)
    n_columns = len(first) if is_there else max(len(first), n_fields)
    n_below = _count_below(rows, n_fields) if is_there else 0
    rows = rows[n_below:]
    cells = [cell.strip() and cell for cell in first] if is_there else [""] * n_columns
    if is_there and n_columns > 1:
        cells[0] = cells[0].lstrip("# ") or cells[0]  # a header that is commented out
    more = [row for row in rows if len(row) == n_fields]
    if is_there and len(first) == n_fields - 1 and len(more) >= _MOSTLY * len(rows) and not _is_prose(first, more):
        # R leaves out the name of the column of row names; a separator at the end of each row gives an empty one more.
        ends = all(row[-1] == "" for row in more)
        cells = [*cells, ""] if ends else ["", *cells]
    told = _told_apart([cell or f"column {place}" for place, cell in enumerate(cells, start=1)])
    columns, again = list(told), {apart: name for apart, name in told.items() if apart != name}
    strings = _strings(columns, rows if is_there else [first, *rows])
    return Header(columns, strings, n_above, is_there, doubt, n_below, tuple(again.values()), tuple(again))


def _told_apart(names: Sequence[str]) -> dict[str, str]:
    """For names that differ, the one that each is made of."""
    told: dict[str, str] = {}
    for name in names:
        number, apart = 1, name
        while apart in told or (number > 1 and apart in names):
            number += 1
            apart = f"{name}#{number}"
        told[apart] = name
    return told


def note_header(name: str, header: Header, chosen: Columns) -> None:
    """Say what was decided about the header of a table, where a user may have meant something else.

    Raises
    ------
    UsageError
        When the name of a chosen column comes more than once.
    """
    for column in chosen:
        if column in header.repeated:
            raise UsageError(
                name,
                expected="one column of this name",
                got=f"{column!r} twice in the header",
                hint="Rename one of the columns",
            )
    if header.n_above:
        lines = "the first line is" if header.n_above == 1 else f"the first {header.n_above} lines are"
        note(name, f"{lines} left out, as a title")
    if header.n_below:
        lines = (
            "the line below the header is left out, as it describes"
            if header.n_below == 1
            else f"{header.n_below} lines below the header are left out, as they describe"
        )
        note(name, f"{lines} the columns")
    if header.repeated:
        note(name, f"columns that have the name of an earlier one are called {', '.join(header.renamed)}")
    if not header.is_there:
        called = (
            f"its columns are called {', '.join(header.columns)}" if len(header.columns) > 1 else "it has one column"
        )
        note(name, f"the first line reads like the others, so it is taken as a row and not as a header; {called}")
    elif header.doubt:
        note(name, f"the first line is taken as the header, so {chosen.text!r} is the name of the text and no document")


def _is_prose(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the last field of rows is the end of a sentence with a comma in it, and not a column of its own."""
    if not rows:
        return False
    blanks = [sum(row[place].startswith(" ") for row in rows) / len(rows) for place in range(len(rows[0]))]
    return folded(first[0]) == "id" or (blanks[-1] >= _MOSTLY and max(blanks[:-1]) < 1 - _MOSTLY)


def _count_above(records: Sequence[Sequence[str]], n_fields: int, names: set[str]) -> int:
    """Records above the header: blank ones, and in a table of several fields comments and titles of one."""
    for place, record in enumerate(records[: _MOST_ABOVE + 1]):
        if any(cell.strip() for cell in record) and not _is_above(record, records[place + 1 :], n_fields, names):
            return place
    return 0


def _is_above(record: Sequence[str], others: Sequence[Sequence[str]], n_fields: int, names: set[str]) -> bool:
    """Whether a record is a title or a comment."""
    if n_fields == 1 or not names.isdisjoint(map(folded, record)):
        return False
    if record[0].startswith("#"):
        # The last of them may be the header: then what follows it is no header.
        more = others and (others[0][0].startswith("#") or _is_header(others[0], others[1:], names)[0])
        return len(record) != n_fields or bool(more)
    if sum(map(_is_filled, record)) > 1:
        return _are_groups([*record, *[""] * (n_fields - len(record))], others, n_fields, names)
    return len(record) == 1 or (n_fields > 2 and _is_filled(record[0]) and _are_filled(others))


def _are_groups(record: Sequence[str], others: Sequence[Sequence[str]], n_fields: int, names: set[str]) -> bool:
    """Whether a record names groups of columns, as merged cells do: with blanks after names, and none in the next."""
    if not any(_is_filled(cell) and not _is_filled(after) for cell, after in itertools.pairwise(record)):
        return False
    below = [cell.strip() for cell in others[0]] if others else []
    if len(below) != n_fields or len(set(below)) < n_fields or not all(cell and _is_name(cell) for cell in below):
        return False
    of_survey = not {cell.lower() for cell in below}.isdisjoint(_OF_QUESTIONS)
    return not of_survey and _is_header(others[0], others[1:], names) == (True, False)


def _is_filled(cell: str) -> bool:
    return bool(cell.strip())


def _are_filled(records: Sequence[Sequence[str]]) -> bool:
    """Whether most records have more than one filled field."""
    return 2 * sum(sum(map(_is_filled, record)) > 1 for record in records) > len(records)


def _count_below(rows: Sequence[Sequence[str]], n_fields: int) -> int:
    """Records below the header that describe the columns: words where all others have numbers, or known ones."""
    for place, row in enumerate(rows[:_MOST_BELOW]):
        if any(map(_IMPORT_ID.match, row)):
            return place + 1
    if rows and not rows[0][0].strip() and not {cell.strip().lower() for cell in rows[0]}.isdisjoint(_OF_QUESTIONS):
        return 1
    below, others = rows[:_MOST_BELOW], [row for row in rows[_MOST_BELOW:] if len(row) == n_fields]
    if len(others) < _ENOUGH_BELOW:
        return 0
    numeric = [place for place in range(n_fields) if _are_numbers([row[place] for row in others])]
    for place, row in enumerate(below):
        words = [row[column].strip() for column in numeric] if len(row) == n_fields else []
        if len(words) < 2 or any(is_number(word) or word.lower() in _NOTHING for word in words):
            return place
    return len(below)


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether most of the cells that hold anything are numbers."""
    values = [cell.strip() for cell in cells if cell.strip().lower() not in _NOTHING]
    return bool(values) and sum(map(is_number, values)) >= _MOSTLY * len(values)


def _is_header(first: Sequence[str], rows: Sequence[Sequence[str]], names: set[str]) -> tuple[bool, bool]:
    """Whether the first record is a header, and whether that is in doubt."""
    if not rows or any(folded(cell) in names for cell in first) or _is_numbering(first):
        return True, False
    for_it = against = 0
    longer = [False]
    for place, cell in enumerate(map(str.strip, first)):
        values = [row[place].strip() for row in rows if len(row) > place and row[place].strip()]
        if not values:
            continue
        if _are_numbers(values):
            for_it += bool(cell) and not is_number(cell)
            against += is_number(cell)
        elif cell in values and len(set(values)) <= len(values) / 2:
            against += 1  # one of the few values of a column of labels
        else:
            longer.append(sum(len(value) > len(cell) for value in values) >= _MOSTLY * len(values))
            question = cell.endswith(("?", ":")) and not sum(v.endswith(("?", ":")) for v in values) > len(values) / 10
            for_it += question
    if for_it or against:
        return for_it >= against, False
    if not all(_is_name(cell) for cell in first):
        return False, False
    return True, len(rows) >= _ENOUGH and not any(longer)


def _is_numbering(first: Sequence[str]) -> bool:
    """Whether columns are numbered from 0, as pandas does, which leaves out the name of the row numbers."""
    numbers = [str(number) for number in range(len(first))]
    return len(first) > 1 and list(first) in (numbers, ["", *numbers[:-1]])


def _is_name(cell: str) -> bool:
    return len(cell) <= 40 and len(cell.split()) <= 4 and not is_number(cell.strip()) and not cell.endswith((".", "!"))


def _strings(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    strings = []
    for place, column in enumerate(columns):
        values = [row[place] for row in rows if len(row) > place]
        if any(map(_is_filled, values)) and not _are_numbers(values):
            strings.append(column)
    return strings or list(columns)
