"""The model folder: what of a TopicModel goes to disk, and how it comes back.

manifest.json        format, schema version, size and SHA-256 of each file
config.json          the estimator's parameters, sizes, seed, training history
preprocessing.json   settings, vocabulary, phrases, tokeniser
topics.json          share, documents and information of each topic
weights.safetensors  the network
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from neuraltopic.devices import choose_device
from neuraltopic.document_vae import DocumentVAE
from neuraltopic.documents.preprocessing import Preprocessor
from neuraltopic.errors import NeuralTopicError
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


def save_model(model: TopicModel, folder: Path, *, force: bool) -> None:
    """Write a fitted model, whole or not at all."""
    vae = model.document_vae_
    parameters = vae.get_params()
    parameters["random_state"] = vae.seed_
    with atomic_folder(folder, force=force) as unfinished:
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
    config: Any = read_json(folder / "config.json", MAX_STATE_BYTES)
    preprocessor = Preprocessor.from_state(_mapping(folder, read_json(folder / "preprocessing.json", MAX_STATE_BYTES)))
    topics: Any = read_json(folder / "topics.json", MAX_STATE_BYTES)
    try:
        vae = DocumentVAE(**config["parameters"])
        vae.check_parameters()
        n_words, n_components = int(config["n_words"]), vae.n_components
        statistics = TopicStatistics.from_dict(topics)
        information = np.asarray(config["information"], np.float32)
        history = [{str(k): float(v) for k, v in entry.items()} for entry in config["history"]]
        n_documents, corpus_sha256 = int(config["n_documents"]), str(config["corpus_sha256"])
    except NeuralTopicError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong(
            folder, "config.json and topics.json as save writes them", f"{type(error).__name__} {error}"
        ) from error
    if n_words != len(preprocessor.vocabulary.words):
        raise _wrong(folder, f"a vocabulary of {n_words:,} words", f"{len(preprocessor.vocabulary.words):,}")
    if {len(a) for a in (information, statistics.share, statistics.typical)} != {n_components}:
        raise _wrong(folder, f"figures of {n_components} topics", "another number of them")

    # On the meta device a network has shapes and no memory.
    with torch.device("meta"):
        network = find_recipe(vae.recipe).build(n_words, n_components)
    expected = {name: (tuple(t.shape), str(t.dtype).removeprefix("torch.")) for name, t in network.state_dict().items()}
    weights = read_weights(folder / "weights.safetensors", expected)
    network.load_state_dict(weights, assign=True)
    vae.set_params(device=device)
    vae.restore(network.to(choose_device(device)), history=history, information=information)

    model = TopicModel(preprocessing=preprocessor.settings, **vae.get_params())
    model.document_vae_ = vae
    model.preprocessor_ = preprocessor
    model.statistics_ = statistics
    model.n_documents_ = n_documents
    model.corpus_sha256_ = corpus_sha256
    return model


def _mapping(folder: Path, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(folder, "preprocessing.json with an object", type(value).__name__)
    return value


def _wrong(folder: Path, expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(
        f"model folder {folder}", expected=expected, got=got, hint="Restore it from a copy, or fit again"
    )
