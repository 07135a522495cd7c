"""Shares on the simplex with a Dirichlet prior, by five posteriors."""

from collections.abc import Callable

from neuraltopic.core.latents.dirichlet import Dirichlet
from neuraltopic.core.latents.gamma import Gamma
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.latents.normalised import Normalised
from neuraltopic.core.latents.stick_breaking import StickBreaking
from neuraltopic.core.latents.weibull import Weibull
from neuraltopic.core.protocols import Latent
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.models.encoders.bag import BagEncoder
from neuraltopic.models.recipes.prodlda import SRIVASTAVA
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.schedules import SIMPLEX
from neuraltopic.models.recipes.starts import start_at_factorisation
from neuraltopic.topics.interpretation import SimplexInterpretation

# Concentration of the symmetric Dirichlet prior: few topics per document.
DIRICHLET = 0.1


def dirichlet_vae(n_words: int, n_components: int) -> TopicVAE:
    """Shares with a Dirichlet prior and posterior, with pathwise gradients (Joo et al. 2020)."""
    return shares_vae(n_words, Dirichlet(n_components, DIRICHLET))


def dirichlet_vae_gamma(n_words: int, n_components: int) -> TopicVAE:
    """Shares with a Dirichlet prior and a posterior of normalised Gammas of different rates (Figurnov et al. 2018)."""
    return shares_vae(n_words, Normalised(Gamma(n_components, DIRICHLET)))


def dirichlet_vae_weibull(n_words: int, n_components: int) -> TopicVAE:
    """Shares with a Dirichlet prior and a posterior of normalised Weibulls (after Zhang et al. 2018)."""
    return shares_vae(n_words, Normalised(Weibull(n_components, DIRICHLET)))


def dirichlet_vae_laplace(n_words: int, n_components: int) -> TopicVAE:
    """Shares with a logistic normal for the Dirichlet, by Laplace's approximation (Srivastava & Sutton 2017)."""
    return shares_vae(n_words, LogisticNormal(n_components, DIRICHLET))


def stick_breaking_vae(n_words: int, n_components: int) -> TopicVAE:
    """Shares with a stick-breaking prior and Kumaraswamy fractions as the posterior (Nalisnick & Smyth 2017)."""
    return shares_vae(n_words, StickBreaking(n_components))


def shares_vae(n_words: int, latent: Latent) -> TopicVAE:
    """The product of experts with any latent on the simplex."""
    return VAE(
        encoder=BagEncoder(n_words, 256, latent.n_parameters, masked=0.3),
        latent=latent,
        decoder=SimplexEnergySoftmax(latent.n_components, n_words),
    )


def _recipe(build: Callable[[int, int], TopicVAE], paper: str) -> Recipe:
    return Recipe(
        name=build.__name__,
        paper=paper,
        build=build,
        initialise=start_at_factorisation,
        schedule=SIMPLEX,
        interpretation=SimplexInterpretation(),
        fewest_topics=2,
        revision=2,
    )


DIRICHLET_RECIPES = (
    _recipe(dirichlet_vae, "Joo, Lee, Park and Moon (2020), Dirichlet variational autoencoder"),
    _recipe(dirichlet_vae_gamma, "Figurnov, Mohamed and Mnih (2018), Implicit reparameterization gradients"),
    _recipe(dirichlet_vae_weibull, "Zhang, Chen, Guo and Zhou (2018), WHAI: Weibull hybrid autoencoding inference"),
    _recipe(dirichlet_vae_laplace, SRIVASTAVA),
    _recipe(stick_breaking_vae, "Nalisnick and Smyth (2017), Stick-breaking variational autoencoders"),
)
