"""ZeroShotTM: a sentence embedding of each document."""

from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.models.encoders.contextual import EmbeddingEncoder
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import SEMI_AMORTISED
from neuraltopic.models.recipes.starts import start_at_factorisation
from neuraltopic.topics.interpretation import DistinctInterpretation


def zeroshot(n_words: int, n_components: int, n_dimensions: int) -> TopicVAE:
    """Product of experts whose encoder takes only a sentence embedding (ZeroShotTM; Bianchi et al. 2021).

    Initialisation and decoder are those of `semi_amortised_prodlda`. The vectors are the encoder's mean without
    refinement, since a document in another language has no known words to refine it by.
    """
    latent = LogisticNormal(n_components, concentration=0.1)
    return VAE(
        encoder=EmbeddingEncoder(n_dimensions, 256, latent.n_parameters),
        latent=latent,
        decoder=SimplexEnergySoftmax(n_components, n_words),
    )


RECIPE = Recipe(
    name="zeroshot",
    paper="Bianchi, Terragni, Hovy, Nozza and Fersini (2021), Cross-lingual contextualized topic models with "
    "zero-shot learning",
    build=zeroshot,
    initialise=start_at_factorisation,
    schedule=SEMI_AMORTISED,
    interpretation=DistinctInterpretation(),
    reinitialises_topics=True,
    revision=7,
    inputs=frozenset({"counts", "seed_words", "embeddings"}),
)
