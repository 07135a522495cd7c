"""Bag-of-words counts, documents x words, held sparse in memory or on disk.

Letters used below: D documents, V words, N stored entries.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.pages import release_pages

# Entries handled at once where a pass over all N needs scratch memory (8 bytes per entry: 32 MiB).
BLOCK_ENTRIES = 1 << 22
_LARGEST_UINT16 = np.iinfo(np.uint16).max
_ARRAYS = ("indptr", "indices", "data")


def index_dtype(n_words: int) -> np.dtype:
    """Return the smallest type that numbers `n_words` words: uint16 up to 65,536 of them, else int32."""
    return np.dtype(np.uint16 if n_words <= _LARGEST_UINT16 + 1 else np.int32)


class Counts:
    """Counts of V words in D documents, in compressed sparse rows.

    Parameters
    ----------
    indptr : int64 array of shape (D + 1,)
        Row d holds entries `indptr[d]` to `indptr[d + 1]`.
    indices : uint16 (V <= 65,536) or int32 array of shape (N,)
        Words, strictly increasing within a row.
    data : uint16 or float32 array of shape (N,)
        How often each word occurs, above zero. float32 holds non-integers, and counts beyond 65,535
        (whole numbers are exact up to 16,777,216).
    shape : (int, int)
        (D, V).

    The arrays are taken as they are, and may be memory maps; `from_scipy` and `open` check what they read.
    """

    def __init__(self, indptr: NDArray, indices: NDArray, data: NDArray, shape: tuple[int, int]) -> None:
        self.indptr = indptr
        self.indices = indices
        self.data = data
        self.shape = shape

    @classmethod
    def from_scipy(cls, matrix: Any) -> Self:
        """Take a scipy sparse matrix or a dense array of shape (D, V); the caller's matrix is left alone.

        Raises
        ------
        NeuralTopicError
            When an entry is negative, not finite or not a number.
        """
        rows = sparse.csr_array(matrix, copy=True)
        if rows.dtype.kind not in "buif":
            raise _bad_entries("real numbers", f"entries of type {rows.dtype}")
        if not np.isfinite(rows.data).all():
            raise _bad_entries("finite entries", "NaN or infinity")
        rows.sum_duplicates()
        rows.eliminate_zeros()
        if rows.nnz and rows.data.min() < 0:
            raise _bad_entries("entries of 0 or more", f"a smallest entry of {rows.data.min()}")
        n_documents, n_words = rows.shape
        return cls(
            rows.indptr.astype(np.int64),
            rows.indices.astype(index_dtype(n_words)),
            rows.data.astype(np.uint16 if _fits_uint16(rows.data) else np.float32),
            (n_documents, n_words),
        )

    @classmethod
    def open(cls, folder: str | Path, *, mmap: bool = True) -> Self:
        """Read what `save` or a `CountsWriter` wrote; with `mmap` the entries stay on disk until used.

        Raises
        ------
        NeuralTopicError
            When a file is missing, damaged, or disagrees with the others.
        """
        folder = Path(folder)
        try:
            n_documents, n_words = json.loads((folder / "counts.json").read_bytes())["shape"]
            arrays = {name: _load_npy(folder / f"{name}.npy", mmap=mmap) for name in _ARRAYS}
            counts = cls(**arrays, shape=(int(n_documents), int(n_words)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(folder, f"{type(error).__name__}: {error}") from error
        fault = _fault(counts)
        if fault:
            raise _damaged(folder, fault)
        return counts

    def save(self, folder: str | Path) -> None:
        """Write indptr.npy, indices.npy, data.npy and counts.json into `folder`, made when missing."""
        with CountsWriter(folder, self.shape[1]) as writer:
            for _, block in self.blocks():
                writer.append(np.diff(block.indptr), block.indices, block.data)

    def to_scipy(self) -> sparse.csr_array:
        """Return a scipy array of shape (D, V): int64 for whole counts, float32 otherwise."""
        # scipy adds and multiplies in the stored type, where uint16 would wrap around in silence.
        data = self.data.astype(np.int64 if self.data.dtype == np.uint16 else np.float32)
        widest = np.int32 if max(self.nnz, *self.shape) <= np.iinfo(np.int32).max else np.int64
        indices, indptr = self.indices.astype(widest), self.indptr.astype(widest)
        return sparse.csr_array((data, indices, indptr), shape=self.shape)

    def rows(self, index: NDArray) -> "Counts":
        """Gather the documents numbered `index` (shape (B,), any order, repeats allowed) into new arrays."""
        index = np.asarray(index, dtype=np.int64)
        if index.size and not (index.min() >= 0 and index.max() < len(self)):
            raise IndexError(f"document {index.min()} or {index.max()} is outside the {len(self):,} held")
        starts = self.indptr[index]
        indptr = np.zeros(len(index) + 1, np.int64)
        np.cumsum(self.indptr[index + 1] - starts, out=indptr[1:])
        # One fancy gather for all rows: twice as fast from a memory map as slices and concatenate.
        entries = np.repeat(starts - indptr[:-1], np.diff(indptr)) + np.arange(indptr[-1])
        return Counts(indptr, self.indices[entries], self.data[entries], (len(index), self.shape[1]))

    def slice(self, start: int, stop: int) -> "Counts":
        """Return documents `start` to `stop` (as a Python slice would) with views of this one's entries."""
        start, stop, _ = slice(start, stop).indices(len(self))
        stop = max(start, stop)
        first, last = self.indptr[start], self.indptr[stop]
        indptr = np.asarray(self.indptr[start : stop + 1]) - first
        return Counts(indptr, self.indices[first:last], self.data[first:last], (stop - start, self.shape[1]))

    def blocks(self, n_entries: int = BLOCK_ENTRIES) -> Iterator[tuple[int, "Counts"]]:
        """Yield (first document, slice) in order, with at most `n_entries` in a slice where rows allow."""
        start = 0
        while start < len(self):
            reach = int(np.searchsorted(self.indptr, self.indptr[start] + n_entries, side="right")) - 1
            stop = max(start + 1, min(reach, len(self)))
            yield start, self.slice(start, stop)
            release_pages(self.indices, self.data)
            start = stop

    def totals(self) -> NDArray[np.float64]:
        """Return the tokens of each document, shape (D,)."""
        totals = np.zeros(len(self))
        for start, block in self.blocks():
            filled = np.flatnonzero(np.diff(block.indptr))  # reduceat would give an empty row its neighbour's
            if len(filled):
                sums = np.add.reduceat(block.data, block.indptr[filled], dtype=np.float64)
                totals[start + filled] = sums
        return totals

    def document_frequency(self) -> NDArray[np.int64]:
        """Return in how many documents each word occurs, shape (V,)."""
        frequency = np.zeros(self.shape[1], np.int64)
        for _, block in self.blocks():
            frequency += np.bincount(block.indices, minlength=self.shape[1])
        return frequency

    def word_totals(self) -> NDArray[np.float64]:
        """Return the tokens of each word over all documents, shape (V,)."""
        totals = np.zeros(self.shape[1])
        for _, block in self.blocks():
            totals += np.bincount(block.indices, weights=block.data, minlength=self.shape[1])
        return totals

    @property
    def nnz(self) -> int:
        """The number of stored entries, N."""
        return len(self.indices)

    def __len__(self) -> int:
        """Return the number of documents, D."""
        return self.shape[0]

    def __repr__(self) -> str:
        """Name the sizes."""
        return f"Counts({self.shape[0]:,} documents x {self.shape[1]:,} words, {self.nnz:,} entries)"


class CountsWriter:
    """Write counts to a folder as they come, holding one appended block in memory.

    Parameters
    ----------
    folder : str or Path
        Made when missing; what an earlier writer left there is replaced.
    n_words : int
        V.

    `close`, or leaving the `with` block, makes the folder readable by `Counts.open`. Leaving it by an
    exception does not: counts.json, without which the folder is refused, is written last.
    """

    def __init__(self, folder: str | Path, n_words: int) -> None:
        self.folder = Path(folder)
        self.n_words = n_words
        self.n_documents = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "counts.json").unlink(missing_ok=True)
        self._indptr = _NpyStream(self.folder / "indptr.npy", np.dtype(np.int64))
        self._indices = _NpyStream(self.folder / "indices.npy", index_dtype(n_words))
        self._data = _NpyStream(self.folder / "data.npy", np.dtype(np.uint16))
        self._indptr.append(np.zeros(1, np.int64))

    def append(self, lengths: NDArray, indices: NDArray, data: NDArray) -> None:
        """Add `len(lengths)` documents.

        Parameters
        ----------
        lengths : int array of shape (B,)
            Entries of each document; 0 for an empty one.
        indices : int array of shape (lengths.sum(),)
            Words, strictly increasing within a document.
        data : array of shape (lengths.sum(),)
            Counts above zero; the first that uint16 cannot hold turns the whole file to float32.
        """
        if self._data.dtype == np.uint16 and not _fits_uint16(data):
            self._data = self._data.widened(np.dtype(np.float32))
        self._indptr.append(self._indices.length + np.cumsum(lengths, dtype=np.int64))
        self._indices.append(indices)
        self._data.append(data)
        self.n_documents += len(lengths)

    def close(self) -> None:
        """Finish the files."""
        self._close_files()
        shape = json.dumps({"shape": [self.n_documents, self.n_words]})
        (self.folder / "counts.json").write_text(shape + "\n", encoding="utf-8")

    def _close_files(self) -> None:
        for stream in (self._indptr, self._indices, self._data):
            stream.close()

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; after an exception, leave the folder unreadable."""
        if kind is None:
            self.close()
        else:
            self._close_files()


class _NpyStream:
    """A one-dimensional .npy file that grows: the header keeps its size and gets the length on `close`."""

    _HEADER_BYTES = 128  # room for any length, and the 64-byte alignment that the format asks for

    def __init__(self, path: Path, dtype: np.dtype) -> None:
        self.path = path
        self.dtype = dtype
        self.length = 0
        self._file: BinaryIO = path.open("wb")
        self._write_header()

    def append(self, values: NDArray) -> None:
        values = np.ascontiguousarray(values, dtype=self.dtype)
        self._file.write(values.data)
        self.length += len(values)

    def close(self) -> None:
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def widened(self, dtype: np.dtype) -> "_NpyStream":
        """Close this file and return one in its place that holds the same values in `dtype`."""
        self.close()
        narrow = self.path.rename(self.path.with_suffix(".narrow.npy"))
        wide = _NpyStream(self.path, dtype)
        values = _load_npy(narrow, mmap=True)
        for start in range(0, len(values), BLOCK_ENTRIES):
            wide.append(values[start : start + BLOCK_ENTRIES])
        narrow.unlink()
        return wide

    def _write_header(self) -> None:
        fields = repr({"descr": self.dtype.str, "fortran_order": False, "shape": (self.length,)})
        magic = np.lib.format.magic(1, 0)
        room = self._HEADER_BYTES - len(magic) - 2
        self._file.write(magic + struct.pack("<H", room) + fields.ljust(room - 1).encode("ascii") + b"\n")


def _load_npy(path: Path, *, mmap: bool) -> NDArray:
    if mmap and path.stat().st_size == _NpyStream._HEADER_BYTES:
        mmap = False  # nothing after the header, and an empty file cannot be mapped
    return np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)


def _fits_uint16(data: NDArray) -> bool:
    """Whether every count is a whole number of at most 65,535."""
    if data.dtype == np.uint16 or not data.size:
        return True
    return data.max() <= _LARGEST_UINT16 and (data.dtype.kind in "bui" or bool((data == np.floor(data)).all()))


def _fault(counts: Counts) -> str:
    """Return what keeps `counts` from being what its docstring promises, or nothing."""
    (n_documents, n_words), indptr = counts.shape, counts.indptr
    if any(array.ndim != 1 for array in (indptr, counts.indices, counts.data)):
        return "an array that is not one-dimensional"
    if (indptr.dtype, counts.indices.dtype) != (np.int64, index_dtype(n_words)):
        return f"indptr of {indptr.dtype} and indices of {counts.indices.dtype}"
    if counts.data.dtype not in (np.uint16, np.float32):
        return f"data of {counts.data.dtype}"
    if len(indptr) != n_documents + 1 or len(counts.data) != counts.nnz:
        return f"{len(indptr)} row bounds, {counts.nnz} indices and {len(counts.data)} counts"
    if indptr[0] != 0 or indptr[-1] != counts.nnz or (np.diff(indptr) < 0).any():
        return "row bounds that are not in order"
    for start, block in counts.blocks():
        if block.nnz and not (block.indices.min() >= 0 and block.indices.max() < n_words):
            return f"a word outside the {n_words} after document {start}"
        rising = block.indices[1:] > block.indices[:-1]
        bounds = block.indptr[1:-1]
        rising[bounds[(bounds > 0) & (bounds < block.nnz)] - 1] = True  # a new row may start lower
        if not rising.all():
            return f"words out of order after document {start}"
        if not (np.isfinite(block.data).all() and (block.data > 0).all()):
            return f"a count that is not above zero after document {start}"
    return ""


def _bad_entries(expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError("counts", expected=expected, got=got, hint="Pass how often each word occurs")


def _damaged(folder: Path, fault: str) -> NeuralTopicError:
    return NeuralTopicError(
        f"counts in {folder}", expected="the files written by Counts.save", got=fault, hint="Make them again"
    )
