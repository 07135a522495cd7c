"""Read images: an .npz or .npy of arrays, IDX files, a folder of PNG files."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.images.collection import Images, grey_images
from neuraltopic.images.idx import is_idx, read_idx
from neuraltopic.images.png_folder import read_png_folder

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

PARTS = ("train", "test")
_KINDS = "an .npz or .npy of arrays, an IDX file, or a folder of IDX or PNG files"
# What the makers of MNIST call the test images.
_IDX_NAMES = {"train": "train", "test": "t10k"}


def read_images(path: str | Path, *, part: str = "train", progress: "Progress | None" = None) -> Images:
    """Read images with their labels, where they have some.

    Parameters
    ----------
    path : str or Path
        An .npz with x_train, y_train, x_test, y_test, or with one array of images and perhaps one of labels; an .npy;
        an IDX file, or a folder of them under MNIST's names; a folder of PNG files, in which the first folder of a
        nested file is its label.
    part : {"train", "test"}
        Which part to take, where the data come in parts.
    progress : callable of (stage, done, total), optional

    Raises
    ------
    UsageError
        When there is no such path or part, or it is not a file of these kinds.
    NeuralTopicError
        When what it holds are no images, or not all of one size.
    """
    name, path = str(path), Path(path)
    if part not in PARTS:
        raise UsageError(
            parameter("part"), expected=f"one of {', '.join(PARTS)}", got=repr(part), hint="Choose one of these"
        )
    if not path.exists():
        raise UsageError(name, expected=_KINDS, got="no such file or folder", hint="Check the path")
    if path.is_dir():
        images = _read_idx_folder(path, name, part) or read_png_folder(path, name, progress)
    elif path.suffix in (".npz", ".npy"):
        arrays = _load(path, name)
        if isinstance(arrays, dict):
            images = _of_arrays(path, name, part, arrays)
        else:
            images = _collection(path, name, "npy", "", arrays, None)
    elif is_idx(path):
        images = _collection(path, name, "idx", "", read_idx(path, 3), None)
    else:
        raise UsageError(name, expected=_KINDS, got="another kind of file", hint="Save the images as one of these")
    if progress:
        progress("reading", len(images), len(images))
    return images


def _of_arrays(path: Path, name: str, part: str, arrays: dict[str, NDArray]) -> Images:
    parts = [p for p in PARTS if f"x_{p}" in arrays]
    if parts:
        _require_part(name, part, {p: f"x_{p}" for p in parts})
        return _collection(path, name, "npz", part, arrays[f"x_{part}"], arrays.get(f"y_{part}"))
    images = [key for key, array in arrays.items() if array.ndim > 1]
    if len(images) != 1:
        raise NeuralTopicError(
            name,
            expected="x_train, or one array of images",
            got=f"the arrays {', '.join(sorted(arrays)) or 'none'}",
            hint="Save the images alone, or as x_train and x_test",
        )
    labels = [array for array in arrays.values() if array.ndim == 1]
    return _collection(path, name, "npz", "", arrays[images[0]], labels[0] if len(labels) == 1 else None)


def _load(path: Path, name: str) -> "dict[str, NDArray] | NDArray":
    """The arrays of an .npz, or the array of an .npy; never a pickle."""
    try:
        with open(path, "rb") as file:
            stored = np.load(file, allow_pickle=False)
            return {key: stored[key] for key in stored.files} if isinstance(stored, np.lib.npyio.NpzFile) else stored
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise NeuralTopicError(
            name,
            expected="arrays that numpy can read, and no Python objects",
            got=getattr(error, "strerror", None) or str(error),
            hint="Save them again with numpy.savez",
        ) from error


def _read_idx_folder(folder: Path, name: str, part: str) -> Images | None:
    """The images and labels under MNIST's names; None where there are none."""
    found = {p: file for p in PARTS if (file := _idx_file(folder, p, "images-idx3-ubyte"))}
    if not found:
        return None
    _require_part(name, part, {p: file.name for p, file in found.items()})
    labels = _idx_file(folder, part, "labels-idx1-ubyte")
    return _collection(folder, name, "idx", part, read_idx(found[part], 3), read_idx(labels, 1) if labels else None)


def _idx_file(folder: Path, part: str, content: str) -> Path | None:
    for separator in ("-", "."):  # both are in use
        stem = f"{_IDX_NAMES[part]}-{content}".replace("-idx", f"{separator}idx")
        for file in (folder / stem, folder / f"{stem}.gz"):
            if file.is_file():
                return file
    return None


def _require_part(name: str, part: str, found: dict[str, str]) -> None:
    if part not in found:
        raise UsageError(
            name,
            expected=f"images to {part}",
            got=f"only {', '.join(found.values())}",
            hint=f"Choose part {next(iter(found))}",
        )


def _collection(path: Path, name: str, kind: str, part: str, values: NDArray, labels: NDArray | None) -> Images:
    what = f"x_{part} in {name}" if part and kind == "npz" else name
    pixels = grey_images(values, what)
    if labels is not None and labels.shape != (len(pixels),):
        raise NeuralTopicError(
            f"labels in {name}",
            expected=f"{len(pixels):,}, one per image",
            got=f"an array of shape {labels.shape}",
            hint="Save them in the order of the images",
        )
    return Images(
        name=name,
        path=path,
        kind=kind,
        part=part,
        pixels=pixels,
        ids=tuple(map(str, range(len(pixels)))),
        labels=None if labels is None else tuple(map(str, labels.tolist())),
    )
