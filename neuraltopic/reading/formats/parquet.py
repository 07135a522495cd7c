"""Rows of a Parquet file, in batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.columns import Records, choose_columns, longer_lists
from neuraltopic.reading.rows import Row

_BATCH = 1024
_HEAD = 100  # rows that show which columns hold lists of words


def count_rows(path: Path) -> int:
    """Read the number of rows off the file's footer."""
    with _open(path) as file:
        return int(file.metadata.num_rows)


def parquet_rows(path: Path, *, text: str | None, id: str | None) -> Iterator[Row]:
    """Read rows; a string that is not UTF-8 makes a row with a problem.

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
        strings = [field.name for field in file.schema_arrow if _is_string(field.type)]
        # Without pre_buffer=False a whole row group is held, compressed, however large.
        batches = file.iter_batches(batch_size=_BATCH)
        batch = _next(path, batches)
        if batch is not None:
            head, _ = _values(path, batch.slice(0, _HEAD))
            strings += longer_lists(head, strings)
        columns = choose_columns(str(path), names, strings, text=text, id=id)
        records = Records(str(path), columns, "utf-8", id_asked=id is not None)
        while batch is not None:
            values, undecodable = _values(path, batch)
            for place in range(batch.num_rows):
                problem = "undecodable: not utf-8" if place in undecodable.get(columns.text, ()) else ""
                yield records.row({name: column[place] for name, column in values.items()}, problem)
            batch = _next(path, batches)
        records.close()


def _is_string(type: Any) -> bool:
    from pyarrow import types

    kind = type.value_type if types.is_dictionary(type) else type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


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


def _values(path: Path, batch: Any) -> tuple[dict[str, list[object]], dict[str, set[int]]]:
    """Python values by column, and by column the places of strings that are not UTF-8."""
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
