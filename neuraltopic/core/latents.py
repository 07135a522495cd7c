"""Latent variables: the variational family q(z | x), the prior p(z), and how to draw from q by reparameterising.

Axes: S samples, B rows of data, K latent dimensions; samples lead.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

_LOG_2PI = math.log(2.0 * math.pi)


class GaussianPosterior(NamedTuple):
    """q(z | x) = N(mean, diag(exp(log_variance))), both of shape (B, K)."""

    mean: Tensor
    log_variance: Tensor


def gaussian_log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; mean, diag(exp(log_variance))) in nats, summed over the last axis."""
    squares = (z - mean).square() * torch.exp(-log_variance)
    return -0.5 * (squares + log_variance + _LOG_2PI).sum(-1)


class DiagonalGaussian(nn.Module):
    """A Gaussian latent with diagonal covariance and the prior N(0, I) (Kingma & Welling 2014; 17.12).

    Parameters
    ----------
    n_features : int
        H, the width of what the encoder hands over.
    n_components : int
        K, the dimension of z.
    """

    def __init__(self, n_features: int, n_components: int) -> None:
        super().__init__()
        self.mean = nn.Linear(n_features, n_components)
        self.log_variance = nn.Linear(n_features, n_components)

    def forward(self, h: Tensor) -> GaussianPosterior:
        """q(z | x) from the encoder's output h (B, H)."""
        # exp(-14) and exp(6) are far outside what a fit visits; they stop one bad step from overflowing the KL.
        return GaussianPosterior(self.mean(h), self.log_variance(h).clamp(-14.0, 6.0))

    def sample(self, q: GaussianPosterior, n_samples: int, generator: torch.Generator) -> Tensor:
        """z = mean + std * e with e ~ N(0, I), (S, B, K): equation (17.12)."""
        noise = torch.randn((n_samples, *q.mean.shape), generator=generator, dtype=q.mean.dtype)
        return q.mean + torch.exp(0.5 * q.log_variance) * noise.to(q.mean.device)

    def log_prob(self, q: GaussianPosterior, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K)."""
        return gaussian_log_density(z, q.mean, q.log_variance)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) = log N(z; 0, I) in nats, (S, B)."""
        return -0.5 * (z.square() + _LOG_2PI).sum(-1)

    def kl(self, q: GaussianPosterior) -> Tensor:
        """KL(q || p) of each dimension in nats, (B, K): 1/2 (mean^2 + variance - 1 - log variance)."""
        return 0.5 * (q.mean.square() + torch.exp(q.log_variance) - 1.0 - q.log_variance)
