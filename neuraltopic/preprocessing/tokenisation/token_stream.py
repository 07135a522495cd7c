"""The tokens of a corpus as numbers: read once, kept on disk, gone over as often as needed."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Tokens gathered or gone over at once: a few arrays of 8 bytes per token, so tens of MiB. A larger document is
# a block by itself.
BLOCK_TOKENS = 1 << 20


class FormIds(dict[str, int]):
    """Numbers each distinct form in the order of first sight; the look-up of a known form runs in C."""

    def __missing__(self, form: str) -> int:
        """Give an unknown form the next number."""
        number = self[form] = len(self)
        return number

    def of(self, forms: list[str]) -> list[int]:
        """The numbers of several forms, in order of which unknown ones are numbered."""
        number = self.setdefault
        return [number(form, len(self)) for form in forms]


class Block(NamedTuple):
    """Consecutive documents: tokens (N,) as numbers, document d at bounds[d]:bounds[d + 1] (B + 1,)."""

    tokens: NDArray
    bounds: NDArray


def numbered(documents: Iterable[list[str]], ids: FormIds) -> Iterator[Block]:
    """Yield blocks of documents with their forms as numbers (int32), in order."""
    held: list[NDArray[np.int32]] = []
    n_held = 0
    for forms in documents:
        # At once, while the strings are in the processor's cache: later each look-up waits for memory.
        held.append(np.fromiter(map(ids.__getitem__, forms), np.int32, len(forms)))
        n_held += len(forms)
        if n_held >= BLOCK_TOKENS:
            yield _block(held)
            held, n_held = [], 0
    if held:
        yield _block(held)


def _block(documents: list[NDArray[np.int32]]) -> Block:
    bounds = np.zeros(len(documents) + 1, np.int64)
    np.cumsum([len(tokens) for tokens in documents], out=bounds[1:])
    return Block(np.concatenate(documents), bounds)


class TokenStream:
    """Blocks written to a file (4 bytes per token) and read back; only the documents' bounds are in memory.

    Parameters
    ----------
    path : Path
        The file, replaced when it exists.
    blocks : iterable of Block
        The whole corpus, taken once.
    """

    def __init__(self, path: Path, blocks: Iterable[Block]) -> None:
        self._path = path
        bounds = [np.zeros(1, np.int64)]
        with path.open("wb") as file:
            for block in blocks:
                file.write(block.tokens.astype(np.int32, copy=False).data)
                bounds.append(bounds[-1][-1] + block.bounds[1:])
        self._bounds = np.concatenate(bounds)

    @property
    def n_tokens(self) -> int:
        """Tokens of all documents."""
        return int(self._bounds[-1])

    @property
    def n_documents(self) -> int:
        """Documents, those without a token included."""
        return len(self._bounds) - 1

    def __iter__(self) -> Iterator[Block]:
        """Yield blocks of about BLOCK_TOKENS tokens, in order."""
        start = 0
        with self._path.open("rb") as file:
            while start < self.n_documents:
                reach = np.searchsorted(self._bounds, self._bounds[start] + BLOCK_TOKENS, side="right") - 1
                stop = max(start + 1, min(int(reach), self.n_documents))
                bounds = self._bounds[start : stop + 1] - self._bounds[start]
                yield Block(np.fromfile(file, np.int32, int(bounds[-1])), bounds)
                start = stop
