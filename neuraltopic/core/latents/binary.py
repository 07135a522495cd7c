"""A latent of independent binary units: q(z | x) is a product of Bernoullis.

Axes: S samples, B rows of data, K units; samples lead.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class BinaryPosterior(NamedTuple):
    """q(z | x) = prod_k sigmoid(l_k)^z_k sigmoid(-l_k)^(1 - z_k).

    Attributes
    ----------
    logits : Tensor of shape (B, K)
        l.
    """

    logits: Tensor

    @property
    def mean(self) -> Tensor:
        """Probability that each unit is on, (B, K)."""
        return torch.sigmoid(self.logits)

    def variance(self) -> Tensor:
        """p (1 - p) of each unit, (B, K)."""
        return torch.sigmoid(self.logits) * torch.sigmoid(-self.logits)

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z in {0, 1}, (S, B, K). A binary draw has no gradient."""
        return draw_units(self.logits.detach().expand(n_samples, *self.logits.shape), generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K)."""
        return (z * self.logits - F.softplus(self.logits)).sum(-1)

    def kl(self) -> Tensor | None:
        """None: within a model the prior of the units does not factorise."""
        return None

    def detach(self) -> "BinaryPosterior":
        """The same q, whose parameters take no gradient."""
        return BinaryPosterior(self.logits.detach())


class BinaryUnits(nn.Module):
    """K binary units, each on with probability 1/2 under the prior.

    Parameters
    ----------
    n_components : int
        K.

    The encoder outputs `n_parameters` = K numbers per row, the log odds that each unit is on.
    """

    def __init__(self, n_components: int) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_parameters = n_components

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> BinaryPosterior:
        """q(z | x) from the encoder's output alone, (B, K)."""
        return BinaryPosterior(parameters)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) = -K log 2 in nats, (S, B)."""
        return z.new_full(z.shape[:-1], -self.n_components * math.log(2.0))

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z in {0, 1}, (S, 1, K), on the CPU."""
        return draw_units(torch.zeros(n_samples, 1, self.n_components), generator)

    def transform(self, z: Tensor) -> Tensor:
        """What the decoder sees: z itself."""
        return z


def draw_units(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Binary units that are on with probability sigmoid(logits), as numbers of the same shape and dtype."""
    uniform = torch.rand(logits.shape, generator=generator, dtype=logits.dtype).to(logits.device)
    return (uniform < torch.sigmoid(logits)).to(logits.dtype)
