"""Named compositions: a paper is a choice of encoder, latent, decoder, objective and schedule."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from neuraltopic.core.laplace import RefinedGaussian
from neuraltopic.core.objectives import ELBO, Objective
from neuraltopic.core.training import Schedule
from neuraltopic.core.vae import VAE
from neuraltopic.documents.alignment import align_axes
from neuraltopic.documents.counts import Counts
from neuraltopic.documents.encoder import SufficientStatisticsEncoder
from neuraltopic.documents.energy_softmax import EnergySoftmax
from neuraltopic.errors import UsageError
from neuraltopic.topics.readings import GaussianReading, Reading


def _as_it_is(model: VAE) -> None:
    """The axes of the simplex are its corners."""


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
    initialise : callable of (model, counts, generator)
        Draws the weights, and takes from the counts what the recipe begins with.
    objective : Objective
    schedule : Schedule
    reading : Reading
        What the numbers of the trained model mean.
    align : callable of (model)
        Chooses the axes on which the trained model is read.
    """

    name: str
    paper: str
    build: Callable[[int, int], VAE]
    initialise: Callable[[VAE, Counts, torch.Generator], None]
    objective: Objective
    schedule: Schedule
    reading: Reading
    align: Callable[[VAE], None] = _as_it_is


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


def start_at_unigram(model: VAE, counts: Counts, generator: torch.Generator) -> None:
    """Start at the unigram model: b at the log frequencies, R small."""
    model.encoder.initialise(generator)  # type: ignore[operator]
    model.decoder.initialise(log_frequency(counts), 0.1, generator)  # type: ignore[operator]


def log_frequency(counts: Counts) -> torch.Tensor:
    """Log of each word's share of the tokens, half a token added to each, (V,)."""
    totals = torch.from_numpy(counts.word_totals()) + 0.5
    return torch.log(totals / totals.sum()).float()


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="nvdm",
            paper="Miao, Yu and Blunsom (2016), Neural variational inference for text processing",
            build=nvdm,
            initialise=start_at_unigram,
            objective=ELBO(n_samples=1),
            schedule=Schedule(),
            reading=GaussianReading(),
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
