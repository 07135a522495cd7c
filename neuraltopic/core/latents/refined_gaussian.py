"""Inference by Newton's method on log p(x, z), started by the encoder: a Gaussian with a full covariance.

An encoder leaves a gap between its bound and log p(x), part of it because one network serves all rows and part because
its covariance is diagonal (Cremer, Li, Duvenaud 2018). Where log p(x | z) is concave in z, as under the energy softmax
(17.14), log p(x, z) has one maximum z*, and

    q(z | x) = N(z*, P^-1),    P = I - d^2/dz^2 log p(x | z) at z*

(Laplace's approximation, MacKay 2003, ch. 27) closes most of it. z* is a function of x and the decoder alone; the
encoder only gives the starting point.

Axes: B rows of data, K latent dimensions.
"""

from typing import Any

import torch
from torch import Tensor

from neuraltopic.core.latents.gaussian import CorrelatedPosterior, DiagonalGaussian
from neuraltopic.core.networks import precise_dtype
from neuraltopic.core.protocols import ExactLogLikelihood, LogLikelihood, Posterior, RefinableDecoder

# Longest step, in standard deviations of the prior, and the largest distance of the start from 0.
_LONGEST_STEP = 3.0
_LONGEST_START = 10.0
_MAX_STEPS = 40
# The ascent of the rough likelihood ends for a row whose next step is shorter: its maximum is about 0.1 away from the
# exact one.
_ROUGH_STEP = 0.4
# The ascent of the exact likelihood ends when the curvature hardly changes: q keeps the last one. The polish ends after
# a step shorter than this, since the next would be about fifty times shorter. In float32 z is then within a few
# thousandths of q's standard deviation of the maximum; float64 gives an exact result.
_SMALL_STEP = {torch.float32: 0.15, torch.float64: 3e-3}
_LAST_STEP = {torch.float32: 1e-2, torch.float64: 1e-8}
_POLISH_STEPS = 10


class RefinedGaussian(DiagonalGaussian):
    """A Gaussian latent that trains as `DiagonalGaussian` and is refined in eval mode.

    While training, q(z | x) is the encoder's output: the decoder learns as much from it for a tenth of the time.
    In eval mode it is Laplace's approximation at the maximum of log p(x, z), reached from the encoder's mean.
    """

    def posterior(self, parameters: Tensor, x: Any, decoder: RefinableDecoder) -> Posterior:
        """q(z | x) from the encoder's output, (B, 2 K)."""
        amortised = super().posterior(parameters, x, decoder)
        if self.training:
            return amortised
        with torch.no_grad():
            return laplace_posterior(amortised.mean, x, decoder)


def laplace_posterior(start: Tensor, x: Any, decoder: RefinableDecoder) -> CorrelatedPosterior:
    """q at the maximum of log p(x, z) reached from `start` (B, K).

    Newton's method climbs the rough likelihood first, if there is one, then the exact one until its steps are small;
    from there the gradient alone leads to the maximum. To rounding, each row's steps depend on that row alone.
    """
    likelihood = decoder.likelihood_of(x)
    rough = likelihood.rough()
    z = _limited(start, _LONGEST_START)
    if rough is not None:
        z, gradient, cholesky = _ascend(z, rough, _ROUGH_STEP)
        z = z + _solve(cholesky, gradient)
    z, gradient, cholesky = _ascend(z, likelihood, _SMALL_STEP[z.dtype])
    return CorrelatedPosterior(_polish(z, gradient, cholesky, likelihood), cholesky)


def _ascend(z: Tensor, likelihood: LogLikelihood, shortest: float) -> tuple[Tensor, Tensor, Tensor]:
    """Newton's method on log p(x, z) until a row's step is shorter than `shortest`, and what was found there.

    These are z (B, K), the gradient there (B, K), and L (B, K, K) with L L^T = P. A step that does not raise log p(x,
    z) is undone and halved.
    """
    z, value, gradient, cholesky = _evaluate(z, likelihood)
    scale = torch.ones_like(value)
    for _ in range(_MAX_STEPS):
        step = scale[:, None] * _limited(_solve(cholesky, gradient), _LONGEST_STEP)
        moving = (step.norm(dim=-1) > shortest).nonzero()[:, 0]
        if not len(moving):
            break
        proposal = _evaluate(z[moving] + step[moving], likelihood[moving])
        # A decrease within the rounding of a sum over the words of a document does not count.
        rises = proposal[1] >= value[moving] - 1e-6 * value[moving].abs()
        scale[moving] = torch.where(rises, 1.0, 0.5 * scale[moving])
        for kept, new in zip((z, value, gradient, cholesky), proposal, strict=True):
            kept[moving[rises]] = new[rises]
    return z, gradient, cholesky


def _polish(z: Tensor, gradient: Tensor, cholesky: Tensor, likelihood: ExactLogLikelihood) -> Tensor:
    """The maximum near z (B, K), to the rounding of z, by quasi-Newton steps (L-BFGS; Nocedal & Wright 2006, 7.2).

    P, which may be approximate and is one step old, replaces the method's multiple of the identity. Each row takes at
    least one step along the precise gradient, which reduces the effect of the other rows on the rounding of z.
    """
    precise = precise_dtype(z.device)
    dtype, found = z.dtype, z.to(precise)
    rows, z, gradient, cholesky = (
        torch.arange(len(z), device=z.device),
        found,
        gradient.to(precise),
        cholesky.to(precise),
    )
    changes: list[tuple[Tensor, Tensor]] = []
    step = _limited(_solve(cholesky, gradient), _LONGEST_STEP)
    for _ in range(_POLISH_STEPS):
        z = z + step
        before, gradient = gradient, likelihood.gradient(z) - z
        changes = [*changes, (step, before - gradient)]
        step = _limited(_quasi_newton(cholesky, gradient, changes), _LONGEST_STEP)
        found[rows] = z + step
        moving = (step.norm(dim=-1) > _LAST_STEP[dtype]).nonzero()[:, 0]
        if not len(moving):
            break
        rows, z, step, gradient, cholesky = (kept[moving] for kept in (rows, z, step, gradient, cholesky))
        likelihood, changes = likelihood[moving], [(s[moving], y[moving]) for s, y in changes]
    return found.to(dtype)


def _quasi_newton(cholesky: Tensor, gradient: Tensor, changes: list[tuple[Tensor, Tensor]]) -> Tensor:
    """The step (B, K) from the last steps and how far the gradient fell over each: the two loops of L-BFGS."""
    curvatures = [_inner(s, y) for s, y in changes]
    shares: list[Tensor] = []
    for (s, y), curvature in zip(reversed(changes), reversed(curvatures), strict=True):
        shares.append(_ratio(_inner(s, gradient), curvature))
        gradient = gradient - shares[-1] * y
    step = _solve(cholesky, gradient)
    for (s, y), curvature, share in zip(changes, curvatures, reversed(shares), strict=True):
        step = step + (share - _ratio(_inner(y, step), curvature)) * s
    return step


def _inner(a: Tensor, b: Tensor) -> Tensor:
    """Inner product of each row, (B, 1)."""
    return (a * b).sum(-1, keepdim=True)


def _ratio(product: Tensor, curvature: Tensor) -> Tensor:
    """Their ratio, and 0 where a step is too short to measure curvature: it carries no information."""
    return torch.where(curvature > 0.0, product / curvature, 0.0)


def _evaluate(z: Tensor, likelihood: LogLikelihood) -> tuple[Tensor, ...]:
    """z, log p(x, z) up to a constant (B,), its gradient (B, K), and L (B, K, K) with L L^T = P."""
    log_likelihood, gradient, curvature = likelihood.expansion(z)
    identity = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    value = log_likelihood - 0.5 * z.square().sum(-1)
    return z, value, gradient - z, torch.linalg.cholesky(curvature + identity)


def _solve(cholesky: Tensor, gradient: Tensor) -> Tensor:
    """(L L^T)^-1 gradient, (B, K)."""
    return torch.cholesky_solve(gradient[..., None], cholesky)[..., 0]


def _limited(step: Tensor, longest: float) -> Tensor:
    """The step, shortened where it is longer than `longest`."""
    return step * (longest / step.norm(dim=-1, keepdim=True).clamp_min(longest))
