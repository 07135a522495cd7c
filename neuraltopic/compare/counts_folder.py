"""Prepared counts in the usual layout: matrices, a vocabulary, labels.

vocab.txt            one word per line, in the order of the columns
train_bow.npz        sparse matrix as scipy writes it, documents x words
train_labels.txt     optional, one label per line, empty for none
train_texts.txt      optional, the words of one document per line, in the order of the text
test_bow.npz         optional, with test_labels.txt; else a share of the training documents is held out
"""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuraltopic.compare.data import HELD_OUT, ComparisonData, draw_held_out, embeddings_of
from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.tokenisation.token_stream import Block
from neuraltopic.reading.vectors.embedding_files import EmbeddingSource

_VOCABULARY = "vocab.txt"
_TRAIN = "train_bow.npz"
_TEST = "test_bow.npz"


def is_counts_folder(path: Path) -> bool:
    """Whether a folder holds prepared counts instead of documents."""
    return (path / _TRAIN).is_file() and (path / _VOCABULARY).is_file()


def has_test_counts(path: Path) -> bool:
    """Whether a folder of prepared counts has held-out documents."""
    return (path / _TEST).is_file()


def read_counts_folder(
    folder: Path,
    *,
    held_out: float | None = None,
    texts: Path | None = None,
    seed: int = 0,
    embeddings: EmbeddingSource | None = None,
    held_out_embeddings: EmbeddingSource | None = None,
) -> ComparisonData:
    """Read prepared counts.

    Parameters
    ----------
    folder : Path
    held_out : float, optional
        Share of the documents to hold out, 0.2 by default; only where there is no test_bow.npz.
    texts : Path, optional
        A file such as train_texts.txt, in place of that one.
    seed : int
        Random seed of the split.
    embeddings, held_out_embeddings : EmbeddingSource, optional
        Of the documents of train_bow.npz and of test_bow.npz. In Parquet the id of a document is its row, from 0.

    Raises
    ------
    UsageError
        When a held-out share is given with a test_bow.npz, or embeddings belong to other documents.
    NeuralTopicError
        When a file is damaged, or disagrees with the others.
    """
    words = tuple(_lines(folder / _VOCABULARY))
    if len(set(words)) < len(words):
        raise _wrong(folder / _VOCABULARY, "distinct words", "one twice", "Remove the second")
    train = _counts(folder / _TRAIN, len(words))
    train_labels = _labels(folder / "train_labels.txt", len(train))
    tokens = _tokens(texts or folder / "train_texts.txt", words, len(train), asked=texts is not None)
    if has_test_counts(folder):
        _require_no_share(held_out, folder)
        test = _counts(folder / _TEST, len(words))
        test_labels = _labels(folder / "test_labels.txt", len(test))
        rows, test_rows = np.arange(len(train)), np.arange(len(test))
    else:
        test, test_labels, held_out_embeddings = train, train_labels, embeddings
        test_rows = draw_held_out(len(train), HELD_OUT if held_out is None else held_out, seed)
        rows = np.setdiff1d(np.arange(len(train)), test_rows)
    # A document without words carries no information, and some models refuse it.
    rows, test_rows = rows[train.totals()[rows] > 0], test_rows[test.totals()[test_rows] > 0]
    if train_labels is None or test_labels is None:
        train_labels = test_labels = None
    return ComparisonData(
        train.rows(rows),
        test.rows(test_rows),
        words,
        _chosen(train_labels, rows),
        _chosen(test_labels, test_rows),
        tokens and _rows_of(tokens, rows),
        embeddings_of(embeddings, _numbers(train), rows),
        embeddings_of(held_out_embeddings, _numbers(test), test_rows),
    )


def _require_no_share(held_out: float | None, folder: Path) -> None:
    if held_out is not None:
        raise UsageError(
            parameter("held_out"),
            expected=f"no share where {folder / _TEST} holds documents out already",
            got=repr(held_out),
            hint="Leave it out",
        )


def _numbers(counts: Counts) -> list[str]:
    """The ids of documents that have none."""
    return [str(row) for row in range(len(counts))]


def _counts(path: Path, n_words: int) -> Counts:
    from scipy import sparse

    try:
        matrix = sparse.load_npz(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _wrong(path, "a matrix that scipy.sparse.save_npz wrote", str(error) or type(error).__name__) from error
    if matrix.shape[1] != n_words:
        raise _wrong(path, f"{n_words:,} columns, one per word of {_VOCABULARY}", f"{matrix.shape[1]:,}")
    return Counts.from_scipy(matrix)


def _labels(path: Path, n_documents: int) -> list[str | None] | None:
    if not path.exists():
        return None
    labels: list[str | None] = [line or None for line in _lines(path)]
    if len(labels) != n_documents:
        raise _wrong(path, f"{n_documents:,} lines, one per document", f"{len(labels):,}")
    return labels


def _tokens(path: Path, words: tuple[str, ...], n_documents: int, *, asked: bool) -> Block | None:
    if not asked and not path.exists():
        return None
    lines = _lines(path)
    if len(lines) != n_documents:
        raise _wrong(path, f"{n_documents:,} lines, one a training document", f"{len(lines):,}")
    column = {word: number for number, word in enumerate(words)}
    texts = [[column.get(word, -1) for word in line.split()] for line in lines]
    bounds = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=bounds[1:])
    return Block(np.fromiter((word for text in texts for word in text), np.int32, int(bounds[-1])), bounds)


def _rows_of(block: Block, rows: NDArray[np.int64]) -> Block:
    """Some documents of a block."""
    lengths = np.diff(block.bounds)[rows]
    bounds = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    entries = np.repeat(block.bounds[rows] - bounds[:-1], lengths) + np.arange(bounds[-1])
    return Block(block.tokens[entries], bounds)


def _chosen(labels: list[str | None] | None, rows: NDArray[np.int64]) -> list[str | None] | None:
    return None if labels is None else [labels[row] for row in rows.tolist()]


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, "a text file in UTF-8", getattr(error, "strerror", None) or str(error)) from error
    return text.removesuffix("\n").split("\n")


def _wrong(path: Path, expected: str, got: str, hint: str = "Make the files together") -> NeuralTopicError:
    return NeuralTopicError(str(path), expected=expected, got=got, hint=hint)
