"""What a latent variable is to the rest of the core: the variational family q(z | x), the prior p(z), and sampling.

A latent turns what the encoder puts out into a posterior; a posterior is drawn from by reparameterising, and knows
its density and its divergence from the prior. Both densities are of the same z, in whatever coordinates suit the
family; `transform` takes z to what the decoder sees, such as a point of the simplex.

Axes: S samples, B rows of data, Z numbers of a drawn z, K numbers that the decoder sees; samples lead.
"""

from typing import Any, Protocol

import torch
from torch import Tensor


class Posterior(Protocol):
    """q(z | x) of B rows."""

    @property
    def mean(self) -> Tensor:
        """(B, Z)."""
        ...

    def variance(self) -> Tensor:
        """Variance of each number of z, (B, Z)."""
        ...

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """(S, B, Z), differentiable in the parameters of q. The only call that draws latent noise."""
        ...

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, Z)."""
        ...

    def kl(self) -> Tensor | None:
        """KL(q || p) in nats, (B, G): a column for each group of dimensions that are independent of the rest under q
        and p, Z of them where all are. None where there is no closed form."""
        ...

    def detach(self) -> "Posterior":
        """The same q, whose parameters take no gradient."""
        ...


class Latent(Protocol):
    """A family q(z | x) and the prior p(z); a `torch.nn.Module`.

    Attributes
    ----------
    n_components : int
        K, what the decoder sees.
    n_parameters : int
        Numbers that the encoder puts out for a row.
    """

    n_components: int
    n_parameters: int

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> Posterior:
        """q(z | x) from the encoder's output, (B, n_parameters)."""
        ...

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) in nats, (S, B) from z (S, B, Z)."""
        ...

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ p(z), (S, 1, Z), on the CPU."""
        ...

    def transform(self, z: Tensor) -> Tensor:
        """What the decoder sees, (..., K) from z (..., Z)."""
        ...
