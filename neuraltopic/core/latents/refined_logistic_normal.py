"""Inference on the simplex: a few Newton steps on log p(x, z), held near the encoder's mean.

For theta = softmax(z) and a decoder whose log p(x | s) is concave in what it sees, s = theta^a, the encoder's mean mu
is improved to

    argmax_z  log p(x | softmax(z)^a) + log p(z) - (z - mu)^T (z - mu) / (2 tau^2).

The last term (a proximal step, Rockafellar 1976) keeps what the encoder has learned from all documents, since a single
document carries little information: maximising log p(x, z) alone predicts held-out words slightly better, but gives
worse neighbours in z. The gain is larger for encoders with fewer layers (Cremer, Li, Duvenaud 2018).

Axes: B rows of data, K components.
"""

from typing import Any

import torch
from torch import Tensor

from neuraltopic.core.latents.gaussian import DiagonalPosterior
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.protocols import Curvature, ShareLikelihood, ShareRefinableDecoder

_STEPS = 3
# tau. See tests/benchmarks/README.md.
_TAU = 1.0
# Longest step of a coordinate of z.
_LONGEST = 3.0
# Iterations of the method of conjugate gradients, which solves for a step.
_ITERATIONS = 8
# Rows of a large, a usual and a small tile. A batch is divided into large tiles, its rest into usual ones, and the last
# is filled up, as a small one if the rows are few: a row's result does not depend on the other rows of the batch, since
# products of four rows or more sum each row in the same order, a product of one row (a query) in another.
_LARGE_TILE, _TILE, _SMALL_TILE = 512, 128, 8


class RefinedLogisticNormal(LogisticNormal):
    """A logistic-normal latent that trains as `LogisticNormal`, and whose mean is refined in eval mode."""

    def posterior(self, parameters: Tensor, x: Any, decoder: ShareRefinableDecoder) -> DiagonalPosterior:
        """q(z | x) from the encoder's output, (B, 2 K); the variance is the encoder's."""
        q = super().posterior(parameters, x, decoder)
        if self.training:
            return q
        with torch.no_grad():
            likelihood = decoder.share_likelihood_of(x)
            rows = torch.arange(len(q.mean), device=q.mean.device)
            means = [self._refined(q.mean[tile], likelihood[tile]) for tile in _tiles(rows)]
            return q._replace(mean=torch.cat([q.mean[:0], *means])[: len(rows)])

    def _refined(self, start: Tensor, likelihood: ShareLikelihood) -> Tensor:
        """The mean (B, K) after the steps. A step that does not raise the objective is rejected, and the next is
        shorter."""
        prior_mean, precision = self.prior_mean, torch.exp(-self.prior_log_variance)

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

        def proposed() -> Tensor:
            """Where the steps lead, (B, K)."""
            hessian = _Hessian(torch.softmax(z, -1), self.transform(z), likelihood, self.power, precision)
            step = _solved(hessian, gradient)
            return z + scale[:, None] * step * (_LONGEST / step.abs().amax(-1, keepdim=True).clamp_min(_LONGEST))

        z, (value, gradient) = start, expand(start)
        scale = torch.ones_like(value)
        for _ in range(_STEPS - 1):
            new = proposed()
            new_value, new_gradient = expand(new)
            rises = new_value > value
            z, gradient = torch.where(rises[:, None], new, z), torch.where(rises[:, None], new_gradient, gradient)
            value, scale = torch.where(rises, new_value, value), torch.where(rises, scale, 0.25 * scale)
        # No step follows the last one, so its gradient is not needed.
        last = proposed()
        return torch.where((held(last, likelihood.value(self.transform(last))) > value)[:, None], last, z)


def _tiles(rows: Tensor) -> list[Tensor]:
    """The rows in tiles, of which the last repeats its last row until it is full."""
    in_large = len(rows) - len(rows) % _LARGE_TILE
    tiles = [*rows[:in_large].split(_LARGE_TILE), *rows[in_large:].split(_TILE)]
    *whole, last = [tile for tile in tiles if len(tile)] or [rows]
    size = next((size for size in (_SMALL_TILE, _TILE) if len(last) <= size), len(last))
    return [*whole, torch.cat([last, last[-1:].expand(size - len(last))])] if len(last) else []


def _gradient_in_z(theta: Tensor, seen: Tensor, gradient: Tensor, power: float) -> Tensor:
    """J^T gradient with J = ds/dz = a (diag(s) - s theta^T), along the last axis."""
    weighted = power * seen * gradient
    return weighted - theta * weighted.sum(-1, keepdim=True)


class _Hessian:
    """H = J^T C J + diag(precision + 1 / tau^2) of the rows with these shares, C the curvature in s."""

    def __init__(
        self, theta: Tensor, seen: Tensor, likelihood: ShareLikelihood, power: float, precision: Tensor
    ) -> None:
        self._theta = theta
        self._weight = power * seen
        self._curvature: Curvature = likelihood.curvature(theta)
        self._held = precision + 1.0 / _TAU**2

    def diagonal(self) -> Tensor:
        """The approximate diagonal, (B, K), with that of a^2 diag(s) C diag(s) for J^T C J."""
        return self._weight.square() * self._curvature.diagonal() + self._held

    def times(self, vectors: Tensor) -> Tensor:
        """H v of each row, (B, K)."""
        along = self._weight * (vectors - (self._theta * vectors).sum(-1, keepdim=True))  # J v
        weighted = self._weight * self._curvature.times(along)
        return weighted - self._theta * weighted.sum(-1, keepdim=True) + self._held * vectors


def _solved(hessian: _Hessian, gradient: Tensor) -> Tensor:
    """H^-1 gradient (B, K), by a few iterations of conjugate gradients with the diagonal for preconditioner (Nocedal &
    Wright 2006, algorithm 5.3): after any number of them the step is an ascent direction."""
    inverse = 1.0 / hessian.diagonal()
    solution, residual = torch.zeros_like(gradient), gradient
    direction = inverse * residual
    size = (residual * direction).sum(-1, keepdim=True)
    for _ in range(_ITERATIONS):
        image = hessian.times(direction)
        along = _ratio(size, (direction * image).sum(-1, keepdim=True))
        solution, residual = solution + along * direction, residual - along * image
        scaled = inverse * residual
        before, size = size, (residual * scaled).sum(-1, keepdim=True)
        direction = scaled + _ratio(size, before) * direction
    return solution


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Their ratio, and 0 where the solution is exact, or rounding leaves no ascent direction."""
    return torch.where(denominator > 0.0, numerator / denominator, 0.0)
