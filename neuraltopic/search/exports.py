"""Copy an index to where others search: Qdrant, PostgreSQL with pgvector, LanceDB, or a file with ids and vectors.

qdrant://HOST[:PORT]/COLLECTION        a Qdrant server; qdrant://:KEY@HOST/... with a key, qdrant+https://... over TLS
qdrant:///FOLDER/COLLECTION            a folder in the format of Qdrant's client
postgresql://HOST/DATABASE?table=NAME  a table with the columns id, topic, text, fields (jsonb), vector, fingerprint
lancedb+s3://BUCKET/PATH/TABLE         a LanceDB table in object storage; also gs and az; ?endpoint=...&region=... as
                                       its storage options, and keys from the environment
lancedb:///FOLDER/TABLE                a LanceDB table in a folder
NAME.parquet, NAME.arrow               a row per document: id, topic, the metadata, text, vector
NAME.npy                               the vectors alone, float32 (D, K), and NAME_ids.npy with the ids, str (D,)

Each document goes with a fingerprint of all that is sent of it. One that is there with the same fingerprint is not sent
again, so that a copy that was stopped goes on where it was. Documents that the index does not have any more stay there.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import numpy as np

from neuraltopic.errors import NeuralTopicError, UsageError, install_hint
from neuraltopic.search.fields import as_text, field_types
from neuraltopic.search.index import SearchIndex
from neuraltopic.storage.atomic import atomic_write

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

_BATCH = 512
# Of the points of a collection: Qdrant knows numbers and UUIDs alone.
_NAMESPACE = uuid.UUID("c7f4b9f6-6a0e-5d0e-9a53-6f3f5f5a8f10")
_KINDS = (
    "qdrant://HOST/COLLECTION, postgresql://HOST/DATABASE?table=NAME, lancedb+s3://BUCKET/PATH/TABLE, "
    "lancedb:///FOLDER/TABLE, NAME.parquet, NAME.arrow or NAME.npy"
)


class _Document(NamedTuple):
    """What is sent of a document."""

    id: str
    topic: int
    text: str | None
    fields: dict[str, Any]
    vector: list[float]
    fingerprint: str


def export_index(index: SearchIndex, target: str, *, progress: "Progress | None" = None) -> int:
    """Copy the documents of an index, and return how many were sent.

    Parameters
    ----------
    index : SearchIndex
    target : str
        See the module.
    progress : callable of (stage, done, total), optional

    Raises
    ------
    UsageError
        When the target is of no known kind, or its package is not installed.
    NeuralTopicError
        When the target cannot be reached or refuses the documents.
    """
    parts = urlsplit(target)
    if parts.scheme in ("qdrant", "qdrant+https"):
        return _to_qdrant(index, parts, progress)
    if parts.scheme in ("postgresql", "postgres"):
        return _to_postgresql(index, parts, progress)
    if parts.scheme in ("lancedb", "lancedb+s3", "lancedb+gs", "lancedb+az"):
        return _to_lancedb(index, parts, progress)
    if not parts.scheme and target.endswith((".parquet", ".arrow")):
        return _to_file(index, Path(target), progress)
    if not parts.scheme and target.endswith(".npy"):
        return _to_arrays(index, Path(target), progress)
    raise UsageError("--to", expected=_KINDS, got=f"{target!r:.100}", hint="Choose one of these")


def _to_file(index: SearchIndex, path: Path, progress: "Progress | None") -> int:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet

    _require_free(path)
    types = field_types(segment.folder for segment in index.segments)
    tables = []
    done = 0
    vector_type = pa.list_(pa.float32(), index.generation.n_topics)
    for frame in index.batches(_BATCH * 16):
        vectors = np.stack(frame.pop("vector").to_list())
        for name in types.keys() & set(frame):
            if pa.types.is_string(types[name]) and not pd.api.types.is_string_dtype(frame[name].dtype):
                frame[name] = pd.array([as_text(value) for value in frame[name]], "str")
        table = pa.Table.from_pandas(frame, preserve_index=False)
        flat = pa.array(vectors.ravel(), pa.float32())
        tables.append(table.append_column("vector", pa.FixedSizeListArray.from_arrays(flat, type=vector_type)))
        done += len(frame)
        _report(progress, done, len(index))
    whole = pa.concat_tables(tables, promote_options="permissive")
    with atomic_write(path) as file:
        if path.suffix == ".parquet":
            pyarrow.parquet.write_table(whole, file, compression="zstd")
        else:
            with pa.ipc.new_file(file, whole.schema) as writer:
                writer.write_table(whole)
    return done


def _to_arrays(index: SearchIndex, path: Path, progress: "Progress | None") -> int:
    beside = path.with_name(f"{path.stem}_ids.npy")
    _require_free(path)
    _require_free(beside)
    rows = [np.flatnonzero(segment.live) for segment in index.segments]
    ids = [segment.ids[row] for segment, some in zip(index.segments, rows, strict=True) for row in some.tolist()]
    vectors = np.concatenate([segment.vectors[some] for segment, some in zip(index.segments, rows, strict=True)])
    for file_path, array in ((beside, np.array(ids, np.str_)), (path, vectors)):
        with atomic_write(file_path) as file:
            np.save(file, array, allow_pickle=False)
    _report(progress, len(ids), len(ids))
    return len(ids)


def _require_free(path: Path) -> None:
    if path.exists():
        raise UsageError(
            f"output {path}", expected="a path that does not exist yet", got="one that does", hint="Choose another path"
        )


def _to_qdrant(index: SearchIndex, parts: SplitResult, progress: "Progress | None") -> int:
    try:
        from qdrant_client import QdrantClient, models
    except ImportError as error:
        raise _missing("qdrant-client", "qdrant", error) from error
    place, _, collection = unquote(parts.path).rpartition("/")
    if not collection or (parts.hostname and place):
        raise UsageError(
            "--to", expected="qdrant://HOST/COLLECTION", got=f"{parts.path!r:.80}", hint="Give the target in this form"
        )
    client = (
        QdrantClient(
            host=parts.hostname,
            port=parts.port or 6333,
            https=parts.scheme.endswith("https"),
            api_key=parts.password,
            check_compatibility=False,
        )
        if parts.hostname
        else QdrantClient(path=place)
    )
    sent = done = 0
    try:
        if not client.collection_exists(collection):
            size = models.VectorParams(size=index.generation.n_topics, distance=models.Distance.COSINE)
            client.create_collection(collection, vectors_config=size)
        for batch in _batches(index):
            points = [str(uuid.uuid5(_NAMESPACE, document.id)) for document in batch]
            there = client.retrieve(collection, points, with_payload=["fingerprint"])
            known = {str(point.id): (point.payload or {}).get("fingerprint") for point in there}
            new = [
                models.PointStruct(id=point, vector=document.vector, payload=_payload(document))
                for point, document in zip(points, batch, strict=True)
                if known.get(point) != document.fingerprint
            ]
            if new:
                client.upsert(collection, new, wait=True)
            sent, done = sent + len(new), done + len(batch)
            _report(progress, done, len(index))
    except Exception as error:  # of the client, its transport or the server, which share no class
        raise _refused("Qdrant", error) from error
    finally:
        client.close()
    return sent


def _payload(document: _Document) -> dict[str, Any]:
    own = {"id": document.id, "topic": document.topic, "fingerprint": document.fingerprint}
    return {**document.fields, **({} if document.text is None else {"text": document.text}), **own}


def _to_postgresql(index: SearchIndex, parts: SplitResult, progress: "Progress | None") -> int:
    try:
        import psycopg
        from pgvector.psycopg import register_vector
        from psycopg import sql
        from psycopg.types.json import Jsonb
    except ImportError as error:
        raise _missing("psycopg and pgvector", "pgvector", error) from error
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    table = sql.Identifier(*options.pop("table", "documents").split("."))
    address = urlunsplit(parts._replace(query=urlencode(options)))
    sent = done = 0
    try:
        with psycopg.connect(address) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            register_vector(connection)
            columns = "id text PRIMARY KEY, topic integer, text text, fields jsonb, vector vector({}), fingerprint text"
            size = sql.Literal(index.generation.n_topics)
            connection.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} (" + columns + ")").format(table, size))
            connection.commit()
            known = sql.SQL("SELECT id, fingerprint FROM {} WHERE id = ANY(%s)").format(table)
            upsert = sql.SQL(
                "INSERT INTO {} (id, topic, text, fields, vector, fingerprint) VALUES (%s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (id) DO UPDATE SET topic = excluded.topic, text = excluded.text, "
                "fields = excluded.fields, vector = excluded.vector, fingerprint = excluded.fingerprint"
            ).format(table)
            for batch in _batches(index):
                there: dict[str, str] = dict(
                    connection.execute(known, [[document.id for document in batch]]).fetchall()
                )
                rows = [
                    (d.id, d.topic, d.text, Jsonb(d.fields), np.array(d.vector, np.float32), d.fingerprint)
                    for d in batch
                    if there.get(d.id) != d.fingerprint
                ]
                with connection.cursor() as cursor:
                    cursor.executemany(upsert, rows)
                connection.commit()
                sent, done = sent + len(rows), done + len(batch)
                _report(progress, done, len(index))
    except psycopg.Error as error:
        raise _refused("PostgreSQL", error) from error
    return sent


def _to_lancedb(index: SearchIndex, parts: SplitResult, progress: "Progress | None") -> int:
    try:
        import lancedb
        import pyarrow as pa
    except ImportError as error:
        raise _missing("lancedb", "lancedb", error) from error
    store = parts.scheme.partition("+")[2]
    place, _, name = unquote(parts.path).rpartition("/")
    if not name or bool(store) != bool(parts.netloc) or not (store or place):
        form = f"{parts.scheme}://BUCKET/PATH/TABLE" if store else "lancedb:///FOLDER/TABLE"
        raise UsageError(
            "--to", expected=form, got=f"{parts.netloc}{parts.path}"[:80], hint="Give the target in this form"
        )
    schema = _lancedb_schema(index)
    sent = done = 0
    try:
        where = f"{store}://{parts.netloc}{place}" if store else place
        connection = lancedb.connect(where, storage_options=dict(parse_qsl(parts.query)) or None)
        table = connection.create_table(name, schema=schema, exist_ok=True)
        for batch in _batches(index):
            ids = ", ".join("'" + document.id.replace("'", "''") + "'" for document in batch)
            there = table.search().where(f"id IN ({ids})").select(["id", "fingerprint"]).limit(len(batch)).to_list()
            known = {row["id"]: row["fingerprint"] for row in there}
            rows = [
                _lancedb_row(document, schema) for document in batch if known.get(document.id) != document.fingerprint
            ]
            if rows:
                new = pa.Table.from_pylist(rows, schema=schema)
                table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(new)
            sent, done = sent + len(rows), done + len(batch)
            _report(progress, done, len(index))
    except Exception as error:  # of the store, its transport or the client, which share no class
        raise _refused("LanceDB", error) from error
    return sent


def _lancedb_schema(index: SearchIndex) -> Any:
    """Columns of a table: those of the metadata that are numbers or true and false as such, the others as text."""
    import pyarrow as pa

    own = {"id": pa.string(), "topic": pa.int32(), "text": pa.string(), "fingerprint": pa.string()}
    own["vector"] = pa.list_(pa.float32(), index.generation.n_topics)
    of_fields = {
        name: kind
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        else pa.string()
        for name, kind in field_types(segment.folder for segment in index.segments).items()
    }
    return pa.schema({**{name: kind for name, kind in of_fields.items() if name not in own}, **own}.items())


def _lancedb_row(document: _Document, schema: Any) -> dict[str, Any]:
    own = {name: value for name, value in document._asdict().items() if name != "fields"}
    fields = {
        name: as_text(value) if str(schema.field(name).type) == "string" else value
        for name, value in document.fields.items()
    }
    return {**fields, **own}


def _batches(index: SearchIndex) -> Iterator[Sequence[_Document]]:
    for table in index.batches(_BATCH):
        vectors = [vector.astype(float).tolist() for vector in table.pop("vector")]
        ids, topics = table.pop("id").tolist(), table.pop("topic").tolist()
        texts = table.pop("text").tolist() if index.generation.keeps_text else [None] * len(ids)
        fields = json.loads(table.to_json(orient="records", date_format="iso"))
        batch = []
        for whole in zip(ids, topics, texts, fields, vectors, strict=True):
            written = json.dumps(whole, ensure_ascii=True, sort_keys=True)
            batch.append(_Document(*whole, fingerprint=hashlib.sha256(written.encode()).hexdigest()[:32]))
        yield batch


def _report(progress: "Progress | None", done: int, total: int) -> None:
    if progress:
        progress("copying", done, total)


def _missing(packages: str, extra: str, error: ImportError) -> UsageError:
    return UsageError("--to", expected=packages, got=str(error), hint=install_hint(extra))


def _refused(store: str, error: Exception) -> NeuralTopicError:
    return NeuralTopicError(
        store,
        expected="a store that takes the documents",
        got=f"{type(error).__name__}: {str(error)[:200]}",
        hint="Check the address; the same command goes on where it stopped",
    )
