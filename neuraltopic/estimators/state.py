"""What the model folders of all estimators have in common: parameters as JSON, and the weights of the network."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator

from neuraltopic.core.vae import VAE
from neuraltopic.estimators.devices import choose_device
from neuraltopic.storage.members import naming, require
from neuraltopic.storage.weights import read_weights


def plain_parameters(estimator: BaseEstimator, seed: int) -> dict[str, Any]:
    """The parameters as JSON can hold them, with the seed of the fit as the random state."""
    parameters = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in estimator.get_params().items()
    }
    return parameters | {"random_state": seed, "device": str(parameters["device"])}


def estimator_of(kind: type[BaseEstimator], parameters: dict[str, Any], path: Path) -> Any:
    """An estimator of parameters that were read from `path`, unfitted but for its `seed_`.

    Raises
    ------
    NeuralTopicError
        When they are not all of its parameters, no others, and such as a fit could use.
    """
    names = sorted(kind().get_params())
    require(sorted(parameters) == names, path, f"the parameters {', '.join(names)}")
    estimator: Any = kind(**parameters)
    with naming(path):
        estimator.check_parameters()
    seed = parameters["random_state"]
    require(type(seed) is int, path, "random_state, the seed of the fit, as a whole number", seed)
    estimator.seed_ = seed
    return estimator


def read_network(
    path: Path, build: Callable[[], VAE], device: str, beside: Mapping[str, tuple[int, ...]] = MappingProxyType({})
) -> tuple[VAE, dict[str, torch.Tensor]]:
    """The network that `build` composes, with the weights of a file, and what float32 tensors it holds beside them.

    Parameters
    ----------
    path : Path
    build : callable
    device : str
    beside : mapping
        Shape of each tensor beside the network, by name.

    Raises
    ------
    NeuralTopicError
        When the file holds anything else.
    """
    # On the meta device a network has shapes and no memory: nothing is allocated before the file is known to fit.
    with torch.device("meta"):
        shapes = build().state_dict()
    expected = {name: (tuple(t.shape), str(t.dtype).removeprefix("torch.")) for name, t in shapes.items()}
    tensors = read_weights(path, expected | {name: (shape, "float32") for name, shape in beside.items()})
    others = {name: tensors.pop(name) for name in beside}
    with torch.random.fork_rng(devices=[]):  # torch's layers draw weights as they are made
        network = build()
    network.load_state_dict(tensors, assign=True)
    return network.to(choose_device(device)), others
