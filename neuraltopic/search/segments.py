"""A segment: documents that were indexed together, in files that are never changed.

counts/               Counts, (D, V)
postings_bounds.npy   the same by word: see `Postings`
postings_documents.npy
postings_counts.npy
vectors.npy           float32 (D, K), as the model gives them
directions.npy        float32 (D, K), see `directions`, completed where index.json names embedding topics, see
                      `EmbeddingTopics`; indexes of earlier versions may not have it
embeddings.npy        float32 (D, C), see `unit_rows`; only where the index has embeddings
topics.npy            int32 (D,), the topic that each document is assigned to; -1 for none
ids.utf8              and ids_bounds.npy
id_order.npy          int64 (D,), places in the order of the ids
texts.utf8            and texts_bounds.npy; neither where texts are not kept
fields.parquet        n_tokens and the metadata of each document
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.counts import Counts
from neuraltopic.search.fields import FIELDS, read_fields
from neuraltopic.search.texts import Texts, damaged, open_array, write_texts
from neuraltopic.storage.arrays import RowsWriter
from neuraltopic.storage.pages import release_pages
from neuraltopic.topics.retrieval.document_set import DocumentSet, Postings, directions

if TYPE_CHECKING:
    import pandas as pd

DIRECTIONS, EMBEDDINGS = "directions.npy", "embeddings.npy"
# Entries of the counts that are sorted by word at once: 8 bytes each, several times.
_ENTRIES = 1 << 20


@dataclass(frozen=True)
class Segment:
    """D documents of an index.

    Attributes
    ----------
    name : str
        Of its folder.
    vectors : float32 array of shape (D, K)
    topics : int32 array of shape (D,)
    ids : sequence of D str
    texts : sequence of D str, or None
    documents : DocumentSet
        What queries are compared with.
    """

    name: str
    folder: Path
    vectors: NDArray[np.float32]
    topics: NDArray[np.int32]
    ids: Texts
    id_order: NDArray[np.int64]
    texts: Texts | None
    documents: DocumentSet

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def live(self) -> NDArray[np.bool_]:
        """False for documents that were deleted, (D,)."""
        return np.ones(len(self), bool) if self.documents.live is None else self.documents.live

    def find(self, id: str) -> int | None:
        """The place of the live document with this id."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.ids[int(self.id_order[middle])] < id:
                low = middle + 1
            else:
                high = middle
        if low == len(self):
            return None
        place = int(self.id_order[low])
        return place if self.ids[place] == id and self.live[place] else None

    def release_pages(self) -> None:
        """Release the memory pages of the files of the documents, see `storage.pages`."""
        documents = self.documents
        mapped = [self.vectors, documents.directions, documents.counts.indices, documents.counts.data]
        release_pages(*mapped, *([] if documents.embeddings is None else [documents.embeddings]))
        for texts in (self.ids, self.texts):
            if texts is not None:
                texts.release_pages()

    def fields(self, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """n_tokens and the metadata of each document, all columns by default."""
        return read_fields(self.folder, columns)

    def field_names(self) -> list[str]:
        """The columns of `fields`."""
        import pyarrow.parquet

        names: list[str] = pyarrow.parquet.read_schema(self.folder / FIELDS).names
        return names


def write_vectors(
    folder: Path,
    blocks: Iterable[tuple[NDArray[np.float32], NDArray[np.integer]]],
    shape: tuple[int, int],
    of_nothing: NDArray[np.float32],
) -> None:
    """Write the vectors of a segment, their directions and the topics.

    Parameters
    ----------
    folder : Path
    blocks : iterable of (float32 array of shape (B, K), int array of shape (B,))
        Vectors and topics of B of the documents, in order.
    shape : (D, K)
    of_nothing : float32 array of shape (K,)
        The vector of an empty document.
    """
    with (
        RowsWriter(folder / "vectors.npy", np.float32, shape) as of_vectors,
        RowsWriter(folder / DIRECTIONS, np.float32, shape) as of_directions,
        RowsWriter(folder / "topics.npy", np.int32, shape[:1]) as of_topics,
    ):
        for vectors, topics in blocks:
            of_vectors.append(vectors)
            of_directions.append(directions(vectors, of_nothing))
            of_topics.append(topics)


def write_postings(folder: Path, counts: Counts) -> None:
    """Write the postings of a segment: those of each block of documents follow those of the last, word by word."""
    bounds = np.concatenate([[0], np.cumsum(counts.document_frequency())]).astype(np.int64)
    np.save(folder / "postings_bounds.npy", bounds)
    files = [
        _sized(folder / f"postings_{name}.npy", dtype, counts.nnz)
        for name, dtype in (("documents", np.dtype(np.int32)), ("counts", counts.data.dtype))
    ]
    free = bounds[:-1].copy()
    for first, block in counts.blocks(_ENTRIES):
        of_block = Postings.of(block)
        lengths = np.diff(of_block.bounds)
        places = np.repeat(free - of_block.bounds[:-1], lengths) + np.arange(block.nnz)
        for file, values in zip(files, (of_block.documents + np.int32(first), of_block.counts), strict=True):
            file[places] = values
            release_pages(file)
        free += lengths


def _sized(path: Path, dtype: np.dtype, length: int) -> NDArray:
    """An array to be filled, mapped to a new file; of nothing it cannot be mapped."""
    if not length:
        np.save(path, np.empty(0, dtype))
        return np.empty(0, dtype)
    return np.lib.format.open_memmap(path, "w+", dtype, (length,))


def write_ids(folder: Path, ids: Sequence[str]) -> None:
    """Write the ids of a segment and their order."""
    write_texts(folder, "ids", ids)
    write_id_order(folder, sorted(range(len(ids)), key=ids.__getitem__), len(ids))


def write_id_order(folder: Path, places: Iterable[int], n_documents: int) -> None:
    """Write the places of D documents in the order of their ids."""
    np.save(folder / "id_order.npy", np.fromiter(places, np.int64, n_documents))


def open_segment(
    folder: Path,
    shape: tuple[int, int, int],
    n_dimensions: int | None,
    of_nothing: NDArray[np.float32],
    deleted: NDArray[np.int64] | None,
) -> Segment:
    """Map a segment from disk.

    Parameters
    ----------
    folder : Path
    shape : (D, V, K)
    n_dimensions : int, optional
        C; None where there are no embeddings.
    of_nothing : float32 array of shape (K,)
        The vector of an empty document.
    deleted : int64 array, optional
        Places of documents that were deleted.

    Raises
    ------
    NeuralTopicError
        When a file is not as it was written.
    """
    D, V, K = shape
    counts = Counts.open(folder / "counts")
    postings = Postings(
        open_array(folder / "postings_bounds.npy", np.int64, 1),
        open_array(folder / "postings_documents.npy", np.int32, 1),
        open_array(folder / "postings_counts.npy", None, 1),
    )
    vectors = open_array(folder / "vectors.npy", np.float32, 2)
    topics = open_array(folder / "topics.npy", np.int32, 1)
    ids, id_order = Texts(folder, "ids"), open_array(folder / "id_order.npy", np.int64, 1)
    texts = Texts(folder, "texts") if (folder / "texts.utf8").exists() else None
    if (folder / DIRECTIONS).exists():
        of_vectors = open_array(folder / DIRECTIONS, np.float32, 2)
    else:
        of_vectors = directions(vectors, of_nothing)
    lengths = (len(topics), len(ids), len(id_order), D if texts is None else len(texts))
    sizes = (counts.shape, vectors.shape, of_vectors.shape, *lengths)
    if (
        sizes != ((D, V), (D, K), (D, K), D, D, D, D)
        or len(postings.bounds) != V + 1
        or postings.bounds[-1] != counts.nnz
    ):
        raise damaged(folder, f"{D:,} documents, {V:,} words and {K} topics in each file", f"{sizes}")
    embeddings = None
    if n_dimensions is not None:
        embeddings = open_array(folder / EMBEDDINGS, np.float32, 2)
        if embeddings.shape != (D, n_dimensions):
            raise damaged(folder / EMBEDDINGS, f"shape {(D, n_dimensions)}", f"{embeddings.shape}")
    live = None
    if deleted is not None and len(deleted):
        live = np.ones(D, bool)
        live[deleted] = False
    of_documents = DocumentSet(counts, postings, counts.totals(), of_vectors, live, embeddings)
    return Segment(folder.name, folder, vectors, topics, ids, id_order, texts, of_documents)
