"""Random draws from a given generator, and functions that keep their logarithms finite.

A draw is made on the CPU, where the generator lives, and then moved.

Axes: S samples, B rows of data, Z numbers of a drawn z; samples lead.
"""

import torch
from torch import Tensor

from neuraltopic.core.networks import moved


def standard_normal(n_samples: int, like: Tensor, generator: torch.Generator) -> Tensor:
    """e ~ N(0, 1), ``(S, *like.shape)``, with the dtype and on the device of `like`."""
    noise = torch.randn((n_samples, *like.shape), generator=generator, dtype=like.dtype)
    return moved(noise, like.device)


def exponential(n_samples: int, like: Tensor, generator: torch.Generator) -> Tensor:
    """e = -log u with u uniform on (0, 1), ``(S, *like.shape)``, with the dtype and on the device of `like`."""
    uniform = torch.rand((n_samples, *like.shape), generator=generator, dtype=like.dtype)
    # In float32, u is 0 once in 2^24 draws: it stands for the interval up to the next number, so the middle of that is
    # used.
    return moved(-torch.log(uniform.clamp_min(torch.finfo(like.dtype).eps / 4)), like.device)


def log_gamma(shape: Tensor, n_samples: int, generator: torch.Generator) -> Tensor:
    """log g with g ~ Gamma(shape, 1), ``(S, *shape.shape)``, differentiable in the shape.

    g(a) = g(a + 1) u^(1 / a) (Marsaglia & Tsang 2000), taken in logarithms: at a = 0.02 half of all g underflow in
    float32, and no log g does. The gradient of g(a + 1) is torch's implicit one (Figurnov, Mohamed, Mnih 2018;
    Jankowiak & Obermeyer 2018), which torch approximates.
    """
    boosted = (shape + 1.0).cpu().expand(n_samples, *shape.shape)
    gamma = torch._standard_gamma(boosted, generator).to(shape.device)
    return gamma.log() - exponential(n_samples, shape, generator) / shape


def log1mexp(x: Tensor) -> Tensor:
    """log(1 - exp(-x)) for x > 0, exact to rounding at either end (Maechler 2012)."""
    # Each branch keeps away from where the other is taken: an infinity there would make the gradient nan.
    large = torch.log1p(-torch.exp(-x.clamp_min(0.5)))
    return torch.where(x < 0.7, torch.log(-torch.expm1(-x.clamp_max(1.0))), large)


def open_unit(x: Tensor) -> Tensor:
    """x clamped to the open interval (0, 1), where both logarithms are finite."""
    limits = torch.finfo(x.dtype)
    return x.clamp(limits.tiny, 1.0 - limits.eps / 2)
