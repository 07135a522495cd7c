"""Non-negative matrix factorisation of sparse rows by coordinate descent, min |X - W H|^2 over W, H >= 0.

With all else fixed, the best column W_k is max(0, W_k + (X H_k - W H H_k) / |H_k|^2), and a row of H likewise
(hierarchical alternating least squares; Cichocki & Phan 2009). scikit-learn takes the same steps one number at a time;
here a topic is updated in all documents at once, in a third of the time.

Axes: D documents, V words, K topics.
"""

import torch
from scipy import sparse
from torch import Tensor

from neuraltopic.core.networks import SparseRows, sparse_matmul


def descend(matrix: sparse.csr_array, loadings: Tensor, topics: Tensor, n_steps: int) -> tuple[Tensor, Tensor]:
    """W (D, K) and H (K, V) after a number of rounds over all topics, W before H in each, from a start of these shapes.

    Parameters
    ----------
    matrix : csr_array of shape (D, V)
        Non-negative, in the dtype of the factors.
    loadings, topics : Tensor of shape (D, K) and (K, V)
        Non-negative; they are not changed.
    n_steps : int
    """
    documents, words = _rows(matrix), _rows(matrix.T.tocsr())
    # A topic is a row of either factor, whole in memory.
    by_document, by_word = loadings.T.clone(memory_format=torch.contiguous_format), topics.clone()
    for _ in range(n_steps):
        _improve(by_document, documents, by_word)
        _improve(by_word, words, by_document)
    return by_document.T, by_word


def _improve(factor: Tensor, rows: SparseRows, other: Tensor) -> None:
    """One round, in place: `factor` (K, N) and `rows` (N, M) for an `other` of (K, M)."""
    products = sparse_matmul(rows, other.T.contiguous()).T.contiguous()
    gram = other @ other.T
    for topic, (product, row) in enumerate(zip(products, gram, strict=True)):
        if row[topic] > 0:
            step = (product - row @ factor) / row[topic]
            factor[topic].add_(step).clamp_(min=0.0)


def _rows(matrix: sparse.csr_array) -> SparseRows:
    """The matrix (N, M) as it is multiplied."""
    return SparseRows(
        torch.from_numpy(matrix.indices),
        torch.from_numpy(matrix.indptr),
        torch.from_numpy(matrix.data),
        matrix.shape[1],
    )
