"""A fast test for texts that need cleaning: those with a sign of markup, damage or technical words.

Most prose has none of these signs, and is tokenised as it is.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

# Characters of the texts that are looked through at once.
_AT_ONCE = 1 << 16
_BETWEEN = "\0"  # texts
_UNSEEN = 31  # times as many texts


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


def looked_through(texts: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield each text and whether it may have a mark.

    Looking is not worth it where most have one, so that many texts after such are taken to have one.
    """
    unseen = 0
    for batch in _batches(texts):
        if unseen:
            unseen -= 1
            yield from ((text, True) for text in batch)
            continue
        found = marked(batch)
        if 2 * sum(found) > len(found):
            unseen = _UNSEEN
        yield from zip(batch, found, strict=True)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts in lists of some hundred thousand characters."""
    batch, n_characters = list[str](), 0
    for text in texts:
        batch.append(text)
        n_characters += len(text)
        if n_characters >= _AT_ONCE:
            yield batch
            batch, n_characters = [], 0
    if batch:
        yield batch


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
    # Kolleg*innen.
    hit |= _BEFORE_ENDINGS[sign] & (after == ord("i")) & _LETTERS[before]

    document = np.searchsorted(starts, place, side="right") - 1
    out = np.zeros(len(texts), bool)
    out[document[hit]] = True
    # The headers of a message: lines that begin with a name and a colon.
    lines, names = np.zeros(len(texts), bool), np.zeros(len(texts), bool)
    lines[document[sign == ord("\n")]] = True
    names[document[(sign == ord(":")) & _SPACES[after]]] = True
    return out | (lines & names)
