"""GSM: the Gaussian softmax."""

from neuraltopic.core.latents.gaussian_softmax import GaussianSoftmax
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.decoders.mixture import MixtureSoftmax
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import MIXTURE
from neuraltopic.models.recipes.starts import start_at_unigram
from neuraltopic.topics.interpretation import SimplexInterpretation


def gsm(n_words: int, n_components: int) -> TopicVAE:
    """Gaussian softmax: shares are the softmax of a linear map of z ~ N(0, I) (Miao, Grefenstette, Blunsom 2017)."""
    latent = GaussianSoftmax(n_components)
    return VAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, dropout_rate=0.2),
        latent=latent,
        decoder=MixtureSoftmax(n_components, n_words),
    )


RECIPE = Recipe(
    name="gsm",
    paper="Miao, Grefenstette and Blunsom (2017), Discovering discrete latent topics with neural variational inference",
    build=gsm,
    initialise=start_at_unigram,
    schedule=MIXTURE,
    interpretation=SimplexInterpretation(),
)
