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

_IN_WORDS = bytes(code < 128 and (chr(code).isalnum() or chr(code) in HIDDEN) for code in range(256))
_SHOWN = bytes(SHOW.get(code, code) for code in range(256))
_APOSTROPHE = ord("'")
_BETWEEN = "\0"  # texts; in no word

# A word of up to 16 characters is two numbers of 8 bytes each; characters beyond its end are blotted out.
_BYTES = 8
_WITHIN = np.array([(1 << 8 * length) - 1 for length in range(_BYTES + 1)], np.uint64)
_SLOT_BITS = 20  # of the table, which takes 4 MiB
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
        # One more than the number of the word of each slot, 0 where there is none; and at that place the two numbers
        # that it is written as. Frequent words come early, so that theirs are close together in memory.
        self._slots = np.zeros(1 << _SLOT_BITS, np.int32)
        self._first, self._second = np.zeros(1 << 10, np.uint64), np.zeros(1 << 10, np.uint64)
        self._n_known = 0
        self._at_once = _FEWEST_WORDS

    def __call__(self, texts: list[str]) -> Block:
        """The words of the texts as a block of numbers."""
        if len(self._ids) < self._n_known:  # they were cleared
            self._slots.fill(0)
        lengths = np.array([len(text) + 1 for text in texts])
        # One character before the first text, and enough to read 16 from every start of a word.
        data = f"{_BETWEEN}{_BETWEEN.join(texts)}{_BETWEEN * (2 * _BYTES)}".encode("ascii")
        starts, ends = _edges(data)
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
            begin, end = starts[done : done + self._at_once], ends[done : done + self._at_once]
            length = end - begin
            first = eight[begin] & _WITHIN.take(length, mode="clip")
            second = np.zeros(len(begin), np.uint64)
            longer = np.flatnonzero(length > _BYTES)
            second[longer] = eight[begin[longer] + _BYTES] & _WITHIN.take(length[longer] - _BYTES, mode="clip")
            slot = ((first ^ second * _MIX_SECOND) * _MIX >> np.uint64(64 - _SLOT_BITS)).view(np.int64)
            there = self._slots.take(slot, mode="clip")
            known = self._first.take(there, mode="clip") == first
            known &= self._second.take(there, mode="clip") == second
            known[longer[length[longer] > 2 * _BYTES]] = False
            found = there - 1
            new = np.flatnonzero(~known)
            forms = [shown[a:b] for a, b in zip(begin[new].tolist(), end[new].tolist(), strict=True)]
            found[new] = self._ids.of(forms)
            numbers[done : done + self._at_once] = found
            free = new[(length[new] <= 2 * _BYTES) & (there[new] == 0)]
            self._enter(found[free] + 1, slot[free], first[free], second[free])
            done += self._at_once
            self._at_once = min(2 * self._at_once, _MOST_WORDS)
        return numbers

    def _enter(
        self, place: NDArray[np.int32], slot: NDArray[np.int64], first: NDArray[np.uint64], second: NDArray[np.uint64]
    ) -> None:
        """Put words into the table; of two for one slot the last is known afterwards."""
        if len(self._ids) >= len(self._first):
            more = np.zeros(len(self._ids), np.uint64)
            self._first, self._second = np.append(self._first, more), np.append(self._second, more)
        self._slots[slot], self._first[place], self._second[place] = place, first, second


def _edges(data: bytes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each word begins and ends."""
    within = np.frombuffer(bytearray(data.translate(_IN_WORDS)), np.bool_)
    apostrophes = np.flatnonzero(np.frombuffer(data, np.uint8) == _APOSTROPHE)
    within[apostrophes[within[apostrophes - 1] & within[apostrophes + 1]]] = True
    edges = np.flatnonzero(within[1:] != within[:-1])
    edges += 1
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
