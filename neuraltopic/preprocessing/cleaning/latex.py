"""LaTeX in texts: letters that it writes with commands, and commands, formulas and comments."""

import re
import unicodedata

# A command with an argument.
_COMMAND_WITH_ARGUMENT = re.compile(r"\\[A-Za-z]++\*?[{\[]")
_WORDLESS = re.compile(
    r"\\(?:begin|end|cite[a-z]*|ref|eqref|label|usepackage|documentclass|includegraphics|bibliography[a-z]*|input|include)"
    r"\*?(?:\[[^\[\]]*\])*\{[^{}]*\}"
)
_FORMULA = re.compile(r"\$\$[^$]+\$\$|(?<!\\)\$[^$\n]+\$|\\\[.{0,9999}?\\\]|\\\(.{0,9999}?\\\)", re.DOTALL)
_COMMAND = re.compile(r"\\[A-Za-z]+\*?|[{}~]")
# A file has comments and blocks that are no prose; in a sentence a percent sign is one.
_OF_FILE = re.compile(r"\\(?:documentclass|begin|chapter|section)\b")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_BLOCK = re.compile(
    r"\\begin\{(equation|align|alignat|eqnarray|gather|multline|displaymath|math|verbatim|lstlisting|minted|tikzpicture)"
    r"(\*?)\}.{0,9999}?\\end\{\1\2\}",
    re.DOTALL,
)

_MARKS = {
    **{'"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307"},
    **{"c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "k": "\u0328", "r": "\u030a"},
}
_LETTERS = {
    **{"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø", "O": "Ø"},
    **{"l": "ł", "L": "Ł", "i": "i", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ"},
}
_LETTER = r"(?:\\(?=[ij]\b))?([A-Za-z])"
# What such a letter begins with; a pattern that begins with one character is looked for fast.
_SIGN = re.compile(rf"""\\(?:["'`^~=.]\s*[A-Za-z{{\\]|[cvuHkr](?:\{{|\s)|(?:{"|".join(_LETTERS)})(?![A-Za-z]))""")
# In braces, {\"u}, \"{u} or {\"{u}}, which nothing else is written in.
_IN_BRACES = re.compile(
    rf"""\{{\\(["'`^~=.]|[cvuHkr]\b)\s*\{{?{_LETTER}\}}?\}}|\\(["'`^~=.]|[cvuHkr])\{{{_LETTER}\}}"""
)
# Without braces \'s may be an apostrophe. A quotation mark after a backslash has a blank on one side.
_IN_WORD = re.compile(r"""(?<=[A-Za-z])\\(["^~])([AEIOUNaeioun])""")
_PLAIN = re.compile(rf"""\\(["`^~]|'(?=[AEIOUYaeiouycnz]|\\[ij]))\s*{_LETTER}""")
_NAMED_LETTER = re.compile(rf"\{{\\({'|'.join(_LETTERS)})\}}|\\({'|'.join(_LETTERS)})(?:\{{\}}|\s+|(?![A-Za-z{{\[]))")


def with_latex_letters(text: str) -> str:
    r"""The text with the letters that it writes as \"u, \'{e}, \v{s} or {\ss}, if commands or braces show it."""
    if "\\" not in text or not _SIGN.search(text):
        return text
    if _IN_BRACES.search(text) or _COMMAND_WITH_ARGUMENT.search(text):
        for pattern in (_IN_BRACES, _PLAIN):
            text = pattern.sub(_composed, text)
        return _NAMED_LETTER.sub(lambda found: _LETTERS[found[1] or found[2]], text)
    return _IN_WORD.sub(_composed, text)


def without_latex(text: str) -> str:
    """The text without commands, formulas and comments of LaTeX, if a command with an argument is in it."""
    if "\\" not in text or not _COMMAND_WITH_ARGUMENT.search(text):
        return text
    if _OF_FILE.search(text):
        text = _BLOCK.sub(" ", _COMMENT.sub("", text))
    return _COMMAND.sub(" ", _FORMULA.sub(" ", _WORDLESS.sub(" ", text)))


def _composed(found: re.Match[str]) -> str:
    """The letter with its mark; what stands there if no letter has such a mark."""
    mark, letter = filter(None, found.groups())
    composed = unicodedata.normalize("NFC", letter + _MARKS[mark])
    return composed if len(composed) == 1 else found[0]
