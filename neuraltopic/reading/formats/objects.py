"""Rows of objects with fields, which may be objects themselves: those of JSON and of XML."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from neuraltopic.errors import UsageError
from neuraltopic.reading.columns import Columns, Records, choose_columns, find_column, folded, is_number, longer_lists
from neuraltopic.reading.formats.headers import Header, note_header
from neuraltopic.reading.rows import Row

HEAD = 100  # objects that show which columns there are
_MOSTLY = 0.9
_NAMES_OF_TEXT = ("text", "fulltext")  # folded; the second is full_text of tweets


class Parsed(NamedTuple):
    """An object, or the problem in its place, where its lines are, and whether it was a text or list by itself."""

    record: dict[str, Any]
    problem: str = ""
    line: int = 0
    n_lines: int = 0
    is_bare: bool = False


def record_rows(
    records: Iterator[Parsed], name: str, encoding: str, *, expected: str, text: str | None, id: str | None
) -> Iterator[Row]:
    """Make a row of each record of a bibliography, as `object_rows` does.

    Raises
    ------
    UsageError
        When none of the first is a record, in which `expected` is what was expected, or as `object_rows`.
    NeuralTopicError
        As `object_rows`.
    """
    head = list(itertools.islice(records, HEAD))
    if not any(each.record for each in head):
        raise UsageError(name, expected=expected, got="none", hint="Check the file")
    yield from object_rows(head, records, name, encoding, text=text, id=id)


def object_rows(
    head: list[Parsed],
    rest: Iterable[Parsed],
    name: str,
    encoding: str,
    *,
    text: str | None,
    id: str | None,
    header: Header | None = None,
) -> Iterator[Row]:
    """Make a row of each object.

    "a.b" names the field b in the object a, unless there is a field of that name. By default the text is the field
    "text", else "full_text", also one in an object, else the only field of strings that are not numbers.

    Parameters
    ----------
    head : list of Parsed
        The first ones, with an object among them.
    rest : iterable of Parsed
        Those after them.
    name, encoding : str
        The name of the file in error messages, and its encoding.
    header : Header, optional
        Where the names of the fields come from, if they had to be found.

    Raises
    ------
    UsageError
        When a column is missing or ambiguous.
    NeuralTopicError
        When an id comes twice in a column that was asked for.
    """
    objects = [each.record for each in head if each.record]
    columns = list(dict.fromkeys(path for record in objects for path in paths(record)))
    for wanted in (text, id):  # an object may be given, for the error that it is not a text
        if wanted in objects[0] and wanted not in columns:
            columns.append(wanted)
    if text is None and find_column("text", columns) is None:
        for name_of_text in _NAMES_OF_TEXT:
            inner = [path for path in columns if f".{folded(path)}".endswith(f".{name_of_text}")]
            inner = [path for path in inner if "." not in path] or inner
            if len(inner) == 1:
                text = inner[0]
                break
    chosen = choose_columns(name, columns, _strings(columns, objects), text=text, id=id)
    if header is not None:
        note_header(name, header, chosen)
    records = Records(name, chosen, encoding, id_asked=id is not None)
    nested = any("." in path for path in chosen if path is not None)
    for record, problem, line, n_lines, _ in itertools.chain(head, rest):
        yield records.row(_lifted(record, chosen) if nested else record, problem, line, n_lines)
    records.close()


def _strings(columns: list[str], objects: list[dict[str, Any]]) -> list[str]:
    """The columns that may be the text: of strings, better of others than numbers, and of longer lists of strings."""
    values = {path: [value_at(record, path) for record in objects] for path in columns}
    strings = [path for path in columns if all(isinstance(value, str | None) for value in values[path])]
    words = [path for path in strings if not _are_numbers(values[path])]
    return [*(words or strings), *longer_lists(values, strings)]


def _are_numbers(values: list[Any]) -> bool:
    there = [value.strip() for value in values if value and value.strip()]
    return bool(there) and sum(map(is_number, there)) >= _MOSTLY * len(there)


def paths(record: dict[str, Any], before: str = "") -> Iterator[str]:
    """The names of the fields that are no objects, those in an object after its own name and a dot."""
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from paths(value, f"{before}{name}.")
        else:
            yield before + name


def value_at(record: dict[str, Any], path: str) -> Any:
    """The field of this path; None where there is none."""
    if path in record:
        return record[path]
    head, dot, rest = path.partition(".")
    while dot:
        inner = record.get(head)
        if isinstance(inner, dict) and (found := value_at(inner, rest)) is not None:
            return found
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def _lifted(record: dict[str, Any], columns: Columns) -> dict[str, Any]:
    """The record with the chosen fields at its top."""
    for path in columns:
        if path is not None and "." in path and path not in record and record:
            value = value_at(record, path)
            record = _without(record, path)
            if value is not None:
                record[path] = value
    return record


def _without(record: dict[str, Any], path: str) -> dict[str, Any]:
    """A copy without the field of this path, and without what is empty then."""
    copy = {}
    for name, value in record.items():
        if path.startswith(f"{name}.") and isinstance(value, dict):
            value = _without(value, path[len(name) + 1 :])
            if not value:
                continue
        if name != path:
            copy[name] = value
    return copy
