"""Documents as other libraries of Python hold them: counts or sets of words, and objects with a text."""

import numbers
from collections.abc import Mapping, Set
from typing import Any


def plain_document(document: Any) -> Any:
    """The text, the bytes or the list of words that a document stands for; itself where it stands for nothing else.

    Counts of words are the words, each as often as it is counted; a set is its words in alphabetical order; an object
    with an attribute `text`, such as a Doc, Span or Token of spaCy, is that text, also in a list. Lists of lists of
    words, one for each sentence, are their words.
    """
    if isinstance(document, str | bytes | bytearray):
        return document
    if isinstance(document, Mapping):
        if all(isinstance(word, str) and _is_count(n) for word, n in document.items()):
            return [word for word, n in document.items() for _ in range(int(n))]
        return document
    if isinstance(document, Set):
        return sorted(document, key=str)
    if isinstance(document, list | tuple) and not hasattr(type(document), "text"):
        items = list(map(_text_of, document))
        if items and all(isinstance(item, list) and all(isinstance(word, str) for word in item) for item in items):
            return [word for item in items for word in item]
        return items
    return _text_of(document)


def _text_of(value: Any) -> Any:
    return value.text if hasattr(type(value), "text") else value


def _is_count(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= 0
