"""A fast test for texts that need cleaning: those with a sign of markup, damage or technical words.

Most prose has none of these signs, and is tokenised as it is.
"""

import numpy as np
from numpy.typing import NDArray

_BETWEEN = "\0"  # texts
_UNSEEN = 31  # batches


def _codes(characters: str) -> NDArray[np.bool_]:
    chosen = np.zeros(256, bool)
    chosen[[ord(character) for character in characters]] = True
    return chosen


_LETTERS = _codes("".join(chr(code) for code in range(128) if chr(code).isalpha()))
_CAPITALS_AND_DIGITS = _codes("".join(chr(code) for code in range(128) if chr(code).isdigit() or chr(code).isupper()))
_ALPHANUMERIC, _NAMES_BEGIN = _LETTERS | _CAPITALS_AND_DIGITS, _LETTERS | _codes("+-")
_LINE_ENDS, _BLANKS = _codes("\r\n"), _codes(" \t")
_BEFORE_WORDS = _codes("ETUXetux")
_SPACES = _BLANKS | _LINE_ENDS
# These signs count anywhere; others depend on the characters next to them.
_ALWAYS = _codes("<>&@_`[]~=+#\\\x01\x02\x03\x04\x05\x1b")
_LOOKED_AT = _ALWAYS | _codes("-.:;'*\n")
_BEFORE_ENDINGS = _codes("*:")


def _endings(*pairs: str) -> NDArray[np.bool_]:
    chosen = np.zeros((256, 256), bool)
    for pair in pairs:
        chosen[ord(pair[0]), ord(pair[1])] = True
    return chosen


_SCHEMES = _endings("tp", "ps", "to", "TP", "PS", "TO", "tP", "pS", "tO", "Tp", "Ps", "To")
_HALF_ENTITIES = _endings("sp", "mp", "ot", "uo", "ip", "sh", "os")


class Marks:
    """Tells which texts of a batch may have a mark, by their place.

    Looking is not worth it where most have one, so that all texts of many batches after such are taken to have one.
    """

    def __init__(self) -> None:
        self._unseen = 0

    def __call__(self, batch: list[str]) -> list[int]:
        """The places of those texts, ascending."""
        if self._unseen:
            self._unseen -= 1
            return list(range(len(batch)))
        places = [place for place, is_marked in enumerate(marked(batch)) if is_marked]
        if 2 * len(places) > len(batch):
            self._unseen = _UNSEEN
        return places


def marked(texts: list[str]) -> list[bool]:
    """Whether each text has a sign; one that is not ASCII has.

    Texts without are what `PlainText`, `Repair` and `WordTokeniser.prepared` leave as they are, and count nothing of.
    """
    in_ascii = list(map(str.isascii, texts))
    plain = texts if all(in_ascii) else [text for text, ascii in zip(texts, in_ascii, strict=True) if ascii]
    if not plain:
        return [True] * len(texts)
    found = iter(_marked_in_ascii(plain).tolist())
    return [not ascii or next(found) for ascii in in_ascii]


def _marked_in_ascii(texts: list[str]) -> NDArray[np.bool_]:
    data = np.frombuffer(f"{_BETWEEN * 2}{_BETWEEN.join(texts)}{_BETWEEN}".encode("ascii"), np.uint8)
    starts = np.cumsum([2, *(len(text) + 1 for text in texts[:-1])])
    place = np.flatnonzero(_LOOKED_AT[data])
    sign, after, before = data[place], data[place + 1], data[place - 1]

    # Soft hyphens at the end of a line, rules over quotations, covid-19, and e-mail.
    hyphen = _LINE_ENDS[after] | (after == ord("-")) | _CAPITALS_AND_DIGITS[after] | (_BLANKS[after] & _LETTERS[before])
    hyphen |= _LETTERS[after] & _BEFORE_WORDS[before] & ~_LETTERS[data[place - 2]]
    # Domains, u.s., www.
    stop = _LETTERS[after] | (((before | 32) == ord("w")) & ~_SPACES[after])
    # A scheme, with what follows it or alone; names between colons.
    ending = (data[place - 2], before)
    colon = (after == ord("/")) | _SCHEMES[ending]
    colon |= (before == ord(":")) | (_NAMES_BEGIN[after] & ~_ALPHANUMERIC[before])
    hit = _ALWAYS[sign]
    hit |= (sign == ord("-")) & hyphen
    hit |= (sign == ord(".")) & stop
    hit |= (sign == ord(":")) & colon
    hit |= (sign == ord(";")) & _HALF_ENTITIES[ending]
    hit |= (sign == ord("'")) & (before == ord(" ")) & (after == ord(" "))
    # Kolleg*innen; *** START of an e-book.
    hit |= _BEFORE_ENDINGS[sign] & (after == ord("i")) & _LETTERS[before]
    hit |= (sign == ord("*")) & (after == ord("*")) & (before == ord("*"))

    document = np.searchsorted(starts, place, side="right") - 1
    out = np.zeros(len(texts), bool)
    out[document[hit]] = True
    # The headers of a message: lines that begin with a name and a colon.
    lines, names = np.zeros(len(texts), bool), np.zeros(len(texts), bool)
    lines[document[sign == ord("\n")]] = True
    names[document[(sign == ord(":")) & _SPACES[after]]] = True
    return out | (lines & names)
