"""One spelling for forms of a word that look alike, whatever keyboard, font or program they come from."""

import unicodedata

import regex

# Every sign that people type for an apostrophe but `, which the tokeniser sees to, and the two Hebrew marks inside
# abbreviations.
APOSTROPHES = "'’‘‛′´ʼʹʻˈˊˋ＇｀՚ꞌ׳"
GERSHAYIM = '"״“”„'
# Characters without width: spaces and joiners, soft hyphen, marks of direction, the byte order mark.
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\u00ad\ufeff\u200e\u200f\u061c\u180e\u2063"
_JOINERS = "\u200c\u200d"  # which the letters of Persian and of Indian scripts take their shapes from

_ONE_SIGN = str.maketrans(dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys(GERSHAYIM, '"'))
_INVISIBLE = str.maketrans(dict.fromkeys(ZERO_WIDTH))
_INVISIBLE_BUT_JOINERS = str.maketrans(dict.fromkeys(sign for sign in ZERO_WIDTH if sign not in _JOINERS))
_NEEDS_JOINERS = regex.compile(r"[\p{Arabic}\p{Devanagari}\p{Bengali}\p{Malayalam}\p{Sinhala}\p{Kannada}\p{Telugu}]")

# Compatibility forms of these take vowel signs apart.
_NOT_COMPATIBILITY = regex.compile(r"[\p{Thai}\p{Lao}]")
_SPLIT_AM = (("\u0e4d\u0e32", "\u0e33"), ("\u0ecd\u0eb2", "\u0eb3"))

# Marks that a word can do without: tatweel and vowels of Arabic, points of Hebrew, stress of Cyrillic, lines through
# letters, variants of a glyph.
_MARKS = regex.compile(
    r"[\u0640\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08ff]"
    r"|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]"
    r"|(?<=\p{Cyrillic})[\u0300\u0301]"
    r"|[\u034f\u0335-\u0338\ufe00-\ufe0f]"
)

_PERSIAN = str.maketrans("كيى", "کیی")
_ARABIC = str.maketrans("کی", "كي")
_OF_LANGUAGE = {
    "ar": _ARABIC,
    **dict.fromkeys(("fa", "ur", "ps", "ckb", "sd"), _PERSIAN),
    "ro": str.maketrans("şţŞŢ", "șțȘȚ"),
}

# Letters that are written in two ways: after stop words and lemmas, whose lists know one of them.
_MERGED = regex.compile("[ßẞёЁœŒأإآٱ]|σ$")
_MERGED_INTO = {"ß": "ss", "ẞ": "SS", "ё": "е", "Ё": "Е", "œ": "oe", "Œ": "Oe", "σ": "ς"} | dict.fromkeys("أإآٱ", "ا")
_DOTLESS_I = ("tr", "az")  # where the capital of i is İ, and that of ı is I


def spelt(form: str, language: str) -> str:
    """The spelling that lists of stop words and of lemmas have, case aside.

    One apostrophe, no characters without width, compatibility forms (ligatures, full-width and mathematical letters),
    composed accents, and no marks that are written or left out at will.
    """
    if form.isascii():
        return form
    word = form.translate(_ONE_SIGN)
    word = word.translate(_INVISIBLE_BUT_JOINERS if _NEEDS_JOINERS.search(word) else _INVISIBLE)
    if _NOT_COMPATIBILITY.search(word):
        word = unicodedata.normalize("NFC", word)
        for split, am in _SPLIT_AM:
            word = word.replace(split, am)
        return word
    word = unicodedata.normalize("NFKC", word).replace(" ", "")
    # Marks go one by one, so that what they stood between is composed again.
    word = unicodedata.normalize("NFC", _MARKS.sub("", word))
    table = _OF_LANGUAGE.get(language)
    return word.translate(table) if table else word


def folded(word: str, language: str) -> str:
    """The word in lower case."""
    if language in _DOTLESS_I:
        word = word.replace("I", "ı").replace("İ", "i")
    if word.isascii():
        return word.lower()
    # Elsewhere the capital İ becomes i and a dot above it, which no one writes.
    return unicodedata.normalize("NFC", word.lower().replace("i\u0307", "i"))


def merged(word: str) -> str:
    """The word with one letter for those that are written in two ways: ß, ё, œ, alef with hamza, sigma at the end."""
    return word if word.isascii() else _MERGED.sub(lambda found: _MERGED_INTO[found.group()], word)
