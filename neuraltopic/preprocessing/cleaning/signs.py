"""What a text may hold, as the bits of a number: a rule of which no sign is in a text leaves it as it is.

A sign is a character with certain others around it, by which a rule is known: the colon of an address has two slashes
after it. Most texts have few signs, so that most rules are not tried on them.
"""

import re
import string
from typing import NamedTuple

_LETTERS, _DIGITS, _CAPITALS, _SMALL = (
    string.ascii_letters,
    string.digits,
    string.ascii_uppercase,
    string.ascii_lowercase,
)
_ALPHANUMERIC = _LETTERS + _DIGITS
_WORD = _ALPHANUMERIC + "_"
_BLANK = " \t\n\r\x0b\x0c"
HIDDEN = "\x01\x02\x03\x04\x05"  # as `technical_words` writes +#.-&


def all_but(characters: str) -> str:
    """The other characters of ASCII."""
    return "".join(chr(code) for code in range(128) if chr(code) not in characters)


_ANY = all_but("")
_NO_WORD = all_but(_WORD)


class Spot(NamedTuple):
    """A character, and which others may stand around it; NUL for the beginning and the end of the text."""

    sign: str
    before: str = _ANY
    after: str = _ANY
    second_before: str = _ANY
    second_after: str = _ANY


SPOTS: list[Spot] = []  # the number of a spot is that of its bit


def _spots(*spots: Spot) -> int:
    SPOTS.extend(spots)
    return (1 << len(SPOTS)) - (1 << len(SPOTS) - len(spots))


class Sign:
    """A sign for each rule, of a bit or several.

    Of a text without some of its lines they are among the signs of the whole text.
    """

    BOOK = _spots(Spot("*", "*", " sS", second_before="*"))
    BACKSLASH = _spots(Spot("\\"))
    RICH_TEXT = _spots(Spot("\\", "{", "r"))
    PARTS = _spots(Spot("-", "\n\0", "-", second_after=all_but(_BLANK)))
    QUOTED_PRINTABLE = _spots(
        Spot("=", after="02389ABCDEF", second_after=string.hexdigits), Spot("=", all_but(_BLANK + "="), "\r\n")
    )
    UUENCODED = 1 << 61

    ORIGINAL = _spots(
        Spot("-", after="fmouFMOU", second_after="eorEOR"), Spot("-", after=" \t", second_after=" \tfmouFMOU")
    )
    ANSWERED = _spots(Spot(":", "not", second_before="dent"))
    QUOTED = _spots(Spot(">"))
    SIGNATURE = _spots(Spot("-", "-", " ", second_after="\r\n"))

    CODE = _spots(Spot("]", after="("), Spot("`", "`", "`"), Spot("~", "~", "~"))
    WIKI = _spots(Spot("[", after="["))
    LATEX = _spots(Spot("\\", after=_LETTERS))
    DIRECTIVE = _spots(Spot(":", _WORD + ":-", ":"))
    TERMINAL = _spots(Spot("\x1b", after="["))
    HTML = _spots(
        Spot("<", after=_LETTERS + "/!"), Spot("&", after=_LETTERS + "#"), Spot(";", "hopst", second_before="imosu")
    )
    BBCODE = _spots(Spot("[", after="/", second_after=_LETTERS))
    NAMED = _spots(Spot(":", all_but(_WORD + ":"), _SMALL), Spot(":", all_but(_WORD + ":"), "+-", second_after="1"))

    URL = _spots(Spot(":", _ALPHANUMERIC + "+.-", "/", second_after="/"))
    WWW = _spots(Spot(".", "wW", all_but(_BLANK), second_before="wW"))
    MAILBOX = _spots(Spot("@", _WORD + ".%+-", _WORD + "-"))
    SCHEME = _spots(Spot(":", "opsOPS", second_before="ptPT"))
    HANDLE = _spots(Spot("@", all_but(_WORD + "."), _WORD + "-"))
    DOMAIN = _spots(Spot(".", _ALPHANUMERIC + "-", _SMALL, second_after=_SMALL))

    CUT_WORD = _spots(Spot("-", _LETTERS, _BLANK, second_before=_LETTERS))
    GENDERS = _spots(*(Spot(sign, _LETTERS, "i") for sign in "*:_"))
    SPACED = _spots(*(Spot(sign, " ", " ") for sign in "'`"))

    GRAVE = _spots(Spot("`", _ALPHANUMERIC, _ALPHANUMERIC))
    HIDDEN = _spots(*map(Spot, HIDDEN))
    PLUS = _spots(Spot("+", _WORD, "+"))
    SHARP = _spots(Spot("#", "cfjCFJ"))
    DOTTED = _spots(
        Spot(".", _LETTERS, _LETTERS, second_before=all_but(_WORD + ".'"), second_after=_NO_WORD),
        Spot(".", after="jnJN", second_after="esES"),
    )
    AND = _spots(Spot("&", _CAPITALS, _CAPITALS))
    HYPHENED = _spots(
        Spot("-", _ALPHANUMERIC, _CAPITALS + _DIGITS),
        Spot("-", "etuxETUX", _LETTERS, second_before=all_but(_ALPHANUMERIC)),
    )

    BEYOND_ASCII = 1 << 62
    ALL = (1 << 63) - 1


# What no rule is known by, and all bytes of what is not ASCII.
_NO_SIGNS = bytes(code for code in range(256) if code > 127 or chr(code).isalnum() or chr(code) in ' \t\r,!?()"$%^|}')
# What is left of a text, by which it may have these signs.
_LEFT = (
    ("-", Sign.HYPHENED),
    ("--", Sign.PARTS | Sign.ORIGINAL | Sign.SIGNATURE),
    ("-\n", Sign.CUT_WORD),
    ("\n", Sign.UUENCODED),
    (".", Sign.WWW | Sign.DOMAIN | Sign.DOTTED),
    ("'", Sign.SPACED),
    (":", Sign.ANSWERED | Sign.SCHEME | Sign.GENDERS),
    ("::", Sign.DIRECTIVE | Sign.NAMED),
    (":_", Sign.NAMED),
    (":+", Sign.NAMED),
    (":-", Sign.NAMED),
    ("://", Sign.URL),
    (">", Sign.QUOTED),
    ("<", Sign.HTML),
    ("&", Sign.HTML | Sign.AND),
    (";", Sign.HTML),
    ("@", Sign.MAILBOX | Sign.HANDLE),
    ("*", Sign.GENDERS),
    ("***", Sign.BOOK),
    ("_", Sign.GENDERS),
    ("=", Sign.QUOTED_PRINTABLE),
    ("\\", Sign.BACKSLASH),
    ("{\\", Sign.RICH_TEXT),
    ("\\{", Sign.LATEX),
    ("\\[", Sign.LATEX),
    ("\\*", Sign.LATEX),
    ("]", Sign.CODE),
    ("```", Sign.CODE),
    ("~~~", Sign.CODE),
    ("[[", Sign.WIKI),
    ("[/", Sign.BBCODE),
    ("`", Sign.SPACED | Sign.GRAVE),
    ("++", Sign.PLUS),
    ("#", Sign.SHARP),
    ("\x1b", Sign.TERMINAL),
    *((control, Sign.HIDDEN) for control in HIDDEN),
)


# Stops at the end of sentences say nothing: those count that are followed by a letter, or come after www.
_STOP = re.compile(r"\.(?:(?=[^\W\d_])|(?<=[Ww]{2}\.))")


def signs_of(text: str) -> int:
    """The signs of one text, and some more, as letters and blanks between characters are not looked at."""
    left = text.encode("utf-8", "surrogatepass").translate(None, _NO_SIGNS).decode("ascii")
    if "." in left and not _STOP.search(text):
        left = left.replace(".", "")
    signs = 0 if text.isascii() else Sign.BEYOND_ASCII | Sign.GENDERS
    for telling, sign in _LEFT:
        if telling in left:
            signs |= sign
    return signs
