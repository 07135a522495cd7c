"""Mini-batches of a matrix of real numbers, dense or sparse, moved to the device without conversion."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuraltopic.core.networks import SparseRows


class MatrixBatches:
    """The rows of `matrix` numbered by `rows`, ready to be drawn in float32 on `device`.

    Parameters
    ----------
    matrix : array, or sparse matrix in CSR format without duplicates, of shape (D, V)
        Only the rows of a batch are copied. A sparse one is drawn as `SparseRows`.
    rows : int64 array of shape (n,), optional
        The rows that can be drawn, all by default.
    """

    def __init__(self, matrix: Any, rows: np.ndarray | None = None, device: torch.device | str = "cpu") -> None:
        self.matrix = matrix
        self.rows = np.arange(matrix.shape[0]) if rows is None else rows
        self.device = torch.device(device)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, rows: Tensor, generator: torch.Generator | None = None) -> Tensor | SparseRows:
        """The rows with these places (int64, on the CPU) in `self.rows`, (B, V); nothing is drawn."""
        drawn = self.matrix[self.rows[rows.numpy()]]
        if isinstance(drawn, np.ndarray):
            return torch.from_numpy(drawn.astype(np.float32, copy=False)).to(self.device)
        return SparseRows(
            torch.from_numpy(drawn.indices.astype(np.int32)).to(self.device),
            torch.from_numpy(drawn.indptr.astype(np.int32)).to(self.device),
            torch.from_numpy(drawn.data.astype(np.float32)).to(self.device),
            drawn.shape[1],
        )
