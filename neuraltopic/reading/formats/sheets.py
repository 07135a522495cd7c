"""Rows of spreadsheets: Excel and OpenDocument."""

import datetime
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.columns import Columns, Records, choose_columns
from neuraltopic.reading.formats.document_files import library
from neuraltopic.reading.formats.headers import Header, find_header, note_header
from neuraltopic.reading.rows import Row, note

_HEAD = 1000  # rows that decide about the header
_MUCH_LONGER = 5  # times the rows of all other sheets, from which on these are taken to be about the table


class _Sheet(NamedTuple):
    name: str
    rows: list[tuple[int, list[str]]]  # with their numbers, without blank ones
    header: Header


def sheet_rows(path: Path, *, text: str | None, id: str | None) -> Iterator[Row]:
    """Read the rows of the sheet that has a column for the text; cells become text, as a CSV has them.

    Several such sheets with the same columns are read one after the other. Their ids begin with the name of the sheet
    and a colon, and the name is in the column "sheet" of the metadata.

    Raises
    ------
    UsageError
        When a column is missing or ambiguous, or in several sheets of other columns, or python-calamine is not
        installed.
    NeuralTopicError
        When the file cannot be read, or an id comes twice in a column that was asked for.
    """
    name = str(path)
    chosen = _choose(name, [_laid_out(*each, (text, id)) for each in _sheets(path)], text, id)
    for sheet, columns in chosen:
        note_header(name, sheet.header, columns)
        for row in _rows(name, sheet, columns, id_asked=id is not None):
            if len(chosen) > 1:
                row = row._replace(id=f"{sheet.name}:{row.id}", metadata={"sheet": sheet.name, **row.metadata})
            yield row


def _rows(name: str, sheet: _Sheet, columns: Columns, *, id_asked: bool) -> Iterator[Row]:
    header = sheet.header
    records = Records(name, columns, "utf-8", id_asked=id_asked)
    for number, values in sheet.rows[header.n_records :]:
        full = [*values, *itertools.repeat("", len(header.columns) - len(values))]
        problem = f"{len(values)} values for {len(header.columns)} columns" if len(full) > len(header.columns) else ""
        yield records.row(dict(zip(header.columns, full, strict=False)), problem, number, 1)
    records.close()


def _sheets(path: Path) -> list[tuple[str, list[tuple[int, list[str]]]]]:
    """The sheets that hold anything."""
    calamine = library("python_calamine", "python-calamine")
    try:
        # What is in the file tells its kind: many of Excel 2007 and later are called .xls.
        with path.open("rb") as file, calamine.CalamineWorkbook.from_filelike(file) as book:
            sheets = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
            found = [
                (name, [*_filled(sheet.to_python(skip_empty_area=False))]) for name, sheet in sheets if sheet.height
            ]
    except (calamine.CalamineError, OSError) as error:
        raise NeuralTopicError(
            str(path), expected="a whole spreadsheet", got=str(error), hint="Check the file, or save it as CSV"
        ) from error
    return [(name, rows) for name, rows in found if rows]


def _filled(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows, start=1):
        cells = list(map(_text_of, row))
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number, cells


def _text_of(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)


def _laid_out(name: str, rows: list[tuple[int, list[str]]], wanted: Sequence[str | None]) -> _Sheet:
    head = [values for _, values in rows[:_HEAD]]
    counts = Counter(map(len, head))
    n_fields = max(counts, key=lambda count: (counts[count], count))
    header = find_header(head, n_fields, wanted)
    return _Sheet(name, rows, header)


def _choose(name: str, sheets: list[_Sheet], text: str | None, id: str | None) -> list[tuple[_Sheet, Columns]]:
    """The sheets that are read, with their columns of the text and the ids."""
    if not sheets:
        raise NeuralTopicError(name, expected="a sheet with rows", got="none", hint="Check that this is the right file")
    fitting, refusal = [], None
    filled = [sheet for sheet in sheets if len(sheet.rows) > sheet.header.n_records]
    for sheet in filled or sheets:
        try:
            columns = choose_columns(
                f"{name}, sheet {sheet.name}", sheet.header.columns, sheet.header.strings, text=text, id=id
            )
            fitting.append((sheet, columns))
        except UsageError as error:
            refusal = refusal or error
    if not fitting:
        assert refusal is not None
        raise refusal
    fitting = _longest(fitting)
    names = ", ".join(sheet.name for sheet, _ in fitting)
    if len({tuple(sorted(sheet.header.columns)) for sheet, _ in fitting}) > 1:
        raise UsageError(
            name,
            expected="one sheet with a column for the text, or several with the same columns",
            got=f"the sheets {names} with different columns",
            hint="Name a column that is in one of them alone, or save the sheet that you mean as CSV",
        )
    others = [sheet.name for sheet in sheets if sheet.name not in {found.name for found, _ in fitting}]
    left_out = f", not {', '.join(others)}" if others else ""
    if len(fitting) > 1:
        note(name, f"the sheets {names} have the same columns, and all are read{left_out}")
    elif others:
        note(name, f"of its sheets {names} is read{left_out}")
    return fitting


def _longest(fitting: list[tuple[_Sheet, Columns]]) -> list[tuple[_Sheet, Columns]]:
    """The sheets of the same columns that have many times the rows of all others together; all if there are none."""
    groups: dict[tuple[str, ...], list[tuple[_Sheet, Columns]]] = {}
    for found in fitting:
        groups.setdefault(tuple(sorted(found[0].header.columns)), []).append(found)
    n_rows = {columns: sum(len(sheet.rows) for sheet, _ in group) for columns, group in groups.items()}
    longest = max(n_rows, key=lambda columns: n_rows[columns])
    return groups[longest] if n_rows[longest] >= _MUCH_LONGER * (sum(n_rows.values()) - n_rows[longest]) else fitting
