"""One spelling for forms of a word that look alike, whatever keyboard, font or program they come from."""

import unicodedata
from collections.abc import Iterable

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
_SOUTH_EAST_ASIAN = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
# Signs that look alike, and signs in another order than dictionaries have: patterns and what they become.
_ORDERED = tuple(
    (regex.compile(pattern), becomes)
    for pattern, becomes in (
        ("\u0e4d([\u0e48-\u0e4b]?)\u0e32", r"\1\u0e33"),  # Thai sara am in two parts, with a tone between them
        ("\u0e33([\u0e48-\u0e4b])", r"\1\u0e33"),  # or after it
        ("\u0e40\u0e40", "\u0e41"),  # sara ae as two sara e
        ("\u0ecd([\u0ec8-\u0ecb]?)\u0eb2", r"\1\u0eb3"),  # the same of Lao
        ("\u0eb3([\u0ec8-\u0ecb])", r"\1\u0eb3"),
        ("\u0ec0\u0ec0", "\u0ec1"),
        ("\u0eab\u0e99", "\u0edc"),  # ho no and ho mo
        ("\u0eab\u0ea1", "\u0edd"),
        ("\u17c1\u17b8", "\u17be"),  # Khmer vowels of two parts
        ("\u17c1\u17b6", "\u17c4"),
        ("(\u17d2\u179a)(\u17d2[\u1780-\u1799\u179b-\u17a2])", r"\2\1"),  # the subscript ro comes last
        ("\u1025\u102d\u1038", "\u1026\u1038"),  # Burmese u with i for uu
        ("\u1025\u103a", "\u1009\u103a"),  # u for nya
        ("\u1005\u103b", "\u1008"),
        ("\u1040(?=[\u102b-\u103e])", "\u101d"),  # the digits 0 and 7 for wa and ra
        ("\u1047(?=[\u102b-\u103e])", "\u101b"),
    )
)

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
_CROATIAN = str.maketrans("Ðð", "Đđ")  # the Icelandic letter for the one that looks like it
_OF_LANGUAGE = {
    "ar": _ARABIC,
    **dict.fromkeys(("fa", "ckb", "ku", "sd"), _PERSIAN),
    "ps": str.maketrans("كيىگ", "کییګ"),
    "ur": str.maketrans("كيىهەةۀ", "کییہہۃۂ"),
    "ro": str.maketrans("şţŞŢ", "șțȘȚ"),
    "az": str.maketrans("ǝƎ", "əƏ"),
    **dict.fromkeys(("vi", "hr", "bs", "sr"), _CROATIAN),
}
# Letters of a language that are typed as others, or in several parts: patterns and what they become, before marks go.
_PATTERNS = {
    language: tuple((regex.compile(pattern), becomes) for pattern, becomes in rules)
    for languages, rules in (
        # Kurdish e is typed as heh at the end of a letter group, the consonant as heh with two eyes or a tatweel.
        (("ckb", "ku"), (("ه(?!ـ)\u200c?(?!\\p{L})|ه\u200c|ہ", "ە"), ("ھ|هـ", "ه"))),
        # Urdu h is typed as the sign of aspiration, which stands after some consonants alone.
        (("ur",), (("(?<![بپتٹجچدڈڑکكگلمن])ھ", "ہ"), ("[یيى]\u0654", "ئ"))),
        (("mr",), (("र\u094d\u200d", "\u0931\u094d"),)),
        # A Vietnamese tone before the other sign of its vowel.
        (("vi",), (("(?<=\\p{L})([\u0300\u0301\u0303\u0309])([\u0302\u0306])", r"\2\1"),)),
    )
    for language in languages
}
# Letters of a script that have a character of their own, and are also written with a joiner.
_WITH_JOINER = {
    "\u09a4\u09cd\u200d": "\u09ce",  # Bengali khanda ta
    "\u0d23\u0d4d\u200d": "\u0d7a",  # Malayalam chillu
    "\u0d28\u0d4d\u200d": "\u0d7b",
    "\u0d30\u0d4d\u200d": "\u0d7c",
    "\u0d32\u0d4d\u200d": "\u0d7d",
    "\u0d33\u0d4d\u200d": "\u0d7e",
    "\u0d15\u0d4d\u200d": "\u0d7f",
}
_HEBREW = regex.compile(r"\p{Hebrew}")
_HEBREW_PARTS = (("''", '"'), ("װ", "וו"), ("ױ", "וי"), ("ײ", "יי"))
_MIDDLE_DOT = regex.compile("(?<=[lL])[\u2027\u2219\u22c5](?=[lL])")  # Catalan col·legi

_DOTLESS_I = ("tr", "az")  # where the capital of i is İ, and that of ı is I


def spelt(form: str, language: str) -> str:
    """The spelling used by lists of stop words and lemmas; the case is kept.

    One apostrophe, no characters without width, compatibility forms (ligatures, full-width and mathematical letters),
    composed accents, the letters of the language in place of others that look like them, and no optional marks.
    """
    if form.isascii():
        return form
    word = form.translate(_ONE_SIGN)
    word = _with_joined_letters(word) if _NEEDS_JOINERS.search(word) else word.translate(_INVISIBLE)
    if _NOT_COMPATIBILITY.search(word):
        return ordered(word)
    word = unicodedata.normalize("NFKC", word).replace(" ", "")
    if language in _PATTERNS:
        word = unicodedata.normalize("NFC", _rewritten(unicodedata.normalize("NFD", word), _PATTERNS[language]))
    # Marks go one by one, so that what they stood between is composed again.
    word = ordered(unicodedata.normalize("NFC", _MARKS.sub("", word)))
    if _HEBREW.search(word):
        for parts, one in _HEBREW_PARTS:
            word = word.replace(parts, one)
    word = _MIDDLE_DOT.sub("·", word)
    table = _OF_LANGUAGE.get(language)
    return word.translate(table) if table else word


def ordered(text: str) -> str:
    """Text of South-East Asian scripts with its vowel signs as dictionaries have them; other text as it is."""
    if not _SOUTH_EAST_ASIAN.search(text):
        return text
    return _rewritten(unicodedata.normalize("NFC", text), _ORDERED)


def folded(word: str, language: str) -> str:
    """The word in lower case."""
    if language in _DOTLESS_I:
        word = word.replace("I", "ı").replace("İ", "i")
    if word.isascii():
        return word.lower()
    # Elsewhere the capital İ becomes i and a dot above it, which no one writes.
    return unicodedata.normalize("NFC", word.lower().replace("i\u0307", "i"))


def _with_joined_letters(word: str) -> str:
    """The word with one character for each letter that has one, and joiners only between letters."""
    word = word.translate(_INVISIBLE_BUT_JOINERS)
    for parts, one in _WITH_JOINER.items():
        word = word.replace(parts, one)
    return word.rstrip(_JOINERS)


def _rewritten(text: str, rules: Iterable[tuple[regex.Pattern, str]]) -> str:
    for pattern, becomes in rules:
        text = pattern.sub(becomes, text)
    return text
