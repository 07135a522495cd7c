"""Inference on the simplex: a few Newton steps on log p(x, z), held near the encoder's mean.

For theta = softmax(z) and a decoder whose log p(x | s) is concave in what it sees, s = theta^a, the encoder's mean mu
is improved to

    argmax_z  log p(x | softmax(z)^a) + log p(z) - |z - mu|^2 / (2 tau^2).

The last term (a proximal step, Rockafellar 1976) keeps what the encoder has learnt of all documents, where one document
by itself says little: to the end of log p(x, z) held-out words are told a little better still, but neighbours in z are
worse. An encoder leaves the more to be gained the fewer its layers (Cremer, Li, Duvenaud 2018).

Axes: B rows of data, K components.
"""

from typing import Any

import torch
from torch import Tensor

from neuraltopic.core.latents.gaussian import DiagonalPosterior
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.networks import precise_dtype
from neuraltopic.core.protocols import ShareLikelihood, ShareRefinableDecoder

_STEPS = 3
# tau. On held-out training documents of 20 Newsgroups (two fits like the default's) the NMI of the largest of theta was
# 0.628 at 1 and 0.623 at 1.5, for 0.9 % of perplexity and 0.002 of the precision of neighbours.
_TAU = 1.0
# Longest step of a coordinate of z.
_LONGEST = 3.0
# Entries of all curvatures that are worked on at once: 2 MiB of float64, which stay in cache from one pass to the next.
_CURVATURES = 1 << 18


class RefinedLogisticNormal(LogisticNormal):
    """A logistic-normal latent that trains as `LogisticNormal`, and whose mean is refined in eval mode."""

    def posterior(self, parameters: Tensor, x: Any, decoder: ShareRefinableDecoder) -> DiagonalPosterior:
        """q(z | x) from the encoder's output, (B, 2 K); the variance is the encoder's."""
        q = super().posterior(parameters, x, decoder)
        if self.training:
            return q
        with torch.no_grad():
            start = q.mean.to(precise_dtype(q.mean.device))
            return q._replace(mean=self._refined(start, decoder.share_likelihood_of(x)).to(q.mean.dtype))

    def _refined(self, start: Tensor, likelihood: ShareLikelihood) -> Tensor:
        """The mean (B, K) after the steps. One that does not raise the objective is not taken; the next is shorter."""
        prior_mean, precision = self.prior_mean.to(start.dtype), torch.exp(-self.prior_log_variance.to(start.dtype))

        def held(z: Tensor, value: Tensor) -> Tensor:
            """The objective (B,) up to a constant, from log p(x | s) there."""
            penalty = precision * (z - prior_mean).square() + (z - start).square() / _TAU**2
            return value - 0.5 * penalty.sum(-1)

        def expand(z: Tensor) -> tuple[Tensor, Tensor]:
            """The objective, and its gradient (B, K)."""
            theta, seen = torch.softmax(z, -1), self.transform(z)
            value, gradient = likelihood.value_and_gradient(seen)
            gradient = _gradient_in_z(theta, seen, gradient, self.power)
            return held(z, value), gradient - precision * (z - prior_mean) - (z - start) / _TAU**2

        def newton(rows: slice) -> Tensor:
            """The step (n, K) of some of the rows."""
            theta, seen = torch.softmax(z[rows], -1), self.transform(z[rows])
            hessian = _curvature_in_z(theta, seen, likelihood.curvature(theta, rows).to(theta.dtype), self.power)
            hessian.diagonal(dim1=1, dim2=2).add_(precision + 1.0 / _TAU**2)
            cholesky, failed = torch.linalg.cholesky_ex(hessian)
            step = torch.cholesky_solve(gradient[rows, :, None], cholesky)[..., 0]
            step = step * (_LONGEST / step.abs().amax(-1, keepdim=True).clamp_min(_LONGEST))
            # Where rounding leaves a matrix that is not positive, as of a row of a million tokens, the row stays.
            return step.masked_fill(failed[:, None] > 0, 0.0)

        def proposed() -> Tensor:
            """Where the steps lead, (B, K)."""
            B, K = z.shape
            at_once = max(1, _CURVATURES // K**2)
            steps = [newton(slice(first, first + at_once)) for first in range(0, max(1, B), at_once)]
            return z + scale[:, None] * torch.cat(steps)

        z, (value, gradient) = start, expand(start)
        scale = torch.ones_like(value)
        for _ in range(_STEPS - 1):
            new = proposed()
            new_value, new_gradient = expand(new)
            rises = new_value > value
            z, gradient = torch.where(rises[:, None], new, z), torch.where(rises[:, None], new_gradient, gradient)
            value, scale = torch.where(rises, new_value, value), torch.where(rises, scale, 0.25 * scale)
        # Nothing goes on from the last, of which no gradient is needed.
        last = proposed()
        return torch.where((held(last, likelihood.value(self.transform(last))) > value)[:, None], last, z)


def _gradient_in_z(theta: Tensor, seen: Tensor, gradient: Tensor, power: float) -> Tensor:
    """J^T gradient with J = ds/dz = a (diag(s) - s theta^T), along the last axis."""
    weighted = power * seen * gradient
    return weighted - theta * weighted.sum(-1, keepdim=True)


def _curvature_in_z(theta: Tensor, seen: Tensor, curvature: Tensor, power: float) -> Tensor:
    """J^T C J of C, the curvature in s (B, K, K), which it overwrites.

    With M = a^2 diag(s) C diag(s) and u = M 1 it is M - theta u^T - u theta^T + (1 . u) theta theta^T: few passes over
    the matrices, which are what the time goes to.
    """
    weight = power * seen
    M = curvature.mul_(weight[:, :, None]).mul_(weight[:, None])
    u = M.sum(-1)
    rest = u - theta * u.sum(-1, keepdim=True)
    return M.baddbmm_(torch.stack([theta, rest], -1), torch.stack([u, theta], -2), alpha=-1.0)
