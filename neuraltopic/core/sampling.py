"""Rejection and importance sampling: of any density, and of a fitted model's log p(x).

A density is a function of a tensor of points that gives its log in nats; a proposal can be sampled and gives its
density, and a `Posterior` is a proposal.

Axes: S samples, then the rows of a batch where there are any, then the numbers of a point where there are several;
log densities and weights have the first two, (S, ...).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from neuraltopic.core.objectives import draw, log_mean_exp
from neuraltopic.core.vae import VAE

LogDensity = Callable[[Tensor], Tensor]


class Proposal(Protocol):
    """A density that can be drawn from."""

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """S points."""
        ...

    def log_prob(self, z: Tensor) -> Tensor:
        """log q at each of them in nats, normalised, (S, ...)."""
        ...


class EnvelopeError(ValueError):
    """M q(x) is below p(x) somewhere, so rejection would draw from another density; the message says where."""


class RejectionSamples(NamedTuple):
    """Points drawn from p by rejection.

    Attributes
    ----------
    samples : Tensor
        Independent and exactly from p, (n_samples, ...).
    acceptance_rate : float
        Share of the proposals that were accepted; its expectation is 1/M, or Z/M where p integrates to Z.
    n_proposed : int
        Proposals drawn.
    log_bound_seen : float
        The largest log p(x) - log q(x) seen, in nats: the smallest log M that would have passed. The supremum can be
        larger.
    """

    samples: Tensor
    acceptance_rate: float
    n_proposed: int
    log_bound_seen: float


def rejection_sample(
    log_p: LogDensity,
    proposal: Proposal,
    log_bound: float,
    n_samples: int,
    generator: torch.Generator,
    *,
    at_once: int = 4096,
    max_proposals: int = 10_000_000,
) -> RejectionSamples:
    """Draw from p by accepting x ~ q with probability p(x) / (M q(x)) (figure 13).

    Parameters
    ----------
    log_p : callable
        Log of p in nats, (S,) from S points; p need not be normalised.
    proposal : Proposal
        q, normalised.
    log_bound : float
        log M, with M q(x) >= p(x) everywhere. It is checked at every proposal, and not elsewhere.
    n_samples : int
    generator : torch.Generator
    at_once : int
        Proposals drawn together.
    max_proposals : int
        Largest number of proposals drawn.

    Raises
    ------
    EnvelopeError
        When M q(x) < p(x) at a proposal, or either is not a number there.
    RuntimeError
        When `max_proposals` did not yield `n_samples`.
    """
    accepted: list[Tensor] = []
    n_accepted = n_proposed = 0
    log_bound_seen = -math.inf
    while n_accepted < n_samples:
        if n_proposed >= max_proposals:
            raise RuntimeError(
                f"rejection sampling: {n_samples:,} samples expected, got {n_accepted:,} of {n_proposed:,} proposals; "
                "try a q closer to p, which a smaller M bounds"
            )
        x = proposal.sample(at_once, generator)
        log_density, log_q = log_p(x), proposal.log_prob(x)
        ratio = log_density - log_q
        _check_envelope(x, log_density, log_q, log_bound)
        log_bound_seen = max(log_bound_seen, float(ratio.max()))
        uniform = torch.rand(ratio.shape, generator=generator, dtype=ratio.dtype).to(ratio.device)
        accepted.append(x[uniform.log() < ratio - log_bound])
        n_accepted += len(accepted[-1])
        n_proposed += at_once
    samples = torch.cat(accepted)[:n_samples]
    return RejectionSamples(samples, n_accepted / n_proposed, n_proposed, log_bound_seen)


def _check_envelope(x: Tensor, log_p: Tensor, log_q: Tensor, log_bound: float) -> None:
    excess = log_p - log_q - log_bound
    # Where the envelope touches p, the two differ by rounding only.
    rounding = 8.0 * torch.finfo(excess.dtype).eps * (1.0 + log_p.abs() + log_q.abs() + abs(log_bound))
    broken = (excess > rounding) | excess.isnan() | excess.isposinf()
    if not broken.any():
        return
    worst = int(torch.where(broken, excess.nan_to_num(nan=math.inf), -math.inf).argmax())
    found = f"log p(x) = {float(log_p[worst]):.6g} and log M q(x) = {float(log_q[worst]) + log_bound:.6g}"
    needed = float(log_p[worst] - log_q[worst])
    hint = "look at both densities there"
    if math.isfinite(needed):
        hint = f"there log M = {needed:.6g} would do instead of {log_bound:.6g}; try that, or a q with heavier tails"
    raise EnvelopeError(f"rejection sampling: M q(x) >= p(x) expected, got {found} at x = {x[worst].tolist()}; {hint}")


class Estimate(NamedTuple):
    """Estimates from weighted samples of a number, or of one number per row; all of shape (...).

    Attributes
    ----------
    value : Tensor
    standard_error : Tensor
        Standard deviation of `value` over repetitions, estimated from the same samples; nan from one sample.
    effective_sample_size : Tensor
        (sum w)^2 / sum w^2, from 1 to S; 0 where no sample has weight. If it is small, the other two numbers are
        unreliable.
    """

    value: Tensor
    standard_error: Tensor
    effective_sample_size: Tensor


class WeightedSamples(NamedTuple):
    """Points z ~ q and their importance weights w = p(z) / q(z).

    Attributes
    ----------
    z : Tensor of shape (S, ...)
    log_weights : Tensor of shape (S, ...)
        log w in nats; -inf where p is 0.
    """

    z: Tensor
    log_weights: Tensor

    def expectation(self, f: Callable[[Tensor], Tensor]) -> Estimate:
        """E_p[f] ~ (1/S) sum_i w_i f(z_i), equation (17.20), unbiased.

        `f` gives (S, ...), one number per weight. Where p is not normalised but integrates to Z, this is Z E_p[f].
        """
        weights = self.log_weights.exp()
        # Points with p = 0 do not count, even where f is undefined.
        terms = torch.where(weights > 0, weights * f(self.z), 0.0)
        n = len(terms)
        mean = terms.mean(0)
        variance = (terms - mean).square().sum(0) / _degrees(n)
        return Estimate(mean, (variance / n).sqrt(), effective_sample_size(self.log_weights))

    def self_normalised_expectation(self, f: Callable[[Tensor], Tensor]) -> Estimate:
        """E_p[f] ~ sum_i w_i f(z_i) / sum_i w_i, biased by a share 1/S, for p known up to a factor.

        The standard error is that of the delta method; all of it is nan where no sample has weight.
        """
        shares = torch.softmax(self.log_weights, dim=0)
        values = torch.where(shares == 0, 0.0, f(self.z))
        mean = (shares * values).sum(0)
        n = len(shares)
        variance = (shares * (values - mean)).square().sum(0) * n / _degrees(n)
        return Estimate(mean, variance.sqrt(), effective_sample_size(self.log_weights))

    def probability(self, event: Callable[[Tensor], Tensor]) -> Estimate:
        """P_p(event) ~ (1/S) sum_i w_i [event(z_i)], equation (17.21); `event` gives booleans (S, ...).

        A rare event, such as a tail, needs a q under which it is frequent.
        """
        return self.expectation(lambda z: event(z).to(self.log_weights.dtype))

    def log_normaliser(self) -> Estimate:
        """log of the integral of p, in nats, (17.24)."""
        return log_mean_weight(self.log_weights)


def importance_sample(
    log_p: LogDensity, proposal: Proposal, n_samples: int, generator: torch.Generator
) -> WeightedSamples:
    """Draw from q in place of p, and weigh (17.20).

    Parameters
    ----------
    log_p : callable
        Log of p in nats, (S, ...) from S points.
    proposal : Proposal
        q, positive wherever p f is not 0.
    n_samples : int
    generator : torch.Generator
    """
    z = proposal.sample(n_samples, generator)
    return WeightedSamples(z, log_p(z) - proposal.log_prob(z))


def importance_log_likelihood(
    model: VAE, x: Any, n_samples: int, generator: torch.Generator, *, at_once: int | None = None
) -> Estimate:
    """log p(x) of each row in nats by importance sampling from the encoder, (17.24), (B,).

    The value is that of `ImportanceWeighted` from the same draws, a lower bound in expectation. Its standard error
    ignores regions that q does not reach: a small effective sample size is a sign of them, and annealed importance
    sampling is a check.

    Parameters
    ----------
    x : batch
    n_samples : int
        k.
    at_once : int, optional
        As for `ImportanceWeighted`.
    """
    with torch.no_grad():
        draws = draw(model, x, model.posterior(x), n_samples, generator, at_once=at_once)
        return log_mean_weight(draws.log_likelihood + draws.log_ratio)


def log_mean_weight(log_weights: Tensor) -> Estimate:
    """log (1/S) sum_i w_i, with the standard error of the delta method: that of the mean w over the mean w."""
    size = effective_sample_size(log_weights)
    n = len(log_weights)
    variance = (n / size - 1.0).clamp(min=0.0) / _degrees(n)
    return Estimate(log_mean_exp(log_weights), variance.sqrt(), size)


def effective_sample_size(log_weights: Tensor) -> Tensor:
    """(sum w)^2 / sum w^2, (...,) from (S, ...); 0 where no sample has weight (Kong 1992)."""
    log_size = 2.0 * torch.logsumexp(log_weights, 0) - torch.logsumexp(2.0 * log_weights, 0)
    return torch.where(log_weights.isneginf().all(0), 0.0, log_size.exp())


def _degrees(n: int) -> float:
    """n - 1, the divisor of a variance; nan for one sample."""
    return n - 1.0 if n > 1 else math.nan
