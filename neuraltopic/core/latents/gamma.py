"""The Gamma latent: non-negative, sparse for a small shape, with pathwise gradients.

Axes: S samples, B rows of data, K latent dimensions; samples lead.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from neuraltopic.core.latents.noise import log_gamma

# Below a shape of 0.1 more than one draw in 10,000 would underflow in float32.
LEAST_LOG_SHAPE = math.log(0.1)


def positive(log_z: Tensor) -> Tensor:
    """exp(log_z), kept above 0 so that its logarithm is finite."""
    return log_z.exp().clamp_min(torch.finfo(log_z.dtype).tiny)


def gamma_log_density(z: Tensor, shape: Tensor, rate: Tensor) -> Tensor:
    """log Gamma(z; shape, rate) in nats, summed over the last axis of z > 0."""
    normaliser = shape * rate.log() - torch.lgamma(shape)
    return (normaliser + (shape - 1.0) * z.log() - rate * z).sum(-1)


class GammaPrior(nn.Module):
    """p(z) = prod_k Gamma(z_k; shape, rate), for latents that are positive.

    Parameters
    ----------
    n_components : int
        K.
    shape, rate : float
        The same for every dimension.
    """

    def __init__(self, n_components: int, shape: float = 1.0, rate: float = 1.0) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_parameters = 2 * n_components
        self.shape = shape
        self.rate = rate

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) in nats, (S, B)."""
        return gamma_log_density(z, z.new_tensor(self.shape), z.new_tensor(self.rate))

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ p(z), (S, 1, K), on the CPU."""
        shape = torch.full((1, self.n_components), self.shape)
        return positive(log_gamma(shape, n_samples, generator) - math.log(self.rate))

    def transform(self, z: Tensor) -> Tensor:
        """What the decoder sees: z itself."""
        return z


class GammaPosterior(NamedTuple):
    """q(z | x) = prod_k Gamma(shape_k, rate_k), both (B, K), with the prior Gamma(prior_shape, prior_rate)."""

    shape: Tensor
    rate: Tensor
    prior_shape: float
    prior_rate: float

    @property
    def mean(self) -> Tensor:
        """shape / rate, (B, K)."""
        return self.shape / self.rate

    def variance(self) -> Tensor:
        """shape / rate^2, (B, K)."""
        return self.shape / self.rate.square()

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z = g / rate with g ~ Gamma(shape, 1), (S, B, K); see `noise.log_gamma`."""
        return positive(log_gamma(self.shape, n_samples, generator) - self.rate.log())

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K)."""
        return gamma_log_density(z, self.shape, self.rate)

    def kl(self) -> Tensor:
        """KL(q || p) of each dimension in nats, (B, K), with a, b the shape and rate of q, a0, b0 those of p:

        (a - a0) psi(a) - log G(a) + log G(a0) + a0 log(b / b0) + a (b0 / b - 1), G the Gamma function, psi the digamma.
        """
        a, b, a0, b0 = self
        log_normalisers = math.lgamma(a0) - torch.lgamma(a) + a0 * (b.log() - math.log(b0))
        return (a - a0) * torch.digamma(a) + log_normalisers + a * (b0 / b - 1.0)

    def detach(self) -> "GammaPosterior":
        """The same q, whose parameters take no gradient."""
        return self._replace(shape=self.shape.detach(), rate=self.rate.detach())


class Gamma(GammaPrior):
    """z ~ Gamma, q trained by pathwise gradients (Figurnov et al. 2018; Jankowiak & Obermeyer 2018); the prior is a
    Gamma as well.

    The encoder outputs `n_parameters` = 2 K numbers per row: the log shape, then the log rate. The shape is at least
    0.1.
    """

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> GammaPosterior:
        """q(z | x) from the encoder's output alone, (B, 2 K)."""
        log_shape, log_rate = parameters.split(self.n_components, dim=-1)
        # The upper limits, far outside what a fit visits, keep z and its KL finite after one bad step.
        shape, rate = log_shape.clamp(LEAST_LOG_SHAPE, 7.0).exp(), log_rate.clamp(-7.0, 7.0).exp()
        return GammaPosterior(shape, rate, self.shape, self.rate)
