"""The model folder: what of a TopicModel goes to disk, and how it comes back.

manifest.json        format, schema version, size and SHA-256 of each file
config.json          the estimator's parameters, sizes, seed, training history
preprocessing.json   settings, vocabulary, phrases, tokeniser
topics.json          share, documents and information of each topic
weights.safetensors  the network
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neuraltopic.devices import choose_device
from neuraltopic.document_vae import DocumentVAE
from neuraltopic.documents.preprocessing import Preprocessor
from neuraltopic.errors import NeuralTopicError
from neuraltopic.outputs import MODEL
from neuraltopic.preparation import MAX_STATE_BYTES
from neuraltopic.recipes import find_recipe
from neuraltopic.storage.atomic import atomic_folder
from neuraltopic.storage.formats import MODEL_KIND, MODEL_SCHEMA_VERSION
from neuraltopic.storage.manifest import verify_manifest, write_manifest
from neuraltopic.storage.strict_json import read_json, write_json
from neuraltopic.storage.weights import read_weights, write_weights
from neuraltopic.topic_model import TopicModel
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
_TOPICS = dict.fromkeys(("share", "n_documents", "strength", "information", "typical"), list)
_LARGEST = float(np.finfo(np.float32).max)


def save_model(model: TopicModel, folder: Path, *, force: bool) -> None:
    """Write a fitted model, whole or not at all; with `force` in place of an earlier model and of nothing else."""
    vae = model.document_vae_
    parameters = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in vae.get_params().items()
    }
    parameters |= {"random_state": vae.seed_, "device": str(vae.device)}
    with atomic_folder(folder, force=force, why_not=MODEL.why_not) as unfinished:
        write_json(
            unfinished / "config.json",
            {
                "parameters": parameters,
                "n_words": vae.n_features_in_,
                "n_documents": model.n_documents_,
                "corpus_sha256": model.corpus_sha256_,
                "information": vae.information_.tolist(),
                "history": vae.history_,
            },
        )
        write_json(unfinished / "preprocessing.json", model.preprocessor_.state())
        write_json(unfinished / "topics.json", model.statistics_.to_dict())
        write_weights(unfinished / "weights.safetensors", vae.vae_.state_dict())
        write_manifest(unfinished, kind=MODEL_KIND, schema_version=MODEL_SCHEMA_VERSION, extra={})


def load_model(folder: Path, *, device: str) -> TopicModel:
    """Read a model: verify the files, then compare what they say with one another, then allocate.

    Raises
    ------
    NeuralTopicError
        When anything is not as it was written.
    """
    manifest: Any = verify_manifest(folder, kind=MODEL_KIND, schema_version=MODEL_SCHEMA_VERSION)
    if sorted(manifest["files"]) != sorted(FILES):
        raise _wrong(folder, f"the files {', '.join(FILES)}", ", ".join(manifest["files"]))
    preprocessor = _read_preprocessor(folder / "preprocessing.json")
    config = _read_config(folder / "config.json", n_words=len(preprocessor.vocabulary.words))
    vae = DocumentVAE(**config["parameters"]).set_params(device=device)
    vae.seed_ = vae.random_state
    statistics = _read_topics(folder / "topics.json", vae.n_components, config["n_documents"])

    # On the meta device a network has shapes and no memory.
    with torch.device("meta"):
        network = find_recipe(vae.recipe).build(config["n_words"], vae.n_components)
    expected = {name: (tuple(t.shape), str(t.dtype).removeprefix("torch.")) for name, t in network.state_dict().items()}
    weights = read_weights(folder / "weights.safetensors", expected)
    network.load_state_dict(weights, assign=True)
    vae.restore(
        network.to(choose_device(device)),
        history=config["history"],
        information=np.array(config["information"], np.float32),
    )

    model = TopicModel(preprocessing=preprocessor.settings, **vae.get_params())
    model.document_vae_ = vae
    model.preprocessor_ = preprocessor
    model.statistics_ = statistics
    model.n_documents_ = config["n_documents"]
    model.corpus_sha256_ = config["corpus_sha256"]
    return model


def _read_preprocessor(path: Path) -> Preprocessor:
    state: Any = read_json(path, MAX_STATE_BYTES)
    _require(isinstance(state, dict), path, "an object")
    with _naming(path):
        preprocessor = Preprocessor.from_state(state)
    # spaCy would load a folder of a stranger's choosing from a path; an installed package is the user's own.
    pipeline = preprocessor.settings.spacy_pipeline
    by_name = pipeline is None or re.fullmatch(r"(blank:)?\w+", pipeline) is not None
    _require(by_name, path, "the name of an installed spaCy pipeline", pipeline)
    return preprocessor


def _read_config(path: Path, *, n_words: int) -> dict[str, Any]:
    config = _read_members(path, _CONFIG)
    names = sorted(DocumentVAE().get_params())
    _require(sorted(config["parameters"]) == names, path, f"the parameters {', '.join(names)}")
    with _naming(path):
        vae = DocumentVAE(**config["parameters"])
        vae.check_parameters()
    seed = config["parameters"]["random_state"]
    _require(type(seed) is int, path, "random_state, the seed of the fit, as a whole number", seed)
    _require(config["n_words"] == n_words, path, f"n_words {n_words:,}, as the vocabulary has", config["n_words"])
    _require(config["n_documents"] > 0, path, "n_documents above 0", config["n_documents"])
    _require_numbers(path, "information", config["information"], vae.n_components)
    for entry in config["history"]:
        _require(isinstance(entry, dict), path, "history as a list of objects")
        _require_numbers(path, "history", list(entry.values()), len(entry))
    return config


def _read_topics(path: Path, n_topics: int, n_documents: int) -> TopicStatistics:
    topics = _read_members(path, _TOPICS)
    for name in ("share", "n_documents", "strength", "information"):
        _require_numbers(path, name, topics[name], n_topics)
    counted = all(type(count) is int and 0 <= count <= n_documents for count in topics["n_documents"])
    _require(counted, path, f"n_documents as whole numbers from 0 to {n_documents:,}")
    _require(len(topics["typical"]) == n_topics, path, f"typical documents of {n_topics} topics")
    for ids in topics["typical"]:
        ours = isinstance(ids, list) and all(isinstance(id, str) for id in ids)
        _require(ours, path, "typical documents as lists of ids")
    return TopicStatistics.from_dict(topics)


def _read_members(path: Path, members: Mapping[str, type]) -> dict[str, Any]:
    """An object with exactly these members, of these types."""
    value: Any = read_json(path, MAX_STATE_BYTES)
    _require(isinstance(value, dict) and set(value) == set(members), path, f"an object of {', '.join(members)}")
    for name, kind in members.items():
        _require(type(value[name]) is kind, path, f"{name} of the type {kind.__name__}", value[name])
    return value


def _require_numbers(path: Path, name: str, values: list[Any], n: int) -> None:
    _require(len(values) == n, path, f"{name} of {n} topics", f"{len(values)}")
    fit = all(type(value) in (int, float) and abs(value) <= _LARGEST for value in values)
    _require(fit, path, f"{name} as numbers that fit float32")


def _require(holds: bool, path: Path, expected: str, got: object = "something else") -> None:
    if not holds:
        raise _wrong(path, expected, f"{got!s:.80}")


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in what is said of its content."""
    try:
        yield
    except NeuralTopicError as error:
        raise _wrong(path, "what save writes", str(error).removesuffix(".")) from error


def _wrong(path: Path, expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(str(path), expected=expected, got=got, hint="Restore it from a copy, or fit again")
