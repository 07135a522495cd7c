"""The images that commands take, and whether they fit a model."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.errors import NeuralTopicError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neuraltopic.estimators.image_vae import ImageVAE
    from neuraltopic.images.collection import Images
    from neuraltopic.progress import QuietProgress

DataPath = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="Images: .npz (as MNIST's), .npy, IDX file, or folder of IDX or PNG files.",
    ),
]
ImageRunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="Path to the run folder of images fit, or its model folder.")
]
Part = Annotated[str, typer.Option("--part", metavar="NAME", help="Part of the data: train or test.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed.")]


def read_part(data: str, part: str, progress: "QuietProgress") -> "Images":
    """A part of the images; files that are left out become a note."""
    from neuraltopic.cli.common.resumable import noted
    from neuraltopic.images.readers import read_images

    with noted(progress):
        return read_images(data, part=part, progress=progress)


def pixels_for(images: "Images", model: "ImageVAE") -> "NDArray[np.uint8] | NDArray[np.float32]":
    """The pixels; raises NeuralTopicError unless they are as many as the model has."""
    shape = images.pixels.shape[1:]
    if shape != model.image_shape_ and (math.prod(shape),) != model.image_shape_:
        raise NeuralTopicError(
            images.name,
            expected=f"images of {dimensions(model.image_shape_)} pixels, as the model was fitted on",
            got=dimensions(shape),
            hint="Scale or crop them as those were",
        )
    return images.pixels


def require_rectangles(model: "ImageVAE", run: Path) -> None:
    """Raise a NeuralTopicError for a model of vectors, which cannot be drawn."""
    if len(model.image_shape_) != 2:
        raise NeuralTopicError(
            str(run),
            expected="a model of images with rows and columns",
            got=f"one of {dimensions(model.image_shape_)} numbers",
            hint="Fit it to an array of shape (images, rows, columns)",
        )


def dimensions(shape: tuple[int, ...]) -> str:
    """A shape as "28 x 28"."""
    return " x ".join(map(str, shape))
