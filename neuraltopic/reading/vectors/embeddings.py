"""Sentence embeddings of documents, computed beforehand: one vector per document, with its words or without them.

Axes: N rows of the matrix, D documents, C dimensions, B documents of a batch.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError, parameter
from neuraltopic.reading.vectors.embedding_files import EmbeddingSource

# Numbers looked at together: 32 MiB of float32.
_AT_ONCE = 1 << 23


class Embeddings:
    """The embedding of each of D documents: rows of a matrix that may be memory-mapped, read in batches.

    Parameters
    ----------
    values : floating-point array of shape (N, C)
    rows : int64 array of shape (D,), optional
        Each document's row of `values`; by default all rows in their order.

    Raises
    ------
    UsageError
        When `values` is not such an array.
    """

    def __init__(self, values: Any, rows: NDArray[np.int64] | None = None) -> None:
        values = np.asanyarray(values)  # a memory map stays one
        if values.ndim != 2 or values.dtype.kind != "f" or not values.shape[1]:
            got = f"{values.dtype} of shape {values.shape}"
            raise _unusable("floating-point numbers of shape (documents, dimensions)", got)
        self._values = values
        self._rows = np.arange(len(values)) if rows is None else rows

    @property
    def n_dimensions(self) -> int:
        """C."""
        return self._values.shape[1]

    def __len__(self) -> int:
        """Return the number of documents, D."""
        return len(self._rows)

    def rows(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embeddings of the documents with these numbers, (B, C), in a new array."""
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite there
            return self._values[self._rows[index]].astype(np.float32)

    def of(self, index: NDArray[np.int64]) -> "Embeddings":
        """Those of some of the documents only."""
        return Embeddings(self._values, self._rows[index])

    def require_finite(self) -> None:
        """Raise a UsageError if one is not finite in float32."""
        for start, block in self._blocks():
            wrong = np.flatnonzero(~np.isfinite(block).all(1))
            if len(wrong):
                row = self._rows[start + wrong[0]] + 1
                raise _unusable("finite numbers", f"NaN or infinity in row {row:,}")

    def digest(self) -> bytes:
        """SHA-256 of the embeddings in float32, in the order of the documents."""
        sha256 = hashlib.sha256(repr((len(self), self.n_dimensions)).encode())
        for _, block in self._blocks():
            sha256.update(block.data)
        return sha256.digest()

    def _blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        step = max(1, _AT_ONCE // self.n_dimensions)
        for start in range(0, len(self), step):
            yield start, self.rows(np.arange(start, min(start + step, len(self))))


def require_given(embeddings: Any, *, recipe: str, taken: bool) -> None:
    """Raise a UsageError if embeddings are missing for a recipe that takes them, or given to one that does not."""
    if embeddings is not None and not taken:
        raise UsageError(
            parameter("embeddings"),
            expected=f"none with the recipe {recipe}",
            got="some",
            hint="Leave them out, or fit with the recipe contextual or zeroshot",
        )
    if embeddings is None and taken:
        raise UsageError(
            parameter("embeddings"),
            expected=f"a row per document, which the recipe {recipe} takes",
            got="none",
            hint=f"Give {parameter('embeddings')}, or fit with a recipe that takes none",
        )


def require_embeddings(values: Any, n_documents: int, n_dimensions: int | None = None) -> Embeddings:
    """Check embeddings once, at the edge.

    Parameters
    ----------
    values : Embeddings, or floating-point array of shape (D, C)
    n_documents : int
        D.
    n_dimensions : int, optional
        C of those that the fit or the index has.

    Raises
    ------
    UsageError
        When they are of another shape, or not finite.
    """
    embeddings = values if isinstance(values, Embeddings) else Embeddings(values)
    if len(embeddings) != n_documents:
        raise _unusable(f"{n_documents:,} rows, one per document", f"{len(embeddings):,}")
    if n_dimensions is not None and embeddings.n_dimensions != n_dimensions:
        raise _unusable(f"{n_dimensions:,} dimensions, as earlier embeddings have", f"{embeddings.n_dimensions:,}")
    embeddings.require_finite()
    return embeddings


def embeddings_of_input(
    embeddings: EmbeddingSource | Any, ids: Sequence[str], readable: NDArray[np.bool_]
) -> Embeddings:
    """The embedding of each input row.

    Parameters
    ----------
    embeddings : EmbeddingSource, or floating-point array of shape (rows, C)
    ids : sequence of str
        Of the input rows.
    readable : bool array of shape (rows,)
        Which of them need an embedding: those that could be read.

    Raises
    ------
    UsageError
        When a row that needs one has none, or the array has another number of rows.
    """
    if isinstance(embeddings, EmbeddingSource):
        return Embeddings(embeddings.values, embeddings.rows_of(ids, readable))
    of_rows = Embeddings(embeddings)
    if len(of_rows) != len(ids):
        raise _unusable(f"{len(ids):,} rows, one per input document", f"{len(of_rows):,}")
    return of_rows


def _unusable(expected: str, got: str) -> UsageError:
    return UsageError(
        parameter("embeddings"), expected=expected, got=got, hint="Embed the same documents by the same model"
    )
