"""An index as a table of PostgreSQL with the extension pgvector."""

from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlunsplit

from neuraltopic.search.exports.documents import SentDocument, batches, missing, refused, report
from neuraltopic.search.index import SearchIndex

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# With the embedding, where there is one, before the last.
_COLUMNS = ("id", "topic", "text", "fields", "vector", "fingerprint")


def to_postgresql(index: SearchIndex, parts: SplitResult, progress: "Progress | None") -> int:
    """Send the documents to a table that is made when missing, and return how many were sent."""
    try:
        import psycopg
        from pgvector.psycopg import register_vector
        from psycopg import sql
    except ImportError as error:
        raise missing("psycopg and pgvector", "pgvector", error) from error
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    table = sql.Identifier(*options.pop("table", "documents").split("."))
    address = urlunsplit(parts._replace(query=urlencode(options)))
    sent = done = 0
    try:
        with psycopg.connect(address) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            register_vector(connection)
            _make_table(connection, table, index)
            known = sql.SQL("SELECT id, fingerprint FROM {} WHERE id = ANY(%s)").format(table)
            upsert = _upsert(table, index)
            for batch in batches(index):
                there: dict[str, str] = dict(
                    connection.execute(known, [[document.id for document in batch]]).fetchall()
                )
                rows = [_row(document) for document in batch if there.get(document.id) != document.fingerprint]
                with connection.cursor() as cursor:
                    cursor.executemany(upsert, rows)
                connection.commit()
                sent, done = sent + len(rows), done + len(batch)
                report(progress, done, len(index))
    except psycopg.Error as error:
        raise refused("PostgreSQL", error) from error
    return sent


def _make_table(connection: Any, table: Any, index: SearchIndex) -> None:
    """Make the table, and in one of an index without embeddings the column for them."""
    from psycopg import sql

    columns = "id text PRIMARY KEY, topic integer, text text, fields jsonb, vector vector({}), fingerprint text"
    size = sql.Literal(index.generation.n_topics)
    connection.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} (" + columns + ")").format(table, size))
    if index.generation.n_dimensions is not None:
        added = sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS embedding vector({})")
        connection.execute(added.format(table, sql.Literal(index.generation.n_dimensions)))
    connection.commit()


def _upsert(table: Any, index: SearchIndex) -> Any:
    from psycopg import sql

    names = [*_COLUMNS[:-1], *([] if index.generation.n_dimensions is None else ["embedding"]), _COLUMNS[-1]]
    return sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET {}").format(
        table,
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() for _ in names),
        sql.SQL(", ").join(
            sql.SQL("{} = excluded.{}").format(sql.Identifier(name), sql.Identifier(name)) for name in names[1:]
        ),
    )


def _row(document: SentDocument) -> tuple[Any, ...]:
    """The values of `_upsert`."""
    from psycopg.types.json import Jsonb

    beside = () if document.embedding is None else (document.embedding,)
    known = document.id, document.topic, document.text, Jsonb(document.fields), document.vector
    return (*known, *beside, document.fingerprint)
