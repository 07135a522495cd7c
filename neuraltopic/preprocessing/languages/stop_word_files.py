"""Stop words read from a file, in the forms that people keep them in."""

import json
import re
from pathlib import Path

from neuraltopic.errors import UsageError
from neuraltopic.reading.encodings import decode

_COMMENT = re.compile(r"(?:^|\s)#.*|^\s*(?:;|//).*")
# Lists of Snowball have a comment after a bar; elsewhere a bar stands between words.
_COMMENT_AFTER_BAR = re.compile(r"(?:^|\s)\|.*")
_BETWEEN = re.compile(r"[\s,;|{}()\[\]、，；،؛]+")


def read_stop_words(path: Path) -> tuple[str, ...]:
    """The words of a file, each once, in their order.

    A text file holds one or several words per line, with blanks, commas, semicolons or bars between them. A comment
    begins with # at the start of a line or after a blank, or with ; or // at the start of a line. In a file of several
    lines it also begins with a bar at the start of a line or after a blank. Quotes, brackets and bullets are no part of
    a word. A JSON file is a list of words, or an object: its lists of words are read, or else its names. The encoding
    is found as that of documents is.

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
    words = _of_json(text, what) if text.lstrip().startswith(("[", "{")) else _of_lines(text)
    if not words:
        raise UsageError(what, expected="at least one word", got="none", hint="Add words, or leave the option out")
    return tuple(dict.fromkeys(words))


def _of_lines(text: str) -> list[str]:
    lines = [_COMMENT.sub("", line) for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        lines = [_COMMENT_AFTER_BAR.sub("", line) for line in lines]
    words = [word for line in lines for word in _BETWEEN.split(line) if any(map(str.isalnum, word))]
    return [word[1:-1] if len(word) > 2 and word[0] == word[-1] and word[0] in "\"'" else word for word in words]


def _of_json(text: str, what: str) -> list[str]:
    try:
        words = json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("{") or re.match(r"\s*\[\s*'", text):  # a set or a list of Python
            return _of_lines(text)
        raise UsageError(
            what, expected="a JSON list of words", got=str(error)[:200], hint="Repair it, or write a word per line"
        ) from error
    if isinstance(words, dict):
        lists = [word for value in words.values() if isinstance(value, list) for word in value]
        words = lists or list(words)
    if not all(isinstance(word, str) for word in words):
        raise UsageError(what, expected="a JSON list of words", got="something else in it", hint="Write words alone")
    return [part for word in words for part in word.split()]
