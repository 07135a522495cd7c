"""NVDM: the neural variational document model."""

from neuraltopic.core.latents.refined_gaussian import RefinedGaussian
from neuraltopic.core.training import Schedule
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.alignment import align_axes
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.encoders.sufficient_statistics import SufficientStatisticsEncoder
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.starts import start_at_unigram
from neuraltopic.topics.interpretation import GaussianInterpretation


def nvdm(n_words: int, n_components: int) -> TopicVAE:
    """Neural variational document model: energy softmax, Gaussian latent (Miao, Yu, Blunsom 2016).

    The paper's encoder is a network from counts to a diagonal Gaussian. Ours is a function of the decoder's sufficient
    statistics, and Newton's method refines its mean when documents are transformed or scored.
    """
    return VAE(
        encoder=SufficientStatisticsEncoder(n_components, hidden=200),
        latent=RefinedGaussian(n_components),
        decoder=EnergySoftmax(n_components, n_words),
    )


RECIPE = Recipe(
    name="nvdm",
    paper="Miao, Yu and Blunsom (2016), Neural variational inference for text processing",
    build=nvdm,
    initialise=start_at_unigram,
    schedule=Schedule(),
    interpretation=GaussianInterpretation(),
    align=align_axes,
    inputs=frozenset({"counts"}),
)
