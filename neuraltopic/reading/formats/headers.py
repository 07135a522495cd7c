"""Whether a table has a header, and what its columns are called: decided from its first rows."""

from collections.abc import Sequence
from typing import NamedTuple

from neuraltopic.reading.columns import folded, is_number

_MOST_ABOVE = 20  # lines above a header: a title, a date
_MOSTLY = 0.9
_ENOUGH = 5  # rows that a header can be told from


class Header(NamedTuple):
    """The columns of a table, and where its rows begin.

    Attributes
    ----------
    columns : list of str
        Names; "column 2" for one without.
    strings : list of str
        The columns that hold texts: not numbers, dates or empty cells.
    n_above : int
        Records above the header.
    is_there : bool
        Whether the next record is a header.
    doubt : bool
        Whether that record could also be a row.
    """

    columns: list[str]
    strings: list[str]
    n_above: int
    is_there: bool
    doubt: bool


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
    cells = [cell.strip() and cell for cell in first] if is_there else [""] * n_columns
    more = [row for row in rows if len(row) == n_fields]
    if is_there and len(first) == n_fields - 1 and len(more) >= _MOSTLY * len(rows) and not _is_prose(first, more):
        # R leaves out the name of the column of row names; a separator at the end of each row gives an empty one more.
        ends = all(row[-1] == "" for row in more)
        cells = [*cells, ""] if ends else ["", *cells]
    columns = [cell or f"column {place}" for place, cell in enumerate(cells, start=1)]
    return Header(columns, _strings(columns, rows if is_there else [first, *rows]), n_above, is_there, doubt)


def _is_prose(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the last field of rows is the end of a sentence with a comma in it, and not a column of its own."""
    if not rows:
        return False
    blanks = [sum(row[place].startswith(" ") for row in rows) / len(rows) for place in range(len(rows[0]))]
    return folded(first[0]) == "id" or (blanks[-1] >= _MOSTLY and max(blanks[:-1]) < 1 - _MOSTLY)


def _count_above(records: Sequence[Sequence[str]], n_fields: int, names: set[str]) -> int:
    """Records above the header: blank ones, and titles of one field in a table of several."""
    for place, record in enumerate(records[: _MOST_ABOVE + 1]):
        title = len(record) == 1 < n_fields and folded(record[0]) not in names
        if not title and any(cell.strip() for cell in record):
            return place
    return 0


def _is_header(first: Sequence[str], rows: Sequence[Sequence[str]], names: set[str]) -> tuple[bool, bool]:
    """Whether the first record is a header, and whether that is in doubt."""
    if not rows or any(folded(cell) in names for cell in first):
        return True, False
    for_it = against = 0
    longer = [False]
    for place, cell in enumerate(map(str.strip, first)):
        values = [row[place].strip() for row in rows if len(row) > place and row[place].strip()]
        if not values:
            continue
        if sum(map(is_number, values)) >= _MOSTLY * len(values):
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


def _is_name(cell: str) -> bool:
    return len(cell) <= 40 and len(cell.split()) <= 4 and not is_number(cell.strip()) and not cell.endswith((".", "!"))


def _strings(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    strings = []
    for place, column in enumerate(columns):
        values = [row[place].strip() for row in rows if len(row) > place and row[place].strip()]
        if values and sum(map(is_number, values)) < _MOSTLY * len(values):
            strings.append(column)
    return strings or list(columns)
