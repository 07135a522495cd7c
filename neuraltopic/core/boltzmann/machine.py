"""The restricted Boltzmann machine: a composition whose encoder is exact and whose prior is known up to a constant.

The joint density of n observations x and binary units z is an exponential family (Smolensky 1986; Welling, Rosen-Zvi
& Hinton 2005)

    p(x, z) = exp(c(x) + z . T(x) + n a . z) / Z(n),      p(x | z) = exp(c(x) + z . T(x) - n A(z)),

so that p(z | x) is a product of Bernoullis with log odds T(x) + n a, and the rest of p(x, z) is the prior p(z) = exp(n
(a . z + A(z))) / Z(n). Since q(z | x) is the exact posterior, every importance weight p(x, z) / q(z | x) equals p(x):
the bounds are tight, up to the error of the estimate of log Z(n).

Axes: S samples, B rows of data, C chains, K units, T stages of annealing.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuraltopic.core.latents.binary import BinaryUnits, draw_units
from neuraltopic.core.objectives import log_mean_exp
from neuraltopic.core.protocols import Decoder
from neuraltopic.core.sampling import effective_sample_size
from neuraltopic.core.vae import VAE


class Terms(NamedTuple):
    """The statistics of rows of data under a decoder that is an exponential family in z.

    Attributes
    ----------
    statistics : Tensor of shape (B, K)
        T(x).
    base : Tensor of shape (B,)
        c(x).
    trials : Tensor of shape (B,)
        n, the observations of a row: the tokens of a document; 1 for an image.
    """

    statistics: Tensor
    base: Tensor
    trials: Tensor


class ConjugateDecoder(Decoder, Protocol):
    """p(x | z) = exp(c(x) + z . T(x) - n A(z)): a decoder under which binary units have a posterior in closed form."""

    def terms(self, x: Any, /) -> Terms:
        """T(x), c(x) and n of the rows of x."""
        ...

    def log_partition(self, z: Tensor, /) -> Tensor:
        """A(z) in nats, (...,) from z (..., K)."""
        ...

    def sample_statistics(self, z: Tensor, trials: Tensor, generator: torch.Generator, /) -> Tensor:
        """T(x) of a draw x ~ p(x | z), (C, K) from z (C, K), with n observations a row, (C,)."""
        ...


DecoderT_co = TypeVar("DecoderT_co", bound=ConjugateDecoder, covariant=True)


class HiddenBiases(nn.Module):
    """The encoder of a restricted Boltzmann machine, T(x) + n a: the log odds of p(z | x), (B, K).

    Parameters
    ----------
    n_components : int
        K.
    """

    def __init__(self, n_components: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(n_components))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Start a small, drawn from the generator."""
        self.bias.copy_(torch.randn(self.bias.shape, generator=generator) * 1e-3)

    def forward(self, x: Any, decoder: ConjugateDecoder, generator: torch.Generator | None = None) -> Tensor:
        """Log odds of each unit, (B, K); all weights but a are the decoder's, and nothing is drawn."""
        terms = decoder.terms(x)
        return terms.statistics + terms.trials[:, None] * self.bias


class BoltzmannMachine(VAE[DecoderT_co]):
    """A restricted Boltzmann machine, composed as a VAE: encoder a, latent z in {0, 1}^K, decoder T, c and A.

    Parameters
    ----------
    decoder : Module
        A `ConjugateDecoder`.
    n_components : int
        K.
    n_chains : int
        C, the persistent chains.

    Attributes
    ----------
    chains : Tensor of shape (C, K)
        States z of the persistent chains, in the order of their n, smallest first.
    chain_trials : Tensor of shape (C,)
        The n that each of them last had.
    longest : Tensor of shape ()
        The largest n that it was trained on.
    """

    encoder: HiddenBiases
    chains: Tensor
    chain_trials: Tensor
    longest: Tensor
    exact_posterior = True

    def __init__(self, decoder: DecoderT_co, n_components: int, n_chains: int = 512) -> None:
        super().__init__(HiddenBiases(n_components), BinaryUnits(n_components), decoder)
        self.register_buffer("chains", torch.zeros(n_chains, n_components))
        self.register_buffer("chain_trials", torch.ones(n_chains))
        self.register_buffer("longest", torch.ones(()))

    def log_normaliser(self, trials: Tensor) -> Tensor:
        """log Z(n) in nats, (B,) from n (B,), as last estimated by `settle`."""
        raise NotImplementedError

    def log_odds(self, terms: Terms) -> Tensor:
        """T(x) + n a, (B, K)."""
        return terms.statistics + terms.trials[:, None] * self.encoder.bias

    def log_gain(self, z: Tensor) -> Tensor:
        """a . z + A(z) in nats, (...,) from z (..., K): log p(z) is n times this, less log Z(n)."""
        return z @ self.encoder.bias + self.decoder.log_partition(z)

    def log_prior(self, z: Tensor, x: Any) -> Tensor:
        """log p(z) = n (a . z + A(z)) - log Z(n) in nats, (S, B) from z (S, B, K), for the n of each row of x."""
        trials = self.decoder.terms(x).trials
        return trials * self.log_gain(z) - self.log_normaliser(trials)

    def free_energy(self, x: Any) -> Tensor:
        """-log sum_z exp(c(x) + z . T(x) + n a . z) in nats, (B,): -log p(x) - log Z(n)."""
        terms = self.decoder.terms(x)
        return -terms.base - F.softplus(self.log_odds(terms)).sum(-1)

    def gibbs(self, z: Tensor, trials: Tensor, n_steps: int, generator: torch.Generator) -> Tensor:
        """z after `n_steps` of x ~ p(x | z), z ~ p(z | x), (C, K) from z (C, K), with n observations a row, (C,)."""
        with torch.no_grad():
            for _ in range(n_steps):
                drawn = self.decoder.sample_statistics(z, trials, generator)
                z = draw_units(drawn + trials[:, None] * self.encoder.bias, generator)
        return z

    def persistent(self, trials: Tensor, n_steps: int, generator: torch.Generator) -> Tensor:
        """z of the persistent chains moved on by `n_steps`, (B, K), a chain for each row with n observations, (B,).

        Rows are matched to chains in the order of n, so that the n of a chain changes little. Of more rows than chains,
        several start from one chain, which keeps the state of the last of them.
        """
        B, C = len(trials), len(self.chains)
        order = trials.argsort(stable=True)
        places = torch.div(torch.arange(B, device=trials.device) * C, B, rounding_mode="floor")
        moved = self.gibbs(self.chains[places], trials[order], n_steps, generator)
        last = torch.cat([places[1:] > places[:-1], places.new_ones(1, dtype=torch.bool)])
        self.chains[places[last]] = moved[last]
        self.chain_trials[places[last]] = trials[order][last]
        z = torch.empty_like(moved)
        z[order] = moved
        return z


class Stage(Protocol):
    """One of a sequence of densities of z, from one that can be sampled to the target."""

    def log_density(self, z: Tensor) -> Tensor:
        """Its unnormalised log density in nats, (C,) from z (C, K)."""
        ...

    def move(self, z: Tensor, generator: torch.Generator) -> Tensor:
        """z after a transition that leaves the density invariant, (C, K)."""
        ...


def anneal_stages(
    z: Tensor, stages: Sequence[Stage], generator: torch.Generator, visit: Callable[[Tensor, Tensor], None]
) -> None:
    """Annealed importance sampling along the stages (Neal 2001; Salakhutdinov & Murray 2008), with resampling: a
    sequential Monte Carlo sampler (Del Moral, Doucet & Jasra 2006).

    When the effective sample size falls below half of the chains, the chains are resampled by their weights, so that
    many chains follow a mode that few have found and that later stages need.

    Parameters
    ----------
    z : Tensor of shape (C, K)
        Drawn from the first stage.
    stages : sequence of Stage
    generator : torch.Generator
    visit : callable of (log_weights, z)
        Called at each stage with the log weights of the chains, (C,), and their states there. The mean of
        exp(log_weights) has as its expectation the normaliser of this stage divided by that of the first.
    """
    log_weights = z.new_zeros(len(z), dtype=torch.float64)
    visit(log_weights, z)
    for last, stage in pairwise(stages):
        log_weights = log_weights + (stage.log_density(z) - last.log_density(z)).double()
        if effective_sample_size(log_weights) < 0.5 * len(z):
            z = z[resampled(log_weights, len(z), generator)]
            log_weights = log_mean_exp(log_weights).expand(len(z))
        z = stage.move(z, generator)
        visit(log_weights, z)


def resampled(log_weights: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Numbers of chains drawn by their weights, (n,) from (C,), each as often as expected to within one: systematic
    resampling (Carpenter, Clifford & Fearnhead 1999)."""
    cumulative = torch.softmax(log_weights, 0).cumsum(0)
    first = torch.rand(1, generator=generator, dtype=cumulative.dtype).to(cumulative.device)
    points = (torch.arange(n, dtype=cumulative.dtype, device=cumulative.device) + first) / n
    return torch.searchsorted(cumulative / cumulative[-1], points, right=True).clamp_max(len(log_weights) - 1)
