"""The logistic-normal latent: Gaussian coordinates, of which the decoder sees the softmax, a point of the simplex, or a
power of it.

Densities, mean and variance are those of the Gaussian coordinates.

Axes: S samples, B rows of data, K components; samples lead.
"""

from typing import Any

import torch
from torch import Tensor, nn

from neuraltopic.core.latents.gaussian import DiagonalPosterior, gaussian_log_density
from neuraltopic.core.latents.noise import standard_normal


def laplace_of_dirichlet(concentration: Tensor) -> tuple[Tensor, Tensor]:
    """The diagonal Gaussian whose softmax comes close to Dirichlet(alpha): mean and variance, both (K,).

    mean_k = log alpha_k - 1/K sum_i log alpha_i,
    variance_k = (1 / alpha_k) (1 - 2 / K) + 1/K^2 sum_i 1 / alpha_i:

    Laplace's approximation in the softmax basis (MacKay 1998; Srivastava & Sutton 2017, equation 5), of alpha (K,),
    K at least 2.
    """
    K = len(concentration)
    log_concentration, inverse = concentration.log(), 1.0 / concentration
    return log_concentration - log_concentration.mean(), inverse * (1.0 - 2.0 / K) + inverse.sum() / K**2


class LogisticNormal(nn.Module):
    """theta = softmax(z) with z Gaussian (Atchison & Shen 1980; Srivastava & Sutton 2017).

    Parameters
    ----------
    n_components : int
        K.
    concentration : float or Tensor of shape (K,), optional
        Of the Dirichlet that the prior approximates, see `laplace_of_dirichlet`; one number is for all components. By
        default the prior of z is N(0, I).
    power : float
        a of theta^a, which the decoder sees. A product of experts combines the components of a row by a weighted
        geometric mean, which is flatter than the mixture. With a below 1 the weights sum to more than 1 where several
        components share a row, and a row of one component is unchanged. With a = 1/2 theta^a has length 1.

    The encoder outputs `n_parameters` = 2 K numbers per row: the mean, then the log variance of z.
    """

    prior_mean: Tensor
    prior_log_variance: Tensor

    def __init__(
        self,
        n_components: int,
        concentration: float | Tensor | None = None,
        *,
        power: float = 1.0,
    ) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_parameters = 2 * n_components
        self.power = power
        mean = log_variance = torch.zeros(n_components)
        if concentration is not None and n_components > 1:  # a single share is 1 for any z
            # On the CPU, even where a network is composed for its shapes alone: a logarithm on torch's meta device
            # imports its compiler, which takes a second.
            alpha = torch.as_tensor(concentration, device="cpu").expand(n_components)
            mean, variance = laplace_of_dirichlet(alpha)
            log_variance = variance.log()
        # The prior follows the model's device and dtype and stays out of its files.
        self.register_buffer("prior_mean", mean, persistent=False)
        self.register_buffer("prior_log_variance", log_variance, persistent=False)

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> DiagonalPosterior:
        """q(z | x) from the encoder's output alone, (B, 2 K)."""
        mean, log_variance = parameters.split(self.n_components, dim=-1)
        # As for the Gaussian, one bad step must not overflow the KL; the prior's own variance may be large.
        log_variance = torch.minimum(log_variance.clamp_min(-14.0), self.prior_log_variance + 6.0)
        return DiagonalPosterior(mean, log_variance, self.prior_mean, self.prior_log_variance)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) in nats, (S, B), of the Gaussian coordinates."""
        return gaussian_log_density(z, self.prior_mean, self.prior_log_variance)

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ p(z), (S, 1, K), on the CPU."""
        std = torch.exp(0.5 * self.prior_log_variance).cpu()
        return self.prior_mean.cpu() + std * standard_normal(n_samples, std[None], generator)

    def transform(self, z: Tensor) -> Tensor:
        """theta^a of theta = softmax(z), (..., K)."""
        return torch.exp(self.power * torch.log_softmax(z, dim=-1))
