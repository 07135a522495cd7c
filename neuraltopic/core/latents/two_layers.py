"""Two stochastic layers: x depends on z1, and z1 on z2.

Axes: S samples, B rows of data, K dimensions of z1, M of z2; samples lead. A drawn z holds z1, then z2.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from neuraltopic.core.latents.gaussian import gaussian_log_density, standard_normal_log_density
from neuraltopic.core.latents.noise import standard_normal
from neuraltopic.core.networks import MLP

Moments = tuple[Tensor, Tensor]


def _moments(parameters: Tensor) -> Moments:
    """Mean and log variance from a network's output, the latter within the diagonal Gaussian's limits."""
    mean, log_variance = parameters.chunk(2, dim=-1)
    return mean, log_variance.clamp(-14.0, 6.0)


class TwoLayerPosterior(NamedTuple):
    """q(z1, z2 | x) = q(z1 | x) q(z2 | z1), both diagonal Gaussians.

    Attributes
    ----------
    first_mean, first_log_variance : Tensors of shape (B, K)
        Of z1.
    above : callable
        Mean and log variance of z2, (..., M) each, from z1 (..., K), by a network.
    above_detached : callable
        The same with weights that take no gradient; the gradient to z1 passes.
    """

    first_mean: Tensor
    first_log_variance: Tensor
    above: Callable[[Tensor], Moments]
    above_detached: Callable[[Tensor], Moments]

    @property
    def mean(self) -> Tensor:
        """Mean of z1, then of z2 given that z1 is at its mean, (B, K + M): q has no closed mean of z2."""
        return torch.cat([self.first_mean, self.above(self.first_mean)[0]], dim=-1)

    def variance(self) -> Tensor:
        """Variance of z1, then of z2 given that z1 is at its mean, (B, K + M)."""
        return torch.exp(torch.cat([self.first_log_variance, self.above(self.first_mean)[1]], dim=-1))

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z1 ~ q(z1 | x), z2 ~ q(z2 | z1), each by (17.12): (S, B, K + M)."""
        noise = standard_normal(n_samples, self.first_mean, generator)
        first = self.first_mean + torch.exp(0.5 * self.first_log_variance) * noise
        mean, log_variance = self.above(first)
        noise = standard_normal(1, mean, generator)[0]
        return torch.cat([first, mean + torch.exp(0.5 * log_variance) * noise], dim=-1)

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z1 | x) + log q(z2 | z1) in nats, (S, B) from z (S, B, K + M)."""
        first, second = z.tensor_split([self.first_mean.shape[-1]], dim=-1)
        below = gaussian_log_density(first, self.first_mean, self.first_log_variance)
        return below + gaussian_log_density(second, *self.above(first))

    def kl(self) -> None:
        """None: z2's part is a mean over z1 of a network's output."""
        return None

    def detach(self) -> "TwoLayerPosterior":
        """The same q, whose parameters take no gradient, including those of the network above. As the condition of the
        density of z2, z1 takes one."""
        return TwoLayerPosterior(
            self.first_mean.detach(), self.first_log_variance.detach(), self.above_detached, self.above_detached
        )


class TwoLayerGaussian(nn.Module):
    """p(z2) = N(0, I), p(z1 | z2) by one network, q(z2 | z1) by another (Burda, Grosse, Salakhutdinov 2016, 5.1).

    The decoder sees z1 alone.

    Parameters
    ----------
    n_components : int
        K, the dimension of z1.
    n_above : int
        M, the dimension of z2.
    hidden : sequence of int
        Width of the tanh layers of each network; the paper's, with K = 100 and M = 50, are (100, 100).

    The encoder outputs `n_parameters` = 2 K numbers per row: the mean, then the log variance of z1.
    """

    def __init__(self, n_components: int, n_above: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_above = n_above
        self.n_parameters = 2 * n_components
        self.inference = MLP([n_components, *hidden, 2 * n_above])
        self.generative = MLP([n_above, *hidden, 2 * n_components])

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights of both networks."""
        self.inference.initialise(generator)
        self.generative.initialise(generator)

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> TwoLayerPosterior:
        """q(z1, z2 | x) from the encoder's output, (B, 2 K)."""
        return TwoLayerPosterior(*_moments(parameters), self._above, self._above_detached)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z1 | z2) + log p(z2) in nats, (S, B) from z (S, B, K + M)."""
        first, second = z.tensor_split([self.n_components], dim=-1)
        return gaussian_log_density(first, *_moments(self.generative(second))) + standard_normal_log_density(second)

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z2 ~ N(0, I), z1 ~ p(z1 | z2): (S, 1, K + M), on the CPU."""
        weight = next(self.generative.parameters())
        second = torch.randn((n_samples, 1, self.n_above), generator=generator, dtype=weight.dtype)
        with torch.no_grad():
            mean, log_variance = (moment.cpu() for moment in _moments(self.generative(second.to(weight.device))))
        noise = standard_normal(1, mean, generator)[0]
        return torch.cat([mean + torch.exp(0.5 * log_variance) * noise, second], dim=-1)

    def transform(self, z: Tensor) -> Tensor:
        """What the decoder sees, z1: (..., K) from z (..., K + M)."""
        return z[..., : self.n_components]

    def _above(self, first: Tensor) -> Moments:
        return _moments(self.inference(first))

    def _above_detached(self, first: Tensor) -> Moments:
        weights = {name: weight.detach() for name, weight in self.inference.named_parameters()}
        return _moments(functional_call(self.inference, weights, (first,)))
