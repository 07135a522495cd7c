"""The variational autoencoder: an encoder, a latent and a decoder, composed."""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from neuraltopic.core.latents import DiagonalGaussian, GaussianPosterior


class Encoder(Protocol):
    """What reads x: any module from a batch to (B, H). Noise (dropout) is drawn from `generator` when given."""

    def __call__(self, x: Any, generator: torch.Generator | None = None) -> Tensor: ...


class Decoder(Protocol):
    """What explains x: any module with log p(x | z)."""

    def log_likelihood(self, z: Tensor, x: Any) -> Tensor:
        """(S, B) nats from z (S, B, K) and a batch of B."""
        ...


class VAE(nn.Module):
    """q(z | x) amortised by one encoder (17.9, 17.10), p(x | z) by a decoder, and the latent between them.

    What a batch x is, only encoder and decoder know.
    """

    def __init__(self, encoder: nn.Module, latent: DiagonalGaussian, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.latent = latent
        self.decoder = decoder

    def posterior(self, x: Any, generator: torch.Generator | None = None) -> GaussianPosterior:
        """q(z | x). With a generator the encoder may drop units; without one it is a function of x alone."""
        return self.latent(self.encoder(x, generator))

    def log_likelihood(self, z: Tensor, x: Any) -> Tensor:
        """log p(x | z) in nats, (S, B)."""
        return self.decoder.log_likelihood(z, x)  # type: ignore[operator, no-any-return]
