"""Inference for one row at a time: q(z | x) fitted to the bound itself, from where the model has it.

An encoder leaves a gap between its bound and log p(x), as one network serves all rows (Cremer, Li, Duvenaud 2018), and
a mean refined for another end, such as shares that compare documents, leaves a larger one. Any q gives a bound, so q is
fitted to each row before the row is scored (semi-amortised inference, Kim et al. 2018), by stochastic natural gradients
of the ELBO (17.11). For q = N(m, diag(1 / lambda)) and a prior N(m_0, diag(1 / lambda_0)) they are

    lambda <- (1 - rho') lambda + rho' (lambda_0 + h),   h = -E_q[d^2/dz^2 log p(x | z)],
    m      <- m + rho (g - lambda_0 (m - m_0)) / lambda, g = E_q[d/dz log p(x | z)]

(variational online Newton, Khan et al. 2018). Both expectations are estimated from pairs of draws m + s e and m - s e,
s = lambda^(-1/2): g as the mean of the gradients, h of each coordinate by Stein's identity, as the mean of minus the
gradient times e / s. In step t, from 0, rho = 2 / (t + 4), and rho' = 1 / (t + 16) is smaller, since the estimate of h
is the noisier one, the more so for long rows.

Axes: S samples, B rows of data, K latent dimensions; samples lead.
"""

from typing import Any

import torch
from torch import Tensor

from neuraltopic.core.latents.gaussian import DiagonalPosterior
from neuraltopic.core.latents.noise import standard_normal
from neuraltopic.core.vae import VAE

# See tests/benchmarks/README.md.
_STEPS = 10
_PAIRS = 2
# Longest step of a coordinate of z before it is multiplied by rho.
_LONGEST = 3.0


def fitted_posterior(model: VAE, x: Any, generator: torch.Generator) -> DiagonalPosterior:
    """q(z | x) of the rows of x, fitted to their bounds; `model.posterior` gives the start, a `DiagonalPosterior`.

    The draws are not those by which a bound is then estimated, so the estimate is unbiased. A row takes those of its
    place in the batch; it depends on no other row.

    Raises
    ------
    TypeError
        When the model's q is no diagonal Gaussian.
    """
    q = model.posterior(x, generator)
    if not isinstance(q, DiagonalPosterior):
        raise TypeError(f"expected a diagonal Gaussian, got {type(q).__name__}")
    mean, precision = q.mean.detach(), torch.exp(-q.log_variance.detach())
    prior_precision = torch.exp(-q.prior_log_variance)
    for step in range(_STEPS):
        gradient, curvature = _moments(model, x, mean, precision, generator)
        # The curvature is estimated, and may be negative; no row says less than nothing.
        precision = torch.lerp(precision, prior_precision + curvature, 1.0 / (step + 16)).maximum(prior_precision)
        natural = (gradient - prior_precision * (mean - q.prior_mean)) / precision
        mean = mean + 2.0 / (step + 4) * natural.clamp(-_LONGEST, _LONGEST)
    return q._replace(mean=mean, log_variance=-precision.log())


def _moments(model: VAE, x: Any, mean: Tensor, precision: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Estimates of g and h, both (B, K)."""
    half = standard_normal(_PAIRS, mean, generator)
    noise = torch.cat([half, -half])
    scale = precision.rsqrt()
    with torch.enable_grad():
        z = (mean + scale * noise).requires_grad_()
        (gradients,) = torch.autograd.grad(model.log_likelihood(z, x).sum(), z)
    return gradients.mean(0), -(gradients * noise / scale).mean(0)
