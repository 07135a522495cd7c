"""Copy an index to where others search: Qdrant, PostgreSQL with pgvector, LanceDB, or a file with ids and vectors.

qdrant://HOST[:PORT]/COLLECTION        a Qdrant server; qdrant://:KEY@HOST/... with a key, qdrant+https://... over TLS
qdrant:///FOLDER/COLLECTION            a folder in the format of Qdrant's client
postgresql://HOST/DATABASE?table=NAME  a table with the columns id, topic, text, fields (jsonb), vector, fingerprint
lancedb+s3://BUCKET/PATH/TABLE         a LanceDB table in object storage; also gs and az; ?endpoint=...&region=... as
                                       its storage options, and keys from the environment
lancedb:///FOLDER/TABLE                a LanceDB table in a folder
NAME.parquet, NAME.arrow               a row per document: id, topic, the metadata, text, vector
NAME.npy                               the vectors alone, float32 (D, K), and NAME_ids.npy with the ids, str (D,)

Where an index has embeddings, they go too: as the column `embedding` of a table or a file, as NAME_embeddings.npy,
float32 (D, C), and in Qdrant, whose collection then has the vectors `vector` and `embedding`, each by its name.
Metadata under one of the names above, such as `text`, is called `text_`.

In a store each document goes with a fingerprint of all that is sent of it. One that is there with the same fingerprint
is not sent again, so that a copy that was stopped goes on where it was. Documents that the index does not have any more
stay there.
"""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from neuraltopic.errors import UsageError
from neuraltopic.search.exports.files import to_arrays, to_table
from neuraltopic.search.exports.lancedb import to_lancedb
from neuraltopic.search.exports.postgresql import to_postgresql
from neuraltopic.search.exports.qdrant import to_qdrant
from neuraltopic.search.index import SearchIndex

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

_KINDS = (
    "qdrant://HOST/COLLECTION, postgresql://HOST/DATABASE?table=NAME, lancedb+s3://BUCKET/PATH/TABLE, "
    "lancedb:///FOLDER/TABLE, NAME.parquet, NAME.arrow or NAME.npy"
)
_STORES = {
    "qdrant": to_qdrant,
    "qdrant+https": to_qdrant,
    "postgresql": to_postgresql,
    "postgres": to_postgresql,
    "lancedb": to_lancedb,
    "lancedb+s3": to_lancedb,
    "lancedb+gs": to_lancedb,
    "lancedb+az": to_lancedb,
}
_FILES = {".parquet": to_table, ".arrow": to_table, ".npy": to_arrays}


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
    if parts.scheme in _STORES:
        return _STORES[parts.scheme](index, parts, progress)
    path = Path(target)
    if not parts.scheme and path.suffix in _FILES:
        return _FILES[path.suffix](index, path, progress)
    raise UsageError("--to", expected=_KINDS, got=f"{target!r:.100}", hint="Choose one of these")
