"""An index as a LanceDB table, in a folder or in object storage."""

from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, unquote

from neuraltopic.errors import UsageError
from neuraltopic.search.exports.documents import SentDocument, batches, missing, refused, report
from neuraltopic.search.fields import OWN, as_text, field_types, free_names
from neuraltopic.search.index import SearchIndex

if TYPE_CHECKING:
    from neuraltopic.progress import Progress


def to_lancedb(index: SearchIndex, parts: SplitResult, progress: "Progress | None") -> int:
    """Send the documents to a table that is made when missing, and return how many were sent."""
    try:
        import lancedb
        import pyarrow as pa
    except ImportError as error:
        raise missing("lancedb", "lancedb", error) from error
    store = parts.scheme.partition("+")[2]
    place, _, name = unquote(parts.path).rpartition("/")
    if not name or bool(store) != bool(parts.netloc) or not (store or place):
        form = f"{parts.scheme}://BUCKET/PATH/TABLE" if store else "lancedb:///FOLDER/TABLE"
        raise UsageError(
            "--to", expected=form, got=f"{parts.netloc}{parts.path}"[:80], hint="Give the target in this form"
        )
    schema = _schema(index)
    sent = done = 0
    try:
        where = f"{store}://{parts.netloc}{place}" if store else place
        connection = lancedb.connect(where, storage_options=dict(parse_qsl(parts.query)) or None)
        table = _table(connection, name, schema)
        for batch in batches(index):
            ids = ", ".join("'" + document.id.replace("'", "''") + "'" for document in batch)
            there = table.search().where(f"id IN ({ids})").select(["id", "fingerprint"]).limit(len(batch)).to_list()
            known = {row["id"]: row["fingerprint"] for row in there}
            rows = [_row(document, schema) for document in batch if known.get(document.id) != document.fingerprint]
            if rows:
                new = pa.Table.from_pylist(rows, schema=schema)
                table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(new)
            sent, done = sent + len(rows), done + len(batch)
            report(progress, done, len(index))
    except Exception as error:  # of the store, its transport or the client, which share no class
        raise refused("LanceDB", error) from error
    return sent


def _table(connection: Any, name: str, schema: Any) -> Any:
    """The table, made when missing; one that is there gets the columns that it lacks."""
    try:
        table = connection.open_table(name)
    except ValueError:  # there is none
        return connection.create_table(name, schema=schema, exist_ok=True)
    for field in schema:
        if field.name not in table.schema.names:
            table.add_columns(field)
    return table


def _schema(index: SearchIndex) -> Any:
    """Columns of a table: those of the metadata that are numbers or true and false as such, the others as text."""
    import pyarrow as pa

    kinds = field_types(segment.folder for segment in index.segments)
    names = free_names(list(kinds), OWN)
    columns = {
        names[name]: kind
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        else pa.string()
        for name, kind in kinds.items()
    }
    columns |= {"id": pa.string(), "topic": pa.int32(), "text": pa.string(), "fingerprint": pa.string()}
    columns["vector"] = pa.list_(pa.float32(), index.generation.n_topics)
    if index.generation.n_dimensions is not None:
        columns["embedding"] = pa.list_(pa.float32(), index.generation.n_dimensions)
    return pa.schema(columns.items())


def _row(document: SentDocument, schema: Any) -> dict[str, Any]:
    own = {name: getattr(document, name) for name in OWN if name in schema.names}
    fields = {
        name: as_text(value) if str(schema.field(name).type) == "string" else value
        for name, value in document.fields.items()
    }
    return {**fields, **own}
