"""An index as a collection of Qdrant."""

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote

from neuraltopic.errors import UsageError
from neuraltopic.search.exports.documents import SentDocument, batches, missing, refused, report
from neuraltopic.search.index import SearchIndex

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Of the points of a collection: Qdrant knows numbers and UUIDs alone.
_NAMESPACE = uuid.UUID("c7f4b9f6-6a0e-5d0e-9a53-6f3f5f5a8f10")
# The names of the vectors of an index with embeddings.
_NAMES = ("vector", "embedding")


def to_qdrant(index: SearchIndex, parts: SplitResult, progress: "Progress | None") -> int:
    """Send the documents to a collection that is made when missing, and return how many were sent."""
    try:
        from qdrant_client import models
    except ImportError as error:
        raise missing("qdrant-client", "qdrant", error) from error
    place, _, collection = unquote(parts.path).rpartition("/")
    if not collection or (parts.hostname and place):
        raise UsageError(
            "--to", expected="qdrant://HOST/COLLECTION", got=f"{parts.path!r:.80}", hint="Give the target in this form"
        )
    client = _client(parts, place)
    sent = done = 0
    try:
        _require_collection(client, collection, index)
        for batch in batches(index):
            points = [str(uuid.uuid5(_NAMESPACE, document.id)) for document in batch]
            there = client.retrieve(collection, points, with_payload=["fingerprint"])
            known = {str(point.id): (point.payload or {}).get("fingerprint") for point in there}
            new = [
                models.PointStruct(id=point, vector=_vectors(document), payload=_payload(document))
                for point, document in zip(points, batch, strict=True)
                if known.get(point) != document.fingerprint
            ]
            if new:
                client.upsert(collection, new, wait=True)
            sent, done = sent + len(new), done + len(batch)
            report(progress, done, len(index))
    except UsageError:
        raise
    except Exception as error:  # of the client, its transport or the server, which share no class
        raise refused("Qdrant", error) from error
    finally:
        client.close()
    return sent


def _client(parts: SplitResult, place: str) -> Any:
    """The client of a server, or of a folder where no host is named."""
    from qdrant_client import QdrantClient

    if not parts.hostname:
        return QdrantClient(path=place)
    return QdrantClient(
        host=parts.hostname,
        port=parts.port or 6333,
        https=parts.scheme.endswith("https"),
        api_key=parts.password,
        check_compatibility=False,
    )


def _require_collection(client: Any, collection: str, index: SearchIndex) -> None:
    """Make the collection when missing; one with other vectors is refused."""
    from qdrant_client import models

    sizes = dict(zip(_NAMES, (index.generation.n_topics, index.generation.n_dimensions), strict=True))
    wanted = {
        name: models.VectorParams(size=size, distance=models.Distance.COSINE)
        for name, size in sizes.items()
        if size is not None
    }
    if not client.collection_exists(collection):
        client.create_collection(collection, vectors_config=wanted if len(wanted) > 1 else wanted["vector"])
        return
    found = client.get_collection(collection).config.params.vectors
    named = found if isinstance(found, dict) else {"vector": found}
    if isinstance(found, dict) != (len(wanted) > 1) or {name: kind.size for name, kind in named.items()} != {
        name: kind.size for name, kind in wanted.items()
    }:
        raise UsageError(
            f"--to: collection {collection}",
            expected=_described({name: kind.size for name, kind in wanted.items()}),
            got=_described({name: kind.size for name, kind in named.items()}),
            hint="Name another collection, or delete this one",
        )


def _described(sizes: dict[str, int]) -> str:
    return "vectors of " + " and ".join(f"{size:,} numbers ({name})" for name, size in sizes.items())


def _vectors(document: SentDocument) -> Any:
    if document.embedding is None:
        return document.vector.tolist()
    return dict(zip(_NAMES, (document.vector.tolist(), document.embedding.tolist()), strict=True))


def _payload(document: SentDocument) -> dict[str, Any]:
    own = {"id": document.id, "topic": document.topic, "fingerprint": document.fingerprint}
    return {**document.fields, **({} if document.text is None else {"text": document.text}), **own}
