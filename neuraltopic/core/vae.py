"""The variational autoencoder: an encoder, a latent and a decoder, composed."""

from typing import Any, Generic

import torch
from torch import Tensor, nn
from typing_extensions import TypeVar

from neuraltopic.core.protocols import Decoder, Encoder, Latent, Posterior, TopicDecoder

# The kind of decoder; `VAE` alone is a `VAE[Decoder]`.
DecoderT_co = TypeVar("DecoderT_co", bound=Decoder, covariant=True, default=Decoder)


class VAE(nn.Module, Generic[DecoderT_co]):
    """q(z | x) amortised by one encoder (17.9, 17.10), p(x | z) by a decoder, and the latent between them.

    Only encoder and decoder know what a batch x is.

    Parameters
    ----------
    encoder : Module
        An `Encoder`: the `latent.n_parameters` numbers of q(z | x) from x.
    latent : Module
        A `Latent`: q(z | x) from the encoder's output, the prior's density, and what the decoder sees of z.
    decoder : Module
        A `Decoder`: p(x | z) from h = latent.transform(z).
    """

    encoder: Encoder
    latent: Latent
    decoder: DecoderT_co
    # Whether q(z | x) equals p(z | x): every draw then gives log p(x), up to the error of the normaliser.
    exact_posterior = False

    def __init__(self, encoder: Encoder, latent: Latent, decoder: DecoderT_co) -> None:
        super().__init__()
        self.encoder = encoder
        self.latent = latent
        self.decoder = decoder

    def posterior(self, x: Any, generator: torch.Generator | None = None) -> Posterior:
        """q(z | x); noise in the encoder is drawn from `generator` while training, and never in eval mode."""
        noise = generator if self.training else None
        return self.latent.posterior(self.encoder(x, self.decoder, noise), x, self.decoder)

    def log_likelihood(self, z: Tensor, x: Any) -> Tensor:
        """log p(x | z) in nats, (S, B) from z (S, B, Z)."""
        return self.decoder.log_likelihood(self.latent.transform(z), x)

    def log_prior(self, z: Tensor, x: Any) -> Tensor:
        """log p(z) in nats, (S, B) from z (S, B, Z); if the prior depends on the size of a row, for the rows of x."""
        return self.latent.log_prior(z)

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ p(z), (S, 1, Z), on the CPU."""
        return self.latent.sample_prior(n_samples, generator)

    def settle(self, generator: torch.Generator) -> None:
        """Update the estimates that no gradient reaches, before the model is scored: the partition function of a
        `BoltzmannMachine`, and nothing here."""

    def amortise(self) -> None:
        """Use the encoder's output as q, as in training, also where the latent refines it in eval mode."""
        self.latent.train()


TopicVAE = VAE[TopicDecoder]
