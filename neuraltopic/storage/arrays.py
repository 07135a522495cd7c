"""Arrays on disk, written some rows at a time."""

from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray


class RowsWriter:
    """Write an array to a .npy file as its rows come, so that it need never stand in memory as a whole.

    Parameters
    ----------
    destination : Path or binary file
        A file that is open is not closed.
    dtype : dtype
    shape : tuple of int
        Of the whole array; the first is the number of rows.

    Raises
    ------
    ValueError
        When rows are of another shape; on leaving the `with` block, when other than so many were written.
    """

    def __init__(self, destination: Path | BinaryIO, dtype: DTypeLike, shape: tuple[int, ...]) -> None:
        self._opened = isinstance(destination, Path)
        self._file = open(destination, "wb") if isinstance(destination, Path) else destination  # noqa: SIM115
        self._dtype = np.dtype(dtype)
        self._shape = shape
        self._n_rows = 0
        descr = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": descr, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, rows: NDArray) -> None:
        """Write rows, (any, ...), after those that were written."""
        rows = np.ascontiguousarray(rows, self._dtype)
        if rows.shape[1:] != self._shape[1:]:
            raise ValueError(f"rows of shape {rows.shape[1:]} in an array of shape {self._shape}")
        self._file.write(rows.data)
        self._n_rows += len(rows)

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file if it was opened here."""
        if self._opened:
            self._file.close()
        if kind is None and self._n_rows != self._shape[0]:
            raise ValueError(f"{self._n_rows:,} rows of an array of shape {self._shape}")
