"""What a collection of images is: pixels in input order, and what each image is called.

Axes: N images, H rows and W columns of pixels.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError


@dataclass(frozen=True)
class Images:
    """Images of one size, in grey.

    Attributes
    ----------
    name : str
        The path as given.
    path : Path
    kind : str
        "npz", "npy", "idx" or "png folder".
    part : str
        "train" or "test" where the data come in parts, else empty.
    pixels : array of shape (N, H, W)
        uint8, grey levels from 0 to 255; or float32, as they are.
    ids : tuple of str
        The number of an image, from 0, or the path of its file in the folder.
    labels : tuple of str or None
    """

    name: str
    path: Path
    kind: str
    part: str
    pixels: NDArray[np.uint8] | NDArray[np.float32]
    ids: tuple[str, ...]
    labels: tuple[str, ...] | None

    def __len__(self) -> int:
        return len(self.pixels)

    def sha256(self) -> str:
        """Digest of shape, pixels and labels."""
        described = repr((self.pixels.shape, self.pixels.dtype.str, self.labels)).encode()
        return hashlib.sha256(described + np.ascontiguousarray(self.pixels).tobytes()).hexdigest()


def grey_images(values: NDArray, what: str) -> NDArray[np.uint8] | NDArray[np.float32]:
    """An array as grey images, (N, H, W) from (N, H, W), (N, H, W, 1), (N, 1, H, W) or (N, H * H).

    Whole numbers from 0 to 255 are grey levels, but black and white where none is above 1; real numbers stay as
    they are.

    Raises
    ------
    NeuralTopicError
        When the array has another shape or type, or no image.
    """
    shape = values.shape
    if len(shape) == 4 and shape[-1] == 1:
        values = values[..., 0]
    elif len(shape) == 4 and shape[1] == 1:
        values = values[:, 0]
    elif len(shape) == 2 and (side := round(shape[1] ** 0.5)) ** 2 == shape[1]:
        values = values.reshape(len(values), side, side)
    if values.ndim != 3 or 0 in values.shape:
        raise NeuralTopicError(
            what,
            expected="grey images, an array of shape (images, rows, columns)",
            got=f"one of shape {shape}",
            hint="Average the colours, or reshape it",
        )
    if values.dtype == bool:
        return np.where(values, np.uint8(255), np.uint8(0))
    if values.dtype.kind in "iu":
        smallest, largest = int(values.min()), int(values.max())
        if smallest < 0 or largest > 255:
            raise NeuralTopicError(
                what,
                expected="grey levels from 0 to 255",
                got=f"whole numbers from {smallest} to {largest}",
                hint="Scale them to real numbers from 0 to 1",
            )
        return (values * 255 if largest == 1 else values).astype(np.uint8)
    if values.dtype.kind != "f":
        raise NeuralTopicError(what, expected="numbers", got=f"{values.dtype}", hint="Save the pixels as uint8")
    pixels = values.astype(np.float32)
    if not np.isfinite(pixels).all():
        raise NeuralTopicError(
            what, expected="finite numbers", got="a NaN or an infinity", hint="Replace or leave out these images"
        )
    return pixels
