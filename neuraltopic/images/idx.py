"""IDX files, the format of MNIST and similar data sets: a header of sizes, then bytes.

Two zero bytes, the type of the numbers (8 is uint8), the number of axes, each axis as four bytes (big-endian), and
the numbers in C order. The file may be compressed with gzip.
"""

import gzip
import math
import zlib
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError

_GZIP = b"\x1f\x8b"
_UINT8 = 8


def is_idx(path: Path) -> bool:
    """Whether the file begins as an IDX file of uint8 does, compressed or not."""
    try:
        with _opened(path) as file:
            return file.read(3) == bytes((0, 0, _UINT8))
    except (OSError, EOFError, zlib.error):
        return False


def read_idx(path: Path, n_axes: int) -> NDArray[np.uint8]:
    """The array in an IDX file.

    Raises
    ------
    NeuralTopicError
        When the file is another kind, has another number of axes, or is shorter or longer than its header says.
    """
    try:
        with _opened(path) as file:
            magic = file.read(4)
            if magic != bytes((0, 0, _UINT8, n_axes)):
                raise _wrong(path, f"the first bytes 00 00 08 {n_axes:02x} of {n_axes} axes", magic.hex(" ") or "none")
            sizes = file.read(4 * n_axes)
            shape = tuple(np.frombuffer(sizes[: len(sizes) // 4 * 4], ">u4").tolist())
            if len(shape) < n_axes:
                raise _wrong(path, f"the sizes of {n_axes} axes", "the end of the file")
            # At most the actual size, for any header.
            values = file.read(math.prod(shape) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _wrong(path, "an IDX file that can be read", getattr(error, "strerror", None) or str(error)) from error
    if len(values) != math.prod(shape):
        many = " or more" * (len(values) > math.prod(shape))
        raise _wrong(path, f"{math.prod(shape):,} bytes of numbers after the header", f"{len(values):,}{many}")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _opened(path: Path) -> BufferedIOBase:
    with open(path, "rb") as file:
        compressed = file.read(2) == _GZIP
    return gzip.open(path, "rb") if compressed else open(path, "rb")


def _wrong(path: Path, expected: str, got: str) -> NeuralTopicError:
    return NeuralTopicError(str(path), expected=expected, got=got, hint="Fetch the file again")
