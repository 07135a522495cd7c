"""The part of `DocumentVAE` that is saved and loaded.

config.json          the estimator's parameters, sizes, seed, training history, information and shares of the topics
weights.safetensors  the network; for recipes that need it, what the topics explain of each word, and the words and
                     number of the documents assigned to each; the precision of R and b, from which an update continues
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuraltopic.core.vae import TopicVAE
from neuraltopic.errors import NeuralTopicError
from neuraltopic.estimators.counts.document_summary import SummarisedDocuments
from neuraltopic.estimators.state import (
    CONFIG,
    WEIGHTS,
    Format,
    State,
    Stored,
    StoredState,
    estimator_of,
    plain_parameters,
)
from neuraltopic.models.decoders.mixture import WordVectorDecoder
from neuraltopic.models.recipes import Recipe, find_recipe
from neuraltopic.preprocessing.seed_words import Seeds, require_columns, seed_groups
from neuraltopic.storage.formats import DOCUMENT_VAE_KIND, DOCUMENT_VAE_SCHEMA_VERSION
from neuraltopic.storage.members import naming, require, require_history, require_numbers
from neuraltopic.storage.outputs import DOCUMENT_VAE
from neuraltopic.topics.documents.corpus_summary import CorpusSummary
from neuraltopic.topics.documents.document_assignment import DocumentAssignment

# The members that every model of documents has in its config.json.
MEMBERS = {"parameters": dict, "n_words": int, "n_documents": int, "information": list, "history": list}
# Dimensions of a document's embedding, for a recipe that takes embeddings, and the recipe's revision, 1 in models that
# were saved before revisions existed.
OPTIONAL = {"n_dimensions": int, "revision": int}
# Parameters that the first models did not have.
_LATER = {"seed_words": None, "word_vectors": None, "max_seconds": None}
_EXPLAINED, _PRECISION = "explained", "precision"
_LISTED_WORDS, _LISTED_DOCUMENTS = "listed_words", "listed_documents"


class StoredDocuments(SummarisedDocuments, Stored):
    """The stored state of a `DocumentVAE`."""

    format = Format(DOCUMENT_VAE_KIND, DOCUMENT_VAE_SCHEMA_VERSION, DOCUMENT_VAE)

    n_components: int
    seed_words: Mapping[int, Sequence[int]] | Sequence[Sequence[int]] | None
    word_vectors: NDArray[np.floating] | None
    seed_: int

    def seeds(self) -> Seeds:
        """Columns of the seeds of each seeded topic, checked."""
        return seed_groups(self.seed_words, int(self.n_components), int)

    def to_state(self) -> State:
        """The fitted model as JSON objects and tensors."""
        config = {**self.stored_config(), "share": self.share_.tolist(), "n_updates": self.n_updates_}
        return State({CONFIG: config}, self.stored_tensors())

    @classmethod
    def from_state(cls, state: StoredState, *, device: str) -> Self:
        """The fitted model of a stored state."""
        config = state.config({**MEMBERS, "share": list, "n_updates": int}, OPTIONAL)
        path = state.path(CONFIG)
        model = cls.of_config(config, path)
        require_numbers(path, "share", config["share"], model.n_components, "topics")
        require(min(config["share"]) >= 0, path, "shares of topics from 0", min(config["share"]))
        require(config["n_updates"] >= 0, path, "n_updates from 0", config["n_updates"])
        model.read_state(state, config, np.array(config["share"]), config["n_updates"], device=device)
        return model

    def stored_config(self) -> dict[str, Any]:
        """The members of config.json that every model of documents has."""
        dimensions = {} if self.n_dimensions_in_ is None else {"n_dimensions": self.n_dimensions_in_}
        return {
            "parameters": plain_parameters(self, self.seed_)
            | {"seed_words": _by_topic(self.seeds()), "word_vectors": _sizes_of_vectors(self.vae_)},
            "n_words": self.n_features_in_,
            "n_documents": self.n_documents_,
            "information": self.information_.tolist(),
            "history": self.history_,
            "revision": find_recipe(self.recipe).revision,
            **dimensions,
        }

    def stored_tensors(self) -> dict[str, Tensor]:
        """The network, and its statistics in the documents."""
        extra = {_EXPLAINED: self.explained_, _PRECISION: self.precision_}
        if self.assignment_ is not None:
            extra |= {_LISTED_WORDS: self.assignment_.words, _LISTED_DOCUMENTS: self.assignment_.documents}
        arrays = {name: torch.from_numpy(array) for name, array in extra.items() if array is not None}
        return self.vae_.state_dict() | arrays

    @classmethod
    def of_config(cls, config: dict[str, Any], path: Path, *, n_words: int | None = None) -> Self:
        """The unfitted model of a config.json at `path`, its members compared with one another and with a number of
        words."""
        n_words = config["n_words"] if n_words is None else n_words
        parameters = _LATER | config["parameters"]
        sizes = parameters["word_vectors"]
        model = estimator_of(cls, parameters | {"word_vectors": None}, path)
        if sizes is not None:
            takes = find_recipe(model.recipe).takes("word_vectors")
            whole = isinstance(sizes, list) and len(sizes) == 2 and all(type(size) is int for size in sizes)
            fit = takes and whole and sizes[0] > 0 and 0 <= sizes[1] < n_words
            require(fit, path, "word_vectors as dimensions and words without", sizes)
        with naming(path):
            require_columns(model.seeds(), n_words)
        model.set_params(seed_words=model.seeds() or None)  # with numbers for keys, which JSON has not
        require(config["n_words"] == n_words, path, f"n_words {n_words:,}, as the vocabulary has", config["n_words"])
        require(config["n_documents"] > 0, path, "n_documents above 0", config["n_documents"])
        require_numbers(path, "information", config["information"], model.n_components, "topics")
        require_history(path, config["history"])
        recipe = find_recipe(model.recipe)
        revision = config.get("revision", 1)
        if revision != recipe.revision:
            raise NeuralTopicError(
                str(path),
                expected=f"revision {recipe.revision} of the recipe {recipe.name}",
                got=f"revision {revision}, whose models keep or mean something else",
                hint="Fit again, or read it with the version of neuraltopic that wrote it",
            )
        if recipe.takes("embeddings"):
            require(config.get("n_dimensions", 0) > 0, path, f"n_dimensions above 0, as {model.recipe} has", "none")
        else:
            require("n_dimensions" not in config, path, f"no n_dimensions, as {model.recipe} has none")
        return model

    def read_state(
        self,
        state: StoredState,
        config: dict[str, Any],
        share: NDArray[np.floating],
        n_updates: int,
        *,
        device: str,
        precise: bool = True,
    ) -> None:
        """Set the stored network and the fitted attributes that follow from it.

        Parameters
        ----------
        state : StoredState
        config : dict
            Its config.json, checked.
        share : (K,)
        n_updates : int
        device : str
        precise : bool
            Whether the precision of R and b is stored; the first models do not have it.
        """
        self.set_params(device=device)
        recipe = find_recipe(self.recipe)
        K, V = self.n_components, config["n_words"]
        shapes: dict[str, tuple[int, ...]] = {_EXPLAINED: (K, V)} if recipe.interpretation.needs_explained else {}
        if recipe.interpretation.proportion_exponent is not None:
            shapes |= {_LISTED_WORDS: (K, V), _LISTED_DOCUMENTS: (K,)}
        if precise:
            shapes[_PRECISION] = (K + 1, V)
        network, extra = state.network(lambda: _build(recipe, config, K), device, shapes)
        path = state.path(WEIGHTS)
        self.set_params(word_vectors=_held_vectors(network, V, path))
        summary = CorpusSummary(
            config["n_documents"],
            np.array(config["information"], np.float32),
            share,
            **{name: extra[name].numpy() if name in extra else None for name in (_EXPLAINED, _PRECISION)},
            assignment=_assignment(extra, path),
        )
        self.restore(network, history=config["history"], summary=summary, n_updates=n_updates)
        self.n_dimensions_in_ = config.get("n_dimensions")


def _by_topic(seeds: Seeds) -> dict[str, list[int]] | None:
    return {str(topic): list(columns) for topic, columns in seeds.items()} or None


def _sizes_of_vectors(network: TopicVAE) -> list[int] | None:
    """Dimensions of given word vectors, and the words without; the vectors are among the weights."""
    held = network.decoder.held_vectors() if isinstance(network.decoder, WordVectorDecoder) else None
    return None if held is None else [held.shape[1], int(held[:, 0].isnan().sum())]


def _build(recipe: Recipe, config: dict[str, Any], n_components: int) -> TopicVAE:
    network = recipe.compose(config["n_words"], n_components, config.get("n_dimensions"))
    if (sizes := config["parameters"].get("word_vectors")) is not None:
        assert isinstance(network.decoder, WordVectorDecoder)  # as the recipe says
        network.decoder.expect_vectors(*sizes)
    return network


def _held_vectors(network: TopicVAE, n_words: int, path: Path) -> NDArray[np.float32] | None:
    """The word vectors (V, E) that the network was given, NaN for a word without."""
    decoder = network.decoder
    if not isinstance(decoder, WordVectorDecoder) or decoder.own is None:
        return None
    own = decoder.own
    in_order = bool(((own >= 0) & (own < n_words)).all() and (own.diff() > 0).all())
    require(in_order, path, "the words without a vector in order, each once")
    held = decoder.held_vectors()
    return None if held is None else held.cpu().numpy()


def _assignment(extra: dict[str, Tensor], path: Path) -> DocumentAssignment | None:
    if _LISTED_WORDS not in extra:
        return None
    assignment = DocumentAssignment(extra[_LISTED_WORDS].numpy(), extra[_LISTED_DOCUMENTS].numpy())
    least = min(assignment.words.min(), assignment.documents.min())
    require(least >= 0, path, "listed words and documents from 0", least)
    return assignment
