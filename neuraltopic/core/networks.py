"""Building blocks of networks: sparse rows, linear layers, dropout, initialisation.

Axes: B rows, D input features, H hidden units.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from neuraltopic.core.threads import among_threads, even_slices, n_available

# The usual momentum and epsilon of batch normalisation (Ioffe & Szegedy 2015).
BATCH_MOMENTUM = 0.1
BATCH_EPSILON = 1e-5
# Minimum number of multiplications or results per piece of a sparse product: small products are not worth waking
# another thread. And number of pieces for each thread at most, which are of rows that may differ in length.
_PIECE, _PIECES_OF_THREAD = 1 << 19, 4


@dataclass
class _Places:
    """What rows with the same places of non-zeros share: the row of each, and the transposed rows' indices and offsets
    and the places of their values."""

    row_numbers: Tensor | None = None
    transposed: tuple[Tensor, ...] | None = None


@dataclass(frozen=True)
class SparseRows:
    """B sparse rows of D features: row i holds `values[offsets[i]:offsets[i + 1]]` at `indices[...]`.

    `offsets` has B + 1 entries, from 0 to the number of non-zeros. What depends on the places of the non-zeros alone is
    computed once, also for rows `with_values`.
    """

    indices: Tensor
    offsets: Tensor
    values: Tensor
    n_features: int
    _places: _Places = field(default_factory=_Places, repr=False, compare=False, kw_only=True)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, rows: Tensor) -> "SparseRows":
        """The rows with these numbers, int64 of shape (n,)."""
        lengths = self.offsets.diff()[rows]
        offsets = torch.cat([lengths.new_zeros(1), lengths.cumsum(0, dtype=lengths.dtype)])
        shift = torch.repeat_interleave(self.offsets[rows] - offsets[:-1], lengths)
        entries = shift + torch.arange(len(shift), device=shift.device)
        return SparseRows(self.indices[entries], offsets, self.values[entries], self.n_features)

    def between(self, rows: slice) -> "SparseRows":
        """Consecutive rows, which share the memory of these."""
        first, last = int(self.offsets[rows.start]), int(self.offsets[rows.stop])
        offsets = self.offsets[rows.start : rows.stop + 1] - first
        return SparseRows(self.indices[first:last], offsets, self.values[first:last], self.n_features)

    def transposed(self) -> "SparseRows":
        """The features as rows, (D, B); on the CPU only."""
        if self._places.transposed is None:
            numbers = np.arange(len(self.values), dtype=np.int32)
            of_rows = (numbers, self.indices.numpy(), self.offsets.numpy())
            columns = csr_array(of_rows, shape=(len(self), self.n_features)).tocsc()
            self._places.transposed = tuple(map(torch.from_numpy, (columns.indices, columns.indptr, columns.data)))
        indices, offsets, entries = self._places.transposed
        return SparseRows(indices, offsets, self.values.index_select(0, entries), len(self))

    def row_sums(self) -> Tensor:
        """Sum of each row, (B,)."""
        return self.segment_sums(self.values)

    def segment_sums(self, values: Tensor) -> Tensor:
        """Sum over each row of one value per non-zero: (B,) from (nnz,)."""
        if values.device.type == "cpu":
            return torch.segment_reduce(values, "sum", offsets=self.offsets, unsafe=True)
        return values.new_zeros(len(self)).index_add_(0, self.row_numbers, values)

    @property
    def row_numbers(self) -> Tensor:
        """Row of each non-zero, (nnz,)."""
        if self._places.row_numbers is None:
            rows = torch.arange(len(self), device=self.offsets.device)
            self._places.row_numbers = torch.repeat_interleave(rows, self.offsets.diff(), output_size=len(self.values))
        return self._places.row_numbers

    def dense(self) -> Tensor:
        """The same rows with their zeros, (B, D)."""
        dense = self.values.new_zeros(len(self), self.n_features)
        dense[self.row_numbers, self.indices] = self.values
        return dense

    def to(self, dtype: torch.dtype) -> "SparseRows":
        """The same rows with values of this dtype."""
        return self.with_values(self.values.to(dtype))

    def with_values(self, values: Tensor) -> "SparseRows":
        """The same non-zeros holding other values, which may be 0."""
        return SparseRows(self.indices, self.offsets, values, self.n_features, _places=self._places)


def sparse_matmul(rows: SparseRows, matrix: Tensor) -> Tensor:
    """Sparse (B, D) times dense (D, H), reading only the rows of `matrix` in use; the values are constants."""
    if matrix.device.type != "cpu":
        return _product(rows, matrix)
    with_gradient: Callable[[SparseRows, Tensor], Tensor] = _SparseProduct.apply
    return with_gradient(rows, matrix)


def sparse_product(rows: SparseRows, matrix: Tensor) -> Tensor:
    """`sparse_matmul` without a gradient, which a large product on the CPU divides among the threads: each row is
    computed by one, so that the bits do not depend on their number."""
    B, H = len(rows), matrix.shape[1]
    n_threads = n_available()
    n_pieces = min(max(len(rows.values), B) * H // _PIECE, _PIECES_OF_THREAD * n_threads)
    if n_threads < 2 or n_pieces < 2 or matrix.device.type != "cpu":
        return _product(rows, matrix)
    product = matrix.new_empty(B, H)

    def compute(piece: slice) -> None:
        product[piece] = _product(rows.between(piece), matrix)

    among_threads(compute, even_slices(B, n_pieces))
    return product


def _product(rows: SparseRows, matrix: Tensor) -> Tensor:
    return F.embedding_bag(
        rows.indices, matrix, rows.offsets, mode="sum", per_sample_weights=rows.values, include_last_offset=True
    )


class _SparseProduct(Function):
    """X M, with the gradient X^T G in M: embedding_bag's own sorts the indices first, which takes longer."""

    @staticmethod
    def forward(ctx: Any, rows: SparseRows, matrix: Tensor) -> Tensor:
        ctx.rows = rows
        return sparse_product(rows, matrix)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        return None, sparse_product(ctx.rows.transposed(), grad.contiguous())


def precise_dtype(device: torch.device) -> torch.dtype:
    """float64, so that the other rows of a batch do not change a row's result after rounding to float32; float32 on
    Apple's devices, which have no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


def moved(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on this device. Where it is there already, the interpreter is not given to another thread, as it is by
    `Tensor.to`."""
    return tensor if tensor.device == device else tensor.to(device)


def dropout(values: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """Set a random fraction `rate` of the values to zero and scale the rest up, by the given generator.

    `torch.nn.Dropout` draws from the global generator, which a library must leave alone.
    """
    if rate == 0.0 or generator is None:
        return values
    keep = torch.empty(values.shape, dtype=values.dtype).bernoulli_(1.0 - rate, generator=generator)
    return values * moved(keep, values.device).div_(1.0 - rate)


class InputLinear(nn.Module):
    """W x + b of dense or sparse rows: (B, H) from (B, D).

    The weight is held (D, H), the transpose of `torch.nn.Linear`'s, so that sparse rows read only the rows in use.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.empty(out_features))

    def forward(self, x: Tensor | SparseRows) -> Tensor:
        """W x + b, (B, H)."""
        product = sparse_matmul(x, self.weight) if isinstance(x, SparseRows) else x @ self.weight
        return product + self.bias


def initialise_linear(layer: nn.Linear | InputLinear, generator: torch.Generator, gain: float = 1.0) -> None:
    """Glorot's uniform initialisation (Glorot & Bengio 2010) from the given generator; the bias at zero."""
    bound = gain * (6.0 / (layer.in_features + layer.out_features)) ** 0.5
    with torch.no_grad():
        layer.weight.copy_(torch.empty(layer.weight.shape).uniform_(-bound, bound, generator=generator))
        if layer.bias is not None:
            layer.bias.zero_()


class MLP(nn.Module):
    """A multilayer perceptron: linear layers with an activation after each but the last.

    Parameters
    ----------
    sizes : sequence of int
        Width of the input, of each hidden layer, and of the output.
    activation : callable
    """

    def __init__(self, sizes: Sequence[int], activation: Callable[[Tensor], Tensor] = torch.tanh) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(below, above) for below, above in pairwise(sizes))
        self.activation = activation

    def initialise(self, generator: torch.Generator, bias: Tensor | None = None) -> None:
        """Draw the weights; the output's bias starts at the one given, or at 0."""
        layers = [layer for layer in self.layers if isinstance(layer, nn.Linear)]
        for layer in layers:
            initialise_linear(layer, generator)
        if bias is not None:
            with torch.no_grad():
                layers[-1].bias.copy_(bias)

    def forward(self, h: Tensor) -> Tensor:
        """(..., sizes[-1]) from (..., sizes[0])."""
        *inner, last = self.layers
        for layer in inner:
            h = self.activation(layer(h))
        return last(h)


class PerceptronEncoder(nn.Module):
    """An inference network for dense or sparse rows: the parameters of q(z | x), (B, n_parameters) (17.10).

    Parameters
    ----------
    n_features : int
        D.
    hidden : sequence of int
        Width of each hidden layer, at least one.
    n_parameters : int
        Numbers per row that the latent takes.
    activation : callable
    """

    def __init__(
        self,
        n_features: int,
        hidden: Sequence[int],
        n_parameters: int,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
    ) -> None:
        super().__init__()
        self.input = InputLinear(n_features, hidden[0])
        self.network = MLP([*hidden, n_parameters], activation)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights."""
        initialise_linear(self.input, generator)
        self.network.initialise(generator)

    def forward(self, x: Tensor | SparseRows, decoder: Any = None, generator: torch.Generator | None = None) -> Tensor:
        """(B, n_parameters) from x (B, D); decoder and noise are not used."""
        return self.network(self.network.activation(self.input(x)))
