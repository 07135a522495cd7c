"""The Replicated Softmax: a restricted Boltzmann machine of documents."""

import sys

from neuraltopic.core.boltzmann.contrastive_divergence import ContrastiveDivergence
from neuraltopic.core.training import Schedule
from neuraltopic.core.vae import TopicVAE
from neuraltopic.models.recipes.recipe import Recipe
from neuraltopic.models.recipes.starts import start_at_unigram
from neuraltopic.models.replicated_softmax import ReplicatedSoftmax, turn_units
from neuraltopic.topics.interpretation import BinaryInterpretation

# No early stopping: the likelihood stays that of the word frequencies until the units differ, which takes many epochs
# of a small corpus, and its estimate by annealing varies from epoch to epoch.
_BOLTZMANN = Schedule(learning_rate=1e-3, decoder_rate=5.0, decoder_precision=1.0, patience=sys.maxsize)


def replicated_softmax(n_words: int, n_components: int) -> TopicVAE:
    """The restricted Boltzmann machine of documents: binary units, and the energy softmax as its own encoder
    (Salakhutdinov & Hinton 2009)."""
    return ReplicatedSoftmax(n_components, n_words)


RECIPE = Recipe(
    name="replicated_softmax",
    paper="Salakhutdinov and Hinton (2009), Replicated Softmax: an undirected topic model",
    build=replicated_softmax,
    initialise=start_at_unigram,
    schedule=_BOLTZMANN,
    interpretation=BinaryInterpretation(),
    objective=ContrastiveDivergence(n_steps=2, persistent=True),
    align=turn_units,
    inputs=frozenset({"counts"}),
)
