"""Passages of long documents, used as training documents."""

from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import regex
from numpy.typing import NDArray
from scipy import sparse

from neuraltopic.preprocessing.counts import Counts, CountsWriter
from neuraltopic.preprocessing.settings import PARAGRAPHS
from neuraltopic.preprocessing.tokenisation.tokenisers import Tokeniser

# A shorter paragraph, such as a heading, goes with the one after it.
_SHORTEST = 20  # tokens
_BLANK_LINES = regex.compile(r"\n[^\S\n]*\n\s*")


class Passages:
    """Cut texts into the forms of their passages.

    Parameters
    ----------
    split : "paragraphs", int or None
        What a passage is: see `Preprocessing`; None is the whole text.

    Attributes
    ----------
    sizes : array of int
        Passages of each text so far, 1 or more.
    """

    def __init__(self, split: str | int | None) -> None:
        self.split = split
        self.sizes = array("q")

    def __call__(self, texts: Iterable[str], tokeniser: Tokeniser) -> Iterator[list[str]]:
        """Yield the forms of each passage of each text."""
        if self.split is None:
            yield from tokeniser(texts)
            return
        cut = self._of_paragraphs if self.split == PARAGRAPHS else self._of_length
        for passages in cut(texts, tokeniser):
            self.sizes.append(len(passages))
            yield from passages

    def _of_paragraphs(self, texts: Iterable[str], tokeniser: Tokeniser) -> Iterator[list[list[str]]]:
        ahead: deque[int] = deque()  # a tokeniser may read on before it yields

        def paragraphs() -> Iterator[str]:
            for text in texts:
                parts = [part for part in _paragraphs(text) if part.strip()] or [""]
                ahead.append(len(parts))
                yield from parts

        held: list[list[str]] = []
        for forms in tokeniser(paragraphs()):
            held.append(forms)
            if len(held) == ahead[0]:
                ahead.popleft()
                yield _without_short(held)
                held = []

    def _of_length(self, texts: Iterable[str], tokeniser: Tokeniser) -> Iterator[list[list[str]]]:
        assert isinstance(self.split, int)
        for forms in tokeniser(texts):
            n_parts = max(1, round(len(forms) / self.split))
            ends = [len(forms) * part // n_parts for part in range(n_parts + 1)]
            yield [forms[start:end] for start, end in pairwise(ends)]


@dataclass(frozen=True)
class PassageCounts:
    """The passages that have words, and the document of each.

    Attributes
    ----------
    counts : Counts of shape (P, V)
    document : int64 array of shape (P,)
        Row of the counts of the documents; ascending.
    """

    counts: Counts
    document: NDArray[np.int64]

    def weights(self, of_documents: NDArray[np.floating]) -> NDArray[np.float64]:
        """Weights of the passages, (P,), that add up to those of their documents, (D,)."""
        return (of_documents / np.bincount(self.document, minlength=len(of_documents)))[self.document]


def grouped(passages: Counts, sizes: NDArray[np.int64], folder: Path, *, mmap: bool) -> Counts:
    """Write the sums of the counts of each document's passages to folder/counts; documents without any are left out.

    Parameters
    ----------
    passages : Counts of shape (P, V)
    sizes : (D,)
        Passages of each document; they stand one after the other.
    """
    with CountsWriter(folder / "counts", passages.shape[1]) as writer:
        start = 0
        for size in sizes[sizes > 0].tolist():
            total = sparse.csr_array(passages.slice(start, start + size).to_scipy().sum(0)[None])
            writer.append(np.array([total.nnz]), total.indices, total.data)
            start += size
    return Counts.open(folder / "counts", mmap=mmap)


def _paragraphs(text: str) -> list[str]:
    """Parts of a text between blank lines, or its lines where there are none."""
    parts = _BLANK_LINES.split(text.replace("\r\n", "\n"))
    return parts if len(parts) > 1 else text.split("\n")


def _without_short(paragraphs: list[list[str]]) -> list[list[str]]:
    """Short ones joined to the next, the last to the one before."""
    joined: list[list[str]] = []
    pending: list[str] = []
    for forms in paragraphs:
        pending = pending + forms
        if len(pending) >= _SHORTEST:
            joined.append(pending)
            pending = []
    if pending and joined:
        joined[-1] = joined[-1] + pending
    return joined or [pending]
