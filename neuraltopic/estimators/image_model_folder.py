"""The folder of an ImageVAE: what goes to disk, and how it comes back.

manifest.json        format, schema version, size and SHA-256 of each file
config.json          the estimator's parameters, shape and number of the images, training history
weights.safetensors  the network
"""

import math
from pathlib import Path
from typing import Any

from neuraltopic.estimators.image_vae import ImageVAE
from neuraltopic.estimators.state import estimator_of, plain_parameters, read_network
from neuraltopic.storage.atomic import atomic_folder
from neuraltopic.storage.formats import IMAGE_MODEL_KIND, IMAGE_MODEL_SCHEMA_VERSION
from neuraltopic.storage.manifest import verify_manifest, write_manifest
from neuraltopic.storage.members import read_members, require, require_history, wrong_file
from neuraltopic.storage.outputs import IMAGE_MODEL
from neuraltopic.storage.strict_json import write_json
from neuraltopic.storage.weights import write_weights

FILES = ("config.json", "weights.safetensors")
_CONFIG = {"parameters": dict, "image_shape": list, "n_images": int, "history": list}
_MAX_CONFIG_BYTES = 1 << 24


def save_image_model(model: ImageVAE, folder: Path, *, force: bool) -> None:
    """Write a fitted model, whole or not at all; with `force` in place of an earlier one and of nothing else."""
    with atomic_folder(folder, force=force, why_not=IMAGE_MODEL.why_not) as unfinished:
        write_json(
            unfinished / "config.json",
            {
                "parameters": plain_parameters(model, model.seed_) | {"hidden": [int(width) for width in model.hidden]},
                "image_shape": list(model.image_shape_),
                "n_images": model.n_images_,
                "history": model.history_,
            },
        )
        write_weights(unfinished / "weights.safetensors", model.vae_.state_dict())
        write_manifest(unfinished, kind=IMAGE_MODEL_KIND, schema_version=IMAGE_MODEL_SCHEMA_VERSION, extra={})


def load_image_model(folder: Path, *, device: str) -> ImageVAE:
    """Read a model: verify the files, then compare what they say with one another, then allocate.

    Raises
    ------
    NeuralTopicError
        When anything is not as it was written.
    """
    manifest: Any = verify_manifest(folder, kind=IMAGE_MODEL_KIND, schema_version=IMAGE_MODEL_SCHEMA_VERSION)
    if sorted(manifest["files"]) != sorted(FILES):
        raise wrong_file(folder, f"the files {', '.join(FILES)}", ", ".join(manifest["files"]))
    path = folder / "config.json"
    config = read_members(path, _CONFIG, _MAX_CONFIG_BYTES)
    model: ImageVAE = estimator_of(ImageVAE, config["parameters"], path)
    model.set_params(device=device, hidden=tuple(model.hidden))
    shape = config["image_shape"]
    sized = bool(shape) and all(type(size) is int and size > 0 for size in shape)
    require(sized, path, "image_shape as whole numbers above 0", shape)
    require(config["n_images"] > 1, path, "n_images above 1", config["n_images"])
    require_history(path, config["history"])
    network, _ = read_network(folder / "weights.safetensors", lambda: model.build(math.prod(shape)), device)
    model.restore(network.eval(), image_shape=tuple(shape), n_images=config["n_images"], history=config["history"])
    return model
