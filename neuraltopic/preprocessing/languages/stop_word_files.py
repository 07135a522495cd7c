"""Stop words read from a file, in the forms that people keep them in."""

import json
import re
from pathlib import Path

from neuraltopic.errors import UsageError
from neuraltopic.reading.encodings import decode

_COMMENT = re.compile(r"(^|\s)#.*")
_BETWEEN = re.compile(r"[\s,;]+")


def read_stop_words(path: Path) -> tuple[str, ...]:
    """The words of a file, each once, in their order.

    A text file holds one or several words a line, with blanks, commas or semicolons between them; what follows a # at
    the start of a line or after a blank is a comment, and quotes around a word are no part of it. A file that begins
    with [ is a JSON list. The encoding is found as that of documents is.

    Raises
    ------
    UsageError
        When the file cannot be read, is no list of words, or holds none.
    """
    what = f"stop words {path}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            what, expected="a file of words", got=error.strerror or str(error), hint="Check the path"
        ) from error
    text, encoding, problem = decode(content)
    if text is None:
        raise UsageError(what, expected="a file of words", got=problem or encoding, hint="Save it as text in UTF-8")
    words = _of_json(text, what) if text.lstrip().startswith("[") else _of_lines(text)
    if not words:
        raise UsageError(what, expected="at least one word", got="none", hint="Add words, or leave the option out")
    return tuple(dict.fromkeys(words))


def _of_lines(text: str) -> list[str]:
    lines = [_COMMENT.sub("", line) for line in text.splitlines()]
    words = [word for line in lines for word in _BETWEEN.split(line) if word]
    return [word[1:-1] if len(word) > 2 and word[0] == word[-1] and word[0] in "\"'" else word for word in words]


def _of_json(text: str, what: str) -> list[str]:
    try:
        words = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            what, expected="a JSON list of words", got=str(error)[:200], hint="Repair it, or write a word a line"
        ) from error
    if not all(isinstance(word, str) for word in words):
        raise UsageError(what, expected="a JSON list of words", got="something else in it", hint="Write words alone")
    return [part for word in words for part in word.split()]
