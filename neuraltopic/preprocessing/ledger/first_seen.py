"""Which digest came first where, in some 50 bytes a digest rather than the 200 of a dictionary."""

import struct
from array import array

DIGEST_BYTES = 16
_WORDS = struct.Struct("<QQ")
_SMALLEST = 1 << 10  # places of the table to begin with, a power of two
_FEW = 1 << 17  # digests of a dictionary of some 20 MiB


class FirstSeen:
    """A number for each distinct digest of 16 bytes: that which came with it first.

    The first ones are in a dictionary, the others in an open-addressed table with linear probing (Knuth 1998,
    section 6.4): two words and a number per place, two thirds of the places taken at most.

    Parameters
    ----------
    few : int
        How many are in the dictionary, which is faster.
    """

    def __init__(self, few: int = _FEW) -> None:
        self._n_few = few
        self._few: dict[bytes, int] = {}
        self._taken = 0  # places of the table
        self._make(_SMALLEST)

    def __len__(self) -> int:
        return len(self._few) + self._taken

    def first(self, digest: bytes, number: int) -> int:
        """The number, 0 or more, that this digest came with first, which is this one where it is new."""
        if len(self._few) < self._n_few:
            return self._few.setdefault(digest, number)
        found = self._few.get(digest)
        return self._first_of_others(digest, number) if found is None else found

    def firsts(self, digests: list[bytes], numbers: list[int]) -> list[int]:
        """The same for each of several, one after the other."""
        if len(self._few) + len(digests) <= self._n_few:
            return list(map(self._few.setdefault, digests, numbers))
        return list(map(self.first, digests, numbers))

    def _first_of_others(self, digest: bytes, number: int) -> int:
        high, low = _WORDS.unpack(digest)
        place = self._place(high, low)
        if self._number[place] >= 0:
            return self._number[place]
        self._high[place], self._low[place], self._number[place] = high, low, number
        self._taken += 1
        if 3 * self._taken > 2 * len(self._number):
            self._grow()
        return number

    def _make(self, n_places: int) -> None:
        self._high, self._low = array("Q", bytes(8 * n_places)), array("Q", bytes(8 * n_places))
        self._number = array("q", [-1]) * n_places

    def _place(self, high: int, low: int) -> int:
        """Where the digest is, or is to be."""
        number, last = self._number, len(self._number) - 1
        place = low & last
        while number[place] >= 0 and (self._low[place] != low or self._high[place] != high):
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        high, low, number = self._high, self._low, self._number
        self._make(2 * len(number))
        for old in range(len(number)):
            if number[old] >= 0:
                place = self._place(high[old], low[old])
                self._high[place], self._low[place], self._number[place] = high[old], low[old], number[old]
