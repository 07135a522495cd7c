"""Saving and loading of estimators: a folder of JSON and safetensors, with a manifest that is verified first.

manifest.json        format, schema version, size and SHA-256 of each file
config.json          the estimator's parameters, sizes, seed, training history
weights.safetensors  the network, and the other arrays
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from neuraltopic.estimators.devices import choose_device
from neuraltopic.preprocessing.preparation import MAX_STATE_BYTES
from neuraltopic.storage.atomic import atomic_folder
from neuraltopic.storage.edit_log import EDIT_LOG, write_edit_log
from neuraltopic.storage.formats import MODEL_FOLDER, RUN_FACTS
from neuraltopic.storage.manifest import verify_manifest, write_manifest
from neuraltopic.storage.members import naming, read_members, require, wrong_file
from neuraltopic.storage.outputs import OutputKind
from neuraltopic.storage.strict_json import write_json
from neuraltopic.storage.weights import read_weights, write_weights

CONFIG, WEIGHTS = "config.json", "weights.safetensors"

NetworkT = TypeVar("NetworkT", bound=nn.Module)
EstimatorT = TypeVar("EstimatorT")


@dataclass(frozen=True)
class Format:
    """The folder of one estimator.

    Attributes
    ----------
    kind : str
        As the manifest calls it.
    schema_version : int
    output : OutputKind
        What may be replaced by it.
    objects : tuple of str
        Its JSON files.
    optional : tuple of str
        Other files that it may hold.
    """

    kind: str
    schema_version: int
    output: OutputKind
    objects: tuple[str, ...] = (CONFIG,)
    optional: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Its files, except the manifest."""
        return (*self.objects, WEIGHTS)


class State(NamedTuple):
    """The state of a fitted estimator.

    Attributes
    ----------
    objects : dict
        What JSON can hold, by file name.
    tensors : dict of Tensor
        By name.
    edits : list of dict
        The log of edits of topics, if there are any.
    topics_sha256 : str
        Digest of the topics that are edited.
    """

    objects: dict[str, Any]
    tensors: dict[str, Tensor]
    edits: Sequence[dict[str, Any]] = ()
    topics_sha256: str = ""


class StoredState:
    """The state of an estimator in a folder whose manifest was verified.

    Its parts are read in order: the objects are checked against one another before any tensor is allocated.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """The path of a file, which errors name."""
        return self.folder / name

    def edit_log(self) -> Path | None:
        """Path of the edits of the topics: beside the model of a run, else in the folder; None if there are none.

        The log of the run takes precedence, since `neuraltopic topics edit` writes it.
        """
        places = [self.folder / EDIT_LOG]
        if self.folder.name == MODEL_FOLDER and (self.folder.parent / RUN_FACTS).exists():
            places.insert(0, self.folder.parent / EDIT_LOG)
        return next((path for path in places if path.exists()), None)

    def config(
        self, members: Mapping[str, type], optional: Mapping[str, type] = MappingProxyType({})
    ) -> dict[str, Any]:
        """config.json, with exactly these members, and optionally the optional ones."""
        return read_members(self.path(CONFIG), members, MAX_STATE_BYTES, optional)

    def network(
        self,
        build: Callable[[], NetworkT],
        device: str,
        extra: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
    ) -> tuple[NetworkT, dict[str, Tensor]]:
        """The network that `build` composes, with the stored weights, and the other float32 tensors.

        Parameters
        ----------
        build : callable
        device : str
        extra : mapping
            Shape of each other tensor, by name.

        Raises
        ------
        NeuralTopicError
            When the file holds anything else.
        """
        # On the meta device a network has shapes and no memory: nothing is allocated before the file is known to match.
        with torch.device("meta"):
            shapes = build().state_dict()
        expected = {name: (tuple(t.shape), str(t.dtype).removeprefix("torch.")) for name, t in shapes.items()}
        expected |= {name: (shape, "float32") for name, shape in extra.items()}
        tensors = read_weights(self.path(WEIGHTS), expected)
        others = {name: tensors.pop(name) for name in extra}
        with torch.random.fork_rng(devices=[]):  # torch's layers draw weights as they are made
            network = build()
        network.load_state_dict(tensors, assign=True)
        return network.to(choose_device(device)), others


class Stored(ABC):
    """An estimator that can be saved and loaded."""

    format: ClassVar[Format]

    @abstractmethod
    def to_state(self) -> State:
        """The state of the fitted estimator."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: StoredState, *, device: str) -> Self:
        """The fitted estimator of a stored state.

        Raises
        ------
        NeuralTopicError
            When anything differs from what was written.
        """

    def save(self, folder: str | Path, *, force: bool = False) -> None:
        """Write the model to a folder, whole or not at all. It holds numbers and text, no code, and of the data only
        the ids of documents.

        Raises
        ------
        UsageError
            When the folder exists, unless `force` and it is empty or an earlier model of the same kind.
        """
        check_is_fitted(self)
        state, format = self.to_state(), self.format
        with atomic_folder(Path(folder), force=force, why_not=format.output.why_not) as unfinished:
            for name in format.objects:
                write_json(unfinished / name, state.objects[name])
            write_weights(unfinished / WEIGHTS, state.tensors)
            if state.edits:
                write_edit_log(unfinished / EDIT_LOG, state.edits, state.topics_sha256)
            write_manifest(unfinished, kind=format.kind, schema_version=format.schema_version, extra={})

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "auto") -> Self:
        """Read what `save` wrote, verifying it first.

        Raises
        ------
        NeuralTopicError
            When anything in the folder is not as it was written.
        """
        folder, format = Path(folder), cls.format
        manifest: Any = verify_manifest(folder, kind=format.kind, schema_version=format.schema_version)
        if sorted(set(manifest["files"]) - set(format.optional)) != sorted(format.files):
            raise wrong_file(folder, f"the files {', '.join(format.files)}", ", ".join(manifest["files"]))
        return cls.from_state(StoredState(folder), device=device)


def plain_parameters(estimator: BaseEstimator, seed: int) -> dict[str, Any]:
    """The parameters as plain JSON values, with the seed of the fit as the random state."""
    parameters = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in estimator.get_params().items()
    }
    return parameters | {"random_state": seed, "device": str(parameters["device"])}


def estimator_of(kind: type[EstimatorT], parameters: dict[str, Any], path: Path) -> EstimatorT:
    """An estimator with parameters read from `path`, unfitted except for its `seed_`.

    Raises
    ------
    NeuralTopicError
        When they are not exactly its parameters with valid values.
    """
    make: Any = kind
    names = sorted(make().get_params())
    require(sorted(parameters) == names, path, f"the parameters {', '.join(names)}")
    estimator = make(**parameters)
    with naming(path):
        estimator.check_parameters()
    seed = parameters["random_state"]
    require(type(seed) is int, path, "random_state, the seed of the fit, as a whole number", seed)
    estimator.seed_ = seed
    return estimator
