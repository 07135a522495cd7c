"""Gaussian latents: q(z | x) with a diagonal or a full covariance, and the prior N(0, I).

Axes: S samples, B rows of data, K latent dimensions; samples lead.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from neuraltopic.core.latents.noise import standard_normal
from neuraltopic.core.protocols import Posterior

_LOG_2PI = math.log(2.0 * math.pi)


def standard_normal_log_density(z: Tensor) -> Tensor:
    """log N(z; 0, I) in nats, summed over the last axis."""
    return -0.5 * (z.square() + _LOG_2PI).sum(-1)


def gaussian_log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; mean, diag(exp(log_variance))) in nats, summed over the last axis."""
    squares = (z - mean).square() * torch.exp(-log_variance)
    return -0.5 * (squares + log_variance + _LOG_2PI).sum(-1)


class DiagonalPosterior(NamedTuple):
    """q(z | x) = N(mean, diag(exp(log_variance))), both of shape (B, K), with a prior of the same kind.

    Attributes
    ----------
    mean, log_variance : Tensors of shape (B, K)
    prior_mean, prior_log_variance : Tensors of shape (K,) or ()
        By default those of N(0, I).
    """

    mean: Tensor
    log_variance: Tensor
    prior_mean: Tensor = torch.zeros(())
    prior_log_variance: Tensor = torch.zeros(())

    def variance(self) -> Tensor:
        """Variance of each dimension, (B, K)."""
        return torch.exp(self.log_variance)

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z = mean + std * e with e ~ N(0, I), (S, B, K): equation (17.12)."""
        std = torch.exp(0.5 * self.log_variance)
        return torch.addcmul(self.mean, std, standard_normal(n_samples, self.mean, generator))

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K)."""
        return gaussian_log_density(z, self.mean, self.log_variance)

    def kl(self) -> Tensor:
        """KL(q || p) of each dimension in nats, (B, K): 1/2 (squares + ratio - 1 - log ratio), with the ratio of q's
        variance to the prior's, and the squared distance of the means over the prior's variance."""
        log_ratio = self.log_variance - self.prior_log_variance
        squares = (self.mean - self.prior_mean).square() * torch.exp(-self.prior_log_variance)
        return 0.5 * (squares + torch.expm1(log_ratio) - log_ratio)

    def detach(self) -> "DiagonalPosterior":
        """The same q, whose parameters take no gradient."""
        return self._replace(mean=self.mean.detach(), log_variance=self.log_variance.detach())


class CorrelatedPosterior(NamedTuple):
    """q(z | x) = N(mean, (L L^T)^-1) with L lower triangular; the prior is N(0, I).

    Attributes
    ----------
    mean : Tensor of shape (B, K)
    precision_cholesky : Tensor of shape (B, K, K)
        L.
    """

    mean: Tensor
    precision_cholesky: Tensor

    def covariance(self) -> Tensor:
        """(L L^T)^-1, (B, K, K)."""
        return torch.cholesky_inverse(self.precision_cholesky)

    def variance(self) -> Tensor:
        """Variance of each dimension, the diagonal of the covariance, (B, K)."""
        return self.covariance().diagonal(dim1=1, dim2=2)

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z = mean + L^-T e with e ~ N(0, I), (S, B, K): equation (17.12)."""
        noise = standard_normal(n_samples, self.mean, generator).permute(1, 2, 0)  # (B, K, S)
        shift = torch.linalg.solve_triangular(self.precision_cholesky.mT, noise, upper=True)
        return self.mean + shift.permute(2, 0, 1)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K)."""
        whitened = torch.einsum("sbk,bkj->sbj", z - self.mean, self.precision_cholesky)
        return standard_normal_log_density(whitened) + self._half_log_determinant()

    def kl(self) -> Tensor:
        """KL(q || p) in nats, (B, 1): 1/2 (trace of the covariance + ``|mean|^2`` - K - log of its determinant)."""
        K = self.mean.shape[-1]
        squares = self.variance().sum(-1) + self.mean.square().sum(-1)
        return (0.5 * (squares - K) + self._half_log_determinant())[:, None]

    def detach(self) -> "CorrelatedPosterior":
        """The same q, whose parameters take no gradient."""
        return CorrelatedPosterior(self.mean.detach(), self.precision_cholesky.detach())

    def _half_log_determinant(self) -> Tensor:
        """Half the log determinant of the precision, (B,)."""
        return self.precision_cholesky.diagonal(dim1=1, dim2=2).log().sum(-1)


class StandardNormalPrior(nn.Module):
    """The prior N(0, I) of a latent z that the decoder sees unchanged."""

    n_components: int

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) = log N(z; 0, I) in nats, (S, B)."""
        return standard_normal_log_density(z)

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ N(0, I), (S, 1, K), on the CPU."""
        return torch.randn((n_samples, 1, self.n_components), generator=generator)

    def transform(self, z: Tensor) -> Tensor:
        """What the decoder sees: z itself."""
        return z


class DiagonalGaussian(StandardNormalPrior):
    """A Gaussian latent with diagonal covariance and the prior N(0, I) (Kingma & Welling 2014; 17.12).

    Parameters
    ----------
    n_components : int
        K, the dimension of z.

    The encoder outputs `n_parameters` = 2 K numbers per row: the mean, then the log variance.
    """

    def __init__(self, n_components: int) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_parameters = 2 * n_components

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> Posterior:
        """q(z | x) from the encoder's output alone, (B, 2 K)."""
        mean, log_variance = parameters.split(self.n_components, dim=-1)
        # exp(-14) and exp(6) are far outside what a fit visits; they stop one bad step from overflowing the KL.
        return DiagonalPosterior(mean, log_variance.clamp(-14.0, 6.0))
