"""Annealed importance sampling: log p(x) independent of the encoder, to check importance sampling.

Chains start at the prior and move to the posterior through intermediate densities. The gains of the steps make a weight
whose expectation is p(x), for any number of steps (Neal 2001).

Axes: C chains, B rows of data, Z numbers of z, T temperatures; chains lead.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from neuraltopic.core.sampling import LogDensity, log_mean_weight
from neuraltopic.core.vae import VAE

# Target acceptance probability of Hamiltonian Monte Carlo: near the best for many dimensions (Neal 2011).
_TARGET = 0.65


class AnnealedEstimate(NamedTuple):
    """log p(x) by annealed importance sampling; all of shape (B,).

    Attributes
    ----------
    log_likelihood : Tensor
        log of the mean weight of the chains, nats; a lower bound in expectation.
    standard_error : Tensor
        Its standard deviation, estimated from the chains; nan from one chain.
    effective_sample_size : Tensor
        (sum w)^2 / sum w^2, from 1 to C. If it is near 1, use more temperatures.
    acceptance : Tensor
        Mean acceptance probability of the steps; nan with one temperature, which takes no step.
    """

    log_likelihood: Tensor
    standard_error: Tensor
    effective_sample_size: Tensor
    acceptance: Tensor


def annealed_log_likelihood(
    model: VAE,
    x: Any,
    generator: torch.Generator,
    *,
    n_chains: int = 16,
    n_temperatures: int = 500,
    n_leapfrog: int = 10,
) -> AnnealedEstimate:
    """log p(x) of each row in nats by annealed importance sampling from the prior (Neal 2001; Wu et al. 2017), (B,).

    Steps of Hamiltonian Monte Carlo leave p(z) p(x | z)^t invariant, with t rising from 0 to 1. Separate chains find
    the step sizes first; the weighted chains do not change them, so that the mean weight is exactly unbiased.

    Parameters
    ----------
    model : VAE
        Its latent's `log_prior` is differentiable, and finite at every real z.
    x : batch
    generator : torch.Generator
    n_chains : int
        C.
    n_temperatures : int
        T, the number of increases of t. With one it is importance sampling from the prior.
    n_leapfrog : int
        Leapfrog steps of a trajectory.

    Raises
    ------
    ValueError
        When z has a bounded support, where a trajectory would leave it.
    """
    with torch.no_grad():
        like = model.posterior(x).mean  # (B, Z)

    def prior(n: int) -> Tensor:
        draws = model.latent.sample_prior(n * len(like), generator).to(like)
        return draws.view(n, len(like), -1)

    _require_unconstrained(model.latent.log_prior, prior(8))
    temperatures = sigmoid_temperatures(n_temperatures)
    bridge = Bridge(model.latent.log_prior, lambda z: model.log_likelihood(z, x), n_leapfrog, generator)
    steps = find_step_sizes(bridge, prior(4), temperatures)
    log_weights, acceptance = anneal(bridge, prior(n_chains), temperatures, steps)
    return AnnealedEstimate(*log_mean_weight(log_weights), acceptance)


def sigmoid_temperatures(n: int, steepness: float = 4.0) -> list[float]:
    """0 = t_0 < ... < t_n = 1 along a sigmoid, closest at both ends, where a step gains most (Wu et al. 2017)."""
    sigmoid = torch.sigmoid(torch.linspace(-steepness, steepness, n + 1, dtype=torch.float64))
    return ((sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])).tolist()


class _Point(NamedTuple):
    """z, (C, B, Z), with the log density and gradient of start and gain there."""

    z: Tensor
    log_start: Tensor
    log_gain: Tensor
    start_gradient: Tensor
    gain_gradient: Tensor

    def log_density(self, temperature: float) -> Tensor:
        return self.log_start + temperature * self.log_gain

    def gradient(self, temperature: float) -> Tensor:
        return self.start_gradient + temperature * self.gain_gradient


class Bridge:
    """The densities start(z) gain(z)^t, t in [0, 1], and a step of Hamiltonian Monte Carlo that leaves one of them
    invariant.

    Parameters
    ----------
    log_start, log_gain : callable
        (C, B) from (C, B, Z), nats; differentiable. start gain, which need not be normalised, is where t = 1 ends.
    n_leapfrog : int
    generator : torch.Generator
    """

    def __init__(
        self, log_start: LogDensity, log_gain: LogDensity, n_leapfrog: int, generator: torch.Generator
    ) -> None:
        self.log_start = log_start
        self.log_gain = log_gain
        self.n_leapfrog = n_leapfrog
        self.generator = generator

    def at(self, z: Tensor) -> _Point:
        """Both log densities and their gradients at z."""
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            parts = [self.log_start(z), self.log_gain(z)]
            gradients = [torch.autograd.grad(part.sum(), z)[0] for part in parts]
        return _Point(z.detach(), *(part.detach() for part in parts), *gradients)

    def step(self, point: _Point, temperature: float, size: Tensor) -> tuple[_Point, Tensor]:
        """One trajectory with step sizes (B,), and the probability with which it was accepted, (C, B)."""
        momentum = self._noise(torch.randn, point.z)
        end, speed = point, momentum
        for _ in range(self.n_leapfrog):
            speed = speed + 0.5 * size[:, None] * end.gradient(temperature)
            end = self.at(end.z + size[:, None] * speed)
            speed = speed + 0.5 * size[:, None] * end.gradient(temperature)
        gained = end.log_density(temperature) - point.log_density(temperature)
        log_ratio = gained - 0.5 * (speed.square() - momentum.square()).sum(-1)
        # A trajectory that diverged to nan is rejected.
        probability = log_ratio.clamp(max=0.0).exp().nan_to_num(nan=0.0)
        accepted = self._noise(torch.rand, probability) < probability
        kept = [
            torch.where(accepted if old.dim() == 2 else accepted[..., None], new, old)
            for new, old in zip(end, point, strict=True)
        ]
        return _Point(*kept), probability

    def _noise(self, draw: Callable[..., Tensor], like: Tensor) -> Tensor:
        return draw(like.shape, generator=self.generator, dtype=like.dtype).to(like.device)


def find_step_sizes(
    bridge: Bridge, z: Tensor, temperatures: list[float], first: float = 0.3, gain: float = 0.3
) -> list[Tensor]:
    """Step sizes of each row at each temperature between the ends, (B,) each, from chains that start at z.

    A step size grows while the acceptance probability of its row is above 0.65, and shrinks while it is below.
    """
    point = bridge.at(z)
    log_size = z.new_full((z.shape[1],), first).log()
    sizes = []
    for temperature in temperatures[1:-1]:
        sizes.append(log_size.exp())
        point, probability = bridge.step(point, temperature, sizes[-1])
        log_size = log_size + gain * (probability.mean(0) - _TARGET)
    return sizes


def anneal(bridge: Bridge, z: Tensor, temperatures: list[float], sizes: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Log weights of chains that start at z, drawn from start, (C, B), and the mean acceptance of each row, (B,).

    The mean of exp(log weight) has as its expectation the integral of start gain over that of start.
    """
    point = bridge.at(z)
    log_weights = torch.zeros_like(point.log_gain)
    probabilities = []
    for last, temperature, size in zip(temperatures, temperatures[1:], [*sizes, None], strict=False):
        log_weights = log_weights + (temperature - last) * point.log_gain
        if size is not None:
            point, probability = bridge.step(point, temperature, size)
            probabilities.append(probability.mean(0))
    acceptance = torch.stack(probabilities).mean(0) if probabilities else log_weights.new_full(z.shape[1:2], torch.nan)
    return log_weights, acceptance


def _require_unconstrained(log_prior: LogDensity, z: Tensor) -> None:
    """Raise a ValueError unless the prior is positive on both sides of zero, farther out than its draws z (C, B, Z)."""
    with torch.no_grad():
        for side in (1.0, -1.0):
            if not log_prior(side * (1.0 + z.abs())).isfinite().all():
                raise ValueError(
                    "annealed importance sampling: a prior density above 0 at every real z expected, got none "
                    f"{'above' if side > 0 else 'below'} its draws; try importance sampling from the encoder"
                )
