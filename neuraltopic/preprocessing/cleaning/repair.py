"""Repair of texts: mojibake, words hyphenated at the end of a line, damaged apostrophes."""

import re
import warnings
from collections.abc import Iterable, Iterator

import regex

from neuraltopic.errors import NeuralTopicWarning
from neuraltopic.preprocessing.cleaning.signs import Sign, signs_of

# A letter of UTF-8 read as cp1252 or latin-1 begins with one of the first and goes on with one of the second.
_MOJIBAKE = regex.compile(
    r"[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201a"
    r"\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
_HYPHENS = "-\u2010\u00ad¬"
_CUT = regex.compile(rf"(?<=\p{{L}}\p{{L}})[{_HYPHENS}][ \t]*\r?\n[ \t]*(?=\p{{Ll}}\p{{L}})")
_CUT_IN_ASCII = re.compile(r"-(?<=[A-Za-z]{2}-)[ \t]*\r?\n[ \t]*(?=[a-z][A-Za-z])")
_ENDINGS = r"(?=(?:t|s|d|m|re|ve|ll)\b)"
_SPACED = regex.compile(rf"(?<=\p{{L}}) ['’´`‘′] {_ENDINGS}", regex.IGNORECASE)
# German plurals of all genders: Kolleg*innen, Student:innen are one word.
_GENDERS = re.compile(r"(?<=[^\W\d_]{2})[*:_·](?=innen)")
MENDING = Sign.BEYOND_ASCII | Sign.CUT_WORD | Sign.GENDERS | Sign.SPACED
_REPLACED = regex.compile(rf"(?<=\p{{L}})\ufffd{_ENDINGS}", regex.IGNORECASE)


class Repair:
    """Mends texts, and counts those that needed it.

    Attributes
    ----------
    n_twice_decoded : int
        Texts so far of which UTF-8 was read as another encoding ("donâ€™t"); they are mended.
    n_with_replacements : int
        Texts so far with the sign U+FFFD, in the place of characters that are lost.
    """

    def __init__(self) -> None:
        self.n_twice_decoded = 0
        self.n_with_replacements = 0

    def __call__(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield each text, mended."""
        return (self.mended(text, signs_of(text)) for text in texts)

    def add(self, other: "Repair") -> None:
        """Count what another found in other texts as well."""
        self.n_twice_decoded += other.n_twice_decoded
        self.n_with_replacements += other.n_with_replacements

    def note(self) -> None:
        """Say in a `NeuralTopicWarning` how many texts were mended, and how many cannot be."""
        if self.n_twice_decoded:
            warnings.warn(
                f"repaired documents, which had been decoded with a wrong encoding: {self.n_twice_decoded:,}",
                NeuralTopicWarning,
                stacklevel=4,
            )
        if self.n_with_replacements:
            warnings.warn(
                f"documents with U+FFFD in place of lost characters: {self.n_with_replacements:,}; words are split "
                "there. If there are many, get the texts from their source again",
                NeuralTopicWarning,
                stacklevel=4,
            )

    def mended(self, text: str, signs: int) -> str:
        """One text, of which the signs are given (see `Sign`), mended."""
        if not text.isascii():
            text = self._decoded(_CUT.sub("", text) if "\n" in text else text)
        elif signs & Sign.CUT_WORD:
            text = _CUT_IN_ASCII.sub("", text)
        if signs & Sign.GENDERS and "innen" in text:
            text = _GENDERS.sub("", text)
        if signs & Sign.SPACED and (" ' " in text or " ` " in text):
            text = _SPACED.sub("'", text)
        return text

    def _decoded(self, text: str) -> str:
        if _MOJIBAKE.search(text):
            from ftfy import fix_encoding

            mended = fix_encoding(text)
            self.n_twice_decoded += mended != text
            text = mended
        if "\ufffd" in text:
            self.n_with_replacements += 1
            text = _REPLACED.sub("'", text)
        if _SPACED.search(text):
            text = _SPACED.sub("'", text)
        return text
