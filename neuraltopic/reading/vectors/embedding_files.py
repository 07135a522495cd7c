"""Embeddings of documents from a file: a .npy with one row per input document, or Parquet with ids.

Axes: N rows of the file, C dimensions.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Rows of a Parquet file that are converted at once.
_BATCH = 4096


class EmbeddingSource(ABC):
    """A source of document embeddings, which finds the row of each document.

    Attributes
    ----------
    path : Path
        The file, or the folder of the model.
    ids : list of str, or None
        Of each row; None where rows follow the input.
    """

    path: Path
    ids: list[str] | None = None
    _progress: "Progress | None" = None

    @property
    @abstractmethod
    def values(self) -> NDArray[Any]:
        """Floating-point numbers, (N, C), not yet checked for NaN."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Facts as JSON; equal facts mean equal embeddings of the same documents."""

    def report_to(self, progress: "Progress | None") -> None:
        """Report the rows to a progress, where they take long to compute."""
        self._progress = progress

    @property
    def n_dimensions(self) -> int:
        """C."""
        return self.values.shape[1]

    def rows_of(self, ids: Sequence[str], wanted: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """The row of each document in `values`, int64 of shape (len(ids),).

        Parameters
        ----------
        ids : sequence of str
            Of every input row, in input order.
        wanted : bool array of shape (len(ids),), optional
            Which of them need an embedding, all by default. One that has none and needs none gets -1.

        Raises
        ------
        UsageError
            When there are not as many rows as documents, where rows follow the input; when a document's id is not
            among those of the file.
        """
        if self.ids is None:
            if len(self.values) != len(ids):
                raise UsageError(
                    self._name,
                    expected=f"{len(ids):,} rows, one per input document",
                    got=f"{len(self.values):,}",
                    hint="Embed every input row in its order, or save the embeddings as Parquet with a column id",
                )
            return np.arange(len(ids))
        row = {id: number for number, id in enumerate(self.ids)}
        rows = np.array([row.get(id, -1) for id in ids], np.int64)
        missing = np.flatnonzero((rows < 0) if wanted is None else (rows < 0) & wanted)
        if len(missing):
            others = f" and {len(missing) - 1:,} others" if len(missing) > 1 else ""
            raise UsageError(
                self._name,
                expected="the id of every document",
                got=f"none for {ids[missing[0]]!r:.80}{others}",
                hint="Embed these documents too, or check that the ids are those of the corpus",
            )
        return rows

    @property
    def _name(self) -> str:
        return f"embeddings {self.path}"


class EmbeddingFile(EmbeddingSource):
    """Precomputed embeddings in a file.

    Parameters
    ----------
    path : Path
        A .npy of numbers, (N, C), with one row per input document in input order, which is memory-mapped; or
        Parquet with a column `id` and either one column of lists, as `neuraltopic embed` writes, or a column of
        numbers per dimension. Columns of other types are ignored.

    Attributes
    ----------
    values : array of shape (N, C)
        As they are in the .npy; float32 from Parquet.

    Raises
    ------
    UsageError
        When the file is missing, of another kind or shape, or names a document twice or not at all.
    NeuralTopicError
        When it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._values: NDArray[Any]
        if not self.path.is_file():
            got = "a folder" if self.path.is_dir() else "no such file"
            raise UsageError(self._name, expected="a .npy or Parquet file", got=got, hint="Check the path")
        if self.path.suffix.lower() == ".npy":
            self._values = self._mapped()
        elif self.path.suffix.lower() in (".parquet", ".pq"):
            self.ids, self._values = self._table()
        else:
            raise UsageError(
                self._name,
                expected="a name that ends in .npy or .parquet",
                got=self.path.suffix or "no suffix",
                hint="Save them by numpy.save, or as Parquet with a column id",
            )

    @property
    def values(self) -> NDArray[Any]:
        """(N, C)."""
        return self._values

    @property
    def shape(self) -> tuple[int, int]:
        """(N, C)."""
        return self.values.shape[0], self.values.shape[1]

    @cached_property
    def sha256(self) -> str:
        """Digest of the file."""
        with open(self.path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def facts(self) -> dict[str, Any]:
        """file, sha256 and shape, as JSON can hold them."""
        return {"file": str(self.path), "sha256": self.sha256, "shape": list(self.shape)}

    def _mapped(self) -> NDArray[Any]:
        try:
            values = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise self._damaged("a whole .npy file of numbers", error) from error
        if values.ndim != 2 or values.dtype.kind != "f":
            raise UsageError(
                self._name,
                expected="floating-point numbers of shape (documents, dimensions)",
                got=f"{values.dtype} of shape {values.shape}",
                hint="Save a row per document by numpy.save",
            )
        return values

    def _table(self) -> tuple[list[str], NDArray[np.float32]]:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile

        try:
            with ParquetFile(self.path, pre_buffer=False) as file:
                columns = self._columns(file.schema_arrow)
                ids: list[str] = []
                blocks = [np.zeros((0, 0), np.float32)]
                for batch in file.iter_batches(batch_size=_BATCH, columns=["id", *columns]):
                    ids += self._ids(batch.column("id").to_pylist(), len(ids))
                    blocks.append(self._block([batch.column(name) for name in columns]))
                    if blocks[-1].shape[1] != blocks[1].shape[1]:
                        raise self._ragged()
        except (ArrowException, OSError, UnicodeDecodeError) as error:
            raise self._damaged("a whole Parquet file", error) from error
        self._require_once(ids)
        return ids, np.concatenate(blocks[1:]) if ids else blocks[0]

    def _columns(self, schema: Any) -> list[str]:
        """The columns that hold the numbers: one of lists, or else those of numbers."""
        from pyarrow import types

        def lists(type: Any) -> bool:
            return types.is_list(type) or types.is_large_list(type) or types.is_fixed_size_list(type)

        names = list(schema.names)
        of_lists = [field.name for field in schema if lists(field.type) and types.is_floating(field.type.value_type)]
        of_numbers = [field.name for field in schema if types.is_floating(field.type) and field.name != "id"]
        columns = of_lists or of_numbers
        if "id" not in names or not columns or len(of_lists) > 1 or len(set(names)) < len(names):
            raise UsageError(
                self._name,
                expected="a column id, and one column of lists of floating-point numbers or a column per dimension",
                got=f"columns {', '.join(f'{field.name} ({field.type})' for field in schema)[:200] or 'none'}",
                hint="Keep the id and the embedding alone",
            )
        return columns

    def _ids(self, values: list[object], start: int) -> list[str]:
        if None in values:
            raise UsageError(
                self._name,
                expected="an id in every row",
                got=f"none in row {start + values.index(None) + 1:,}",
                hint="Give every row the id of its document",
            )
        return [str(value) for value in values]

    def _block(self, columns: list[Any]) -> NDArray[np.float32]:
        """The rows of a batch, (n, C)."""
        from pyarrow import compute, types

        if any(column.null_count for column in columns):
            raise self._ragged()
        if not hasattr(columns[0].type, "value_type"):
            return np.stack([column.to_numpy(zero_copy_only=False) for column in columns], 1).astype(np.float32)
        (lists,) = columns
        flat = lists.flatten()
        # In a type of fixed-length lists every list has that length.
        fixed = types.is_fixed_size_list(lists.type)
        length = lists.type.list_size if fixed else len(flat) // max(1, len(lists))
        same = fixed or compute.all(compute.equal(compute.list_value_length(lists), length)).as_py()
        if not same or flat.null_count:
            raise self._ragged()
        return flat.to_numpy(zero_copy_only=False).reshape(len(lists), length).astype(np.float32)

    def _require_once(self, ids: list[str]) -> None:
        first: dict[str, int] = {}
        for number, id in enumerate(ids, 1):
            if first.setdefault(id, number) != number:
                raise UsageError(
                    self._name,
                    expected="an id to occur once",
                    got=f"{id!r:.80} in rows {first[id]:,} and {number:,}",
                    hint="Keep one row per document",
                )

    def _ragged(self) -> UsageError:
        return UsageError(
            self._name,
            expected="as many numbers in every row",
            got="rows of several lengths, or with a number missing",
            hint="Embed all documents by one model",
        )

    def _damaged(self, expected: str, error: Exception) -> NeuralTopicError:
        return NeuralTopicError(
            self._name, expected=expected, got=str(error)[:300], hint="Check the file, or make it again"
        )
