"""The variational autoencoder: an encoder, a latent and a decoder, composed."""

from typing import Any

import torch
from torch import Tensor, nn

from neuraltopic.core.latents import Latent, Posterior


class VAE(nn.Module):
    """q(z | x) amortised by one encoder (17.9, 17.10), p(x | z) by a decoder, and the latent between them.

    What a batch x is, only encoder and decoder know.

    Parameters
    ----------
    encoder : Module
        `encoder(x, decoder, generator)` gives (B, latent.n_parameters). It may look at the decoder, and draws its
        dropout, if any, from the generator; without one it is a function of x alone.
    latent : Module
        A `Latent`: q(z | x) from the encoder's output, the prior's density, and what the decoder sees of z.
    decoder : Module
        `decoder.log_likelihood(h, x)` gives log p(x | z) in nats, (S, B) from h = latent.transform(z), (S, B, K).
    """

    def __init__(self, encoder: nn.Module, latent: Latent, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.latent: Any = latent
        self.decoder = decoder

    def posterior(self, x: Any, generator: torch.Generator | None = None) -> Posterior:
        """q(z | x); noise in the encoder is drawn from `generator` while training, and never in eval mode."""
        noise = generator if self.training else None
        return self.latent.posterior(self.encoder(x, self.decoder, noise), x, self.decoder)

    def log_likelihood(self, z: Tensor, x: Any) -> Tensor:
        """log p(x | z) in nats, (S, B) from z (S, B, Z)."""
        return self.decoder.log_likelihood(self.latent.transform(z), x)  # type: ignore[operator]
