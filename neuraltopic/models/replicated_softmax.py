"""The Replicated Softmax: the restricted Boltzmann machine of documents (Salakhutdinov & Hinton 2009).

A document x of n tokens and binary units z have the energy -(z^T R x + b . x + n a . z), so that p(w | z) is the energy
softmax (17.14) and p(z | x) a product of Bernoullis. The units with x summed out,

    p(z) = exp(n g(z)) / Z(n),      g(z) = a . z + log sum_w exp(z . R_w + b_w),

have the length n as an inverse temperature: the models of shorter documents are tempered models of longer ones. At n =
1 there is a closed form, Z(1) = sum_w exp(b_w) prod_k (1 + exp(a_k + R_kw)), and exact draws. One run of annealed
importance sampling from there, with n rising, estimates Z(n) for every length on its way.

Axes: B documents, C chains, K units, V words, T lengths.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from neuraltopic.core.boltzmann.machine import BoltzmannMachine, anneal_stages, resampled
from neuraltopic.core.latents.binary import draw_units
from neuraltopic.core.vae import VAE
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax, draw_words

# Lengths at which annealing stops: each one to 50, then 2% apart, to beyond most documents.
_GROWTH = 1.02
_LONGEST = 1024
_ANNEALED_CHAINS = 200


def annealed_lengths() -> list[int]:
    """1 = n_1 < n_2 < ... < n_T."""
    lengths = [1]
    while lengths[-1] < _LONGEST:
        lengths.append(max(lengths[-1] + 1, math.floor(lengths[-1] * _GROWTH)))
    return lengths


class ReplicatedSoftmax(BoltzmannMachine[EnergySoftmax]):
    """The restricted Boltzmann machine of documents, of K units and V words.

    Parameters
    ----------
    n_components : int
        K.
    n_words : int
        V.

    Attributes
    ----------
    log_weights : Tensor of shape (T, C)
        log of Z(n) estimated by each annealed chain, nats, at each of `annealed_lengths()`.
    gains : Tensor of shape (T, C)
        g(z) of each chain there.
    """

    log_weights: Tensor
    gains: Tensor

    def __init__(self, n_components: int, n_words: int) -> None:
        super().__init__(EnergySoftmax(n_components, n_words), n_components)
        shape = len(annealed_lengths()), _ANNEALED_CHAINS
        self.register_buffer("log_weights", torch.zeros(shape))
        self.register_buffer("gains", torch.zeros(shape))

    @torch.no_grad()
    def settle(self, generator: torch.Generator) -> None:
        """Anneal to the current weights, up to the longest document of the fit: `log_normaliser` uses the result from
        then on, and the persistent chains continue from the annealed ones."""
        lengths = annealed_lengths()
        reached = [n for n in lengths if n <= max(1.0, float(self.longest))]
        log_weights, gains, states = [], [], []

        def visit(log_weight: Tensor, z: Tensor) -> None:
            log_weights.append(log_weight)
            gains.append(self.log_gain(z))
            states.append(z)

        log_start, z = self._single_word(_ANNEALED_CHAINS, generator)
        anneal_stages(z, [_OfLength(self, n) for n in reached], generator, visit)
        self._restart(reached, log_weights, states, generator)
        for length in lengths[len(reached) :]:
            log_weights.append(log_weights[len(reached) - 1] + (length - reached[-1]) * gains[len(reached) - 1])
            gains.append(gains[len(reached) - 1])
        self.log_weights.copy_(torch.stack(log_weights) + log_start)
        self.gains.copy_(torch.stack(gains))

    def _restart(
        self, lengths: list[int], log_weights: list[Tensor], states: list[Tensor], generator: torch.Generator
    ) -> None:
        """Continue each persistent chain from an annealed one of about its length, which has found modes that the
        persistent chain could not reach."""
        stages = torch.searchsorted(torch.tensor(lengths).to(self.chain_trials), self.chain_trials, right=True) - 1
        for stage in stages.clamp(min=0).unique().tolist():
            here = (stages.clamp(min=0) == stage).nonzero()[:, 0]
            self.chains[here] = states[stage][resampled(log_weights[stage], len(here), generator)]

    def log_normaliser(self, trials: Tensor) -> Tensor:
        """log Z(n) in nats, (B,) from n (B,), as last estimated: from the longest of the annealed lengths up to n by
        importance weights, so that each is an unbiased estimate of Z(n). Z(0) = 2^K."""
        lengths = torch.tensor(annealed_lengths(), dtype=trials.dtype, device=trials.device)
        last = (torch.searchsorted(lengths, trials.contiguous(), right=True) - 1).clamp(min=0)
        beyond = (trials - lengths[last])[:, None]
        log_weights = self.log_weights[last] + beyond * self.gains[last]
        estimate = torch.logsumexp(log_weights, -1) - math.log(log_weights.shape[-1])
        return torch.where(trials == 0, len(self.encoder.bias) * math.log(2.0), estimate)

    def _single_word(self, n_draws: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """log Z(1), and exact draws of z for documents of one token, (C, K)."""
        weight, bias = self.decoder.topics()
        log_odds = weight + self.encoder.bias  # (V, K), p(z | w)
        log_joint = bias + F.softplus(log_odds).sum(1)  # log sum_z of one word
        log_normaliser = torch.logsumexp(log_joint, 0)
        n_tokens = torch.tensor([n_draws], device=weight.device)
        words = draw_words((log_joint - log_normaliser)[None], n_tokens, generator)
        return log_normaliser, draw_units(log_odds[words], generator)


@dataclass(frozen=True)
class _OfLength:
    """p(z) of documents of n tokens, unnormalised."""

    model: ReplicatedSoftmax
    length: int

    def log_density(self, z: Tensor) -> Tensor:
        return self.length * self.model.log_gain(z)

    def move(self, z: Tensor, generator: torch.Generator) -> Tensor:
        return self.model.gibbs(z, z.new_full((len(z),), float(self.length)), 1, generator)


@torch.no_grad()
def turn_units(model: VAE[Any]) -> None:
    """Make each unit off in most documents, in place, so that an active unit says what a document is about.

    The model with z_k replaced by 1 - z_k is the same with the signs of R_k and a_k changed, and b and the gain of the
    other units shifted by R_k. How often a unit is on is counted in the persistent chains.
    """
    assert isinstance(model, ReplicatedSoftmax)
    encoder, decoder = model.encoder, model.decoder
    often = model.chains.mean(0) > 0.5
    decoder.bias.add_(decoder.weight[:, often].sum(1) + encoder.bias[often].sum())
    decoder.weight[:, often] *= -1.0
    encoder.bias[often] *= -1.0
    model.chains[:, often] = 1.0 - model.chains[:, often]
