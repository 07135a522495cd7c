"""Texts to numbered forms: ASCII texts by operations on arrays of their bytes, others word by word."""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.cleaning.signs import HIDDEN
from neuraltopic.preprocessing.normalisation.technical_words import SHOW
from neuraltopic.preprocessing.tokenisation import token_stream
from neuraltopic.preprocessing.tokenisation.token_stream import Block, FormIds, numbered
from neuraltopic.preprocessing.tokenisation.tokenisers import PREPARING, WordTokeniser

# Texts of fewer characters are faster cut as strings than as arrays.
_WORTH_IT = 1 << 11
# Words that are looked up at once, at first few: what is new among them is looked up once an occurrence.
_FEWEST_WORDS, _MOST_WORDS = 1 << 10, 1 << 14

_IN_WORDS = np.zeros(256, bool)
_IN_WORDS[[code for code in range(128) if chr(code).isalnum() or chr(code) in HIDDEN]] = True
_SHOWN = bytes(SHOW.get(code, code) for code in range(256))
_APOSTROPHE = ord("'")
_BETWEEN = "\0"  # texts; in no word

# A word of up to 16 characters is two numbers of 8 bytes each; characters beyond its end are blotted out.
_BYTES = 8
_WITHIN = np.array([(1 << 8 * length) - 1 for length in range(_BYTES + 1)], np.uint64)
_SLOT_BITS = 20  # of the table, which takes 24 MiB
_MIX, _MIX_SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


class NumberedWords:
    """Numbers the words of texts, each form at first sight, as `numbered` does.

    Parameters
    ----------
    tokeniser : WordTokeniser
    ids : FormIds
        May be cleared between two blocks.
    """

    def __init__(self, tokeniser: WordTokeniser, ids: FormIds) -> None:
        self._tokeniser = tokeniser
        self._ids = ids
        self._ascii = AsciiWords(ids)
        self._held: list[Block] = []
        self._n_held = 0

    def __call__(self, batch: list[str], signs: list[int]) -> Iterator[Block]:
        """Take a batch of texts, and yield a block when there are words enough.

        Parameters
        ----------
        batch : list of str
        signs : list of int
            Those of each text: see `Sign`.
        """
        batch = batch.copy()
        for place, of_text in enumerate(signs):
            if of_text & PREPARING:
                batch[place] = self._tokeniser.prepared(batch[place], of_text)
        for in_ascii, run in _runs(batch):
            if in_ascii and sum(map(len, run)) >= _WORTH_IT:
                self._hold(self._ascii(run))
            else:
                for block in numbered(map(self._tokeniser.words, run), self._ids):
                    self._hold(block)
            if self._n_held >= token_stream.BLOCK_TOKENS:
                yield from self.rest()

    def rest(self) -> Iterator[Block]:
        """Yield what is left as a block."""
        if self._held:
            block = _joined(self._held)
            self._held, self._n_held = [], 0
            yield block

    def _hold(self, block: Block) -> None:
        self._held.append(block)
        self._n_held += len(block.tokens)


class AsciiWords:
    """Numbers the words of ASCII texts whose signs of technical words are hidden.

    A table of fixed size has the numbers of words seen before. Words that are new to it, whose place in it another has
    taken, or of more than 16 characters are looked up one by one.

    Parameters
    ----------
    ids : FormIds
        Where the numbers are from.
    """

    def __init__(self, ids: FormIds) -> None:
        self._ids = ids
        # The two numbers of a word, and its number in `ids`, side by side: one access to memory a word.
        self._table = np.zeros((1 << _SLOT_BITS, 3), np.uint64)
        self._n_known = 0
        self._at_once = _FEWEST_WORDS

    def __call__(self, texts: list[str]) -> Block:
        """The words of the texts as a block of numbers."""
        if len(self._ids) < self._n_known:  # they were cleared
            self._table.fill(0)
        lengths = np.array([len(text) + 1 for text in texts])
        # One character before the first text, and enough to read 16 from every start of a word.
        data = f"{_BETWEEN}{_BETWEEN.join(texts)}{_BETWEEN * (2 * _BYTES)}".encode("ascii")
        starts, ends = _edges(np.frombuffer(data, np.uint8))
        tokens = self._numbers(data, starts, ends)
        self._n_known = len(self._ids)
        bounds = np.searchsorted(starts, np.concatenate([[0], np.cumsum(lengths)]))
        return Block(tokens, bounds)

    def _numbers(self, data: bytes, starts: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.int32]:
        # The eight bytes from each byte on.
        eight = np.ndarray((len(data) - _BYTES + 1,), "<u8", buffer=data, strides=(1,))
        shown = data.translate(_SHOWN).decode("ascii")
        numbers = np.empty(len(starts), np.int32)
        done = 0
        while done < len(starts):
            part = slice(done, done + self._at_once)
            begin, end = starts[part], ends[part]
            length = end - begin
            first = eight[begin] & _WITHIN.take(length, mode="clip")
            second = eight[begin + _BYTES] & _WITHIN.take(length - _BYTES, mode="clip")
            slot = ((first ^ second * _MIX_SECOND) * _MIX >> np.uint64(64 - _SLOT_BITS)).view(np.int64)
            there = self._table.take(slot, axis=0)
            known = (there[:, 0] == first) & (there[:, 1] == second) & (length <= 2 * _BYTES)
            found = there[:, 2].astype(np.int32)
            new = np.flatnonzero(~known)
            forms = [shown[a:b] for a, b in zip(begin[new].tolist(), end[new].tolist(), strict=True)]
            found[new] = self._ids.of(forms)
            numbers[part] = found
            free = new[(length[new] <= 2 * _BYTES) & (there[new, 0] == 0)]
            self._table[slot[free]] = np.stack([first[free], second[free], found[free].astype(np.uint64)], axis=1)
            done += self._at_once
            self._at_once = min(2 * self._at_once, _MOST_WORDS)
        return numbers


def _edges(data: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each word begins and ends."""
    within = _IN_WORDS[data]
    apostrophes = np.flatnonzero(data == _APOSTROPHE)
    within[apostrophes[within[apostrophes - 1] & within[apostrophes + 1]]] = True
    edges = np.flatnonzero(within[1:] != within[:-1]) + 1
    return edges[::2], edges[1::2]


def _runs(batch: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """Consecutive texts that are ASCII, or are not."""
    if all(map(str.isascii, batch)):
        yield True, batch
        return
    for in_ascii, run in itertools.groupby(batch, str.isascii):
        yield in_ascii, list(run)


def _joined(blocks: list[Block]) -> Block:
    """The documents of several blocks as one."""
    lengths = np.concatenate([np.diff(block.bounds) for block in blocks])
    tokens = np.concatenate([block.tokens for block in blocks])
    return Block(tokens, np.concatenate([[0], np.cumsum(lengths)]))
