"""The restricted Boltzmann machine of images: binary pixels and binary units (Smolensky 1986; Hinton 2002).

p(x, z) = exp(z . R x + b . x + a . z) / Z. Its partition function is estimated by annealed importance sampling from the
model without interactions, R and a scaled by t from 0 to 1 (Salakhutdinov & Murray 2008).

Axes: C chains, D pixels, K units.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from neuraltopic.core.annealing import sigmoid_temperatures
from neuraltopic.core.boltzmann.machine import BoltzmannMachine, anneal_stages
from neuraltopic.core.latents.binary import draw_units
from neuraltopic.core.likelihoods import BernoulliEnergy

_ANNEALED_CHAINS = 100
_TEMPERATURES = 500
# Gibbs steps from the persistent chains to the images that are drawn.
_STEPS_TO_A_DRAW = 200


class ImageMachine(BoltzmannMachine[BernoulliEnergy]):
    """The restricted Boltzmann machine of images of D pixels with K units.

    Attributes
    ----------
    log_weights : Tensor of shape (C,)
        log of Z as each annealed chain estimates it, nats.
    """

    log_weights: Tensor

    def __init__(self, n_components: int, n_pixels: int) -> None:
        super().__init__(BernoulliEnergy(n_components, n_pixels), n_components)
        self.register_buffer("log_weights", torch.zeros(_ANNEALED_CHAINS))

    @torch.no_grad()
    def settle(self, generator: torch.Generator) -> None:
        """Anneal to the weights in force, which `log_normaliser` reads off from then on."""
        weight, bias = self.decoder.weight, self.decoder.bias
        stages = [_Tempered(self, t) for t in sigmoid_temperatures(_TEMPERATURES)]
        z = draw_units(weight.new_zeros(_ANNEALED_CHAINS, weight.shape[1]), generator)
        log_start = weight.shape[1] * math.log(2.0) + F.softplus(bias).sum()

        def visit(log_weights: Tensor, z: Tensor) -> None:
            self.log_weights.copy_(log_weights + log_start)  # those of the last stage stay

        anneal_stages(z, stages, generator, visit)

    def log_normaliser(self, trials: Tensor) -> Tensor:
        """log Z in nats for each row, (B,), as last estimated."""
        estimate = torch.logsumexp(self.log_weights, 0) - math.log(len(self.log_weights))
        return estimate.expand(len(trials))

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z after 200 Gibbs steps from the persistent chains of the fit, (S, 1, K), on the CPU: draws from p(z) as far
        as the chains mix."""
        chains = torch.randint(len(self.chains), (n_samples,), generator=generator).to(self.chains.device)
        trials = self.chains.new_ones(n_samples)
        return self.gibbs(self.chains[chains], trials, _STEPS_TO_A_DRAW, generator).cpu()[:, None]


@dataclass(frozen=True)
class _Tempered:
    """The machine with R and a scaled by t."""

    machine: ImageMachine
    temperature: float

    def log_density(self, z: Tensor) -> Tensor:
        decoder, t = self.machine.decoder, self.temperature
        return t * (z @ self.machine.encoder.bias) + F.softplus(F.linear(t * z, decoder.weight, decoder.bias)).sum(-1)

    def move(self, z: Tensor, generator: torch.Generator) -> Tensor:
        decoder, t = self.machine.decoder, self.temperature
        x = draw_units(F.linear(t * z, decoder.weight, decoder.bias), generator)
        return draw_units(t * (x @ decoder.weight + self.machine.encoder.bias), generator)
