"""Checkpoints of a training run, which can stop at any moment and resume to the same bits."""

import json
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from neuraltopic.core.training import Trainer
from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.atomic import atomic_write
from neuraltopic.storage.weights import write_tensors

_NUMBERS = "numbers.json"


def epochs_done(path: Path) -> int | None:
    """How many epochs the fit of a checkpoint has done; None when the file is damaged."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            return len(json.loads(file.get_tensor(_NUMBERS).numpy().tobytes())["history"])
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError):
        return None


class Checkpoint:
    """One safetensors file: the tensors of `Trainer.state()`, and its numbers as JSON text.

    Parameters
    ----------
    path : Path
    request : str
        Digest of the request of the fit. A file with another digest is refused, since an uninterrupted fit would not
        give the resumed model.
    """

    def __init__(self, path: Path, request: str) -> None:
        self.path = path
        self.request = request

    def save(self, trainer: Trainer) -> None:
        """Replace the file by the state of `trainer`."""
        tensors, numbers = trainer.state()
        text = json.dumps(numbers | {"request": self.request}).encode()
        tensors[_NUMBERS] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
        with atomic_write(self.path) as file:
            write_tensors(file, tensors)

    def restore(self, trainer: Trainer) -> None:
        """Restore the state of `trainer` from the file; without a file it stays at its start.

        Raises
        ------
        NeuralTopicError
            When the file is damaged or belongs to another fit.
        """
        if not self.path.exists():
            return
        try:
            tensors = safetensors.torch.load_file(self.path)
            numbers = json.loads(tensors.pop(_NUMBERS).numpy().tobytes())
            if numbers["request"] != self.request:
                raise ValueError("one of other documents, parameters or another seed")
            trainer.restore(tensors, numbers)
        except (safetensors.SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise NeuralTopicError(
                str(self.path),
                expected="the checkpoint of this fit",
                got=str(error),
                hint="Delete it to start the fit over",
            ) from error
