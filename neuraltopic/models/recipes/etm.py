"""ETM: the embedded topic model."""

from dataclasses import replace

import torch

from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.decoders.mixture import EmbeddedMixture
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.initialisation.word_vectors import word_vectors
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import MIXTURE
from neuraltopic.models.recipes.starts import start_at_seeds, start_at_unigram
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.seed_words import Seeds
from neuraltopic.topics.interpretation import SimplexInterpretation

_WORD_DIMENSIONS = 100


def etm(n_words: int, n_components: int) -> TopicVAE:
    """Embedded topic model: the mixture with R a product of word and topic vectors (Dieng, Ruiz, Blei 2020)."""
    latent = LogisticNormal(n_components)
    return VAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=EmbeddedMixture(n_components, n_words, _WORD_DIMENSIONS),
    )


def start_at_word_vectors(
    model: VAE[EmbeddedMixture], counts: Counts, generator: torch.Generator, seeds: Seeds
) -> None:
    """Start at word vectors of the corpus if none are given, with small topic vectors except for seeded topics."""
    start_at_unigram(model, counts, generator, {})
    if model.decoder.fixed is None:
        vectors = word_vectors(counts, _WORD_DIMENSIONS, generator)
        model.decoder.start_at_vectors(vectors)
    start_at_seeds(model, counts, generator, seeds)


RECIPE = Recipe(
    name="etm",
    paper="Dieng, Ruiz and Blei (2020), Topic modeling in embedding spaces",
    build=etm,
    initialise=start_at_word_vectors,
    inputs=frozenset({"counts", "seed_words", "word_vectors"}),
    # Word vectors are trained already.
    schedule=replace(MIXTURE, decoder_rate=2.5),
    interpretation=SimplexInterpretation(),
)
