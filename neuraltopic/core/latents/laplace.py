"""The Laplace latent: a location and a scale per dimension, heavier tails than the Gaussian, the prior Laplace(0, 1).

Axes: S samples, B rows of data, K latent dimensions; samples lead.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from neuraltopic.core.latents.noise import exponential

_LOG_2 = math.log(2.0)


def _two_sided(n_samples: int, like: Tensor, generator: torch.Generator) -> Tensor:
    """e ~ Laplace(0, 1), the difference of two exponentials, (S, *like.shape)."""
    return exponential(n_samples, like, generator) - exponential(n_samples, like, generator)


class LaplacePosterior(NamedTuple):
    """q(z | x) = prod_k Laplace(mean_k, exp(log_scale_k)), both (B, K); the prior is Laplace(0, 1)."""

    mean: Tensor
    log_scale: Tensor

    def variance(self) -> Tensor:
        """2 scale^2, (B, K)."""
        return 2.0 * torch.exp(2.0 * self.log_scale)

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z = mean + scale e with e ~ Laplace(0, 1), (S, B, K)."""
        return self.mean + torch.exp(self.log_scale) * _two_sided(n_samples, self.mean, generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K)."""
        return -((z - self.mean).abs() * torch.exp(-self.log_scale) + self.log_scale + _LOG_2).sum(-1)

    def kl(self) -> Tensor:
        """KL(q || p) of each dimension in nats, (B, K): ``scale exp(-|mean| / scale) + |mean| - 1 - log scale``."""
        distance = self.mean.abs()
        return torch.exp(self.log_scale - distance * torch.exp(-self.log_scale)) + distance - 1.0 - self.log_scale

    def detach(self) -> "LaplacePosterior":
        """The same q, whose parameters take no gradient."""
        return LaplacePosterior(self.mean.detach(), self.log_scale.detach())


class Laplace(nn.Module):
    """A latent of the location-scale family of Laplace, with the prior Laplace(0, 1) (Kingma & Welling 2014, 2.4).

    Parameters
    ----------
    n_components : int
        K, the dimension of z.

    The encoder outputs `n_parameters` = 2 K numbers per row: the mean, then the log scale.
    """

    def __init__(self, n_components: int) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_parameters = 2 * n_components

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> LaplacePosterior:
        """q(z | x) from the encoder's output alone, (B, 2 K)."""
        mean, log_scale = parameters.split(self.n_components, dim=-1)
        # Half the diagonal Gaussian's limits on the log variance, for the same reason: a bad step must not overflow.
        return LaplacePosterior(mean, log_scale.clamp(-7.0, 3.0))

    def log_prior(self, z: Tensor) -> Tensor:
        """``log p(z) = -sum_k |z_k| - K log 2`` in nats, (S, B)."""
        return -(z.abs() + _LOG_2).sum(-1)

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ Laplace(0, 1), (S, 1, K), on the CPU."""
        return _two_sided(n_samples, torch.zeros(1, self.n_components), generator)

    def transform(self, z: Tensor) -> Tensor:
        """What the decoder sees: z itself."""
        return z
