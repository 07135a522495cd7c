"""Chats of messages and paragraphs within articles, as JSON has them, are texts."""

import json
import warnings

import pytest

from neuraltopic.errors import UsageError
from neuraltopic.reading.readers import open_corpus

ROLES = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "How long does soup boil?"},
    {"role": "assistant", "content": [{"type": "text", "text": "An hour."}, {"type": "image_url", "image_url": "x"}]},
    {"role": "assistant", "content": None, "tool_calls": [1]},
]
SHARED = [{"from": "human", "value": "How late is the train?"}, {"from": "gpt", "value": "Ten minutes."}]


def read(tmp_path, content, name="a.json", text=None):
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = list(open_corpus(tmp_path / name, text=text))
    return rows, [str(warning.message).partition(": ")[2] for warning in caught]


SOUP, TRAIN = "Be kind.\n\nHow long does soup boil?\n\nAn hour.", "How late is the train?\n\nTen minutes."
JOINED = "each chat in {!r} is one document; who says each message is left out"


def test_a_chat_in_a_row_is_one_document(tmp_path):
    lines = "".join(json.dumps({"id": f"c{n}", "messages": ROLES, "source": "web"}) + "\n" for n in range(3))
    rows, notes = read(tmp_path, lines, "a.jsonl")
    assert [(row.id, row.text, row.metadata) for row in rows] == [(f"c{n}", SOUP, {"source": "web"}) for n in range(3)]
    assert notes == [JOINED.format("messages")]
    rows, notes = read(tmp_path, [{"id": "a", "conversations": SHARED}, {"id": "b", "conversations": []}])
    assert [row.text for row in rows][:1] == [TRAIN]
    assert not rows[1].text
    assert JOINED.format("conversations") in notes


def test_a_chat_as_an_array_in_an_array_is_one_document(tmp_path):
    rows, notes = read(tmp_path, [ROLES, SHARED])
    assert [row.text for row in rows] == [SOUP, TRAIN]
    assert notes == [JOINED.format("text")]


def test_each_message_of_one_array_is_a_document(tmp_path):
    rows, notes = read(tmp_path, [*ROLES[:2], {"role": "assistant", "content": "An hour."}])
    assert [row.text for row in rows] == ["Be kind.", "How long does soup boil?", "An hour."]
    assert rows[1].metadata == {"role": "user"}
    assert notes == ["the objects are messages of a chat, and each is a document"]


def test_tables_that_only_look_like_chats_are_tables(tmp_path):
    with pytest.raises(UsageError, match="role, content"):
        read(tmp_path, [{"role": "manager", "content": "Salary"}, {"role": "cook", "content": "Soup"}])
    rows, notes = read(tmp_path, [{"text": "Soup", "messages": ROLES}] * 2)
    assert ([row.text for row in rows], notes) == (["Soup"] * 2, [])


def test_each_paragraph_of_an_article_with_questions_is_a_document(tmp_path):
    articles = [
        {
            "title": title,
            "paragraphs": [
                {"context": f"{title} {n} is long.", "qas": [{"id": "q", "question": "Is it?", "answers": []}]}
                for n in range(2)
            ],
        }
        for title in ("Soup", "Train")
    ]
    for text in (None, "context"):
        rows, notes = read(tmp_path, {"version": "1.1", "data": articles}, text=text)
        assert [row.text for row in rows] == [f"{title} {n} is long." for title in ("Soup", "Train") for n in range(2)]
        assert [row.metadata for row in rows[1:3]] == [{"title": "Soup"}, {"title": "Train"}]
        assert notes == ["each 'context' in 'paragraphs' is a document"]
