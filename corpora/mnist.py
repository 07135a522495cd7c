"""MNIST: 60,000 images of handwritten digits to train on and 10,000 to test on, 28 x 28 pixels.

Obtained from `mnist.npz` in the folder that NEURALTOPIC_DATA names (or ../shared/data beside a checkout),
else downloaded from OpenML by scikit-learn's `fetch_openml`. Made by Yann LeCun, Corinna Cortes and
Christopher Burges from NIST's Special Databases 1 and 3; LeCun, Bottou, Bengio and Haffner, "Gradient-based
learning applied to document recognition", Proceedings of the IEEE, 1998.

Licence: none is stated by its makers; it is often passed on as CC BY-SA 3.0. neuraltopic holds no copy of it.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neuraltopic.corpora.sources import data_file
from neuraltopic.errors import NeuralTopicError

FILE = "mnist.npz"
SHAPES = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}


def write(folder: Path, *, progress: Callable[[str, int, int | None], None] | None = None) -> int:
    """Write ``mnist.npz`` with x_train, y_train, x_test and y_test, all uint8; return the number of images.

    Parameters
    ----------
    folder : Path
        An empty folder.
    progress : callable, optional
        Called with "writing", the number of images done and how many there are.

    Raises
    ------
    NeuralTopicError
        When the file holds something else, or there is neither file nor network.
    """
    file = data_file(FILE)
    arrays = _download() if file is None else _load(file)
    np.savez_compressed(folder / FILE, **arrays)  # type: ignore[arg-type]
    n_images = len(arrays["x_train"]) + len(arrays["x_test"])
    if progress:
        progress("writing", n_images, n_images)
    return n_images


def _load(file: Path) -> dict[str, np.ndarray]:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in SHAPES}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _wrong(str(file), str(error)) from error
    for name, shape in SHAPES.items():
        array = arrays[name]
        if array.dtype != np.uint8 or array.shape != shape:
            raise _wrong(str(file), f"{name} of {array.dtype} {array.shape}")
    return arrays


def _wrong(name: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(
        name,
        expected="x_train, y_train, x_test, y_test of uint8, 60,000 and 10,000 images of 28 x 28",
        got=got,
        hint="Fetch the file again",
    )


def _download() -> dict[str, np.ndarray]:
    from sklearn.datasets import fetch_openml

    try:
        stored = fetch_openml("mnist_784", version=1, as_frame=False)
    except OSError as error:
        raise NeuralTopicError(
            "corpus mnist",
            expected=f"{FILE} in the folder NEURALTOPIC_DATA, or a network to fetch it",
            got=f"no file, and {error}",
            hint="Set NEURALTOPIC_DATA to the folder that holds it",
        ) from error
    images = stored.data.astype(np.uint8).reshape(-1, 28, 28)
    digits = stored.target.astype(np.uint8)
    return dict(zip(SHAPES, (images[:60_000], digits[:60_000], images[60_000:], digits[60_000:]), strict=True))
