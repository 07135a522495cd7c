"""A Gaussian latent with a full covariance, whose Cholesky factor the encoder outputs, and the prior N(0, I).

Axes: S samples, B rows of data, K latent dimensions; samples lead.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from neuraltopic.core.latents.gaussian import StandardNormalPrior, standard_normal_log_density
from neuraltopic.core.latents.noise import standard_normal


class FullPosterior(NamedTuple):
    """q(z | x) = N(mean, L L^T); the prior is N(0, I).

    Attributes
    ----------
    mean : Tensor of shape (B, K)
    cholesky : Tensor of shape (B, K, K)
        L, lower triangular with a positive diagonal.
    """

    mean: Tensor
    cholesky: Tensor

    def variance(self) -> Tensor:
        """Variance of each dimension, the diagonal of L L^T, (B, K)."""
        return self.cholesky.square().sum(-1)

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z = mean + L e with e ~ N(0, I), (S, B, K): equation (17.12)."""
        noise = standard_normal(n_samples, self.mean, generator)
        return self.mean + torch.einsum("bkj,sbj->sbk", self.cholesky, noise)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, K)."""
        shift = (z - self.mean).permute(1, 2, 0)  # (B, K, S)
        whitened = torch.linalg.solve_triangular(self.cholesky, shift, upper=False)
        return standard_normal_log_density(whitened.permute(2, 0, 1)) - self._half_log_determinant()

    def kl(self) -> Tensor:
        """KL(q || p) in nats, (B, 1): ``1/2 (|L|^2 + |mean|^2 - K) - log det L``."""
        squares = self.variance().sum(-1) + self.mean.square().sum(-1)
        return (0.5 * (squares - self.mean.shape[-1]) - self._half_log_determinant())[:, None]

    def detach(self) -> "FullPosterior":
        """The same q, whose parameters take no gradient."""
        return FullPosterior(self.mean.detach(), self.cholesky.detach())

    def _half_log_determinant(self) -> Tensor:
        """Half the log determinant of the covariance, (B,)."""
        return self.cholesky.diagonal(dim1=1, dim2=2).log().sum(-1)


class FullGaussian(StandardNormalPrior):
    """A Gaussian latent with any covariance and the prior N(0, I) (Kingma & Welling 2019, section 2.5.1; 17.12).

    Parameters
    ----------
    n_components : int
        K, the dimension of z.

    The encoder outputs `n_parameters` = 2 K + K (K - 1) / 2 numbers per row: the mean, the log of L's diagonal, and
    what is below it, row by row.
    """

    def __init__(self, n_components: int) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_parameters = 2 * n_components + n_components * (n_components - 1) // 2

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> FullPosterior:
        """q(z | x) from the encoder's output alone, (B, n_parameters)."""
        K = self.n_components
        mean, log_diagonal, below = parameters.split([K, K, K * (K - 1) // 2], dim=-1)
        # The limits of the diagonal Gaussian's variance, for the same reason: one bad step must not overflow the KL.
        cholesky = torch.diag_embed(log_diagonal.clamp(-7.0, 3.0).exp())
        rows, columns = torch.tril_indices(K, K, -1, device=parameters.device)
        cholesky[:, rows, columns] = below
        return FullPosterior(mean, cholesky)
