"""CombinedTM: counts and a sentence embedding of each document."""

from neuraltopic.core.latents.refined_logistic_normal import RefinedLogisticNormal
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.models.encoders.contextual import ContextualEncoder
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import SEMI_AMORTISED
from neuraltopic.models.recipes.semi_amortised_prodlda import POWER
from neuraltopic.models.recipes.starts import start_at_factorisation
from neuraltopic.topics.interpretation import DistinctInterpretation


def contextual(n_words: int, n_components: int, n_dimensions: int) -> TopicVAE:
    """`semi_amortised_prodlda` whose encoder takes the counts and the sentence embedding of each document.

    The two inputs are those of CombinedTM (Bianchi, Terragni & Hovy 2021); latent, decoder and initialisation are the
    default's.
    """
    latent = RefinedLogisticNormal(n_components, concentration=0.1, power=POWER)
    return VAE(
        encoder=ContextualEncoder(n_words, n_dimensions, 256, latent.n_parameters, masked=0.3, wordless=0.1),
        latent=latent,
        decoder=SimplexEnergySoftmax(n_components, n_words),
    )


RECIPE = Recipe(
    name="contextual",
    paper="Bianchi, Terragni and Hovy (2021), Pre-training is a hot topic: contextualized document embeddings "
    "improve topic coherence",
    build=contextual,
    initialise=start_at_factorisation,
    schedule=SEMI_AMORTISED,
    interpretation=DistinctInterpretation(POWER),
    reinitialises_topics=True,
    revision=7,
    inputs=frozenset({"counts", "seed_words", "embeddings"}),
)
