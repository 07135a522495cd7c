"""Rows of a Parquet file, in batches."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.columns import Records, choose_columns, find_column, longer_lists
from neuraltopic.reading.encodings import decode
from neuraltopic.reading.formats.nested_texts import is_message, with_texts
from neuraltopic.reading.formats.objects import HEAD, Parsed, object_rows
from neuraltopic.reading.rows import Row

_BATCH = 1024
_UNDECODABLE = "undecodable: not utf-8"


def count_rows(path: Path) -> int:
    """Read the number of rows off the file's footer."""
    with _open(path) as file:
        return int(file.metadata.num_rows)


def parquet_rows(path: Path, *, text: str | None, id: str | None) -> Iterator[Row]:
    """Read rows; a string that is not UTF-8 makes a row with a problem.

    Objects with fields and chats are read as those of JSON are: see `object_rows` and `with_texts`. Bytes are texts in
    UTF-8 if no column but that of the ids is of strings.

    Raises
    ------
    UsageError
        When a column is missing or ambiguous.
    NeuralTopicError
        When the file is corrupt or an id comes twice.
    """
    with _open(path) as file:
        names = file.schema_arrow.names
        if len(set(names)) < len(names):
            raise UsageError(
                str(path),
                expected="column names that differ",
                got=f"columns {', '.join(names)}",
                hint="Rename the columns that share a name",
            )
        # Without pre_buffer=False a whole row group is held, compressed, however large.
        batches = _values_of(path, file.iter_batches(batch_size=_BATCH))
        first = next(batches, None)
        if first is not None:
            batches = itertools.chain([first], batches)
            messages = [is_message(each.record) for each in itertools.islice(_records(iter([first])), HEAD)]
            if any(_is_nested(field.type) for field in file.schema_arrow) or (messages and all(messages)):
                yield from _nested_rows(path, batches, text, id)
                return
        strings = [field.name for field in file.schema_arrow if _is_string(field.type)]
        if not set(strings) - {find_column(id or "id", names)}:
            strings += [field.name for field in file.schema_arrow if _is_binary(field.type)]
        if first is not None:
            strings += longer_lists({name: values[:HEAD] for name, values in first[0].items()}, strings)
        columns = choose_columns(str(path), names, strings, text=text, id=id)
        records = Records(str(path), columns, "utf-8", id_asked=id is not None)
        for values, undecodable in batches:
            for place, row in enumerate(zip(*values.values(), strict=True)):
                problem = _UNDECODABLE if place in undecodable.get(columns.text, ()) else ""
                record = dict(zip(values, row, strict=True))
                if isinstance(body := record[columns.text], bytes):
                    record[columns.text], _, problem = decode(body, "utf-8")
                yield records.row(record, problem)
        records.close()


def _nested_rows(path: Path, batches: Iterator["_Values"], text: str | None, id: str | None) -> Iterator[Row]:
    parsed = _records(batches)
    head, rest, text = with_texts(list(itertools.islice(parsed, HEAD)), parsed, str(path), text)
    yield from object_rows(head, rest, str(path), "utf-8", text=text, id=id)


def _records(batches: Iterator["_Values"]) -> Iterator[Parsed]:
    for values, undecodable in batches:
        wrong = set().union(*undecodable.values())
        for place, row in enumerate(zip(*values.values(), strict=True)):
            yield Parsed(dict(zip(values, row, strict=True)), _UNDECODABLE if place in wrong else "")


def _is_string(type: Any) -> bool:
    from pyarrow import types

    kind = type.value_type if types.is_dictionary(type) else type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_binary(type: Any) -> bool:
    from pyarrow import types

    return bool(types.is_binary(type) or types.is_large_binary(type) or types.is_binary_view(type))


def _is_nested(type: Any) -> bool:
    """Whether values are objects, or lists of them."""
    from pyarrow import types

    return bool(types.is_struct(type) or (_is_list(type) and types.is_struct(type.value_type)))


def _is_list(type: Any) -> bool:
    from pyarrow import types

    return any(
        is_kind(type) for is_kind in (types.is_list, types.is_large_list, types.is_fixed_size_list, types.is_list_view)
    )


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(path, pre_buffer=False)
    except (ArrowException, OSError) as error:
        raise _corrupt(path, error) from error
    with file:
        yield file


def _next(path: Path, batches: Iterator[Any]) -> Any:
    from pyarrow import ArrowException

    try:
        return next(batches, None)
    except (ArrowException, OSError) as error:
        raise _corrupt(path, error) from error


# Python values by column, and by column the places of strings that are not UTF-8.
_Values = tuple[dict[str, list[object]], dict[str, set[int]]]


def _values_of(path: Path, batches: Iterator[Any]) -> Iterator[_Values]:
    while (batch := _next(path, batches)) is not None:
        yield _values(path, batch)


def _values(path: Path, batch: Any) -> _Values:
    values, undecodable = {}, {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            values[name] = column.to_pylist()
        except UnicodeDecodeError:
            values[name], undecodable[name] = _decodable(column)
        except (ValueError, OverflowError) as error:  # a date that Python's calendar does not have
            raise _corrupt(path, error) from error
    return values, undecodable


def _decodable(column: Any) -> tuple[list[object], set[int]]:
    values: list[object] = []
    undecodable = set()
    for place, value in enumerate(column):
        try:
            values.append(value.as_py())
        except UnicodeDecodeError:
            undecodable.add(place)
            values.append(None)
    return values, undecodable


def _corrupt(path: Path, error: Exception) -> NeuralTopicError:
    return NeuralTopicError(
        str(path),
        expected="a whole Parquet file",
        got=str(error),
        hint="Check the file, or make or fetch it again",
    )
