"""Bounds on log p(x), and what to differentiate to raise them.

An objective returns the bound, which logs, early stopping and tables read, and beside it a surrogate whose
gradient trains the model: the two differ as soon as the KL is weighted.

Axes: S samples, B rows of data. All values are nats per row.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from neuraltopic.core.vae import VAE


class Bound(NamedTuple):
    """A lower bound on log p(x), and the surrogate to differentiate; both (B,)."""

    value: Tensor
    surrogate: Tensor


class Objective(Protocol):
    """Anything that bounds log p(x) and says what to differentiate."""

    def __call__(self, model: VAE, x: Any, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate the bound on the rows of x; `kl_weight` enters the surrogate alone."""
        ...


@dataclass(frozen=True)
class ELBO:
    """Evidence lower bound, E_q[log p(x | z)] - KL(q || p), equation (17.11).

    Parameters
    ----------
    n_samples : int
        L of (17.13), the draws that estimate the first term.
    closed_kl : bool
        Whether the KL is taken in closed form where q has one; else it is estimated from the same draws
        (the estimators B and A of Kingma & Welling 2014).
    """

    n_samples: int = 1
    closed_kl: bool = True

    def __call__(self, model: VAE, x: Any, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate the bound on x; `kl_weight` weighs the KL in the surrogate alone."""
        q = model.posterior(x, generator)
        z = q.sample(self.n_samples, generator)
        reconstruction = model.log_likelihood(z, x).mean(0)
        groups = q.kl() if self.closed_kl else None
        kl = (q.log_prob(z) - model.latent.log_prior(z)).mean(0) if groups is None else groups.sum(-1)
        return Bound((reconstruction - kl).detach(), reconstruction - kl_weight * kl)


@dataclass(frozen=True)
class ImportanceWeighted:
    """log (1/k) sum_i w_i, equation (17.24) (Burda, Grosse, Salakhutdinov 2016).

    w_i = p(x | z_i) p(z_i) / q(z_i | x) at z_i ~ q, equations (17.22) and (17.23), in log space.

    Parameters
    ----------
    n_samples : int
        k. With k = 1 it is the ELBO with the KL estimated from the same draw.
    at_once : int
        Samples held in memory together; the sum over the rest is carried on in log space.
    """

    n_samples: int
    at_once: int = 50

    def __call__(self, model: VAE, x: Any, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate the bound on x; in the surrogate `kl_weight` weighs log p(z) - log q(z | x) within each w."""
        q = model.posterior(x, generator)
        values, surrogates = [], []
        for done in range(0, self.n_samples, self.at_once):
            z = q.sample(min(self.at_once, self.n_samples - done), generator)
            likelihood, ratio = model.log_likelihood(z, x), model.latent.log_prior(z) - q.log_prob(z)
            values.append(torch.logsumexp((likelihood + ratio).detach(), dim=0))
            surrogates.append(torch.logsumexp(likelihood + kl_weight * ratio, dim=0))
        value, surrogate = (
            torch.logsumexp(torch.stack(parts), dim=0) - math.log(self.n_samples) for parts in (values, surrogates)
        )
        return Bound(value, surrogate)
