"""Deterministic autoencoders: bottleneck (17.1, 17.2), denoising (17.3, 17.4) and stacked.

The `Trainer` of the VAEs trains an autoencoder: its objective is minus a loss, and only the corruption is random.

Axes: B rows, D input features, H hidden units, K dimensions of the code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuraltopic.core.corruption import Corruption, Rows
from neuraltopic.core.networks import InputLinear, SparseRows, initialise_linear
from neuraltopic.core.objectives import Bound
from neuraltopic.core.training import Data


def identity(x: Tensor) -> Tensor:
    """The activation of a linear layer."""
    return x


class Loss(Protocol):
    """The loss of a reconstruction, computed from the decoder's output before its last activation."""

    def link(self, output: Tensor) -> Tensor:
        """x^ from the decoder's output, both (B, D)."""
        ...

    def __call__(self, output: Tensor, x: Tensor) -> Tensor:
        """The loss of each row, summed over its features: (B,) from output and x, (B, D)."""
        ...


@dataclass(frozen=True)
class CrossEntropy:
    """-sum_d [x_d log x^_d + (1 - x_d) log(1 - x^_d)] in nats, for x in [0, 1]: the first of (17.2).

    x^ is the sigmoid of the output, a logit l; the sum is then that of softplus(l) - x l, finite for every l.
    """

    def link(self, output: Tensor) -> Tensor:
        """x^, the sigmoid of the output."""
        return torch.sigmoid(output)

    def __call__(self, output: Tensor, x: Tensor) -> Tensor:
        """The loss of each row, (B,)."""
        return (F.softplus(output) - x * output).sum(-1)


@dataclass(frozen=True)
class SquaredError:
    """1/2 sum_d (x^_d - x_d)^2, the second of (17.2).

    Parameters
    ----------
    activation : callable
        Gives x^ from the output; none by default.
    """

    activation: Callable[[Tensor], Tensor] = identity

    def link(self, output: Tensor) -> Tensor:
        """x^, the activation of the output."""
        return self.activation(output)

    def __call__(self, output: Tensor, x: Tensor) -> Tensor:
        """The loss of each row, (B,)."""
        return 0.5 * (self.link(output) - x).square().sum(-1)


class Activation(NamedTuple):
    """s of (17.1).

    Attributes
    ----------
    function : callable
    gain : float
        Scale of Glorot's initialisation that keeps the signal's variance through layers of it; 4 for the sigmoid,
        whose slope at 0 is a quarter (Glorot & Bengio 2010).
    loss : Loss
        Loss of a reconstruction from its codes.
    """

    function: Callable[[Tensor], Tensor]
    gain: float
    loss: Loss


SIGMOID = Activation(torch.sigmoid, 4.0, CrossEntropy())
TANH = Activation(torch.tanh, 1.0, SquaredError(torch.tanh))
RELU = Activation(torch.relu, 2.0**0.5, SquaredError(torch.relu))
LINEAR = Activation(identity, 1.0, SquaredError())


class Autoencoder(nn.Module):
    """h(x) = s(W1 x + b1), x^ from W2 h(x) + b2 by the loss's link (17.1), with one layer or more on either side.

    Parameters
    ----------
    encoder, decoder : sequences of Module
        Linear layers, in the order in which a row passes them; the first of the encoder may take `SparseRows`.
    activation : Activation
        After every layer but the decoder's last.
    loss : Loss
    """

    def __init__(
        self, encoder: Sequence[nn.Module], decoder: Sequence[nn.Module], activation: Activation, loss: Loss
    ) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(encoder)
        self.decoder = nn.ModuleList(decoder)
        self.activation = activation
        self.loss = loss

    def encode(self, x: Rows, depth: int | None = None) -> Any:
        """The code h(x), (B, K) from (B, D); with a depth, the output of that layer, (B, H), or x itself at 0."""
        for layer in self.encoder[:depth]:
            x = self.activation.function(layer(x))
        return x

    def amortise(self) -> None:
        """Do nothing: the code is the encoder's output in every mode."""

    def settle(self, generator: torch.Generator) -> None:
        """Do nothing: the gradient reaches everything that the error depends on."""

    def decode(self, h: Tensor) -> Tensor:
        """The output that the loss compares with x, before its link: (B, D) from (B, K)."""
        for layer in self.decoder[:-1]:
            h = self.activation.function(layer(h))
        return self.decoder[-1](h)

    def initialise(self, bias: Tensor, generator: torch.Generator) -> None:
        """Draw the weights; the last layer's start at the bias given, (D,)."""
        for layer in (*self.encoder, *self.decoder):
            initialise_linear(layer, generator, self.activation.gain)
        with torch.no_grad():
            last = self.decoder[-1]
            assert isinstance(last, nn.Linear | InputLinear)
            last.bias.copy_(bias)


def mirrored(sizes: Sequence[int], activation: Activation, loss: Loss) -> Autoencoder:
    """The autoencoder with these layers, from D down to K, and their mirror image as its decoder."""
    (D, H), *inner = pairwise(sizes)
    encoder = [InputLinear(D, H), *(nn.Linear(below, above) for below, above in inner)]
    decoder = [nn.Linear(above, below) for below, above in reversed([(D, H), *inner])]
    return Autoencoder(encoder, decoder, activation, loss)


def layerwise(model: Autoencoder) -> list[Autoencoder]:
    """Each layer of a mirrored autoencoder with its mirror image, as an autoencoder of the codes below.

    The weights are shared: training one trains that layer of `model`.
    """
    losses = [model.loss] + [model.activation.loss] * (len(model.encoder) - 1)
    layers = zip(model.encoder, reversed(model.decoder), losses, strict=True)
    return [Autoencoder([up], [down], model.activation, loss) for up, down, loss in layers]


@dataclass(frozen=True)
class Reconstruction:
    """Minus the loss of a reconstruction from x~, compared with x (17.3; Vincent et al. 2008).

    It takes the place of the VAEs' bound. The corruption is part of the objective, not of the network: held-out rows
    are corrupted too, and encoding draws nothing.

    Parameters
    ----------
    corruption : Corruption, optional
        None encodes x itself (17.2).
    """

    corruption: Corruption | None = None

    def __call__(self, model: Any, x: Rows, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Minus the loss of each row, (B,); there is no KL to weigh."""
        seen = self.corruption(x, generator) if self.corruption else x
        target = x.dense() if isinstance(x, SparseRows) else x
        value = -model.loss(model.decode(model.encode(seen)), target)
        return Bound(value.detach(), value)


class Codes:
    """The codes of some rows, computed from clean rows as they are drawn: the training data of the layer above.

    Parameters
    ----------
    data : Data
    model : Autoencoder
    depth : int
        Layers of the encoder that the rows have passed.
    """

    def __init__(self, data: Data, model: Autoencoder, depth: int) -> None:
        self.data = data
        self.model = model
        self.depth = depth

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, rows: Tensor, generator: torch.Generator) -> Rows:
        """The codes of the rows with these numbers, (B, H)."""
        with torch.no_grad():
            return self.model.encode(self.data.batch(rows, generator), self.depth)
