"""A recipe: how a model of documents is composed, initialised, trained and interpreted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from neuraltopic.core.objectives import ELBO, Objective
from neuraltopic.core.training import Schedule
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.seed_words import Seeds
from neuraltopic.topics.interpretation import TopicInterpretation

# The inputs that a fit can take.
INPUTS = frozenset({"counts", "embeddings", "word_vectors", "seed_words"})


def _as_it_is(model: VAE) -> None:
    """Leave the axes unchanged: those of a simplex are its corners."""


@dataclass(frozen=True)
class Recipe:
    """How to compose and train a model of documents.

    Parameters
    ----------
    name : str
    paper : str
        The source, as a reference.
    build : callable of (n_words, n_components)
        Returns the model before its weights are drawn; with embeddings, callable of (n_words, n_components,
        n_dimensions).
    initialise : callable of (model, counts, generator, seeds)
        Draws the weights, and initialises those that depend on the counts; seeded topics start from the documents that
        contain their seed words.
    schedule : Schedule
    interpretation : TopicInterpretation
        How shares, word weights and assignments follow from z.
    objective : Objective
    align : callable of (model)
        Chooses the axes of z after training.
    fewest_topics : int
        The smallest K that the latent allows.
    inputs : frozenset of str
        The inputs of a fit, of `INPUTS`: "counts"; "seed_words" if topics can be seeded; "word_vectors" if the decoder
        is made of them; "embeddings" if the encoder takes one for each document.
    weights_by_design_effect : bool
        Whether the KL is weighted for the correlation of the tokens of a document: see `DesignEffect`.
    reinitialises_topics : bool
        Whether dead topics are reinitialised during training: see `Reinitialisation`.
    revision : int
        Increased when the saved weights change in number or meaning; models of an earlier revision are refused.
    """

    name: str
    paper: str
    build: Callable[..., TopicVAE]
    initialise: Callable[[VAE[Any], Counts, torch.Generator, Seeds], None]
    schedule: Schedule
    interpretation: TopicInterpretation
    objective: Objective = field(default_factory=ELBO)
    align: Callable[[VAE[Any]], None] = _as_it_is
    fewest_topics: int = 1
    inputs: frozenset[str] = frozenset({"counts", "seed_words"})
    weights_by_design_effect: bool = False
    reinitialises_topics: bool = False
    revision: int = 1

    def __post_init__(self) -> None:
        assert "counts" in self.inputs
        assert self.inputs <= INPUTS

    def takes(self, name: str) -> bool:
        """Whether a fit takes this input, one of `INPUTS`."""
        assert name in INPUTS
        return name in self.inputs

    def compose(self, n_words: int, n_components: int, n_dimensions: int | None) -> TopicVAE:
        """The model before its weights are drawn, for embeddings of `n_dimensions` if the recipe takes them."""
        given = (n_dimensions,) if self.takes("embeddings") else ()
        return self.build(n_words, n_components, *given)
