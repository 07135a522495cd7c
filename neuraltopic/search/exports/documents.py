"""What is sent of the documents of an index, some at a time, and what a store that fails says."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError, install_hint
from neuraltopic.search.index import SearchIndex

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Documents sent together.
BATCH = 512


class SentDocument(NamedTuple):
    """What is sent of a document; an embedding where the index has some."""

    id: str
    topic: int
    text: str | None
    fields: dict[str, Any]
    vector: NDArray[np.float32]
    embedding: NDArray[np.float32] | None
    fingerprint: str


def batches(index: SearchIndex) -> Iterator[Sequence[SentDocument]]:
    """The documents of an index in its order, `BATCH` at a time."""
    for table in index.batches(BATCH):
        vectors = table.pop("vector").tolist()
        embeddings = table.pop("embedding").tolist() if "embedding" in table else [None] * len(vectors)
        ids, topics = table.pop("id").tolist(), table.pop("topic").tolist()
        texts = table.pop("text").tolist() if index.generation.keeps_text else [None] * len(ids)
        fields = json.loads(table.to_json(orient="records", date_format="iso", double_precision=15))
        batch = []
        for *known, vector, embedding in zip(ids, topics, texts, fields, vectors, embeddings, strict=True):
            id, topic, text, of_document = known
            fingerprint = _fingerprint(known, vector, embedding)
            batch.append(SentDocument(id, topic, text, of_document, vector, embedding, fingerprint))
        yield batch


def _fingerprint(known: list[Any], vector: NDArray[np.float32], embedding: NDArray[np.float32] | None) -> str:
    """Of all that is sent: id, topic, text and fields, the vector, and the embedding where there is one."""
    written = json.dumps([*known, vector.astype(float).tolist()], ensure_ascii=True, sort_keys=True)
    digest = hashlib.sha256(written.encode())
    if embedding is not None:
        digest.update(np.ascontiguousarray(embedding, "<f4").tobytes())
    return digest.hexdigest()[:32]


def report(progress: "Progress | None", done: int, total: int) -> None:
    """Tell how many documents have been copied."""
    if progress:
        progress("copying", done, total)


def missing(packages: str, extra: str, error: ImportError) -> UsageError:
    """The error of a package that is not installed."""
    return UsageError("--to", expected=packages, got=str(error), hint=install_hint(extra))


def refused(store: str, error: Exception) -> NeuralTopicError:
    """The error of a store that did not take the documents."""
    return NeuralTopicError(
        store,
        expected="a store that takes the documents",
        got=f"{type(error).__name__}: {str(error)[:200]}",
        hint="Check the address; the same command goes on where it stopped",
    )
