"""The inference network of the papers: a multilayer perceptron from a bag of words to the parameters of q(z | x).

Axes: B documents, V words, H hidden units, P parameters of q.
"""

from abc import ABC, abstractmethod
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuraltopic.core.corruption import MaskingNoise
from neuraltopic.core.networks import (
    BATCH_EPSILON,
    BATCH_MOMENTUM,
    SparseRows,
    dropout,
    initialise_linear,
    precise_dtype,
    sparse_matmul,
)

# Norm of a document as the encoder sees it: that of 64 words. Adam takes steps of one size in every weight, so a layer
# learns faster from a larger input.
NORM = 8.0


class BatchNormalisation(nn.Module):
    """Normalisation of each column to mean 0 and variance 1 over a batch, then a scale and a shift (Ioffe & Szegedy
    2015).

    In eval mode the running moments are used, so that no row depends on another; a training batch of one row, which has
    no variance, uses them too. It keeps every topic in use: only the scale of a column can shrink it for all documents
    (Srivastava & Sutton 2017).

    Parameters
    ----------
    n_features : int
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n_features))
        self.shift = nn.Parameter(torch.zeros(n_features))
        self.register_buffer("running_mean", torch.zeros(n_features))
        self.register_buffer("running_variance", torch.ones(n_features))

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_features) to the same."""
        own_moments = self.training and len(x) > 1
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_variance,
            self.scale,
            self.shift,
            own_moments,
            BATCH_MOMENTUM,
            BATCH_EPSILON,
        )


class ResidualEncoder(nn.Module, ABC):
    """A perceptron on any first layer: its second hidden layer is added to the first, and its outputs are
    batch-normalised.

    Parameters
    ----------
    hidden : int
        H, units of each of the two hidden layers.
    n_parameters : int
        P, the numbers per row that the latent takes.
    dropout_rate : float
        Share of the units of each hidden layer dropped while training.
    """

    def __init__(self, hidden: int, n_parameters: int, *, dropout_rate: float) -> None:
        super().__init__()
        self.hidden = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, n_parameters)
        # A batch's mean takes it away, so that its gradient is rounding, which Adam would turn into steps.
        self.output.bias.requires_grad_(False)
        self.normalisation = BatchNormalisation(n_parameters)
        self.dropout_rate = dropout_rate

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights."""
        for layer in (self.hidden, self.output):
            initialise_linear(layer, generator)

    @abstractmethod
    def first(self, rows: SparseRows, generator: torch.Generator | None) -> Tensor:
        """The first hidden layer before its activation, (B, H)."""

    def features(self, rows: SparseRows, generator: torch.Generator | None = None) -> Tensor:
        """The second hidden layer, (B, H), of which the parameters of q are linear functions."""
        h = dropout(F.silu(self.first(rows, generator)), self.dropout_rate, generator)
        return dropout(h + F.silu(linear(self.hidden, h)), self.dropout_rate, generator)

    def forward(self, rows: SparseRows, decoder: nn.Module, generator: torch.Generator | None = None) -> Tensor:
        """Parameters of q for each document, (B, P)."""
        outputs, dtype = linear(self.output, self.features(rows, generator)), rows.values.dtype
        return self.normalisation(outputs if outputs.dtype == dtype else outputs.to(dtype))

    @torch.no_grad()
    def copy_output(self, target: int, source: int) -> None:
        """Give one of the P outputs the weights, scale and moments of another."""
        norm = self.normalisation
        of_outputs = (norm.scale, norm.shift, norm.running_mean, norm.running_variance)
        for tensor in (self.output.weight, self.output.bias, *of_outputs):
            tensor[target] = tensor[source]

    @torch.no_grad()
    def shift_output(self, output: int, weight: Tensor, bias: Tensor) -> None:
        """Add features @ weight + bias, of weight (H,), to an output as it is in eval mode, after normalisation."""
        norm = self.normalisation
        unit = (norm.running_variance[output] + BATCH_EPSILON).sqrt() / norm.scale[output]
        self.output.weight[output] += unit * weight
        self.output.bias[output] += unit * bias


class BagEncoder(ResidualEncoder):
    """A perceptron on log counts: (B, V) to (B, P).

    Parameters
    ----------
    n_words : int
        V.
    hidden, n_parameters, dropout_rate
        As for `ResidualEncoder`.
    masked : float
        Share of the distinct words of each document that are hidden from the encoder in training: it learns to infer
        the whole document, which the decoder sees, from a part (a denoising criterion, 17.3).

    The counts enter as log(1 + count), each document scaled to the same norm, and the log of its length is a separate
    input: the topics of a document do not depend on its length. The first layer multiplies only the non-zeros.
    """

    def __init__(
        self, n_words: int, hidden: int, n_parameters: int, *, dropout_rate: float = 0.0, masked: float = 0.0
    ) -> None:
        super().__init__(hidden, n_parameters, dropout_rate=dropout_rate)
        self.words = nn.Parameter(torch.zeros(n_words, hidden))
        self.input = nn.Linear(1, hidden)
        self.mask = MaskingNoise(masked)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights; the units of the first layer start with unit variance."""
        self.words.copy_(torch.randn(self.words.shape, generator=generator) / NORM)
        initialise_linear(self.input, generator)
        super().initialise(generator)

    def shown(self, counts: SparseRows, generator: torch.Generator | None) -> SparseRows:
        """The words that the encoder sees: all, or in training some."""
        if generator is None or self.mask.fraction == 0.0:
            return counts
        return cast(SparseRows, self.mask(counts, generator))

    def first(self, rows: SparseRows, generator: torch.Generator | None) -> Tensor:
        """The first hidden layer before its activation, (B, H)."""
        counts = self.shown(rows, generator)
        values = torch.log1p(counts.values)
        norm = counts.segment_sums(values.square()).sqrt()
        # Squares below the limit round to 0, so it changes documents without words alone, whose product is 0.
        scale = NORM / norm.clamp_min(torch.finfo(norm.dtype).tiny ** 0.5)
        # A document of the usual length has about exp(4) words: the shift centres the input.
        log_total = torch.log1p(counts.row_sums())[:, None] - 4.0
        h = sparse_matmul(counts.with_values(values), self.words) * scale[:, None]
        if self.training:
            return h + self.input(log_total)
        precise = precise_dtype(h.device)
        return h.to(precise) + linear(self.input, log_total.to(precise))


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """The layer in the dtype of its input."""
    if x.dtype == layer.weight.dtype:
        return layer(x)
    return F.linear(x, layer.weight.to(x.dtype), layer.bias.to(x.dtype))
