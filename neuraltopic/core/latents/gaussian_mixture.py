"""A latent with a mixture of Gaussians as the prior, whose components are clusters of rows (Dilokthanakul et al. 2016;
Jiang et al. 2017).

Axes: S samples, B rows of data, K latent dimensions, M clusters; samples lead.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from neuraltopic.core.latents.gaussian import DiagonalPosterior, gaussian_log_density


@dataclass(frozen=True)
class MixturePriorPosterior:
    """A diagonal Gaussian q with a prior to which its KL has no closed form.

    Attributes
    ----------
    q : DiagonalPosterior
    """

    q: DiagonalPosterior

    @property
    def mean(self) -> Tensor:
        """(B, K)."""
        return self.q.mean

    def variance(self) -> Tensor:
        """Variance of each dimension, (B, K)."""
        return self.q.variance()

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z = mean + std * e, (S, B, K): equation (17.12)."""
        return self.q.sample(n_samples, generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K)."""
        return self.q.log_prob(z)

    def kl(self) -> Tensor | None:
        """None: it is estimated from draws."""
        return None

    def detach(self) -> "MixturePriorPosterior":
        """The same q, whose parameters take no gradient."""
        return MixturePriorPosterior(self.q.detach())


class GaussianMixture(nn.Module):
    """p(z) = sum_m w_m N(z; mean_m, diag(variance_m)), whose weights, means and variances are learned; q is a diagonal
    Gaussian.

    Parameters
    ----------
    n_components : int
        K, the dimension of z.
    n_clusters : int
        M.

    The encoder outputs `n_parameters` = 2 K numbers per row: the mean, then the log variance.
    """

    def __init__(self, n_components: int, n_clusters: int) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_parameters = 2 * n_components
        self.logits = nn.Parameter(torch.zeros(n_clusters))
        self.means = nn.Parameter(torch.zeros(n_clusters, n_components))
        self.log_variances = nn.Parameter(torch.zeros(n_clusters, n_components))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the means from N(0, I); clusters start with equal weights and variance 1."""
        self.logits.zero_()
        self.means.copy_(torch.randn(self.means.shape, generator=generator))
        self.log_variances.zero_()

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> MixturePriorPosterior:
        """q(z | x) from the encoder's output alone, (B, 2 K)."""
        mean, log_variance = parameters.split(self.n_components, dim=-1)
        return MixturePriorPosterior(DiagonalPosterior(mean, log_variance.clamp(-14.0, 6.0)))

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) in nats, (S, B) from z (S, B, K)."""
        return torch.logsumexp(self._log_joint(z), -1)

    def responsibilities(self, z: Tensor) -> Tensor:
        """p(m | z), (..., M) from z (..., K): at the mean of q(z | x), the share of each cluster in a row."""
        return torch.softmax(self._log_joint(z), -1)

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ p(z), (S, 1, K), on the CPU."""
        weights = torch.softmax(self.logits, 0).cpu()
        cluster = torch.multinomial(weights, n_samples, replacement=True, generator=generator)
        means, log_variances = self.means.cpu()[cluster], self.log_variances.cpu()[cluster]
        noise = torch.randn(means.shape, generator=generator, dtype=means.dtype)
        return (means + torch.exp(0.5 * log_variances) * noise)[:, None]

    def transform(self, z: Tensor) -> Tensor:
        """What the decoder sees: z itself."""
        return z

    def _log_joint(self, z: Tensor) -> Tensor:
        """log w_m N(z; mean_m, variance_m), (..., M)."""
        # As for q: one bad step must not overflow a cluster's density.
        log_variances = self.log_variances.clamp(-14.0, 6.0)
        return torch.log_softmax(self.logits, 0) + gaussian_log_density(z[..., None, :], self.means, log_variances)
