"""ProdLDA and NVLDA: logistic-normal shares, under a product of experts and under a mixture."""

from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.decoders.mixture import MixtureSoftmax
from neuraltopic.models.decoders.normalised_energy_softmax import NormalisedEnergySoftmax
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import FROM_NOTHING, MIXTURE
from neuraltopic.models.recipes.starts import start_at_unigram
from neuraltopic.topics.interpretation import SimplexInterpretation

SRIVASTAVA = "Srivastava and Sutton (2017), Autoencoding variational inference for topic models"
_HIDDEN = 100
# Of the Dirichlet that the prior approximates. Their published program has 1: see tests/benchmarks/README.md.
CONCENTRATION = 0.1


def prodlda(n_words: int, n_components: int) -> TopicVAE:
    """Product of experts with both encoder and energies batch-normalised (Srivastava & Sutton 2017)."""
    latent = LogisticNormal(n_components, concentration=CONCENTRATION)
    return VAE(
        encoder=BagEncoder(n_words, _HIDDEN, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=NormalisedEnergySoftmax(n_components, n_words),
    )


def nvlda(n_words: int, n_components: int) -> TopicVAE:
    """LDA with an inference network: the mixture decoder with ProdLDA's encoder (Srivastava & Sutton 2017)."""
    latent = LogisticNormal(n_components, concentration=CONCENTRATION)
    return VAE(
        encoder=BagEncoder(n_words, _HIDDEN, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=MixtureSoftmax(n_components, n_words),
    )


PRODLDA = Recipe(
    name="prodlda",
    paper=SRIVASTAVA,
    build=prodlda,
    initialise=start_at_unigram,
    schedule=FROM_NOTHING,
    interpretation=SimplexInterpretation(),
)
NVLDA = Recipe(
    name="nvlda",
    paper=SRIVASTAVA,
    build=nvlda,
    initialise=start_at_unigram,
    schedule=MIXTURE,
    interpretation=SimplexInterpretation(),
)
