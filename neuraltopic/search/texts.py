"""Strings on disk, each found without reading the others: UTF-8 end to end in one file, their bounds in another."""

from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.pages import release_pages

# Bytes of a file that is read rather than mapped.
_SMALL = 1 << 12


class TextWriter:
    """Write strings as they come; leaving the `with` block completes the two files.

    Parameters
    ----------
    folder : Path
    name : str
        Of NAME.utf8 and NAME_bounds.npy.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._bounds = folder / f"{name}_bounds.npy"
        self._file = open(folder / f"{name}.utf8", "wb")  # noqa: SIM115  (closed by __exit__)
        self._ends = array("q", [0])

    def append(self, text: str) -> None:
        """Write one string."""
        self._ends.append(self._ends[-1] + self._file.write(text.encode("utf-8", "surrogatepass")))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None:
            np.save(self._bounds, np.frombuffer(self._ends, np.int64))


class Texts:
    """The strings that a `TextWriter` wrote, mapped from disk.

    Raises
    ------
    NeuralTopicError
        When the two files disagree.
    """

    def __init__(self, folder: Path, name: str) -> None:
        path = folder / f"{name}.utf8"
        self._bounds = open_array(folder / f"{name}_bounds.npy", np.int64, 1)
        n_bytes = path.stat().st_size
        rising = bool((np.diff(self._bounds) >= 0).all())
        if not len(self._bounds) or self._bounds[0] != 0 or self._bounds[-1] != n_bytes or not rising:
            raise damaged(path, "the bytes that its bounds name", f"{n_bytes:,}")
        self._bytes: NDArray[np.uint8] = np.memmap(path, np.uint8, "r") if n_bytes else np.zeros(0, np.uint8)

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, place: int) -> str:
        """The string of that number."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        start, stop = self._bounds[place], self._bounds[place + 1]
        return self._bytes[start:stop].tobytes().decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        """Each string, in order."""
        return (self[place] for place in range(len(self)))

    def release_pages(self) -> None:
        """Release the memory pages of the two files, see `storage.pages`."""
        release_pages(self._bytes, self._bounds)


def write_texts(folder: Path, name: str, texts: Iterable[str]) -> None:
    """Write all of some strings."""
    with TextWriter(folder, name) as writer:
        for text in texts:
            writer.append(text)


def open_array(path: Path, dtype: type[np.generic] | None, n_dimensions: int) -> NDArray:
    """An array of a .npy file, mapped from disk, of that type where one is given.

    Raises
    ------
    NeuralTopicError
        When it is another.
    """
    try:
        mapped = path.stat().st_size > _SMALL  # an array of nothing cannot be mapped
        array = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False).view(np.ndarray)
    except (OSError, ValueError) as error:
        raise damaged(path, "an array", f"{type(error).__name__}: {error}") from error
    if array.ndim != n_dimensions or (dtype is not None and array.dtype != dtype) or array.dtype.kind not in "uif":
        raise damaged(path, f"numbers in {n_dimensions} dimensions", f"{array.dtype} in {array.ndim}")
    return array


def damaged(path: Path, expected: str, got: str) -> NeuralTopicError:
    """The error of a file that is not as it was written."""
    return NeuralTopicError(
        str(path), expected=expected, got=got, hint="The index is damaged; restore it from a copy or build it again"
    )
