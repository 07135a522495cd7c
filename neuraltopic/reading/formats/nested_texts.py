"""Texts of JSON in arrays of objects within a row: messages of a chat, paragraphs of an article with questions."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from neuraltopic.reading.columns import find_column
from neuraltopic.reading.formats.objects import HEAD, Parsed
from neuraltopic.reading.rows import note

# Who says a message and what: of OpenAI and Hugging Face, of ShareGPT.
_MESSAGES = (("role", "content"), ("from", "value"))
_AUTHORS = frozenset(
    {"agent", "assistant", "bot", "chatgpt", "customer", "developer", "function", "gpt", "human", "model", "system"}
    | {"tool", "user"}
)
# Of SQuAD and corpora in its form: each paragraph has a context and questions.
_PARAGRAPHS, _CONTEXT, _QUESTIONS = "paragraphs", "context", "qas"


def is_chat(value: object) -> bool:
    """Whether it is a list of messages, each of which says by whom it is."""
    return isinstance(value, list) and bool(value) and all(_content_of(message) is not None for message in value)


def chat_text(value: object) -> str | None:
    """What is said in a chat, its messages separated by blank lines; None for anything else."""
    return "\n\n".join(filter(None, map(_content_of, value))) if isinstance(value, list) and is_chat(value) else None


def note_chats(name: str, field: str) -> None:
    """Note that the chats of a field are documents."""
    note(name, f"each chat in {field!r} is one document; who says each message is left out")


def with_texts(
    head: list[Parsed], rest: Iterable[Parsed], name: str, wanted: str | None
) -> tuple[list[Parsed], Iterator[Parsed], str | None]:
    """The rows, the first ones apart, whose texts are strings, and the column of the text if it is known.

    A chat in a row becomes one text, each message of an array of them is a row, and so is each paragraph.
    """
    records = [each.record for each in head if each.record]
    rows: Iterator[Parsed] = itertools.chain(head, rest)
    if wanted is None and all(map(is_message, records)):
        note(name, "the objects are messages of a chat, and each is a document")
        wanted = next(said for _, said in _MESSAGES if said in records[0])
    elif (field := _field_of_chat(records[0], wanted)) is not None:
        note_chats(name, field)
        rows, wanted = (_with_chat_joined(each, field) for each in rows), field
    elif wanted in (None, _CONTEXT) and all(map(_is_article, records)):
        note(name, f"each {_CONTEXT!r} in {_PARAGRAPHS!r} is a document")
        rows, wanted = itertools.chain.from_iterable(map(_paragraphs_of, rows)), _CONTEXT
    return list(itertools.islice(rows, HEAD)), rows, wanted


def _field_of_chat(record: dict[str, Any], wanted: str | None) -> str | None:
    """The field that holds a chat, if it is the one of the text or there is none of this name."""
    field = next((key for key, value in record.items() if is_chat(value)), None)
    if wanted is None:
        return field if find_column("text", list(record)) in (None, field) else None
    return field if field == wanted else None


def is_message(record: dict[str, Any]) -> bool:
    """Whether it is a message of a chat, and not one that holds others."""
    return _content_of(record) is not None and not any(isinstance(value, list) for value in record.values())


def _content_of(message: object) -> str | None:
    """What a message says; None if it is none. It may be in parts, of which pictures and calls have no text."""
    if not isinstance(message, dict):
        return None
    for author, said in _MESSAGES:
        if str(message.get(author)).casefold() in _AUTHORS and said in message:
            content = message[said]
            if isinstance(content, list):
                content = "\n".join(part["text"] for part in content if isinstance(part, dict) and _has_text(part))
            return content if isinstance(content, str) else "" if content is None else None
    return None


def _has_text(part: dict[str, Any]) -> bool:
    return isinstance(part.get("text"), str)


def _with_chat_joined(each: Parsed, field: str) -> Parsed:
    text = chat_text(each.record.get(field))
    if text is None:
        return each
    return each._replace(record={**each.record, field: text}, is_bare=False)


def _is_article(record: dict[str, Any]) -> bool:
    paragraphs = record.get(_PARAGRAPHS)
    return isinstance(paragraphs, list) and all(isinstance(each, dict) and _CONTEXT in each for each in paragraphs)


def _paragraphs_of(article: Parsed) -> Iterator[Parsed]:
    """Its paragraphs with what else is known of the article; the row itself if it has none."""
    if not _is_article(article.record):
        yield article
        return
    about = {key: value for key, value in article.record.items() if key != _PARAGRAPHS}
    for paragraph in article.record[_PARAGRAPHS]:
        own = {key: value for key, value in paragraph.items() if key != _QUESTIONS}
        yield article._replace(record={**about, **own})
