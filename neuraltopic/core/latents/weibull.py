"""The Weibull latent: positive like the Gamma, close to it in shape, and drawn in closed form.

Axes: S samples, B rows of data, K latent dimensions; samples lead.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from neuraltopic.core.latents.gamma import LEAST_LOG_SHAPE, GammaPrior, positive
from neuraltopic.core.latents.noise import exponential

_EULER = 0.5772156649015329


class WeibullPosterior(NamedTuple):
    """q(z | x) = prod_k Weibull(shape_k, scale_k), both (B, K), with the prior Gamma(prior_shape, prior_rate)."""

    shape: Tensor
    scale: Tensor
    prior_shape: float
    prior_rate: float

    @property
    def mean(self) -> Tensor:
        """scale Gamma(1 + 1 / shape), (B, K)."""
        return self.scale * torch.exp(torch.lgamma(1.0 + 1.0 / self.shape))

    def variance(self) -> Tensor:
        """scale^2 (Gamma(1 + 2 / shape) - Gamma(1 + 1 / shape)^2), (B, K)."""
        # The difference as a ratio, since for a large shape both terms are almost 1.
        log_ratio = torch.lgamma(1.0 + 2.0 / self.shape) - 2.0 * torch.lgamma(1.0 + 1.0 / self.shape)
        return self.mean.square() * torch.expm1(log_ratio)

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z = scale (-log u)^(1 / shape) with u uniform on (0, 1), (S, B, K)."""
        return positive(self.scale.log() + exponential(n_samples, self.shape, generator).log() / self.shape)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K)."""
        log_power = self.shape * (z.log() - self.scale.log())  # log (z / scale)^shape
        return (self.shape.log() - z.log() + log_power - log_power.exp()).sum(-1)

    def kl(self) -> Tensor:
        """KL(q || p) of each dimension in nats, (B, K), with k, l the shape and scale of q, a, b the prior's shape and
        rate, g Euler's constant (Zhang et al. 2018, equation 10):

        g a / k - a log l + log k + b l Gamma(1 + 1 / k) - g - 1 - a log b + log Gamma(a).
        """
        k, scale, a, b = self
        divergence = _EULER * (a / k - 1.0) - a * scale.log() + k.log() + b * self.mean
        return divergence - 1.0 - a * math.log(b) + math.lgamma(a)

    def detach(self) -> "WeibullPosterior":
        """The same q, whose parameters take no gradient."""
        return self._replace(shape=self.shape.detach(), scale=self.scale.detach())


class Weibull(GammaPrior):
    """z ~ Weibull under q, reparameterised in closed form, and Gamma under the prior (WHAI; Zhang, Chen, Guo, Zhou
    2018).

    The encoder outputs `n_parameters` = 2 K numbers per row: the log shape, then the log scale. The shape is at least
    0.1.
    """

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> WeibullPosterior:
        """q(z | x) from the encoder's output alone, (B, 2 K)."""
        log_shape, log_scale = parameters.split(self.n_components, dim=-1)
        # The limits, far outside what a fit visits, keep z and its KL finite after one bad step.
        shape, scale = log_shape.clamp(LEAST_LOG_SHAPE, 5.0).exp(), log_scale.clamp(-7.0, 7.0).exp()
        return WeibullPosterior(shape, scale, self.shape, self.rate)
