"""Named compositions: a paper is a choice of encoder, latent, decoder, objective and schedule."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from neuraltopic.core.latents import DiagonalGaussian
from neuraltopic.core.networks import initialise_linear
from neuraltopic.core.objectives import ELBO
from neuraltopic.core.training import Schedule
from neuraltopic.core.vae import VAE
from neuraltopic.documents.encoder import BagOfWordsEncoder
from neuraltopic.documents.energy_softmax import EnergySoftmax
from neuraltopic.errors import UsageError


@dataclass(frozen=True)
class Recipe:
    """How to compose and train a model of documents.

    Parameters
    ----------
    name : str
    paper : str
        Where it comes from.
    build : callable of (n_words, n_components)
        The composition, its weights not yet drawn.
    initialise : callable of (model, log_frequency, generator)
        Draws the weights; `log_frequency` (V,) holds the log of the smoothed unigram.
    objective : ELBO
    schedule : Schedule
    """

    name: str
    paper: str
    build: Callable[[int, int], VAE]
    initialise: Callable[[VAE, torch.Tensor, torch.Generator], None]
    objective: ELBO
    schedule: Schedule


def nvdm(n_words: int, n_components: int) -> VAE:
    """Neural variational document model: energy softmax, Gaussian latent (Miao, Yu, Blunsom 2016)."""
    hidden = 500
    return VAE(
        encoder=BagOfWordsEncoder(n_words, hidden),
        latent=DiagonalGaussian(hidden, n_components),
        decoder=EnergySoftmax(n_components, n_words),
    )


def initialise_gaussian(model: VAE, log_frequency: torch.Tensor, generator: torch.Generator) -> None:
    """Start at the unigram model: b at the log frequencies, R small, q(z | x) near the prior."""
    model.encoder.initialise(generator)  # type: ignore[operator]
    initialise_linear(model.latent.mean, generator)
    initialise_linear(model.latent.log_variance, generator, gain=0.1)
    model.decoder.initialise(log_frequency, 0.1, generator)  # type: ignore[operator]


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="nvdm",
            paper="Miao, Yu and Blunsom (2016), Neural variational inference for text processing",
            build=nvdm,
            initialise=initialise_gaussian,
            objective=ELBO(n_samples=1),
            schedule=Schedule(),
        ),
    )
}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises
    ------
    UsageError
        When there is none.
    """
    if name not in RECIPES:
        raise UsageError(
            "recipe", expected=f"one of {', '.join(RECIPES)}", got=repr(name), hint="Choose one of these"
        )
    return RECIPES[name]
