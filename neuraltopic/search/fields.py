"""The metadata of the documents of a segment: fields.parquet, a column per field, n_tokens the first."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FIELDS = "fields.parquet"
# What is known of a document beside its metadata, by the names that it has where the index is copied.
OWN = ("id", "topic", "text", "vector", "embedding", "fingerprint")
# Bytes of a column that are read at once.
_BUFFER = 1 << 20


def read_fields(folder: Path, columns: Sequence[str] | None) -> "pd.DataFrame":
    """The fields of all documents of a segment; whole numbers stay so where some are missing."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(folder / FIELDS, columns=None if columns is None else list(columns))
    frame = table.to_pandas()
    for name in table.column_names:
        column = table[name]
        if pa.types.is_integer(column.type) and column.null_count:
            frame[name] = pd.array(column.to_pylist(), dtype="Int64")
    return frame


def field_types(folders: Iterable[Path]) -> "dict[str, pa.DataType]":
    """Arrow's type of each column for the values of all segments: string where no other holds them."""
    import pyarrow as pa
    import pyarrow.parquet

    types: dict[str, Any] = {}
    for folder in folders:
        for field in pyarrow.parquet.read_schema(folder / FIELDS):
            schemas = [pa.schema([(field.name, kind)]) for kind in (types.get(field.name, field.type), field.type)]
            try:
                types[field.name] = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
            except (pa.ArrowTypeError, pa.ArrowInvalid):
                types[field.name] = pa.string()
    return types


def free_names(names: Sequence[str], taken: Sequence[str]) -> dict[str, str]:
    """What columns are called where some names are taken: with _ at the end, as often as makes them free."""
    found: dict[str, str] = {}
    for name in names:
        free = name
        while free in taken or (free != name and free in names):
            free += "_"
        found[name] = free
    return found


def live_fields(
    folder: Path, live: NDArray[np.bool_], schema: "pa.Schema", at_once: int
) -> "Iterator[tuple[NDArray[np.intp], pa.RecordBatch]]":
    """The fields of the documents of a segment that are live, (D,), as rows of a schema: places, (B,), and B rows."""
    import pyarrow.parquet

    start = 0
    with pyarrow.parquet.ParquetFile(folder / FIELDS, buffer_size=_BUFFER, pre_buffer=False) as file:
        for batch in file.iter_batches(at_once):
            rows = np.flatnonzero(live[start : start + len(batch)])
            yield start + rows, _conformed(batch.take(pyarrow.array(rows)), schema)
            start += len(batch)


def merge_fields(parts: Sequence[tuple[Path, NDArray[np.bool_]]], folder: Path, at_once: int) -> None:
    """Write the fields of some documents of several segments as those of one.

    Parameters
    ----------
    parts : sequence of (Path, bool array of shape (D,))
        The folder of each segment, and which of its documents are live.
    folder : Path
        Of the new segment.
    at_once : int
        Documents in memory.
    """
    import pyarrow as pa
    import pyarrow.parquet

    schema = pa.schema(field_types(path for path, _ in parts).items())
    with pyarrow.parquet.ParquetWriter(folder / FIELDS, schema, compression="zstd") as writer:
        for path, live in parts:
            for _, batch in live_fields(path, live, schema, at_once):
                writer.write_batch(batch)


def _conformed(batch: "pa.RecordBatch", schema: "pa.Schema") -> "pa.RecordBatch":
    """Rows with the columns of a schema, missing where they have none."""
    import pyarrow as pa

    columns = []
    for field in schema:
        place = batch.schema.get_field_index(field.name)
        if place < 0:
            columns.append(pa.nulls(len(batch), field.type))
        elif pa.types.is_string(field.type) and not pa.types.is_string(batch.schema.field(place).type):
            columns.append(pa.array([as_text(value) for value in batch.column(place).to_pylist()], field.type))
        else:
            columns.append(batch.column(place).cast(field.type, safe=False))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def as_text(value: Any) -> str | None:
    """A cell of a column that has text elsewhere; None for a missing one, and a whole number without a point."""
    import pandas as pd

    if value is None or pd.isna(value):
        return None
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)
