"""A folder of PNG files, read in grey."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.images.collection import Images

if TYPE_CHECKING:
    from neuraltopic.progress import Progress


def read_png_folder(folder: Path, name: str, progress: "Progress | None" = None) -> Images:
    """Every PNG below `folder`, in the order of their paths; the first folder of a nested one is its label.

    Hidden files and folders are passed over; colours become their luminance, 16 bits the upper 8.

    Raises
    ------
    UsageError
        When there is none.
    NeuralTopicError
        When one cannot be read or is of another size than the first, or some have a label and some none.

    Warns
    -----
    NeuralTopicWarning
        When there are other files, which are left out.
    """
    files = _files(folder)
    pictures = [file for file in files if file.suffix.lower() == ".png"]
    if not pictures:
        raise UsageError(
            name,
            expected="a folder of PNG files, or of IDX files named train-images-idx3-ubyte",
            got=f"{len(files):,} other files" if files else "no file",
            hint="Convert the images to PNG, or save them as an array in an .npz",
        )
    if others := len(files) - len(pictures):
        text = f"{name}: {others:,} file{'s' * (others != 1)} without the suffix .png left out"
        warnings.warn(text, NeuralTopicWarning, stacklevel=2)
    labels = _labels(pictures, name)
    first = _read(folder / pictures[0])
    pixels = np.empty((len(pictures), *first.shape), np.uint8)
    if progress:
        progress("reading", 0, len(pictures))
    for number, file in enumerate(pictures):
        picture = _read(folder / file)
        if picture.shape != first.shape:
            raise NeuralTopicError(
                str(folder / file),
                expected=f"{_size(first)} pixels, as {pictures[0]} has",
                got=_size(picture),
                hint="Scale or crop the images to one size",
            )
        pixels[number] = picture
        if progress:
            progress("reading", number + 1, len(pictures))
    return Images(
        name=name,
        path=folder,
        kind="png folder",
        part="",
        pixels=pixels,
        ids=tuple(file.as_posix() for file in pictures),
        labels=labels if any(labels) else None,
    )


def _labels(pictures: list[Path], name: str) -> tuple[str, ...]:
    """The label of each picture, empty where none has one."""
    labels = tuple(file.parts[0] if len(file.parts) > 1 else "" for file in pictures)
    if "" in labels and any(labels):
        raise NeuralTopicError(
            name,
            expected="all files in folders that label them, or none",
            got=f"{pictures[labels.index('')]} beside a folder {next(filter(None, labels))}",
            hint="Move it into a folder",
        )
    return labels


def _files(folder: Path) -> list[Path]:
    """The files below `folder`, relative to it, in order, hidden ones and those of hidden folders left out."""
    files = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]  # where os.walk goes on
        files += [Path(parent, name).relative_to(folder) for name in names if not name.startswith(".")]
    return sorted(files)


def _read(path: Path) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as picture:
            if picture.mode.startswith("I"):  # 16 bits, which Pillow would clip at 255
                return (np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
            return np.asarray(picture.convert("L"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NeuralTopicError(
            str(path),
            expected="a PNG file that can be read",
            got=getattr(error, "strerror", None) or str(error),
            hint="Save it again, or move it elsewhere",
        ) from error


def _size(picture: NDArray[np.uint8]) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]}"
