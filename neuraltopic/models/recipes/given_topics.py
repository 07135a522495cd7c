"""Topics of another tool, with an inference network."""

import torch

from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.errors import UsageError, parameter
from neuraltopic.models.decoders.given_topics import GivenTopics
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.recipes.prodlda import CONCENTRATION
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import MIXTURE
from neuraltopic.models.recipes.starts import start_at_unigram
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.seed_words import Seeds
from neuraltopic.topics.interpretation import GivenTopicsInterpretation


def given_topics(n_words: int, n_components: int) -> TopicVAE:
    """An inference network for topics learned by another tool: the mixture on a logistic normal, as in `nvlda`."""
    latent = LogisticNormal(n_components, concentration=CONCENTRATION)
    return VAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=GivenTopics(n_components, n_words),
    )


def start_at_given_topics(model: VAE[GivenTopics], counts: Counts, generator: torch.Generator, seeds: Seeds) -> None:
    """Draw the encoder's weights; the topics are fixed.

    Raises
    ------
    UsageError
        When no topics are given.
    """
    if model.decoder.own is None:
        raise UsageError(
            parameter("recipe"),
            expected="topics for the recipe given_topics",
            got="none",
            hint="Use neuraltopic import",
        )
    start_at_unigram(model, counts, generator, {})


# It learns no topics, so users cannot choose it.
GIVEN_TOPICS = Recipe(
    name="given_topics",
    paper="the tool that the topics come from",
    build=given_topics,
    initialise=start_at_given_topics,
    schedule=MIXTURE,
    interpretation=GivenTopicsInterpretation(),
    inputs=frozenset({"counts", "word_vectors"}),
)
