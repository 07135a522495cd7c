"""The key of a word: the same for all spellings that people use for it, by tables of script and language.

A key is compared, never shown: a vocabulary shows the most frequent spelling of each key. Rules follow the normalisers
of Lucene (Arabic, Persian, Hindi, Greek), pyarabic, Hazm, KLPT and the recommendations of Unicode for each script.
What is not merged: accents of Latin letters, ä and ae, å and aa, the Cyrillic and Latin alphabets of Serbian,
traditional and simplified Chinese.
"""

import unicodedata
from collections.abc import Callable, Mapping

import regex

Rule = tuple[regex.Pattern, Callable[[regex.Match], str]]


def _table(pairs: Mapping[str, str], pattern: str = "(?:{})") -> Rule:
    """Replace each of some strings, where `pattern` around them matches."""
    return regex.compile(pattern.format("|".join(map(regex.escape, pairs)))), lambda found: pairs[found.group()]


def _sub(pattern: str, replacement: str) -> Rule:
    return regex.compile(pattern), lambda found: found.expand(replacement)


def _both_cases(pairs: Mapping[str, str]) -> dict[str, str]:
    return {**pairs, **{old.upper(): new.upper() for old, new in pairs.items()}}


# Of any language: ß, œ, ё, alef with hamza or madda. Joiners change the shape of a letter, but in Bengali ra + joiner +
# virama, which is another group of letters than ra + virama.
_ANY = (
    _table({"ß": "ss", "ẞ": "SS", "œ": "oe", "Œ": "Oe", "ё": "е", "Ё": "Е"} | dict.fromkeys("أإآٱ", "ا")),
    _sub("\u200c|(?<!\u09b0)\u200d|\u200d(?!\u09cd)", ""),
)
# æ is a letter of its own in these languages; elsewhere people write ae for it.
_HAS_AE = frozenset({"da", "fo", "is", "nb", "nn", "no"})
_AE = _table({"æ": "ae", "Æ": "Ae", "ǽ": "ae"})

_GREEK = regex.compile(r"\p{Greek}")
_GREEK_MARKS = regex.compile(r"[\u0300-\u036f]")

_TONES = ("\u0300", "\u0301", "\u0309", "\u0303", "\u0323")


def _vietnamese() -> tuple[Rule, ...]:
    """The tone of oa, oe and uy on either vowel, and i or y after some consonants: hòa and hoà, kỹ and kĩ."""
    nfc = unicodedata.normalize
    placed = {
        first + nfc("NFC", second + tone): nfc("NFC", first + tone) + second
        for first, second in ("oa", "oe", "uy")
        for tone in _TONES
    }
    vowel = {nfc("NFC", "i" + tone): nfc("NFC", "y" + tone) for tone in _TONES}
    return (
        _table(_both_cases(placed), r"(?<![qQ])(?:{})(?!\p{{L}})"),
        _table(_both_cases(vowel), r"(?<=(?<!\p{{L}})[hklmstHKLMST])(?:{})(?!\p{{L}})"),
    )


_DEVANAGARI = (
    # The dot of borrowed sounds is often left out; ड़ and ढ़ are letters of their own.
    _sub("(?<![डढ])\u093c", ""),
    # A nasal before a stop of its own class, and chandrabindu, are written as anusvara too.
    _sub("ङ्(?=[कखगघ])|ञ्(?=[चछजझ])|ण्(?=[टठडढ])|न्(?=[तथदध])|म्(?=[पफबभ])|ँ", "ं"),
)

_HOMOPHONES = ((0x1210, 0x1200, 7), (0x1280, 0x1200, 7), (0x1220, 0x1230, 8), (0x12D0, 0x12A0, 7), (0x1340, 0x1338, 8))
_AMHARIC = _table({chr(old + i): chr(new + i) for old, new, n in _HOMOPHONES for i in range(n)})

_OF_LANGUAGE: dict[str, tuple[Rule, ...]] = {
    "am": (_AMHARIC,),
    "ar": (_table({"ة": "ه", "ى": "ي"}),),
    "fa": (_table({"ة": "ه", "ۀ": "ه"}),),
    "ur": (_table({"ۃ": "ہ", "ۂ": "ہ"}),),
    "ml": (_table({"ൻ്റ": "ന്റ", "ൻറ": "ന്റ", "ൌ": "ൗ"}),),
    "vi": _vietnamese(),
    **dict.fromkeys(("bho", "hi", "mai", "mr", "ne"), _DEVANAGARI),
}


def merged(word: str, language: str) -> str:
    """The key of a word, in the spelling that `spelt` gives.

    Parameters
    ----------
    word : str
    language : str
        Code of the language.
    """
    if word.isascii():
        return word
    for pattern, replace in _ANY:
        word = pattern.sub(replace, word)
    if language not in _HAS_AE:
        word = _AE[0].sub(_AE[1], word)
    if _GREEK.search(word):
        # Capitals have no accents; sigma has a form of its own at the end.
        bare = _GREEK_MARKS.sub("", unicodedata.normalize("NFD", word))
        word = unicodedata.normalize("NFC", bare)
        word = f"{word[:-1]}ς" if word.endswith("σ") else word
    for pattern, replace in _OF_LANGUAGE.get(language, ()):
        word = pattern.sub(replace, word)
    return word
