"""The model folder: what of a TopicModel goes to disk, and how it comes back.

manifest.json        format, schema version, size and SHA-256 of each file
config.json          the estimator's parameters, sizes, seed, training history, the corpora of its updates
preprocessing.json   settings, vocabulary, phrases, tokeniser
topics.json          share, documents and information of each topic
weights.safetensors  the network; where the reading asks for it what the topics explain of each word, and the words and
                     number of the documents listed under each; how sure the documents make R and b, by which an
                     update goes on
"""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuraltopic.core.vae import VAE
from neuraltopic.errors import NeuralTopicError
from neuraltopic.estimators.document_vae import DocumentVAE
from neuraltopic.estimators.state import estimator_of, plain_parameters, read_network
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.models.decoders.mixture import EmbeddedMixture
from neuraltopic.models.recipes import Recipe, find_recipe
from neuraltopic.preprocessing.preparation import MAX_STATE_BYTES
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.preprocessing.seed_words import Seeds, require_columns
from neuraltopic.storage.atomic import atomic_folder
from neuraltopic.storage.formats import MODEL_KIND, MODEL_SCHEMA_VERSION
from neuraltopic.storage.manifest import verify_manifest, write_manifest
from neuraltopic.storage.members import naming, read_members, require, require_history, require_numbers, wrong_file
from neuraltopic.storage.outputs import MODEL
from neuraltopic.storage.strict_json import read_json, write_json
from neuraltopic.storage.weights import write_weights
from neuraltopic.topics.corpus_summary import CorpusSummary
from neuraltopic.topics.document_assignment import Listing
from neuraltopic.topics.tables import TopicStatistics

FILES = ("config.json", "preprocessing.json", "topics.json", "weights.safetensors")
_CONFIG = {
    "parameters": dict,
    "n_words": int,
    "n_documents": int,
    "corpus_sha256": str,
    "information": list,
    "history": list,
}
# Parameters that the first models did not have.
_LATER = {"seed_words": None, "word_vectors": None}
# Dimensions of a document's embedding, of a recipe that takes embeddings; the corpora of updates, absent like the
# precision from models that were saved before there were any, and the recipe's revision, then the first.
_OPTIONAL = {"n_dimensions": int, "updates": list, "revision": int}
_UPDATE = {"corpus_sha256": str, "n_documents": int}
_EXPLAINED, _PRECISION = "explained", "precision"
_LISTED_WORDS, _LISTED_DOCUMENTS = "listed_words", "listed_documents"
_TOPICS = dict.fromkeys(("share", "n_documents", "strength", "information", "typical"), list)


def save_model(model: TopicModel, folder: Path, *, force: bool) -> None:
    """Write a fitted model, whole or not at all; with `force` in place of an earlier model and of nothing else."""
    vae = model.document_vae_
    dimensions = {} if vae.n_dimensions_in_ is None else {"n_dimensions": vae.n_dimensions_in_}
    with atomic_folder(folder, force=force, why_not=MODEL.why_not) as unfinished:
        write_json(
            unfinished / "config.json",
            {
                "parameters": plain_parameters(vae, vae.seed_)
                | {"seed_words": _by_topic(vae.seeds()), "word_vectors": _sizes_of_vectors(vae.vae_)},
                "n_words": vae.n_features_in_,
                "n_documents": model.n_documents_,
                "corpus_sha256": model.corpus_sha256_,
                "information": vae.information_.tolist(),
                "history": vae.history_,
                "revision": find_recipe(vae.recipe).revision,
                **dimensions,
            }
            | ({} if vae.precision_ is None else {"updates": model.updates_}),
        )
        write_json(unfinished / "preprocessing.json", model.preprocessor_.state())
        write_json(unfinished / "topics.json", model.statistics_.to_dict())
        beside = {_EXPLAINED: vae.explained_, _PRECISION: vae.precision_}
        if vae.listing_ is not None:
            beside |= {_LISTED_WORDS: vae.listing_.words, _LISTED_DOCUMENTS: vae.listing_.documents}
        arrays = {name: torch.from_numpy(array) for name, array in beside.items() if array is not None}
        write_weights(unfinished / "weights.safetensors", vae.vae_.state_dict() | arrays)
        write_manifest(unfinished, kind=MODEL_KIND, schema_version=MODEL_SCHEMA_VERSION, extra={})


def _by_topic(seeds: Seeds) -> dict[str, list[int]] | None:
    return {str(topic): list(columns) for topic, columns in seeds.items()} or None


def _sizes_of_vectors(network: VAE) -> list[int] | None:
    """Dimensions of given word vectors, and the words without; the vectors are among the weights."""
    given = network.decoder.given() if isinstance(network.decoder, EmbeddedMixture) else None
    return None if given is None else [given.shape[1], int(given[:, 0].isnan().sum())]


def _build(recipe: Recipe, config: dict[str, Any], n_components: int) -> VAE:
    network = recipe.compose(config["n_words"], n_components, config.get("n_dimensions"))
    if (sizes := config["parameters"].get("word_vectors")) is not None:
        network.decoder.expect(*sizes)  # type: ignore[operator]
    return network


def _given_vectors(network: VAE, path: Path) -> NDArray[np.float32] | None:
    """The word vectors (V, E) that the network was given, NaN for a word without."""
    decoder = network.decoder
    if not isinstance(decoder, EmbeddedMixture) or decoder.own is None:
        return None
    own, V = decoder.own, len(decoder.bias)
    in_order = bool(((own >= 0) & (own < V)).all() and (own.diff() > 0).all())
    require(in_order, path, "the words without a vector in order, each once")
    given = decoder.given()
    return None if given is None else given.cpu().numpy()


def load_model(folder: Path, *, device: str) -> TopicModel:
    """Read a model: verify the files, then compare what they say with one another, then allocate.

    Raises
    ------
    NeuralTopicError
        When anything is not as it was written.
    """
    manifest: Any = verify_manifest(folder, kind=MODEL_KIND, schema_version=MODEL_SCHEMA_VERSION)
    if sorted(manifest["files"]) != sorted(FILES):
        raise wrong_file(folder, f"the files {', '.join(FILES)}", ", ".join(manifest["files"]))
    preprocessor = _read_preprocessor(folder / "preprocessing.json")
    config, vae = _read_config(folder / "config.json", n_words=len(preprocessor.vocabulary.words))
    vae.set_params(device=device)
    statistics = _read_topics(folder / "topics.json", vae.n_components, config["n_documents"])

    recipe = find_recipe(vae.recipe)
    K, V = vae.n_components, config["n_words"]
    shapes: dict[str, tuple[int, ...]] = {_EXPLAINED: (K, V)} if recipe.reading.needs_explained else {}
    if recipe.reading.guidance is not None:
        shapes |= {_LISTED_WORDS: (K, V), _LISTED_DOCUMENTS: (K,)}
    if "updates" in config:
        shapes[_PRECISION] = (K + 1, V)
    network, beside = read_network(
        folder / "weights.safetensors",
        lambda: _build(recipe, config, vae.n_components),
        device,
        shapes,
    )
    vae.set_params(word_vectors=_given_vectors(network, folder / "weights.safetensors"))
    summary = CorpusSummary(
        config["n_documents"],
        np.array(config["information"], np.float32),
        statistics.share,
        **{name: beside[name].numpy() if name in beside else None for name in (_EXPLAINED, _PRECISION)},
        listing=_listing(beside, folder / "weights.safetensors"),
    )
    updates = config.get("updates", [])
    vae.restore(network, history=config["history"], summary=summary, n_updates=len(updates))

    vae.n_dimensions_in_ = config.get("n_dimensions")
    words = preprocessor.vocabulary.words
    seeds = {topic: [words[column] for column in columns] for topic, columns in vae.seeds().items()}
    model = TopicModel(preprocessing=preprocessor.settings, **vae.get_params() | {"seed_words": seeds or None})
    if vae.word_vectors is not None:
        rows = zip(words, vae.word_vectors, strict=True)
        model.set_params(word_vectors={word: vector for word, vector in rows if not np.isnan(vector[0])})
    model.document_vae_ = vae
    model.preprocessor_ = preprocessor
    model.statistics_ = statistics
    model.n_documents_ = config["n_documents"]
    model.corpus_sha256_ = config["corpus_sha256"]
    model.updates_ = updates
    return model


def _listing(beside: dict[str, torch.Tensor], path: Path) -> Listing | None:
    if _LISTED_WORDS not in beside:
        return None
    listing = Listing(beside[_LISTED_WORDS].numpy(), beside[_LISTED_DOCUMENTS].numpy())
    least = min(listing.words.min(), listing.documents.min())
    require(least >= 0, path, "listed words and documents from 0", least)
    return listing


def _read_preprocessor(path: Path) -> Preprocessor:
    state: Any = read_json(path, MAX_STATE_BYTES)
    require(isinstance(state, dict), path, "an object")
    with naming(path):
        preprocessor = Preprocessor.from_state(state)
    # spaCy would load a folder of a stranger's choosing from a path; an installed package is the user's own. A folder
    # that the fit has read is loaded when words are to be cut, if its digest is still the same.
    pipeline = preprocessor.settings.spacy_pipeline
    by_name = pipeline is None or re.fullmatch(r"(blank:)?\w+", pipeline) is not None
    known = by_name or (os.path.isabs(pipeline or "") and "sha256" in state["tokeniser"])
    require(known, path, "the name of an installed spaCy pipeline, or a folder with its digest", pipeline)
    return preprocessor


def _read_config(path: Path, *, n_words: int) -> tuple[dict[str, Any], DocumentVAE]:
    config = read_members(path, _CONFIG, MAX_STATE_BYTES, _OPTIONAL)
    parameters = _LATER | config["parameters"]
    sizes = parameters["word_vectors"]
    vae: DocumentVAE = estimator_of(DocumentVAE, parameters | {"word_vectors": None}, path)
    if sizes is not None:
        takes = find_recipe(vae.recipe).takes_word_vectors
        whole = isinstance(sizes, list) and len(sizes) == 2 and all(type(size) is int for size in sizes)
        fit = takes and whole and sizes[0] > 0 and 0 <= sizes[1] < n_words
        require(fit, path, "word_vectors as dimensions and words without", sizes)
    with naming(path):
        require_columns(vae.seeds(), n_words)
    vae.set_params(seed_words=vae.seeds() or None)  # with numbers for keys, which JSON has not
    require(config["n_words"] == n_words, path, f"n_words {n_words:,}, as the vocabulary has", config["n_words"])
    require(config["n_documents"] > 0, path, "n_documents above 0", config["n_documents"])
    require_numbers(path, "information", config["information"], vae.n_components, "topics")
    require_history(path, config["history"])
    recipe = find_recipe(vae.recipe)
    revision = config.get("revision", 1)
    if revision != recipe.revision:
        raise NeuralTopicError(
            str(path),
            expected=f"revision {recipe.revision} of the recipe {recipe.name}",
            got=f"revision {revision}, whose models keep or mean something else",
            hint="Fit again, or read it with the version of neuraltopic that wrote it",
        )
    if recipe.takes_embeddings:
        require(config.get("n_dimensions", 0) > 0, path, f"n_dimensions above 0, as {vae.recipe} has", "none")
    else:
        require("n_dimensions" not in config, path, f"no n_dimensions, as {vae.recipe} has none")
    for update in config.get("updates", []):
        described = isinstance(update, dict) and {name: type(value) for name, value in update.items()} == _UPDATE
        require(described and update["n_documents"] > 0, path, "corpus_sha256 and n_documents of each update", update)
    of_updates = sum(update["n_documents"] for update in config.get("updates", []))
    require(of_updates < config["n_documents"], path, "fewer documents in updates than in all", of_updates)
    return config, vae


def _read_topics(path: Path, n_topics: int, n_documents: int) -> TopicStatistics:
    topics = read_members(path, _TOPICS, MAX_STATE_BYTES)
    for name in ("share", "n_documents", "strength", "information"):
        require_numbers(path, name, topics[name], n_topics, "topics")
    require(min(topics["share"]) >= 0, path, "shares of topics from 0", min(topics["share"]))
    counted = all(type(count) is int and 0 <= count <= n_documents for count in topics["n_documents"])
    require(counted, path, f"n_documents as whole numbers from 0 to {n_documents:,}")
    require(len(topics["typical"]) == n_topics, path, f"typical documents of {n_topics} topics")
    for ids in topics["typical"]:
        ours = isinstance(ids, list) and all(isinstance(id, str) for id in ids)
        require(ours, path, "typical documents as lists of ids")
    return TopicStatistics.from_dict(topics)
