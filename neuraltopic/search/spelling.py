"""Words of a vocabulary that are spelt nearly as another word."""

import difflib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MOST = 3
# Share of letters in common, 2 M / (length of both), as `difflib.SequenceMatcher.ratio` has it.
_LEAST = 0.75
_LONGER_BY = 2


class Spelling:
    """Finds near spellings.

    Parameters
    ----------
    words : sequence of str
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._lengths = np.array([len(word) for word in words])
        with_letter: dict[str, list[tuple[int, int]]] = {}
        for place, word in enumerate(words):
            for letter, count in Counter(word).items():
                with_letter.setdefault(letter, []).append((place, count))
        # Of each letter the words that have it, and how often.
        self._with_letter = {letter: np.array(pairs, np.int32).T for letter, pairs in with_letter.items()}

    def near(self, word: str) -> list[str]:
        """At most three words, the nearest first, as `difflib.get_close_matches` finds them."""
        places = np.flatnonzero(self._highest_ratio(word) >= _LEAST)
        return difflib.get_close_matches(word, [self._words[place] for place in places.tolist()], _MOST, _LEAST)

    def _highest_ratio(self, word: str) -> NDArray[np.float64]:
        """What the ratio is at most: that of the letters in any order; 0 for words much longer or shorter."""
        common = np.zeros(len(self._words))
        for letter, count in Counter(word).items():
            if letter in self._with_letter:
                places, counts = self._with_letter[letter]
                common[places] += np.minimum(counts, count)
        common[np.abs(self._lengths - len(word)) > _LONGER_BY] = 0.0
        return 2.0 * common / np.maximum(self._lengths + len(word), 1)
