"""The adversarial autoencoder: the aggregate posterior matched to the prior by a discriminator (Makhzani et al. 2016).

The discriminator D distinguishes draws of the prior from draws of q(z | x), both as the decoder sees them; the encoder
is trained to make it fail. With a Dirichlet prior it is a topic model, like ATM (Wang, Zhou & He 2019).

Axes: B rows of data, K numbers that the decoder sees.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from neuraltopic.core.networks import MLP
from neuraltopic.core.objectives import Bound, divergence
from neuraltopic.core.protocols import Encoder, Latent
from neuraltopic.core.vae import VAE, DecoderT_co


class AdversarialVAE(VAE[DecoderT_co]):
    """A VAE with a discriminator.

    Parameters
    ----------
    encoder, latent, decoder
        As for `VAE`.
    hidden : int
        Units of each of the discriminator's two hidden layers.
    """

    def __init__(self, encoder: Encoder, latent: Latent, decoder: DecoderT_co, hidden: int = 64) -> None:
        super().__init__(encoder, latent, decoder)
        self.discriminator = MLP([latent.n_components, hidden, hidden, 1], F.leaky_relu)

    def log_odds(self, seen: Tensor) -> Tensor:
        """Log odds that what the decoder sees was drawn from the prior, (B,) from (B, K)."""
        return self.discriminator(seen)[:, 0]


class _Reversal(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        return -grad_outputs[0]


def reverse_gradient(x: Tensor) -> Tensor:
    """x; in the backward pass its gradient changes sign (Ganin & Lempitsky 2015)."""
    reverse: Callable[[Tensor], Tensor] = _Reversal.apply
    return reverse(x)


@dataclass(frozen=True)
class Adversarial:
    """E_q[log p(x | z)] plus the log odds that the discriminator gives the draws; the value is the ELBO.

    The surrogate has log D(prior) + log(1 - D(q)), which the discriminator raises and the encoder, through a reversed
    gradient, lowers: one step trains both (Goodfellow et al. 2014; the minimax form).

    Parameters
    ----------
    weight : float
        Weight of the discriminator's term relative to the reconstruction, as a multiple of the size of its mean.
    """

    weight: float = 1.0

    def __call__(self, model: VAE[Any], x: Any, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate the ELBO on x; the surrogate weighs the discriminator's term by `kl_weight` and `weight`."""
        assert isinstance(model, AdversarialVAE)
        q = model.posterior(x, generator)
        z = q.sample(1, generator)
        reconstruction = model.log_likelihood(z, x)[0]
        value = (reconstruction - divergence(model, q, z, x).sum(-1)).detach()
        seen = model.latent.transform(z)[0]
        prior = model.latent.transform(model.sample_prior(len(seen), generator)[:, 0].to(seen))
        scale = self.weight * reconstruction.detach().mean().abs()
        told = F.logsigmoid(model.log_odds(prior)) + F.logsigmoid(-model.log_odds(reverse_gradient(seen)))
        return Bound(value, reconstruction + kl_weight * scale * told)
