"""Positive latents divided by their sum, which is what the decoder sees: a point of the simplex.

Independent Gamma(alpha_k, 1) divided by their sum are Dirichlet(alpha), so that under a prior of Gammas the decoder
sees a Dirichlet. Densities, mean and variance are those of the positive z. The decoder does not see its sum, but the
sum adds to the KL: the bound is looser, and still a bound.

Axes: S samples, B rows of data, K components; samples lead.
"""

from typing import Any

import torch
from torch import Tensor, nn

from neuraltopic.core.latents.gamma import GammaPrior
from neuraltopic.core.protocols import Posterior


class Normalised(nn.Module):
    """theta = z / sum_k z_k of a positive latent z, a `Gamma` or a `Weibull` (for the latter Zhang et al. 2018).

    Parameters
    ----------
    positive : GammaPrior
        Of K dimensions. With the rate 1, theta is a Dirichlet of its shape under the prior.
    """

    def __init__(self, positive: GammaPrior) -> None:
        super().__init__()
        self.positive: Any = positive
        self.n_components = positive.n_components
        self.n_parameters = positive.n_parameters

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> Posterior:
        """q(z | x) from the encoder's output, as the positive latent has it."""
        return self.positive.posterior(parameters, x, decoder)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) in nats, (S, B), of the positive z."""
        return self.positive.log_prior(z)

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ p(z), (S, 1, K), on the CPU."""
        return self.positive.sample_prior(n_samples, generator)

    def transform(self, z: Tensor) -> Tensor:
        """theta, (..., K)."""
        return z / z.sum(-1, keepdim=True)
