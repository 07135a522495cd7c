"""Rows of JSON: an object per line, an array of objects, or objects that span lines."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.columns import find_column
from neuraltopic.reading.encodings import Lines
from neuraltopic.reading.formats.json_arrays import are_rows, rows_of_lists
from neuraltopic.reading.formats.nested_texts import is_chat, with_texts
from neuraltopic.reading.formats.objects import HEAD, Parsed, object_rows, paths, value_at
from neuraltopic.reading.rows import Row, note

VALUE_LIMIT = 1 << 28  # characters of one value; beyond it, a bracket that is not closed is likelier than a document
_READ = 1 << 16  # characters taken at once
# The last begins an object of a JSON text sequence (RFC 7464); a semicolon ends a value that is given a name.
_BETWEEN = " \t\r\n,;\x1e"
SCRIPT = ".js"
# A value that is given a name in JavaScript, as in the files of an archive of Twitter: window.YTD.tweets.part0 = [
ASSIGNED = re.compile(r"\s*(?:(?:var|let|const)\s+)?[A-Za-z_$][\w$.]*\s*=\s*(?=[\[{]\s*(?:[{\"\]}]|$)|$)")
_ENOUGH_TEXTS = 20  # or objects of one object, which are documents by their ids then and no fields
_MUCH_LONGER = 5
_MOSTLY = 0.9
_NAMES_OF_COLUMNS = ("columns", "fields", "header")  # the names of a table whose rows are lists
_NEAR_THE_END = 16  # characters that a cut literal or escape may have

_PLAIN = 'as {"text": "..."}, with double quotes and no comments'

Numbered = Iterable[tuple[int, tuple[str, str]]]


def json_rows(lines: Lines, name: str, *, text: str | None, id: str | None) -> Iterator[Row]:
    """Read an object per row.

    In a file with one object per line, or several, a broken line is a row with a problem, and blank lines are skipped.
    In place of objects there may be texts, lists of words, or lists of values (see `lists_are_rows`), one per line. An
    array of any of these, and objects that span lines are read piece by piece; an error in them ends the reading. What
    they are assigned to in JavaScript is skipped. A single object that holds a table, as an array of objects or by
    columns, is read as that table, and so are the pages of a server's answers. For chats and for paragraphs within
    articles see `with_texts`.

    Columns are chosen as in `object_rows`.

    Raises
    ------
    UsageError
        When a column is missing or ambiguous.
    NeuralTopicError
        When JSON that is not one object per line is broken, or an id comes twice in a column that was asked for.
    """
    parsed = _objects(lines, name)
    head = list(itertools.islice(parsed, HEAD))
    if len(head) == 1:
        head = [Parsed(record) for record in _table_in(head[0].record, text, name)] or head
    elif text is None and _are_pages([each.record for each in head if each.record]):
        parsed = itertools.chain.from_iterable(map(_rows_of_page, itertools.chain(head, parsed)))
        head = list(itertools.islice(parsed, HEAD))
    if not any(each.record for each in head):
        raise UsageError(
            name,
            expected="a JSON object per line, or an array of objects",
            got=(head and head[0].problem) or "no object",
            hint=f"Write one object per line, {_PLAIN}",
        )
    head, parsed, text = with_texts(head, parsed, name, text)
    header = None
    if are_rows(head, (text, id)):
        head, parsed, header = rows_of_lists(head, parsed, (text, id))
    yield from object_rows(head, parsed, name, lines.encoding, text=text, id=id, header=header)


def _objects(lines: Lines, name: str) -> Iterator[Parsed]:
    stream = enumerate(lines, start=1)
    head = list(itertools.islice((each for each in stream if each[1][0].strip()), 2))
    if head:
        number, (first, problem) = head[0]
        head[0] = number, (ASSIGNED.sub("", first, count=1), problem)
        head = head if head[0][1][0] else head[1:]
    rest = itertools.chain(head, stream)
    if head and _is_bare(*(pair[0] for _, pair in head)):
        return _of_lines(rest, bare=True)
    if head and (head[0][1][0].lstrip().startswith("[") or _goes_on(*(pair[0] for _, pair in head))):
        return _values(rest, name)
    return _of_lines(rest)


def _is_bare(first: str, second: str = "") -> bool:
    """Whether each of the first lines is a text in quotes, or a list of words or of values."""
    try:
        values = [json.loads(first), json.loads(second)]
    except (ValueError, RecursionError):
        return False
    # A list may be empty, but not both.
    return any(values) and all(isinstance(value, str) or value == [] or _is_row(value) for value in values)


def _of_lines(lines: Numbered, *, bare: bool = False) -> Iterator[Parsed]:
    for number, (line, problem) in lines:
        if line and not line.isspace():
            for each in [Parsed({}, problem)] if problem else _parse(line, bare=bare):
                yield Parsed(each.record, each.problem, number, 1, each.is_bare)


def _goes_on(first: str, second: str = "") -> bool:
    """Whether an object that begins in the first line does not end with it."""
    first = first.lstrip()
    if not first.startswith("{"):
        return False
    try:
        json.loads(first)
    except json.JSONDecodeError as error:
        if first[error.pos :].strip() == ",":
            return True  # as the elements of an array without its brackets
        return error.pos >= len(first.rstrip()) and not second.lstrip().startswith("{")
    except (ValueError, RecursionError):
        pass
    return False


def _parse(line: str, *, bare: bool) -> list[Parsed]:
    """The object of a line, or the objects, and the problem in the place of each."""
    try:
        return [_checked(json.loads(line), line, bare=bare)]
    except json.JSONDecodeError as error:
        return _several(line) or [Parsed({}, f"broken JSON: {error.msg} at column {error.colno}")]
    except (ValueError, RecursionError) as error:  # a number with too many digits, or too many brackets
        return [Parsed({}, f"broken JSON: {str(error).partition(';')[0]}")]


def _several(line: str) -> list[Parsed]:
    """The objects of a line that holds nothing but objects; otherwise none."""
    decoder, found, at = json.JSONDecoder(), list[Parsed](), 0
    while at < len(line):
        if line[at] in _BETWEEN:
            at += 1
            continue
        try:
            value, end = decoder.raw_decode(line, at)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        found.append(_checked(value, line[at:end], bare=False))
        at = end
    return found


def _checked(value: Any, source: str, *, bare: bool) -> Parsed:
    """An object; with `bare` also a text or a list in its place."""
    is_bare = bare and not isinstance(value, dict)
    record = {"text": value} if is_bare else value
    if not isinstance(record, dict):
        return Parsed({}, f"broken JSON: not an object ({type(record).__name__})")
    if "\\u" in source:
        try:
            json.dumps(record, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            return Parsed({}, "not text (lone surrogate)")
    return Parsed(record, is_bare=is_bare)


def _values(lines: Numbered, name: str) -> Iterator[Parsed]:
    """The objects of arrays, and those beside each other, however they are laid out."""
    decoder = json.JSONDecoder()
    stream, buffer, at, in_array, number, problem = iter(lines), "", 0, False, 0, ""
    while True:
        while at < len(buffer) and buffer[at] in _BETWEEN:
            at += 1
        end, broken, value = at, "no ] at the end", None
        if at < len(buffer):
            if buffer[at] == ("]" if in_array else "["):
                in_array, at = not in_array, at + 1
                continue
            try:
                value, end = decoder.raw_decode(buffer, at)
            except json.JSONDecodeError as error:
                broken = f"{error.msg} near {buffer[error.pos : error.pos + 20]!r}"
                if error.pos < len(buffer) - _NEAR_THE_END and not error.msg.startswith("Unterminated string"):
                    raise _broken(name, number, broken) from error
            except (ValueError, RecursionError) as error:
                raise _broken(name, number, str(error).partition(";")[0]) from error
        if end > at and (end < len(buffer) or isinstance(value, dict | list | str)):
            source = buffer[at:end]
            is_text = in_array and (isinstance(value, str) or value == [] or _is_row(value) or is_chat(value))
            found = _checked(value, source, bare=is_text)
            yield found._replace(problem=(problem if "\ufffd" in source else "") or found.problem)
            at = end
            continue
        # What there is ends here, or within a value.
        buffer, at, problem = buffer[at:], 0, problem if end > at or at < len(buffer) else ""
        pieces, size = [buffer], 0
        for number, (line, wrong) in stream:  # noqa: B007  (the number is told in errors)
            problem = problem or wrong
            pieces.append(line)
            size += len(line)
            if size >= max(_READ, len(buffer)):  # twice as much each time, so that a long value is not read too often
                break
        if not size:
            if buffer or in_array:
                raise _broken(name, number, broken)
            return
        if len(buffer) > VALUE_LIMIT:
            raise _broken(name, number, f"a value of more than {VALUE_LIMIT:,} characters")
        buffer = "\n".join(pieces)


def _broken(name: str, line: int, reason: str) -> NeuralTopicError:
    return NeuralTopicError(
        name,
        expected="whole JSON",
        got=f"{reason}, before line {line + 1:,}",
        hint=f"Repair the file, or write one object per line, {_PLAIN}: a broken line costs itself alone",
    )


def _table_in(record: dict[str, Any], text: str | None, name: str) -> list[dict[str, Any]]:
    """The rows of a table that one object holds; none if the object is itself a row."""
    wanted = "text" if text is None else text
    found = find_column(wanted, list(paths(record)))
    if found is not None and isinstance(value_at(record, found), str):
        return []
    names = next((record[key] for key in _NAMES_OF_COLUMNS if _is_list(record.get(key))), None)
    rows = [value for value in record.values() if _is_list(value) and value and all(map(_is_list, value))]
    if names and len(rows) == 1:
        return [dict(zip(map(str, names), row, strict=False)) for row in rows[0]]
    tables = _arrays_of_objects(record)
    chosen = _likeliest(tables, wanted)
    if chosen is not None:
        if others := [each for each in tables if each != chosen]:
            note(name, f"of its arrays {chosen} is read, not {', '.join(others)}")
        return tables[chosen]
    parts = list(record.values())
    if not parts:
        return []
    if text is None and len(parts) >= _ENOUGH_TEXTS and all(isinstance(part, str) for part in parts):
        return [{"id": key, "text": part} for key, part in record.items()]
    if all(map(_is_list, parts)) and len({len(part) for part in parts}) == 1:
        return [dict(zip(record, values, strict=True)) for values in zip(*parts, strict=True)]
    if all(map(_is_object, parts)) and parts[0]:
        keys = list(parts[0])
        if find_column(wanted, list(record)) or (not find_column(wanted, keys) and len(keys) > len(parts)):
            return [{field: column.get(key) for field, column in record.items()} for key in keys]
        if (find_column(wanted, keys) and len(parts) > 1) or _are_alike(parts):
            return [{"id": key, **row} for key, row in record.items()]
    inner = [part for part in parts if _is_object(part)]
    if len(inner) == 1 and not any(isinstance(part, str) and part for part in parts):
        # The answer of a server, with rows by their ids in it.
        return _rows_by_id(inner[0])
    return []


def _rows_by_id(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects within an object, by their ids, if they are alike; else those in the only object that it holds."""
    parts = [part for part in record.values() if _is_object(part)]
    if len(parts) == len(record) and _are_alike(parts):
        return [{"id": key, **row} for key, row in record.items()]
    return _rows_by_id(parts[0]) if len(parts) == 1 else []


def _are_alike(objects: list[dict[str, Any]]) -> bool:
    """Whether there are many objects, most of which have the same fields."""
    same = sum(each.keys() == objects[0].keys() for each in objects)
    return len(objects) >= _ENOUGH_TEXTS and same >= _MOSTLY * len(objects)


def _are_pages(records: list[dict[str, Any]]) -> bool:
    """Whether objects are pages of a server's answers: without strings of their own, with rows that have a text."""
    tables = [_arrays_of_objects(record) for record in records]
    return (
        any(tables)
        and all(len(arrays) <= 1 for arrays in tables)
        and not any(isinstance(value, str) for record in records for value in record.values())
        and all(_has_column("text", array) for arrays in tables for array in arrays.values())
    )


def _rows_of_page(page: Parsed) -> list[Parsed]:
    """The rows of a page; the page itself, whose text will be missed, where it has none."""
    tables = _arrays_of_objects(page.record)
    return [page._replace(record=record) for array in tables.values() for record in array] or [page]


def _arrays_of_objects(record: dict[str, Any], before: str = "") -> dict[str, list[dict[str, Any]]]:
    """Those in the record itself, or where there is none in the objects in it, by their paths."""
    own = {
        before + name: value
        for name, value in record.items()
        if isinstance(value, list) and value and all(map(_is_object, value))
    }
    inner = (_arrays_of_objects(value, f"{before}{name}.") for name, value in record.items() if _is_object(value))
    return own or {path: array for arrays in inner for path, array in arrays.items()}


def _likeliest(tables: dict[str, list[dict[str, Any]]], wanted: str) -> str | None:
    """The only array whose objects have the wanted column, or the one that is much longer than all others."""
    having = [path for path, array in tables.items() if _has_column(wanted, array)]
    if len(tables) < 2 or len(having) == 1:
        return next(iter(having or tables), None)
    longest, second = sorted(tables, key=lambda path: -len(tables[path]))[:2]
    return longest if len(tables[longest]) >= _MUCH_LONGER * len(tables[second]) else None


def _has_column(wanted: str, array: list[dict[str, Any]]) -> bool:
    return find_column(wanted, list(paths(array[0]))) is not None


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_row(value: object) -> bool:
    """Whether a list holds words or values, and not objects or lists, which are rows themselves."""
    return isinstance(value, list) and bool(value) and not (all(map(_is_object, value)) or all(map(_is_list, value)))


def _is_object(value: object) -> bool:
    return isinstance(value, dict)
