"""The Dirichlet latent, drawn by normalising Gammas, with pathwise gradients.

z are log ratios, z_k = log theta_k - log theta_K for k < K: theta itself would round to 0 for small alpha, and with it
log theta, which both densities need.

Axes: S samples, B rows of data, K components; samples lead.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from neuraltopic.core.latents.noise import log_gamma


def _log_theta(z: Tensor) -> Tensor:
    """log theta (..., K) from its log ratios (..., K - 1)."""
    return torch.log_softmax(torch.cat([z, torch.zeros_like(z[..., :1])], dim=-1), dim=-1)


def _log_ratios(values: Tensor) -> Tensor:
    """values_k - values_K for k < K, (..., K - 1) from (..., K)."""
    return values[..., :-1] - values[..., -1:]


def dirichlet_log_density(z: Tensor, concentration: Tensor) -> Tensor:
    """Log density of the log ratios of theta ~ Dirichlet(alpha) in nats, (...) from z (..., K - 1) and alpha (..., K).

    log Gamma(sum_k alpha_k) - sum_k log Gamma(alpha_k) + sum_k alpha_k log theta_k: the exponent is alpha and not
    alpha - 1, since d theta_1 ... d theta_(K-1) = prod_k theta_k dz.
    """
    normaliser = torch.lgamma(concentration.sum(-1)) - torch.lgamma(concentration).sum(-1)
    return normaliser + (concentration * _log_theta(z)).sum(-1)


class DirichletPosterior(NamedTuple):
    """q(theta | x) = Dirichlet(concentration), in log ratios, with the symmetric prior Dirichlet(prior).

    Attributes
    ----------
    concentration : Tensor of shape (B, K)
    prior : float
    """

    concentration: Tensor
    prior: float

    @property
    def mean(self) -> Tensor:
        """E[z], (B, K - 1): digamma(alpha_k) - digamma(alpha_K). Its softmax is theta's geometric mean, scaled to sum
        to 1."""
        return _log_ratios(torch.digamma(self.concentration))

    def variance(self) -> Tensor:
        """Variance of each log ratio, (B, K - 1): trigamma(alpha_k) + trigamma(alpha_K)."""
        trigamma = torch.polygamma(1, self.concentration)
        return trigamma[..., :-1] + trigamma[..., -1:]

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z_k = log g_k - log g_K with g_k ~ Gamma(alpha_k, 1), (S, B, K - 1); see `noise.log_gamma`."""
        return _log_ratios(log_gamma(self.concentration, n_samples, generator))

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K - 1)."""
        return dirichlet_log_density(z, self.concentration)

    def kl(self) -> Tensor:
        """KL(q || p) in nats, (B, 1), a0 the prior's:

        log G(sum alpha) - sum log G(alpha_k) - log G(K a0) + K log G(a0) + sum (alpha_k - a0) (psi(alpha_k) - psi(sum
        alpha)), with G the Gamma function and psi the digamma.
        """
        alpha, total = self.concentration, self.concentration.sum(-1, keepdim=True)
        K, prior = alpha.shape[-1], torch.as_tensor(self.prior, dtype=alpha.dtype)
        log_normalisers = torch.lgamma(total) - torch.lgamma(alpha).sum(-1, keepdim=True)
        prior_normaliser = torch.lgamma(K * prior) - K * torch.lgamma(prior)
        expected = (alpha - self.prior) * (torch.digamma(alpha) - torch.digamma(total))
        return log_normalisers - prior_normaliser + expected.sum(-1, keepdim=True)

    def detach(self) -> "DirichletPosterior":
        """The same q, whose parameters take no gradient."""
        return DirichletPosterior(self.concentration.detach(), self.prior)


class Dirichlet(nn.Module):
    """theta ~ Dirichlet, its q trained by pathwise gradients (Figurnov et al. 2018; Jankowiak & Obermeyer 2018).

    Parameters
    ----------
    n_components : int
        K, at least 2.
    concentration : float
        Of the symmetric prior; 1 is uniform on the simplex, less is sparser.

    The encoder outputs `n_parameters` = K numbers per row, log alpha.
    """

    def __init__(self, n_components: int, concentration: float = 1.0) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_parameters = n_components
        self.concentration = concentration

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> DirichletPosterior:
        """q(theta | x) from the encoder's output alone, (B, K)."""
        # From 0.0025 to 1,100: above, float32 would round the log Gammas by more than a hundredth of a nat.
        return DirichletPosterior(parameters.clamp(-6.0, 7.0).exp(), self.concentration)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) in nats, (S, B), of the log ratios."""
        return dirichlet_log_density(z, z.new_full((self.n_components,), self.concentration))

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ p(z), (S, 1, K - 1), on the CPU."""
        return _log_ratios(log_gamma(torch.full((1, self.n_components), self.concentration), n_samples, generator))

    def transform(self, z: Tensor) -> Tensor:
        """theta, (..., K) from z (..., K - 1)."""
        return _log_theta(z).exp()
