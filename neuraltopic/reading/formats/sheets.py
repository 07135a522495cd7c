"""Rows of spreadsheets: Excel and OpenDocument."""

import datetime
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.columns import Columns, Records, choose_columns, note
from neuraltopic.reading.formats.document_files import library
from neuraltopic.reading.formats.headers import Header, find_header
from neuraltopic.reading.rows import Row

_HEAD = 1000  # rows that decide about the header


class _Sheet(NamedTuple):
    name: str
    rows: list[tuple[int, list[str]]]  # with their numbers, blank ones left out
    header: Header


def sheet_rows(path: Path, *, text: str | None, id: str | None) -> Iterator[Row]:
    """Read the rows of the one sheet that has a column for the text; cells become text, as a CSV has them.

    Raises
    ------
    UsageError
        When the columns are not there or not clear, in no sheet or in several, or python-calamine is not installed.
    NeuralTopicError
        When the file cannot be read, or an id comes twice in a column that was asked for.
    """
    name = str(path)
    sheet, columns = _choose(name, [_laid_out(*each, (text, id)) for each in _sheets(path)], text, id)
    header = sheet.header
    records = Records(name, columns, "utf-8", id_asked=id is not None)
    for number, values in sheet.rows[header.n_above + header.is_there :]:
        full = [*values, *itertools.repeat("", len(header.columns) - len(values))]
        problem = f"{len(values)} values for {len(header.columns)} columns" if len(full) > len(header.columns) else ""
        yield records.row(dict(zip(header.columns, full, strict=False)), problem, number, 1)
    records.close()


def _sheets(path: Path) -> list[tuple[str, list[tuple[int, list[str]]]]]:
    """The sheets that hold anything."""
    calamine = library("python_calamine", "python-calamine")
    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
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


def _choose(name: str, sheets: list[_Sheet], text: str | None, id: str | None) -> tuple[_Sheet, Columns]:
    if not sheets:
        raise NeuralTopicError(name, expected="a sheet with rows", got="none", hint="Check that this is the right file")
    fitting, refusal = [], None
    for sheet in sheets:
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
    if len(fitting) > 1:
        raise UsageError(
            name,
            expected="one sheet with a column for the text",
            got=f"the sheets {', '.join(sheet.name for sheet, _ in fitting)}",
            hint="Name a column that is in one of them alone, or save the sheet that you mean as CSV",
        )
    others = [sheet.name for sheet in sheets if sheet is not fitting[0][0]]
    if others:
        note(name, f"of its sheets {fitting[0][0].name} is read, not {', '.join(others)}")
    return fitting[0]
