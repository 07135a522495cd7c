"""The signs of a text, without its letters and blanks: a short string that tells which rules cannot apply.

Signs that stand side by side in the text do so in this string. So what is not in it, such as "://", is not in the text;
what is in it may have had letters or blanks in between.
"""

import re

# What no rule is known by, and all bytes of what is not ASCII.
_NO_SIGNS = bytes(code for code in range(256) if code > 127 or chr(code).isalnum() or chr(code) in ' \t\r,!?()"$%^|}')
# Stops at the end of sentences say nothing: those count that are followed by a letter, or come after www.
_STOP = re.compile(r"\.(?:(?=[^\W\d_])|(?<=[Ww]{2}\.))")


def signs_of(text: str) -> str:
    """The signs of a text, all in ASCII; stops only if one of them is inside of a word, a name or an address."""
    signs = text.encode("utf-8", "surrogatepass").translate(None, _NO_SIGNS).decode("ascii")
    return signs.replace(".", "") if "." in signs and not _STOP.search(text) else signs
