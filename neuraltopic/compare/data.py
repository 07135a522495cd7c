"""The data of every model of a comparison: the same training and held-out documents, counted once.

Axes: D training documents, N held-out documents, V words, E numbers of a document embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.compare.models.protocol import Embeddings
from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.tokenisation.token_stream import Block
from neuraltopic.reading.rows import Corpus, Row
from neuraltopic.reading.vectors.embedding_files import EmbeddingSource
from neuraltopic.storage.strict_json import read_json, write_json

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

HELD_OUT = 0.2  # the share where none is named
_FACTS = "data.json"
_MAX_BYTES = 1 << 28


@dataclass
class ComparisonData:
    """Training and held-out documents, with their words, labels and embeddings.

    Attributes
    ----------
    train, test : Counts of shape (D, V), (N, V)
        Every document has a word.
    words : tuple of V str
    train_labels, test_labels : lists of D and N str or None, or None
        Both or neither; None in a list for a document without a label.
    tokens : Block or None
        The training documents as columns in the order of their text, -1 for a word without a column; None if only
        counts are known. Figures that look through windows need it.
    train_embeddings, test_embeddings : (D, E), (N, E), or None
        Both or neither.
    """

    train: Counts
    test: Counts
    words: tuple[str, ...]
    train_labels: list[str | None] | None = None
    test_labels: list[str | None] | None = None
    tokens: Block | None = None
    train_embeddings: Embeddings = None
    test_embeddings: Embeddings = None

    def save(self, folder: Path) -> None:
        """Write all of it into a folder, which `open` reads once this is done and not before."""
        self.train.save(folder / "train")
        self.test.save(folder / "test")
        if self.tokens is not None:
            np.save(folder / "tokens.npy", self.tokens.tokens.astype(np.int32))
            np.save(folder / "bounds.npy", self.tokens.bounds.astype(np.int64))
        for name, embeddings in (("train", self.train_embeddings), ("test", self.test_embeddings)):
            if embeddings is not None:
                np.save(_embeddings(folder, name), embeddings)
        facts = {
            "words": list(self.words),
            "train_labels": self.train_labels,
            "test_labels": self.test_labels,
            "ordered": self.tokens is not None,
            "embedded": self.train_embeddings is not None,
        }
        write_json(folder / _FACTS, facts)

    @classmethod
    def open(cls, folder: Path) -> "ComparisonData":
        """Read what `save` wrote; everything except words and labels stays on disk until used."""
        facts: Any = read_json(folder / _FACTS, _MAX_BYTES)
        tokens = None
        if facts["ordered"]:
            arrays = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("tokens", "bounds"))
            tokens = Block(*arrays)
        embeddings: tuple[Embeddings, ...] = (None, None)
        if facts["embedded"]:
            embeddings = tuple(np.load(_embeddings(folder, name), mmap_mode="r") for name in ("train", "test"))
        return cls(
            Counts.open(folder / "train"),
            Counts.open(folder / "test"),
            tuple(facts["words"]),
            facts["train_labels"],
            facts["test_labels"],
            tokens,
            *embeddings,
        )

    def sizes(self) -> dict[str, int | bool]:
        """Sizes of the data for a table: documents, words, tokens, labels, embeddings, and whether word order is
        known."""
        return {
            "train_documents": len(self.train),
            "test_documents": len(self.test),
            "words": len(self.words),
            "train_tokens": round(self.train.totals().sum()),
            "test_tokens": round(self.test.totals().sum()),
            "labels": len({label for label in self.test_labels or () if label is not None}),
            "ordered": self.tokens is not None,
            "embedding": 0 if self.train_embeddings is None else self.train_embeddings.shape[1],
        }


def is_saved(folder: Path) -> bool:
    """Whether `ComparisonData.save` finished in this folder."""
    return (folder / _FACTS).exists()


def split_corpus(
    corpus: Corpus,
    settings: Preprocessing,
    *,
    held_out: float | Corpus,
    label: str | None = None,
    seed: int = 0,
    embeddings: EmbeddingSource | None = None,
    held_out_embeddings: EmbeddingSource | None = None,
    progress: "Progress | None" = None,
) -> ComparisonData:
    """Count a corpus for a comparison; the vocabulary is learned on the training documents alone.

    Parameters
    ----------
    corpus : Corpus
        Its texts are held in memory while they are counted, since they are read more than once.
    settings : Preprocessing
    held_out : float or Corpus
        A share of the documents, drawn at random after copies are left out so that no document is on both sides; or
        separate documents, and `corpus` is then all for training.
    label : str, optional
        Column of the labels; by default "label" where there is one.
    seed : int
        Random seed of the split.
    embeddings, held_out_embeddings : EmbeddingSource, optional
        Of `corpus`, a row per document in reading order, and of the separate held-out documents.

    Raises
    ------
    UsageError
        When the share is not between 0 and 1, there is no such column, or the embeddings are of other documents.
    NeuralTopicError
        When there are too few documents with words on either side.
    """
    train = _Side.read(corpus, embeddings, "reading", progress)
    if isinstance(held_out, Corpus):
        test = _Side.read(held_out, held_out_embeddings, "reading held-out", progress)
    else:
        train, test = train.divided(draw_held_out(len(train.rows), held_out, seed))
    preprocessor = Preprocessor(settings)
    prepared = preprocessor.fit_transform(train.rows, progress=progress)
    train = train.take(np.flatnonzero(prepared.position >= 0))
    counted = preprocessor.transform(test.rows, progress=progress).counts
    with_words = _require_words(counted)
    test = test.take(with_words)
    train_labels, test_labels = _labels(train.rows, test.rows, label, corpus.name)
    return ComparisonData(
        prepared.counts,
        counted.rows(with_words),
        preprocessor.vocabulary.words,
        train_labels,
        test_labels,
        joined(list(preprocessor.token_blocks(train.rows))),
        train.embeddings,
        test.embeddings,
    )


def _require_words(counts: Counts) -> NDArray[np.int64]:
    """The held-out documents that have words; raises where there are none."""
    with_words = np.flatnonzero(counts.totals())
    if not len(with_words):
        raise NeuralTopicError(
            "held-out documents",
            expected="at least one with a word of the vocabulary",
            got=f"none among {len(counts):,}",
            hint="Hold out more documents, or others",
        )
    return with_words


def draw_held_out(n_documents: int, share: float, seed: int) -> NDArray[np.int64]:
    """Numbers of the documents held out, ascending: `share` of them to the nearest one, at least one.

    Raises
    ------
    UsageError
        When the share is not between 0 and 1.
    NeuralTopicError
        When that leaves fewer than two documents.
    """
    if not 0.0 < share < 1.0:
        raise UsageError(
            parameter("held_out"), expected="a share above 0 and below 1, or a path", got=repr(share), hint="Try 0.2"
        )
    n_held_out = max(1, round(share * n_documents))
    if n_documents - n_held_out < 2:
        raise NeuralTopicError(
            "documents",
            expected=f"at least two beside the {n_held_out:,} held out",
            got=f"{n_documents:,} with text",
            hint="Give more documents, or hold out fewer",
        )
    return np.sort(np.random.default_rng(seed).permutation(n_documents)[:n_held_out])


def joined(blocks: Sequence[Block]) -> Block:
    """The blocks as one."""
    lengths = np.concatenate([np.diff(block.bounds) for block in blocks])
    bounds = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    return Block(np.concatenate([block.tokens for block in blocks]).astype(np.int32), bounds)


@dataclass
class _Side:
    """Training or held-out documents in memory, each distinct text once."""

    rows: list[Row]
    embeddings: Embeddings

    @classmethod
    def read(
        cls, corpus: Corpus, embeddings: EmbeddingSource | None, stage: str, progress: "Progress | None"
    ) -> "_Side":
        ids: list[str] = []
        first: dict[str, tuple[int, Row]] = {}  # of every text
        for number, row in enumerate(corpus):
            if progress and number % 1000 == 0:
                progress(stage, number, None)
            ids.append(row.id)
            if row.text is not None and row.text.strip():
                first.setdefault(row.text.strip(), (number, row))
        kept = np.array([number for number, _ in first.values()], np.int64)
        return cls([row for _, row in first.values()], embeddings_of(embeddings, ids, kept))

    def take(self, rows: NDArray[np.int64]) -> "_Side":
        embeddings = None if self.embeddings is None else self.embeddings[rows]
        return _Side([self.rows[row] for row in rows.tolist()], embeddings)

    def divided(self, held_out: NDArray[np.int64]) -> "tuple[_Side, _Side]":
        """The documents to fit on, and those held out."""
        return self.take(np.setdiff1d(np.arange(len(self.rows)), held_out)), self.take(held_out)


def embeddings_of(file: EmbeddingSource | None, ids: Sequence[str], rows: NDArray[np.int64]) -> Embeddings:
    """The embeddings of some documents, (D, E), float32; None without a file.

    Parameters
    ----------
    file : EmbeddingSource or None
    ids : sequence of str
        Of all documents that it has embeddings of, in their order.
    rows : int array of shape (D,)
        Those to return.

    Raises
    ------
    UsageError
        When the file has other documents.
    NeuralTopicError
        When a number is not finite.
    """
    if file is None:
        return None
    wanted = np.zeros(len(ids), bool)
    wanted[rows] = True
    found = file.values[file.rows_of(ids, wanted)[rows]].astype(np.float32)
    if not np.isfinite(found).all():
        document = ids[int(rows[~np.isfinite(found).all(1)][0])]
        raise NeuralTopicError(
            f"embeddings {file.path}",
            expected="finite numbers",
            got=f"NaN or infinity for document {document!r:.80}",
            hint="Make the embeddings again",
        )
    return found


def _embeddings(folder: Path, side: str) -> Path:
    return folder / f"{side}_embeddings.npy"


def _labels(
    train: list[Row], test: list[Row], column: str | None, name: str
) -> tuple[list[str | None] | None, list[str | None] | None]:
    """The labels of both sides, None for a document without one; None where there is no column of labels."""
    # Imported here: it loads modules that a fit, whose memory is measured, does not need.
    from neuraltopic.evaluate.labels import column_of, label_texts

    columns = list(dict.fromkeys(key for row in (*train, *test) for key in row.metadata))
    found = column_of(columns, column, name)
    if found is None:
        return None, None
    first, second = (label_texts(row.metadata.get(found) for row in rows) for rows in (train, test))
    return first, second
