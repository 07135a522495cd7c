"""The licence and the notes of Project Gutenberg before and after its books."""

import re

_START, _END = (
    re.compile(rf"\*\*\* ?{edge} OF (?:THE|THIS) PROJECT GUTENBERG[^*]*\*\*\*", re.IGNORECASE)
    for edge in ("START", "END")
)


def without_licence(text: str) -> str:
    """What stands between the line that starts a book and the one that ends it, unless nothing does."""
    start = _START.search(text)
    if start is None:
        return text
    end = _END.search(text, start.end())
    book = text[start.end() : len(text) if end is None else end.start()]
    return book if any(map(str.isalnum, book)) else text
