"""Inference by Newton's method on log p(x, z), started by the encoder: a Gaussian with a full covariance.

An encoder leaves a gap between its bound and log p(x), part of it for being one network for all rows and part for
its diagonal covariance (Cremer, Li, Duvenaud 2018). Where log p(x | z) is concave in z, as under the energy softmax
(17.14), log p(x, z) has one maximum z*, and

    q(z | x) = N(z*, P^-1),    P = I - d^2/dz^2 log p(x | z) at z*

(Laplace's approximation, MacKay 2003, ch. 27) closes most of it. z* is a function of x and the decoder alone; the
encoder only says where to start.

Axes: B rows of data, K latent dimensions.
"""

from typing import Any, Protocol

import torch
from torch import Tensor

from neuraltopic.core.latents import CorrelatedPosterior, DiagonalGaussian, Posterior

# Longest step, in standard deviations of the prior, and how far from 0 the start may lie: a start that is far off is
# left in a straight line, and soon.
_LONGEST_STEP = 3.0
_LONGEST_START = 10.0
_MAX_STEPS = 40
# A row whose step is shorter is left to the polish in float64. Each polishing step, with the curvature at hand,
# divides the error by some hundreds: three bring it below what float32 can show.
_SMALL_STEP = 3e-3
_POLISH_STEPS = 3


class LogConcaveDecoder(Protocol):
    """What the steps need of a decoder; the results have the dtype of z."""

    def gradient(self, z: Tensor, x: Any) -> Tensor:
        """d/dz log p(x | z), (B, K) from z (B, K)."""
        ...

    def expansion(self, z: Tensor, x: Any) -> tuple[Tensor, Tensor, Tensor]:
        """log p(x | z) (B,), its gradient (B, K), and minus its Hessian (B, K, K), which may be approximate."""
        ...


class RefinedGaussian(DiagonalGaussian):
    """A Gaussian latent that trains as `DiagonalGaussian` and is refined in eval mode.

    While training, q(z | x) is what the encoder says: the decoder learns as much from it for a tenth of the time.
    In eval mode it is Laplace's approximation at the maximum of log p(x, z), reached from the encoder's mean.
    """

    def posterior(self, parameters: Tensor, x: Any, decoder: LogConcaveDecoder) -> Posterior:
        """q(z | x) from the encoder's output, (B, 2 K)."""
        amortised = super().posterior(parameters, x, decoder)
        if self.training:
            return amortised
        with torch.no_grad():
            return laplace_posterior(amortised.mean, x, decoder)


def laplace_posterior(start: Tensor, x: Any, decoder: LogConcaveDecoder) -> CorrelatedPosterior:
    """q at the maximum of log p(x, z) reached from `start` (B, K); each row's steps depend on that row alone.

    A step that does not raise log p(x, z) is taken back and halved. `x[rows]` must give the rows of x with these
    numbers, so that only those still on their way are computed.
    """
    z, value, gradient, cholesky = _evaluate(_limited(start, _LONGEST_START), x, decoder)
    scale = torch.ones_like(value)
    for _ in range(_MAX_STEPS):
        step = scale[:, None] * _limited(_solve(cholesky, gradient), _LONGEST_STEP)
        moving = (step.norm(dim=-1) > _SMALL_STEP).nonzero()[:, 0]
        if not len(moving):
            break
        proposal = _evaluate(z[moving] + step[moving], x[moving], decoder)
        # A fall within the rounding of a sum over the words of a document is no fall.
        rises = proposal[1] >= value[moving] - 1e-6 * value[moving].abs()
        scale[moving] = torch.where(rises, 1.0, 0.5 * scale[moving])
        for kept, new in zip((z, value, gradient, cholesky), proposal, strict=True):
            kept[moving[rises]] = new[rises]
    # Apple's devices have no float64; there the polish stops at the rounding of float32.
    precise = torch.float32 if z.device.type == "mps" else torch.float64
    polished, factor = z.to(precise), cholesky.to(precise)
    for _ in range(_POLISH_STEPS):
        polished = polished + _solve(factor, decoder.gradient(polished, x) - polished)
    return CorrelatedPosterior(polished.to(z.dtype), cholesky)


def _evaluate(z: Tensor, x: Any, decoder: LogConcaveDecoder) -> tuple[Tensor, ...]:
    """z, log p(x, z) up to a constant (B,), its gradient (B, K), and L (B, K, K) with L L^T = P."""
    log_likelihood, gradient, curvature = decoder.expansion(z, x)
    identity = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    value = log_likelihood - 0.5 * z.square().sum(-1)
    return z, value, gradient - z, torch.linalg.cholesky(curvature + identity)


def _solve(cholesky: Tensor, gradient: Tensor) -> Tensor:
    """(L L^T)^-1 gradient, (B, K)."""
    return torch.cholesky_solve(gradient[..., None], cholesky)[..., 0]


def _limited(step: Tensor, longest: float) -> Tensor:
    """The step, shortened where it is longer than `longest`."""
    return step * (longest / step.norm(dim=-1, keepdim=True).clamp_min(longest))
