"""Word vectors that a user gives: from a file or a mapping to an array with a row for each word of the vocabulary.

Axes: V words, E dimensions.
"""

import hashlib
import traceback
import warnings
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError, parameter

# Least share of the tokens whose words have vectors: below it the file is of another language or spelling.
_LEAST_COVERED = 0.5
_FIRST_BYTES = 1 << 16
_FORMATS = "vectors in word2vec's text or binary format, or GloVe's text"


def word_matrix(source: Any, words: Sequence[str]) -> NDArray[np.float32]:
    """The vector of each word, (V, E), a row of NaN for a word without one.

    Parameters
    ----------
    source : path, gensim KeyedVectors, or mapping of word to vector
    words : sequence of V str

    Raises
    ------
    UsageError
        When it is none of these, holds none of the words, or its vectors differ in length or are not finite.
    """
    vectors = read_word_vectors(Path(source)) if isinstance(source, str | Path) else source
    require_source(vectors)
    held = [np.asarray(vectors[word], np.float32) if word in vectors else None for word in words]
    sizes = sorted({vector.shape for vector in held if vector is not None})
    if len(sizes) != 1 or len(sizes[0]) != 1:
        shapes = " and ".join(map(str, sizes)) if sizes else "a vector of none of the words"
        raise _wrong("vectors of words of the documents, all of one length", shapes, "Give others, or none")
    nothing = np.full(sizes[0], np.nan, np.float32)
    matrix = np.array([nothing if vector is None else vector for vector in held])
    given = [vector is not None for vector in held]
    if not np.isfinite(matrix[given]).all():
        raise _wrong("finite numbers", "a NaN or an infinity", "Repair the vectors")
    return matrix


def require_source(source: Any) -> None:
    """Raise a UsageError unless this is a mapping of word vectors, or the path of a file that may hold some."""
    if isinstance(source, str | Path):
        _format(Path(source))
    elif not (isinstance(source, Mapping) or hasattr(source, "key_to_index")):
        raise _wrong(
            "a path, gensim's KeyedVectors, or a mapping of word to vector",
            type(source).__name__,
            "Give vectors by word; an array of them goes with DocumentVAE",
        )


def require_matrix(vectors: Any) -> NDArray[np.float32]:
    """The array (V, E), checked: numbers, each row finite or all NaN.

    Raises
    ------
    UsageError
        When it is anything else.
    """
    try:
        matrix = np.asarray(vectors, np.float32)
    except (TypeError, ValueError) as error:
        raise _wrong("an array of a row per word", type(vectors).__name__, "Give numbers") from error
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise _wrong("an array of a row per word", f"the shape {matrix.shape}", "Give one row for each column of X")
    if not (np.isfinite(matrix).all(1) | np.isnan(matrix).all(1)).all():
        raise _wrong("rows of finite numbers, or of NaN where a word has none", "others", "Repair the vectors")
    return matrix


def covered_share(vectors: NDArray[np.float32], word_totals: NDArray[np.floating]) -> float:
    """Share of the tokens whose words have vectors.

    Raises
    ------
    UsageError
        When there is not one row per word.
    NeuralTopicError
        When less than half of the tokens are covered.
    """
    if len(vectors) != len(word_totals):
        raise _wrong(f"{len(word_totals):,} rows, one a column of X", f"{len(vectors):,}", "Give a row for each word")
    has = ~np.isnan(vectors[:, 0])
    share = float(word_totals[has].sum() / word_totals.sum())
    if share < _LEAST_COVERED:
        raise NeuralTopicError(
            parameter("word_vectors"),
            expected=f"vectors of the words of at least {_LEAST_COVERED:.0%} of the tokens",
            got=f"{share:.1%}, {np.count_nonzero(has):,} of {len(has):,} words",
            hint="Give vectors of the language and spelling of the documents, or none, so that they are learned",
        )
    return share


def read_word_vectors(path: Path) -> Any:
    """gensim's KeyedVectors of a file in word2vec's text or binary format or GloVe's text, also as .gz or .bz2.

    Raises
    ------
    UsageError
        When the file cannot be read as any of these.
    """
    from gensim.models import KeyedVectors

    binary, header = _format(path)
    with warnings.catch_warnings():
        # gensim leaves a file without a header open until its frame is gone.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return KeyedVectors.load_word2vec_format(str(path), binary=binary, no_header=not header)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            traceback.clear_frames(error.__traceback__)
            raise _unreadable(path, str(error)) from error


def fingerprint(source: Any) -> str:
    """SHA-256 of a file, or of the words and vectors of a mapping."""
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for word in sorted(getattr(source, "key_to_index", source)):
        content = np.asarray(source[word], np.float32).tobytes()
        digest.update(f"{word!r} {len(content)} ".encode() + content)
    return digest.hexdigest()


def _format(path: Path) -> tuple[bool, bool]:
    """Whether a file of vectors is binary, and whether it begins with their number and length."""
    from smart_open import open as open_any  # what gensim opens files with

    try:
        with open_any(str(path), "rb") as file:
            content = file.read(_FIRST_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    first, _, rest = content.partition(b"\n")
    sizes = first.split()
    if len(sizes) == 2 and all(size.isdigit() for size in sizes):
        return not _is_line(rest.partition(b"\n")[0], int(sizes[1])), True
    if not _is_line(first, None):
        raise _unreadable(path, f"a first line {first[:40]!r}")
    return False, False


def _is_line(line: bytes, n_dimensions: int | None) -> bool:
    """Whether this is a word followed by that many numbers."""
    try:
        numbers = [float(number) for number in line.decode("utf-8").rstrip().split(" ")[1:]]
    except ValueError:
        return False
    return len(numbers) > 1 if n_dimensions is None else len(numbers) == n_dimensions


def _unreadable(path: Path, got: str) -> UsageError:
    return UsageError(f"word vectors {path}", expected=_FORMATS, got=got[:200], hint="Check the path and the file")


def _wrong(expected: str, got: str, hint: str) -> UsageError:
    return UsageError(parameter("word_vectors"), expected=expected, got=got, hint=hint)
