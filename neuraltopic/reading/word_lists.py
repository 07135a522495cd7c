"""Lists in place of a text: the words of a tokenised text, or its sentences.

Tables that are written as CSV have such lists as text: "['a', 'b']" of Python, '["a", "b"]' of JSON, "['a' 'b']" of
numpy.
"""

import itertools
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning
from neuraltopic.reading.rows import Row, note, text_problem

# A string in either kind of quotes. Strings are separated by a comma, by blanks, or by both.
_STRING = r"""(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")"""
_ITEMS = rf"(?:{_STRING}\s*,?\s*)*+"
_LIST = re.compile(rf"\s*(?:\[\s*{_ITEMS}\]|\(\s*{_ITEMS}\))\s*", re.DOTALL)
_ITEM = re.compile(_STRING, re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}
_LONGEST = 2.0  # words of an item on average up to which the items are words: "new york" is one
_SAMPLE = 20  # documents that tell whether a corpus holds lists of words


class Joined(NamedTuple):
    """The text of a list, whether its items are words, and the first item that is not a text, if any."""

    text: str
    is_cut: bool
    problem: str = ""


def joined_list(value: Any, *, as_words: bool | None = None) -> Joined | None:
    """The text of a list of words or sentences; None for anything else.

    Words are joined by spaces, with "_" for the spaces inside an item. Sentences are joined by line ends. Parts of a
    text, some of which are objects with a "text" as in exports of chats, are put together as they are.

    Parameters
    ----------
    value : object
        A document.
    as_words : bool, optional
        Whether the items are words; by default decided from their length.
    """
    items = _items(value)
    if items is None:
        return None
    if any(isinstance(item, dict) for item in items):
        items = [item.get("text", item) if isinstance(item, dict) else item for item in items]
        if all(isinstance(item, str) for item in items):
            return Joined("".join(items), False)
    items = [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in items]
    problem = next(filter(None, map(text_problem, items)), "")
    if problem:
        return Joined("", True, f"a word is {problem}")
    parts = [item.split() for item in items]
    if as_words is None:
        as_words = sum(map(len, parts)) <= _LONGEST * len(parts)
    if as_words:
        return Joined(" ".join(filter(None, map("_".join, parts))), True)
    return Joined("\n".join(items), False)


def note_lists(name: str, *, is_cut: bool) -> None:
    """Note how lists in place of texts are read."""
    read = "words: these are kept as they are, and not cut again" if is_cut else "sentences, which are joined"
    note(name, f"the texts are lists of {read}")


def mostly_words(rows: Iterable[Row]) -> bool:
    """Whether the first documents of a corpus are lists of words; False where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NeuralTopicWarning)  # the reading tells them
            texts = [row for row in itertools.islice(rows, _SAMPLE) if row.text]
    except NeuralTopicError:  # which reading raises again
        return False
    return 2 * sum(row.is_cut for row in texts) > len(texts)


def _items(value: Any) -> Sequence[Any] | None:
    if isinstance(value, str):
        # Most texts begin with a letter, and need not be looked through.
        found = None if value[:1].isalnum() else _LIST.fullmatch(value)
        return None if found is None else list(map(_unquoted, _ITEM.findall(value)))
    if not (isinstance(value, list | tuple) or getattr(value, "ndim", 0) == 1):
        return None
    return value if not len(value) or any(map(_is_text, value)) else None


def _is_text(item: Any) -> bool:
    return isinstance(item, str | bytes) or (isinstance(item, dict) and isinstance(item.get("text"), str))


def _unquoted(literal: str) -> str:
    return _ESCAPE.sub(_meant, literal[1:-1])


def _meant(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _LETTERS.get(found[3], found[3])
