"""The signs of the texts of a batch, by operations on arrays of their bytes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.cleaning.signs import SPOTS, Sign, Spot, signs_of

_BETWEEN = "\0"  # texts
_LINE = 61  # characters of a full line of a uuencoded file, the first of which is M
_CHARACTERS = sorted({spot.sign for spot in SPOTS})
_IS_SIGN = bytes(chr(code) in _CHARACTERS for code in range(256))
# Of each character its place in the tables, which have 256 entries for each: the bits that a neighbour leaves.
_START = np.zeros(256, np.int64)
_START[list(map(ord, _CHARACTERS))] = 256 * np.arange(len(_CHARACTERS))


def _left_by(neighbours: Callable[[Spot], str]) -> NDArray[np.int64]:
    table = np.zeros((len(_CHARACTERS), 256), np.int64)
    for bit, spot in enumerate(SPOTS):
        table[_CHARACTERS.index(spot.sign), list(map(ord, neighbours(spot)))] |= 1 << bit
    return table.ravel()


_AFTER, _BEFORE = _left_by(lambda spot: spot.after), _left_by(lambda spot: spot.before)
_SECOND_AFTER, _SECOND_BEFORE = _left_by(lambda spot: spot.second_after), _left_by(lambda spot: spot.second_before)


def signs_of_batch(texts: list[str]) -> list[int]:
    """The signs of each text; of one that is not ASCII as `signs_of` tells them."""
    in_ascii = list(map(str.isascii, texts))
    if all(in_ascii):
        return _signs_in_ascii(texts)
    found = iter(_signs_in_ascii([text for text, ascii in zip(texts, in_ascii, strict=True) if ascii]))
    return [next(found) if ascii else signs_of(text) for text, ascii in zip(texts, in_ascii, strict=True)]


def _signs_in_ascii(texts: list[str]) -> list[int]:
    if not texts:
        return []
    encoded = f"{_BETWEEN * 2}{_BETWEEN.join(texts)}{_BETWEEN * (_LINE + 2)}".encode("ascii")
    starts = np.cumsum([2, *(len(text) + 1 for text in texts[:-1])])
    data = np.frombuffer(encoded, np.uint8)
    place = np.flatnonzero(np.frombuffer(encoded.translate(_IS_SIGN), bool))
    start = _START.take(data[place])
    bits = _AFTER.take(start + data[place + 1])
    # Most stop here: full stops and hyphens within a line.
    left = np.flatnonzero(bits)
    place, start, bits = place[left], start[left], bits[left]
    bits &= _BEFORE.take(start + data[place - 1])
    bits &= _SECOND_AFTER.take(start + data[place + 2])
    bits &= _SECOND_BEFORE.take(start + data[place - 2])
    found = np.zeros(len(texts), np.int64)
    _add(found, starts, place, bits)

    line = np.flatnonzero((data[:-1] == ord("\n")) & (data[1:] == ord("M")))
    line = line[(data[line + _LINE + 1] == ord("\n")) | (data[line + _LINE + 1] == ord("\r"))]
    _add(found, starts, line, np.full(len(line), Sign.UUENCODED))
    return found.tolist()


def _add(found: NDArray[np.int64], starts: NDArray[np.int64], place: NDArray[np.intp], bits: NDArray[np.int64]) -> None:
    """Add what is at each place to what is found in its text."""
    np.bitwise_or.at(found, np.searchsorted(starts, place, side="right") - 1, bits)
