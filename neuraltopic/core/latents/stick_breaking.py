"""The stick-breaking latent: K - 1 Kumaraswamy sticks v in (0, 1), seen by the decoder as the weights

theta_k = v_k prod_(j < k) (1 - v_j) for k < K, and theta_K the rest.

Axes: S samples, B rows of data, K components; samples lead.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from neuraltopic.core.latents.noise import exponential, log1mexp, open_unit

_EULER = 0.5772156649015329
# Nodes t of the trapezoidal rule behind `expected_log_rest`, in the variable that makes the integrand fall off doubly
# exponentially at both ends.
_NODES = torch.linspace(-3.2, 3.6, 32, dtype=torch.float64)


def _quadrature() -> tuple[Tensor, Tensor]:
    """Nodes x and weights w, (32,) each, for the mean of f(x) under the density exp(-x), x > 0."""
    x = torch.exp(_NODES - torch.exp(-_NODES))
    weights = (_NODES[1] - _NODES[0]) * x * (1.0 + torch.exp(-_NODES)) * torch.exp(-x)
    return x, weights


_X, _WEIGHTS = _quadrature()


def expected_log_rest(a: Tensor, b: Tensor) -> Tensor:
    """E[log(1 - v)] in nats with v ~ Kumaraswamy(a, b), of the shape of a and b.

    It has no closed form; the literature sums the first terms of a series, which for b near 1 converges as slowly as
    1 / m^2. With v = (1 - exp(-x / b))^(1 / a), x exponential, it is an integral over x, which 32 nodes of the double
    exponential rule (Takahasi & Mori 1974) give to 1e-12 in the range that `StickBreaking` allows.
    """
    x, weights = (constant.to(a) for constant in (_X, _WEIGHTS))
    log_v = log1mexp(x / b[..., None]) / a[..., None]
    return (weights * log1mexp(-log_v)).sum(-1)


class KumaraswamyPosterior(NamedTuple):
    """q(v | x) = prod_k Kumaraswamy(a_k, b_k), both (B, K - 1), with the prior Beta(1, prior) of each stick.

    Its density is a b v^(a - 1) (1 - v^a)^(b - 1), its distribution function 1 - (1 - v^a)^b.
    """

    a: Tensor
    b: Tensor
    prior: float

    @property
    def mean(self) -> Tensor:
        """E[v], (B, K - 1). Sticks are independent under q, so that its weights are E[theta]."""
        return self._log_moment(1).exp()

    def variance(self) -> Tensor:
        """Variance of each stick, (B, K - 1)."""
        log_mean = self._log_moment(1)
        return torch.exp(2.0 * log_mean) * torch.expm1(self._log_moment(2) - 2.0 * log_mean)

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """v = (1 - u^(1 / b))^(1 / a) with u uniform on (0, 1), (S, B, K - 1)."""
        log_v = log1mexp(exponential(n_samples, self.b, generator) / self.b) / self.a
        return open_unit(log_v.exp())

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(v | x) in nats, (S, B) from z = v, (S, B, K - 1)."""
        log_v = z.log()
        log_rest = log1mexp(-self.a * log_v)  # log(1 - v^a)
        return (self.a.log() + self.b.log() + (self.a - 1.0) * log_v + (self.b - 1.0) * log_rest).sum(-1)

    def kl(self) -> Tensor:
        """KL(q || p) of each stick in nats, (B, K - 1), with c the prior's parameter, g Euler's constant and psi the
        digamma (Nalisnick & Smyth 2017):

        log(a b / c) - (1 - 1 / a) (g + psi(b + 1)) - (1 - 1 / b) - (c - 1) E[log(1 - v)].

        It is in closed form except for the last term, see `expected_log_rest`, which vanishes for c = 1.
        """
        log_v = (_EULER + torch.digamma(self.b + 1.0)) / self.a  # -E[log v]
        entropy = -(self.a * self.b).log() + (self.a - 1.0) * log_v + 1.0 - 1.0 / self.b
        divergence = -entropy - math.log(self.prior)
        if self.prior == 1.0:
            return divergence
        return divergence - (self.prior - 1.0) * expected_log_rest(self.a, self.b)

    def detach(self) -> "KumaraswamyPosterior":
        """The same q, whose parameters take no gradient."""
        return self._replace(a=self.a.detach(), b=self.b.detach())

    def _log_moment(self, order: int) -> Tensor:
        """log E[v^order] = log(b B(1 + order / a, b)), (B, K - 1)."""
        power = 1.0 + order / self.a
        return self.b.log() + torch.lgamma(power) + torch.lgamma(self.b) - torch.lgamma(power + self.b)


class StickBreaking(nn.Module):
    """theta ~ GEM(concentration), truncated at K weights, with Kumaraswamy sticks under q (Nalisnick & Smyth 2017).

    Parameters
    ----------
    n_components : int
        K, at least 2.
    concentration : float
        c of the prior Beta(1, c) of each stick. The smaller c is, the more the first weights hold.

    The encoder outputs `n_parameters` = 2 (K - 1) numbers per row: log a, then log(b - 1), with a at least 0.2.
    """

    def __init__(self, n_components: int, concentration: float = 1.0) -> None:
        super().__init__()
        self.n_components = n_components
        self.n_parameters = 2 * (n_components - 1)
        self.concentration = concentration

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> KumaraswamyPosterior:
        """q(v | x) from the encoder's output alone, (B, 2 (K - 1))."""
        log_a, log_excess = parameters.split(self.n_components - 1, dim=-1)
        # Under a = 0.2 too many sticks would underflow in float32. Under b = 1 their density is infinite at v = 1,
        # where float32 cannot hold 1 - v; a large a says as much. The upper limits stop one bad step.
        a, b = log_a.clamp(math.log(0.2), 6.0).exp(), 1.0 + log_excess.clamp(-14.0, 6.0).exp()
        return KumaraswamyPosterior(a, b, self.concentration)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(v) = sum_k log c + (c - 1) log(1 - v_k) in nats, (S, B)."""
        return (math.log(self.concentration) + (self.concentration - 1.0) * torch.log1p(-z)).sum(-1)

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """v ~ Beta(1, c), (S, 1, K - 1), on the CPU."""
        noise = exponential(n_samples, torch.zeros(1, self.n_components - 1), generator)
        return open_unit(-torch.expm1(-noise / self.concentration))

    def transform(self, z: Tensor) -> Tensor:
        """theta, (..., K) from the sticks (..., K - 1)."""
        end = torch.ones_like(z[..., :1])
        left = torch.cat([end, (1.0 - z).cumprod(-1)], dim=-1)
        return torch.cat([z, end], dim=-1) * left
