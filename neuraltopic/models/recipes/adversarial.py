"""The aggregate posterior matched to a Dirichlet by a discriminator."""

from typing import Any

import torch

from neuraltopic.core.adversarial.autoencoder import Adversarial, AdversarialVAE
from neuraltopic.core.latents.dirichlet import Dirichlet
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.recipes.dirichlet import DIRICHLET
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import MATCHED
from neuraltopic.models.recipes.starts import start_at_unigram
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.seed_words import Seeds
from neuraltopic.topics.interpretation import SimplexInterpretation


def adversarial(n_words: int, n_components: int) -> TopicVAE:
    """Like `wlda`, with the aggregate posterior matched to the Dirichlet by a discriminator (after Makhzani, Shlens,
    Jaitly, Goodfellow & Frey 2016; Wang, Zhou & He 2019)."""
    latent = Dirichlet(n_components, DIRICHLET)
    return AdversarialVAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, masked=0.3),
        latent=latent,
        decoder=SimplexEnergySoftmax(latent.n_components, n_words),
    )


def start_with_discriminator(model: VAE[Any], counts: Counts, generator: torch.Generator, seeds: Seeds) -> None:
    """Start as `start_at_unigram` does, and draw the discriminator's weights."""
    assert isinstance(model, AdversarialVAE)
    start_at_unigram(model, counts, generator, seeds)
    model.discriminator.initialise(generator)


RECIPE = Recipe(
    name="adversarial",
    paper="Makhzani, Shlens, Jaitly, Goodfellow and Frey (2016), Adversarial autoencoders; Wang, Zhou and He "
    "(2019), ATM: adversarial-neural topic model",
    build=adversarial,
    initialise=start_with_discriminator,
    schedule=MATCHED,
    interpretation=SimplexInterpretation(),
    revision=2,
    objective=Adversarial(weight=0.1),
    fewest_topics=2,
)
