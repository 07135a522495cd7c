"""Seed words read from a file: a topic a line, or JSON in the shape that `TopicModel` takes."""

import re
from pathlib import Path
from typing import Any

from neuraltopic.errors import UsageError
from neuraltopic.storage.strict_json import parse_json

_NUMBERED = re.compile(r"(\d+)\s*:(.*)")


def read_seed_words(path: Path) -> Any:
    """Seed words by topic, not yet checked.

    A line of text holds the words of one topic, with spaces or commas between them, after the topic's number and a
    colon, as `7: god church`, or without: then it is the topic after that of the line before, from 0. Empty lines are
    passed over. A file that begins with { or [ is JSON.

    Raises
    ------
    UsageError
        When the file cannot be read, holds nothing, or names a topic twice.
    NeuralTopicError
        When it begins as JSON and is none.
    """
    what = f"seed words {path}"
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            what,
            expected="a file of words in UTF-8",
            got=getattr(error, "strerror", None) or str(error),
            hint="Check the path",
        ) from error
    if text.lstrip().startswith(("{", "[")):
        return parse_json(text.encode(), what)
    groups: dict[int, list[str]] = {}
    topic = -1
    for line in filter(None, map(str.strip, text.splitlines())):
        numbered = _NUMBERED.fullmatch(line)
        topic, words = (int(numbered[1]), numbered[2]) if numbered else (topic + 1, line)
        if topic in groups:
            raise UsageError(what, expected=f"topic {topic} once", got="it twice", hint="Put its words on one line")
        groups[topic] = re.split(r"[\s,]+", words.strip(" ,\t"))
        if not groups[topic][0]:
            groups[topic] = []
    if not groups:
        raise UsageError(what, expected="a line of words for each topic", got="an empty file", hint="Add words")
    return groups
