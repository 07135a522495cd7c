"""Words with signs in them, which stay whole: c++, c#, .net, node.js, u.s., covid-19.

The rule:

- a name and ++, as c++, g++, notepad++, c++17; c#, f# and j#;
- .net, and a name before .net or .js, as asp.net, node.js;
- single letters with a dot between them, as U.S. or u.s, which are one word, u.s.;
- what begins with two letters or more and ends, after a hyphen, in a number, as covid-19, sars-cov-2, mid-1990s;
- capitals and digits with hyphens between them, as HLA-B27 or F-16;
- e, t, u or x, a hyphen and a word, as e-mail, T-shirt, U-Bahn, x-ray;
- up to four capitals on each side of &, as AT&T or R&D.

Of words with digits, which are left out unless numbers are kept, those stay that begin with two letters and a hyphen,
capitals before one to three digits, as BRCA1, the types of influenza, as H1N1, capitals on both sides of a 2, as B2B,
and 2D, 3D, 4D, 2G to 6G, 4K, 8K, mp3 and mp4.

The signs are replaced by control characters, which the tokeniser treats as letters, and restored in the tokens.
"""

import re
from collections.abc import Callable

import regex

from neuraltopic.preprocessing.cleaning.signs import HIDDEN, Sign

_SIGNS = "+#.-&"
_HIDE, SHOW = str.maketrans(_SIGNS, HIDDEN), str.maketrans(HIDDEN, _SIGNS)
_BLANKED = str.maketrans(HIDDEN, " " * len(HIDDEN))

# Words are found by their sign, and followed to the left from there, as addresses are.
_PLUS = re.compile(r"\+\+(?:\d\d)?(?![\w+])")
_NAME_BEFORE_PLUS = regex.compile(r"(?r)(?<![\w+])[A-Za-z]\w*")
_SHARP = re.compile(r"#(?<=[CcFfJj]#)(?<!\w[CcFfJj]#)(?![\w#])")
_NET_OR_JS = re.compile(r"\.(?:[nN][eE][tT]|[jJ][sS])(?!\w)")
_NET, _JS = re.compile(r"\.(?:net|NET|Net)(?!\w)"), re.compile(r"\.(?:js|JS)(?!\w)")
_NAME_BEFORE = regex.compile(r"(?r)(?<![\w.])[A-Za-z]\w*")
_NAME_OR_NONE = regex.compile(r"(?r)(?<![\w.])(?:[A-Za-z]\w*)?")
_DOT_LETTERS = re.compile(r"\.[^\W\d_](?:\.[^\W\d_])*+(?!\w)\.?")
_LETTER_BEFORE = regex.compile(r"(?r)(?<![\w.'’])[^\W\d_]")
_HYPHEN_NUMBER = re.compile(r"-(?=[A-Z\d])(?:\d{1,4}s?|(?=[A-Z]*\d)[A-Z\d]+(?:-[A-Z\d]+)*)(?![\w-])")
_WORD_BEFORE = regex.compile(r"(?r)(?<![\w.+-])[^\W_]+(?:-[^\W_]+)*")
_NUMBERED = re.compile(r"[^\W\d_]{2,}-.*|[A-Z][A-Z\d-]+")
_LETTER_AND_WORD = re.compile(r"-(?<=[ETUXetux]-)(?<![^\W_][ETUXetux]-)(?<![-.'’_&+#@][ETUXetux]-)(?=[^\W\d_]{3})")
_AND = re.compile(r"&(?=[A-Z]{1,4}(?![\w&]))")
_CAPITALS_BEFORE = regex.compile(r"(?r)(?<![\w&])[A-Z]{1,4}")
_CAPITALS = regex.compile(r"\p{Lu}{2,}\p{Nd}{1,3}|H\d{1,2}N\d{1,2}|\p{Lu}2\p{Lu}")
_SHORT = frozenset({"2D", "3D", "4D", "2d", "3d", "4d", "2G", "3G", "4G", "5G", "6G", "4K", "8K", "mp3", "mp4"})

TECHNICAL = Sign.HIDDEN | Sign.PLUS | Sign.SHARP | Sign.DOTTED | Sign.AND | Sign.HYPHENED

# Such words without meaning for topics, dropped like stop words.
ABBREVIATIONS = (
    *("a.k.a.", "a.m.", "a.d.", "b.c.", "c.f.", "e.g.", "i.e.", "n.b.", "o.k.", "p.m.", "p.s.", "q.v."),
    *("d.h.", "e.v.", "s.o.", "u.a.", "z.b.", "z.t."),
)


def with_signs_hidden(text: str, signs: int) -> str:
    """The text with the signs of technical words hidden; the same object where it has none.

    Parameters
    ----------
    text : str
    signs : int
        Those of the text, see `Sign`.
    """
    if signs & Sign.HIDDEN:
        text = text.translate(_BLANKED)
    if signs & Sign.PLUS:
        text = _hidden(text, _PLUS, _NAME_BEFORE_PLUS)
    if signs & Sign.SHARP:
        text = _SHARP.sub(lambda found: found[0].translate(_HIDE), text)
    if signs & Sign.DOTTED:
        if _NET_OR_JS.search(text):
            text = _hidden(text, _NET, _NAME_OR_NONE)
            text = _hidden(text, _JS, _NAME_BEFORE)
        text = _joined(text, _DOT_LETTERS, _LETTER_BEFORE, lambda word: word.removesuffix(".") + ".")
    if signs & Sign.AND:
        text = _hidden(text, _AND, _CAPITALS_BEFORE)
    if signs & Sign.HYPHENED:
        text = _LETTER_AND_WORD.sub(HIDDEN[3], text)
        text = _joined(text, _HYPHEN_NUMBER, _WORD_BEFORE, lambda word: word if _NUMBERED.fullmatch(word) else "")
    return text


def has_hidden_signs(text: str) -> bool:
    """Whether one of the signs of a text is hidden."""
    return any(sign in text for sign in HIDDEN)


def is_name(form: str) -> bool:
    """Whether a token with digits is a name: BRCA1, B2B, 3D, or two or more letters before a hyphen as in covid-19."""
    head, hyphen, _ = form.partition("-")
    if hyphen:
        return len(head) > 1 and head.isalpha()
    return _CAPITALS.fullmatch(form) is not None or is_short_name(form)


def is_short_name(form: str) -> bool:
    """Whether a token is one of a list of short names: 3D, 5G, 4K, mp3."""
    return form in _SHORT


def _hidden(text: str, sign: re.Pattern[str], before: regex.Pattern) -> str:
    """Hide the signs of what `sign` matches where `before` matches up to it."""
    return sign.sub(lambda found: found[0].translate(_HIDE) if before.match(text, 0, found.start()) else found[0], text)


def _joined(text: str, sign: re.Pattern[str], before: regex.Pattern, word_of: Callable[[str], str]) -> str:
    """Hide the signs of what `before` and `sign` match side by side, spelt by `word_of` unless that is empty."""
    pieces, kept = [], 0
    for found in sign.finditer(text):
        start = before.match(text, kept, found.start())
        word = word_of(start[0] + found[0]) if start else ""
        if start and word:
            pieces += [text[kept : start.start()], word.translate(_HIDE), " "]
            kept = found.end()
    return "".join([*pieces, text[kept:]]) if pieces else text
