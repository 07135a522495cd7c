"""Mini-batches of counts, sparse in memory and on the device, with or without embeddings."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neuraltopic.core.networks import SparseRows, moved
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.reading.vectors.embeddings import Embeddings


@dataclass(frozen=True)
class ContextualRows(SparseRows):
    """Counts of B documents, and the embedding of each, (B, C)."""

    embedding: Tensor


class CountBatches:
    """The documents of `counts` numbered by `rows`, ready to be drawn as `SparseRows` on `device`.

    Parameters
    ----------
    counts : Counts of shape (D, V)
        In memory or mapped from disk; only the rows of a batch are read.
    rows : int64 array of shape (n,), optional
        The documents that can be drawn, all by default.
    embeddings : Embeddings of D documents, optional
        Drawn with the counts, as `ContextualRows`.
    """

    def __init__(
        self,
        counts: Counts,
        rows: np.ndarray | None = None,
        device: torch.device | str = "cpu",
        embeddings: Embeddings | None = None,
    ) -> None:
        self.counts = counts
        self.embeddings = embeddings
        self.rows = np.arange(len(counts)) if rows is None else rows
        self.device = torch.device(device)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, rows: Tensor, generator: torch.Generator | None = None) -> SparseRows:
        """The documents with these places (int64, on the CPU) in `self.rows`; nothing is drawn."""
        documents = self.rows[rows.numpy()]
        drawn = self.counts.rows(documents)
        sparse = (
            self._tensor(drawn.indices.astype(np.int32)),
            self._tensor(drawn.indptr.astype(np.int32)),
            self._tensor(drawn.data.astype(np.float32)),
            drawn.shape[1],
        )
        if self.embeddings is None:
            return SparseRows(*sparse)
        return ContextualRows(*sparse, self._tensor(self.embeddings.rows(documents)))

    def _tensor(self, array: np.ndarray) -> Tensor:
        return moved(torch.from_numpy(array), self.device)
