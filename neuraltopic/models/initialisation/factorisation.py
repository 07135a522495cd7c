"""Non-negative matrix factorisation of sparse rows by coordinate descent, min |X - W H|^2 over W, H >= 0.

With all else fixed, the best column W_k is max(0, W_k + (X H_k - W H H_k) / |H_k|^2), and a row of H likewise
(hierarchical alternating least squares; Cichocki & Phan 2009). scikit-learn takes the same steps one number at a time;
here a topic is updated in all documents at once, in a third of the time.

Axes: D documents, V words, K topics.
"""

import math

import torch
from scipy import sparse
from torch import Tensor

from neuraltopic.core.networks import SparseRows, sparse_matmul
from neuraltopic.core.threads import among_threads, even_slices, pieces_alone

# Columns that a thread updates at once at most, so that what it reads again and again stays in a core's cache, and
# topics of a block.
_COLUMNS, _TOPICS = 1 << 14, 10


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
    with pieces_alone():
        for _ in range(n_steps):
            _improve(by_document, documents, by_word)
            _improve(by_word, words, by_document)
    return by_document.T, by_word


def _improve(factor: Tensor, rows: SparseRows, other: Tensor) -> None:
    """One round, in place: `factor` (K, N) and `rows` (N, M) for an `other` of (K, M)."""
    products = sparse_matmul(rows, other.T.contiguous())
    grams = among_threads(lambda columns: other[:, columns] @ other[:, columns].T, _slices(other.shape[1]))
    gram = torch.stack(grams).sum(0)

    def improve(columns: slice) -> None:
        _improve_columns(factor[:, columns], products[columns].T.contiguous(), gram)

    among_threads(improve, _slices(len(products)))


def _slices(size: int) -> list[slice]:
    """An even number of slices of columns, or one where the operations on half of them take less time than calls."""
    return even_slices(size, 2 * math.ceil(size / (2 * _COLUMNS)) if size > _COLUMNS else 1)


def _improve_columns(factor: Tensor, products: Tensor, gram: Tensor) -> None:
    """One round for some columns, in place: `factor` and `products` = H X^T (K, n), `gram` = H H^T (K, K).

    The gradients of a block of topics are one matrix product, which the change of a topic corrects for those that
    follow it in the block: the same steps as one topic after the other, with a fraction of the reading.
    """
    for start in range(0, len(gram), _TOPICS):
        topics = slice(start, start + _TOPICS)
        square = gram[topics, topics]
        gradient = torch.addmm(products[topics], gram[topics], factor, alpha=-1.0)
        for number, (row, scale) in enumerate(zip(factor[topics], square.diagonal().tolist(), strict=True)):
            if scale > 0.0:
                change = torch.add(row, gradient[number], alpha=1.0 / scale).clamp_(min=0.0).sub_(row)
                row += change
                gradient[number + 1 :].addr_(square[number + 1 :, number], change, alpha=-1.0)


def _rows(matrix: sparse.csr_array) -> SparseRows:
    """The matrix (N, M) as it is multiplied."""
    return SparseRows(
        torch.from_numpy(matrix.indices),
        torch.from_numpy(matrix.indptr),
        torch.from_numpy(matrix.data),
        matrix.shape[1],
    )
