"""An index as files that others read: Parquet, Arrow, or arrays of numpy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuraltopic.errors import UsageError
from neuraltopic.search.exports.documents import report
from neuraltopic.search.fields import OWN, field_types, free_names, live_fields
from neuraltopic.search.index import SearchIndex
from neuraltopic.search.segments import Segment
from neuraltopic.storage.arrays import RowsWriter
from neuraltopic.storage.atomic import atomic_write

if TYPE_CHECKING:
    import pyarrow as pa

    from neuraltopic.progress import Progress

# Documents in memory.
_AT_ONCE = 1 << 13


def to_table(index: SearchIndex, path: Path, progress: "Progress | None") -> int:
    """Write a row per document as Parquet or in Arrow's format, and return how many there are."""
    import pyarrow as pa

    _require_free(path)
    folders = [segment.folder for segment in index.segments]
    of_fields = pa.schema(field_types(folders).items())
    schema = _schema(index, of_fields)
    done = 0
    with atomic_write(path) as file, _writer(path, file, schema) as writer:
        for segment in index.segments:
            for rows, fields in live_fields(segment.folder, segment.live, of_fields, _AT_ONCE):
                columns = _columns(index, segment, rows, fields)
                writer.write_batch(pa.record_batch([columns[name] for name in schema.names], schema=schema))
                segment.release_pages()
                done += len(rows)
                report(progress, done, len(index))
    return done


def _schema(index: SearchIndex, of_fields: "pa.Schema") -> "pa.Schema":
    """id, topic, the metadata, text and vectors, as far as there are some."""
    import pyarrow as pa

    names = free_names(of_fields.names, OWN)
    columns = {"id": pa.string(), "topic": pa.int32()}
    columns |= {names[field.name]: field.type for field in of_fields}
    if index.generation.keeps_text:
        columns["text"] = pa.string()
    columns["vector"] = pa.list_(pa.float32(), index.generation.n_topics)
    if index.generation.n_dimensions is not None:
        columns["embedding"] = pa.list_(pa.float32(), index.generation.n_dimensions)
    return pa.schema(columns.items())


def _columns(index: SearchIndex, segment: Segment, rows: Any, fields: "pa.RecordBatch") -> dict[str, Any]:
    """The columns of some documents by their names."""
    import pyarrow as pa

    names = free_names(fields.schema.names, OWN)
    columns = {names[name]: fields.column(name) for name in fields.schema.names}
    columns["id"] = pa.array([segment.ids[row] for row in rows.tolist()], pa.string())
    columns["topic"] = pa.array(index.topics_of(segment)[rows], pa.int32())
    if segment.texts is not None:
        columns["text"] = pa.array([segment.texts[row] for row in rows.tolist()], pa.string())
    vectors = {"vector": segment.vectors, "embedding": segment.documents.embeddings}
    for name, values in vectors.items():
        if values is not None:
            flat = pa.array(values[rows].ravel(), pa.float32())
            columns[name] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    return columns


@contextmanager
def _writer(path: Path, file: Any, schema: "pa.Schema") -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet

    if path.suffix == ".parquet":
        with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
            yield writer
    else:
        with pa.ipc.new_file(file, schema) as writer:
            yield writer


def to_arrays(index: SearchIndex, path: Path, progress: "Progress | None") -> int:
    """Write the vectors, the ids and, where there are some, the embeddings, and return how many documents there are."""
    of_ids, of_embeddings = (path.with_name(f"{path.stem}_{name}.npy") for name in ("ids", "embeddings"))
    n_dimensions = index.generation.n_dimensions
    for file_path in (path, of_ids, *([] if n_dimensions is None else [of_embeddings])):
        _require_free(file_path)
    rows = [np.flatnonzero(segment.live) for segment in index.segments]
    ids = [segment.ids[row] for segment, some in zip(index.segments, rows, strict=True) for row in some.tolist()]
    with atomic_write(of_ids) as file:
        np.save(file, np.array(ids, np.str_), allow_pickle=False)
    if n_dimensions is not None:
        _write_rows(index, of_embeddings, "embeddings", n_dimensions)
    _write_rows(index, path, "vectors", index.generation.n_topics)
    report(progress, len(ids), len(ids))
    return len(ids)


def _write_rows(index: SearchIndex, path: Path, name: str, width: int) -> None:
    """Write the vectors or the embeddings of the live documents, (D, width)."""
    with atomic_write(path) as file, RowsWriter(file, np.float32, (len(index), width)) as writer:
        for segment in index.segments:
            values = segment.vectors if name == "vectors" else segment.documents.embeddings
            assert values is not None
            for start in range(0, len(segment), _AT_ONCE):
                block = slice(start, start + _AT_ONCE)
                writer.append(values[block][segment.live[block]])
                segment.release_pages()


def _require_free(path: Path) -> None:
    if path.exists():
        raise UsageError(
            f"output {path}", expected="a path that does not exist yet", got="one that does", hint="Choose another path"
        )
