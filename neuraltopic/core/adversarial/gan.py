"""The generative adversarial network: a generator, and a discriminator that distinguishes its draws from data.

The generator is a latent's prior and a decoder's mean, G(z) = E[x | z] (Goodfellow et al. 2014). The model is implicit:
nothing in its training asks for p(x). An encoder is trained with it on the generator's own draws, so that the model has
codes, reconstructions and a bound like the others.

Axes: B rows of data, D features, K numbers that the decoder sees, Z numbers of a drawn z.
"""

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional as F

from neuraltopic.core.networks import MLP
from neuraltopic.core.objectives import Bound, divergence
from neuraltopic.core.protocols import Decoder, Encoder, Latent
from neuraltopic.core.vae import VAE


class MeanDecoder(Decoder, Protocol):
    """A decoder that knows the mean of x."""

    def mean(self, h: Tensor, /) -> Tensor:
        """E[x | z], (..., D) from h (..., K)."""
        ...


DecoderT_co = TypeVar("DecoderT_co", bound=MeanDecoder, covariant=True)


class GAN(VAE[DecoderT_co]):
    """A generative adversarial network, composed as a VAE with a discriminator.

    Parameters
    ----------
    encoder, latent : Module
        As for `VAE`.
    decoder : Module
        A `MeanDecoder`, the generator.
    discriminator : MLP
        One number from a row of D features.
    """

    def __init__(self, encoder: Encoder, latent: Latent, decoder: DecoderT_co, discriminator: MLP) -> None:
        super().__init__(encoder, latent, decoder)
        self.discriminator = discriminator

    def log_odds(self, x: Tensor, *, frozen: bool = False) -> Tensor:
        """Log odds that a row is data and not a draw, (B,) from (B, D). If `frozen`, differentiable in x alone."""
        if not frozen:
            return self.discriminator(x)[:, 0]
        weights = {name: weight.detach() for name, weight in self.discriminator.named_parameters()}
        out: Tensor = functional_call(self.discriminator, weights, (x,))
        return out[:, 0]

    def generate(self, z: Tensor) -> Tensor:
        """G(z), (B, D) from (B, Z)."""
        return self.decoder.mean(self.latent.transform(z))


def gradient_penalty(model: GAN[Any], x: Tensor) -> Tensor:
    """1/2 |d D(x) / dx|^2 of each row, (B,) from (B, D), with D the log odds: R1, equation 9 of Mescheder, Geiger &
    Nowozin (2018), by which the game converges near its equilibrium. It is differentiable in the discriminator."""
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(model.log_odds(x).sum(), x, create_graph=True)
    return 0.5 * slope.square().sum(-1)


@dataclass(frozen=True)
class NonSaturating:
    """The non-saturating game (Goodfellow et al. 2014, section 3) with a gradient penalty; the value is the ELBO.

    In one step the discriminator climbs log D(x) + log(1 - D(G(z))) - penalty R1(x), the generator log D(G(z)), and the
    encoder log q(z | G(z)), as in the sleep phase of Hinton et al. (1995): it learns to invert the generator, which
    takes no gradient from it. Data are compared as they come, without a draw of p(x | z).

    Parameters
    ----------
    penalty : float
        Weight of `gradient_penalty`, gamma of the paper.
    """

    penalty: float = 10.0

    def __call__(self, model: VAE[Any], x: Tensor, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate the ELBO on x, (B, D); `kl_weight` is not used. In eval mode the surrogate is the value."""
        assert isinstance(model, GAN)
        with torch.no_grad():
            q = model.posterior(x, generator)
            draws = q.sample(1, generator)
            value = model.log_likelihood(draws, x)[0] - divergence(model, q, draws, x).sum(-1)
        if not model.training:
            return Bound(value, value)
        z = model.sample_prior(len(x), generator)[:, 0].to(x)
        drawn = model.generate(z)
        told = F.logsigmoid(model.log_odds(x)) + F.logsigmoid(-model.log_odds(drawn.detach()))
        fooled = F.logsigmoid(model.log_odds(drawn, frozen=True))
        inverted = model.posterior(drawn.detach(), generator).log_prob(z[None])[0]
        return Bound(value, told - self.penalty * gradient_penalty(model, x) + fooled + inverted)
