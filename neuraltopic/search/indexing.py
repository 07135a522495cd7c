"""From documents to a segment of an index: read once, counted, embedded, written."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.ledger.ledger import Ledger
from neuraltopic.preprocessing.preparation import DigestedRows
from neuraltopic.reading.rows import Corpus, Row
from neuraltopic.reading.vectors.embedding_files import EmbeddingSource
from neuraltopic.reading.vectors.embeddings import Embeddings, require_embeddings
from neuraltopic.search.fields import FIELDS, free_names
from neuraltopic.search.segments import EMBEDDINGS, write_ids, write_postings, write_vectors
from neuraltopic.search.texts import TextWriter
from neuraltopic.storage.arrays import RowsWriter
from neuraltopic.storage.pages import release_pages
from neuraltopic.storage.tables import write_table
from neuraltopic.topics.retrieval.document_set import unit_rows

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.progress import Progress

# Documents embedded at once.
_AT_ONCE = 1 << 14
# Columns of a ledger that are not of the documents themselves.
_OF_ROWS = ["row", "id", "status", "detail", "encoding"]
# What filters call the id and the topic of a document.
RESERVED = ("id", "topic")


@dataclass(frozen=True)
class Indexed:
    """What came of documents that were written as a segment.

    Attributes
    ----------
    n_documents : int
    ids : list of str
    ledger : Ledger
        What became of every input row.
    corpus_sha256 : str
        See `preparation.corpus_sha256`.
    """

    n_documents: int
    ids: list[str]
    ledger: Ledger
    corpus_sha256: str


def write_segment(
    folder: Path,
    model: TopicModel,
    corpus: Corpus,
    *,
    embeddings: Any,
    keeps_text: bool,
    n_dimensions: int | None,
    progress: "Progress | None",
) -> Indexed:
    """Write every row that could be read, also one without a word of the model.

    Parameters
    ----------
    folder : Path
    model : TopicModel
    corpus : Corpus
    embeddings : array of shape (N, C) or EmbeddingSource, optional
        Of every row of the corpus.
    keeps_text : bool
    n_dimensions : int, optional
        C of the embeddings that are to be kept for the search; None where none are.
    progress : callable of (stage, done, total), optional

    Raises
    ------
    UsageError
        When the embeddings are missing or not usable.
    NeuralTopicError
        When no row could be read.
    """
    digested = DigestedRows(corpus)
    with ExitStack() as stack:
        writer = stack.enter_context(TextWriter(folder, "texts")) if keeps_text else None
        prepared = model.preprocessor_.transform(_noted(digested, writer), workspace=folder, progress=progress)
    if isinstance(embeddings, EmbeddingSource):
        embeddings.report_to(progress)
    ledger, counts = prepared.ledger, prepared.counts
    rows = np.flatnonzero(prepared.position >= 0)
    if not len(rows):
        raise NeuralTopicError(
            corpus.name, expected="a document", got=ledger.summary(), hint="Check the path and the text column"
        )
    ids = [ledger.ids[row] for row in rows.tolist()]
    beside = model.embeddings_of(prepared, embeddings)
    if n_dimensions is not None:
        _write_embeddings(folder, require_embeddings(beside, len(ids), n_dimensions))
    blocks = embedded(model, counts, beside if takes_embeddings(model) else None, progress)
    shape = len(ids), model.document_vae_.n_components
    write_vectors(folder, blocks, shape, model.document_vae_.empty_document_vector())
    write_postings(folder, counts)
    write_ids(folder, ids)
    _write_fields(ledger.to_frame().iloc[rows], folder)
    return Indexed(len(ids), ids, ledger, digested.sha256.hexdigest())


def embedded(
    model: TopicModel, counts: Counts, embeddings: Embeddings | None, progress: "Progress | None"
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]:
    """Vectors of documents, (B, K), and the topic of each, -1 where nothing is known, (B,), B of the D at a time."""
    vae = model.document_vae_
    if progress:
        progress("embedding", 0, len(counts))
    for start in range(0, len(counts), _AT_ONCE):
        stop = min(start + _AT_ONCE, len(counts))
        block = counts.slice(start, stop)
        beside = None if embeddings is None else embeddings.of(np.arange(start, stop))
        vectors = np.asarray(vae.transform(block, embeddings=beside))
        known = beside is not None or np.diff(block.indptr) > 0
        yield vectors, np.where(known, vae.topics_of(block, vectors), -1)
        release_pages(counts.indices, counts.data)
        if progress:
            progress("embedding", stop, len(counts))


def takes_embeddings(model: TopicModel) -> bool:
    """Whether the model reads embeddings beside words."""
    return find_recipe(model.recipe).takes("embeddings")


def _write_embeddings(folder: Path, embeddings: Embeddings) -> None:
    shape = (len(embeddings), embeddings.n_dimensions)
    with RowsWriter(folder / EMBEDDINGS, np.float32, shape) as writer:
        for start in range(0, len(embeddings), _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, len(embeddings)))
            writer.append(unit_rows(embeddings.rows(rows)))


def _noted(rows: DigestedRows, writer: TextWriter | None) -> Iterator[Row]:
    """Rows on their way to the preprocessor; the text of each that has one is written."""
    for row in rows:
        if writer is not None and row.text is not None:
            writer.append(row.text)
        yield row


def _write_fields(table: "pd.DataFrame", folder: Path) -> None:
    fields = table.drop(columns=_OF_ROWS).reset_index(drop=True)
    write_table(fields.rename(columns=free_names(fields.columns.tolist(), RESERVED)), folder / FIELDS, "parquet")
