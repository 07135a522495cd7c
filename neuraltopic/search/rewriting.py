"""The documents of several segments written as one, a block at a time: memory does not grow with their embeddings,
vectors, counts, texts and fields."""

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.counts import Counts, CountsWriter
from neuraltopic.reading.vectors.embeddings import Embeddings
from neuraltopic.search.fields import merge_fields
from neuraltopic.search.indexing import embedded, takes_embeddings
from neuraltopic.search.segments import EMBEDDINGS, Segment, write_id_order, write_postings, write_vectors
from neuraltopic.search.texts import TextWriter, open_array
from neuraltopic.storage.arrays import RowsWriter
from neuraltopic.storage.pages import release_pages

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Documents in memory.
_AT_ONCE = 1 << 14


def rewrite(
    folder: Path, segments: Sequence[Segment], model: TopicModel, *, anew: bool, progress: "Progress | None"
) -> int:
    """Write the live documents of segments as one.

    Parameters
    ----------
    folder : Path
    segments : sequence of Segment
    model : TopicModel
        That of the new segment.
    anew : bool
        Whether to embed the documents with it; otherwise it is the model of the segments.
    progress : callable of (stage, done, total), optional

    Returns
    -------
    int
        How many there are.
    """
    n_documents = sum(int(segment.live.sum()) for segment in segments)
    with CountsWriter(folder / "counts", segments[0].documents.counts.shape[1]) as writer:
        for segment, rows in _blocks(segments):
            block = segment.documents.counts.rows(rows)
            writer.append(np.diff(block.indptr), block.indices, block.data)
    counts = Counts.open(folder / "counts")
    write_postings(folder, counts)
    _copy_embeddings(folder, segments, n_documents)
    blocks = _embedded_anew(folder, counts, model, progress) if anew else _vectors_as_they_are(segments)
    shape = n_documents, model.document_vae_.n_components
    write_vectors(folder, blocks, shape, model.document_vae_.empty_document_vector())
    _copy_texts(folder, segments)
    _copy_ids(folder, segments, n_documents)
    merge_fields([(segment.folder, segment.live) for segment in segments], folder, _AT_ONCE)
    return n_documents


def _blocks(segments: Sequence[Segment]) -> Iterator[tuple[Segment, NDArray[np.intp]]]:
    """Places of live documents, at most `_AT_ONCE` together, in order."""
    for segment in segments:
        rows = np.flatnonzero(segment.live)
        for start in range(0, len(rows), _AT_ONCE):
            yield segment, rows[start : start + _AT_ONCE]
            segment.release_pages()


def _vectors_as_they_are(segments: Sequence[Segment]) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]:
    for segment, rows in _blocks(segments):
        yield segment.vectors[rows], segment.topics[rows]


def _embedded_anew(
    folder: Path, counts: Counts, model: TopicModel, progress: "Progress | None"
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]:
    beside = open_array(folder / EMBEDDINGS, np.float32, 2) if takes_embeddings(model) else None
    for block in embedded(model, counts, None if beside is None else Embeddings(beside), progress):
        yield block
        if beside is not None:
            release_pages(beside)


def _copy_embeddings(folder: Path, segments: Sequence[Segment], n_documents: int) -> None:
    """Write the embeddings, where there are some, to the same bits."""
    first = segments[0].documents.embeddings
    if first is None:
        return
    with RowsWriter(folder / EMBEDDINGS, np.float32, (n_documents, first.shape[1])) as writer:
        for segment, rows in _blocks(segments):
            assert segment.documents.embeddings is not None
            writer.append(segment.documents.embeddings[rows])


def _copy_texts(folder: Path, segments: Sequence[Segment]) -> None:
    """Write the texts, where they are kept."""
    if segments[0].texts is None:
        return
    with TextWriter(folder, "texts") as writer:
        for segment, rows in _blocks(segments):
            assert segment.texts is not None
            for row in rows.tolist():
                writer.append(segment.texts[row])


def _copy_ids(folder: Path, segments: Sequence[Segment], n_documents: int) -> None:
    """Write the ids, and merge their orders."""
    with TextWriter(folder, "ids") as writer:
        for segment, rows in _blocks(segments):
            for row in rows.tolist():
                writer.append(segment.ids[row])
    firsts = np.cumsum([0, *(int(segment.live.sum()) for segment in segments)]).tolist()
    ordered = [_in_order(segment, first) for segment, first in zip(segments, firsts, strict=False)]
    write_id_order(folder, (place for _, place in heapq.merge(*ordered)), n_documents)


def _in_order(segment: Segment, first: int) -> Iterator[tuple[str, int]]:
    """The live documents of a segment by their ids, with their places in the new one, the first of which is given."""
    places = first - 1 + np.cumsum(segment.live)
    for start in range(0, len(segment), _AT_ONCE):
        for row in segment.id_order[start : start + _AT_ONCE].tolist():
            if segment.live[row]:
                yield segment.ids[row], int(places[row])
