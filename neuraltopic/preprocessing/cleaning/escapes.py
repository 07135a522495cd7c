"""Texts that were written with backslash escapes: b'caf\\xc3\\xa9' of Python, caf\\u00e9 and \\n of JSON."""

import ast
import re
from contextlib import suppress

_BYTES = re.compile(r"\s*b(?:'[^']*(?:\\'[^']*)*'|\"[^\"]*(?:\\\"[^\"]*)*\")\s*")
_CODE = r"u[0-9a-fA-F]{4}"
# Every backslash begins an escape, as none of a path or of a command of LaTeX does for long.
_ESCAPED = re.compile(rf"[^\\]*+(?:\\(?:[nrt\"'/\\]|{_CODE})[^\\]*+)++")
# What tells an escape from the beginning of a word: a letter by its number, a quotation mark, two escapes, the end of a
# sentence before it, a blank on both sides, a word before it and a capital after it, or words before it and before
# another one, with a blank in between as no path has it.
_TELLING = re.compile(
    rf"\\{_CODE}|\\\"|\\[nrt]\\[nrt]|[.!?,;]\s?\\[nrt](?=[\s\w]|$)|\s\\[nrt](?=\s|$)"
    r"|[^\W\d_]\\[nrt](?=[A-ZÀ-Þ][^\W\d_]|I\b|\s)|[^\W_]\\[nrt][^\\\s]*+\s[^\\]*+(?<=[^\W_])\\[nrt]"
)
_ONE = re.compile(rf"\\(?:({_CODE})|(.))", re.DOTALL)
_SPACES = {"n": "\n", "r": "\n", "t": " "}


def without_escapes(text: str) -> str:
    """The text that the escapes stand for; text in which a backslash means something else as it is."""
    if "\\" not in text:
        return text
    if _BYTES.fullmatch(text):
        with suppress(ValueError, SyntaxError):
            return str(ast.literal_eval(text.strip()).decode("utf-8", "replace"))
    if not (_ESCAPED.fullmatch(text) and _TELLING.search(text)):
        return text
    plain = _ONE.sub(lambda found: chr(int(found[1][1:], 16)) if found[1] else _SPACES.get(found[2], found[2]), text)
    # Characters beyond U+FFFF are two escapes.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
