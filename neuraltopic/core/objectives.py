"""Bounds on log p(x), and what to differentiate to raise them.

An objective returns the bound, which logs, early stopping and tables read, and a surrogate whose gradient trains the
model: the two differ when the KL is weighted or has free bits.

Axes: S samples, B rows of data. All values are nats per row.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from neuraltopic.core.discrepancy import Kernel, information_diffusion, maximum_mean_discrepancy
from neuraltopic.core.protocols import Posterior
from neuraltopic.core.vae import VAE

# Default number of pairs of a sample and a row that the decoder sees together: 50 samples of 512 rows.
_PAIRS_AT_ONCE = 25_600

# q(z | x) of the rows of x.
Inference = Callable[[VAE, Any, torch.Generator], Posterior]


class Bound(NamedTuple):
    """A lower bound on log p(x), and the surrogate to differentiate; both (B,)."""

    value: Tensor
    surrogate: Tensor


class Objective(Protocol):
    """A bound on log p(x), and the surrogate to differentiate."""

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
    free_bits : float
        Nats of KL that each group of latent dimensions, a column of `Posterior.kl()`, has free: in the surrogate its
        mean over the rows counts for at least this (lambda of Kingma et al. 2016), so that a dimension can become
        active before it pays. A KL estimated from the draws is one group.
    row_weight : callable of x, optional
        Weight of the KL of each row in the surrogate, (B,), multiplied by `kl_weight`: above 1 where the parts of a row
        are correlated, which makes the row less evidence than its log likelihood says. By default 1.
    posterior : callable of (model, x, generator)
        q(z | x). By default the model's.
    """

    n_samples: int = 1
    closed_kl: bool = True
    free_bits: float = 0.0
    row_weight: Callable[[Any], Tensor] | None = None
    posterior: Inference = VAE.posterior

    def __call__(self, model: VAE, x: Any, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate the bound on x; `kl_weight` and `row_weight` weigh the KL in the surrogate alone."""
        q = self.posterior(model, x, generator)
        z = q.sample(self.n_samples, generator)
        reconstruction = model.log_likelihood(z, x).mean(0)
        groups = divergence(model, q, z, x, closed=self.closed_kl)
        kl = groups.sum(-1)
        weighted = groups if self.row_weight is None else self.row_weight(x)[:, None] * groups
        price = weighted.mean(0).clamp(min=self.free_bits).sum() if self.free_bits else weighted.sum(-1)
        return Bound((reconstruction - kl).detach(), reconstruction - kl_weight * price)


def divergence(model: VAE, q: Posterior, z: Tensor, x: Any, *, closed: bool = True) -> Tensor:
    """KL(q || p) in nats, (B, G): in closed form where q has one and `closed`, else from draws z (S, B, Z)."""
    groups = q.kl() if closed else None
    return (q.log_prob(z) - model.log_prior(z, x)).mean(0)[:, None] if groups is None else groups


@dataclass(frozen=True)
class MomentMatching:
    """E_q[log p(x | z)] less the discrepancy of the aggregate posterior from the prior: the Wasserstein autoencoder
    (Tolstikhin et al. 2018), and with the information diffusion kernel W-LDA (Nan et al. 2019, equation 5).

    The KL pulls the posterior of every row to the prior; the discrepancy pulls only their mixture, so that each
    posterior can be informative. It compares what the decoder sees. The value is the ELBO, as a bound on log p(x).

    Parameters
    ----------
    weight : float
        Weight of the squared maximum mean discrepancy relative to the reconstruction, as a multiple of the size of its
        mean: the paper divides the reconstruction by its scale instead.
    kernel : callable
        Of two sets of points, see `neuraltopic.core.discrepancy`.
    """

    weight: float = 1.0
    kernel: Kernel = information_diffusion

    def __call__(self, model: VAE, x: Any, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate the ELBO on x; the surrogate weighs the discrepancy by `kl_weight` and `weight`."""
        q = model.posterior(x, generator)
        z = q.sample(1, generator)
        reconstruction = model.log_likelihood(z, x)[0]
        seen = model.latent.transform(z)[0]
        prior = model.latent.transform(model.sample_prior(len(seen), generator)[:, 0].to(seen))
        value = (reconstruction - divergence(model, q, z, x).sum(-1)).detach()
        scale = self.weight * reconstruction.detach().mean().abs()
        penalty = scale * maximum_mean_discrepancy(seen, prior, self.kernel)
        return Bound(value, reconstruction - kl_weight * penalty)


@dataclass(frozen=True)
class ImportanceWeighted:
    """log (1/k) sum_i w_i, equation (17.24) (Burda, Grosse, Salakhutdinov 2016).

    w_i = p(x | z_i) p(z_i) / q(z_i | x) at z_i ~ q, equations (17.22) and (17.23), in log space.

    Parameters
    ----------
    n_samples : int
        k. With k = 1 it is the ELBO with the KL estimated from the same draw.
    doubly_reparameterised : bool
        Whether the gradient that reaches q through log q(z | x) is reparameterised as well (DReG, Tucker et al. 2018):
        the mean is the same, and the variance for the encoder is lower and does not hide the signal as k grows.
    at_once : int, optional
        Samples that the decoder sees together. By default 25,600 divided by the number of rows. For a larger k the
        bound is computed in chunks, and each is recomputed for its gradient, so that decoder and densities take the
        memory of one chunk.
    posterior : callable of (model, x, generator)
        As for `ELBO`.
    """

    n_samples: int
    doubly_reparameterised: bool = False
    at_once: int | None = None
    posterior: Inference = VAE.posterior

    def __call__(self, model: VAE, x: Any, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate the bound on x; in the surrogate `kl_weight` weighs log p(z) - log q(z | x) within each w."""
        q = self.posterior(model, x, generator)
        density = q.detach() if self.doubly_reparameterised else q
        draws = draw(model, x, q, self.n_samples, generator, density=density, at_once=self.at_once)
        value = log_mean_exp((draws.log_likelihood + draws.log_ratio).detach())
        log_weights = draws.log_likelihood + kl_weight * draws.log_ratio
        if self.doubly_reparameterised and draws.z:
            _double(draws.z, torch.softmax(log_weights.detach(), dim=0), kl_weight)
        return Bound(value, log_mean_exp(log_weights))


def log_mean_exp(log_weights: Tensor) -> Tensor:
    """log (1/S) sum_i w_i over the first axis, (...,) from (S, ...)."""
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))


class Draws(NamedTuple):
    """Samples z_i ~ q and the two parts of their log weights (17.23).

    Attributes
    ----------
    z : list of Tensor
        The samples that take a gradient, in chunks of the first axis; none where none does.
    log_likelihood : Tensor of shape (S, B)
        log p(x | z_i), nats.
    log_ratio : Tensor of shape (S, B)
        log p(z_i) - log q(z_i | x), nats.
    """

    z: list[Tensor]
    log_likelihood: Tensor
    log_ratio: Tensor


def draw(
    model: VAE,
    x: Any,
    q: Posterior,
    n_samples: int,
    generator: torch.Generator,
    *,
    density: Posterior | None = None,
    at_once: int | None = None,
) -> Draws:
    """Draw from q and weigh, a chunk at a time.

    Parameters
    ----------
    q : Posterior
        The distribution to draw from.
    density : Posterior, optional
        The distribution in log q(z | x), such as q without its gradient. By default q.
    at_once : int, optional
        As for `ImportanceWeighted`.
    """
    density = q if density is None else density
    at_once = at_once or max(1, _PAIRS_AT_ONCE // max(1, len(q.mean)))

    def parts(z: Tensor) -> tuple[Tensor, Tensor]:
        return model.log_likelihood(z, x), model.log_prior(z, x) - density.log_prob(z)

    chunks, likelihoods, ratios = [], [], []
    for done in range(0, n_samples, at_once):
        z = q.sample(min(at_once, n_samples - done), generator)
        if z.requires_grad and n_samples > at_once:
            # Decoders draw nothing, so recomputation gives the same values without a generator's state.
            likelihood, ratio = checkpoint(parts, z, use_reentrant=False, preserve_rng_state=False)
        else:
            likelihood, ratio = parts(z)
        if z.requires_grad:
            chunks.append(z)
        likelihoods.append(likelihood)
        ratios.append(ratio)
    return Draws(chunks, torch.cat(likelihoods), torch.cat(ratios))


def _double(chunks: list[Tensor], shares: Tensor, kl_weight: float) -> None:
    """Multiply the gradient that goes through each z into q by 1 - kl_weight + kl_weight * its share of the weight.

    With w_i = p(x | z_i) (p(z_i) / q(z_i))^c and v_i its share of the sum, the gradient through log q that was left
    out is -c E[v_i d log q(z_i)], which reparameterised is -c E[v_i (1 - v_i) (d log w_i / d z_i) dz_i]. Beside the
    v_i (d log w_i / d z_i) dz_i that comes through z this makes v_i (1 - c + c v_i): v_i^2 with c = 1, as in
    Tucker et al. (2018).
    """
    for z, share in zip(chunks, shares.split([len(z) for z in chunks]), strict=True):
        factor = (1.0 - kl_weight + kl_weight * share)[..., None]
        z.register_hook(lambda gradient, factor=factor: gradient * factor)
