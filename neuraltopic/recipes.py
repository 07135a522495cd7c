"""Named compositions: a paper is a choice of encoder, latent, decoder, objective and schedule."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from neuraltopic.core.laplace import RefinedGaussian
from neuraltopic.core.objectives import ELBO, Objective
from neuraltopic.core.training import Schedule
from neuraltopic.core.vae import VAE
from neuraltopic.documents.alignment import align_axes
from neuraltopic.documents.encoder import SufficientStatisticsEncoder
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
    objective : Objective
    schedule : Schedule
    align : callable of (model)
        Chooses the axes on which the trained model is read.
    """

    name: str
    paper: str
    build: Callable[[int, int], VAE]
    initialise: Callable[[VAE, torch.Tensor, torch.Generator], None]
    objective: Objective
    schedule: Schedule
    align: Callable[[VAE], None]


def nvdm(n_words: int, n_components: int) -> VAE:
    """Neural variational document model: energy softmax, Gaussian latent (Miao, Yu, Blunsom 2016).

    The paper's encoder is a network from counts to a diagonal Gaussian. Ours reads the counts through the decoder, and
    is refined by Newton's method when documents are transformed or scored.
    """
    return VAE(
        encoder=SufficientStatisticsEncoder(n_components, hidden=200),
        latent=RefinedGaussian(n_components),
        decoder=EnergySoftmax(n_components, n_words),
    )


def initialise_nvdm(model: VAE, log_frequency: torch.Tensor, generator: torch.Generator) -> None:
    """Start at the unigram model: b at the log frequencies, R small."""
    model.encoder.initialise(generator)  # type: ignore[operator]
    model.decoder.initialise(log_frequency, 0.1, generator)  # type: ignore[operator]


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="nvdm",
            paper="Miao, Yu and Blunsom (2016), Neural variational inference for text processing",
            build=nvdm,
            initialise=initialise_nvdm,
            objective=ELBO(n_samples=1),
            schedule=Schedule(),
            align=align_axes,
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
    if not isinstance(name, str) or name not in RECIPES:
        raise UsageError("recipe", expected=f"one of {', '.join(RECIPES)}", got=repr(name), hint="Choose one of these")
    return RECIPES[name]
