"""Columns of Parquet that are no strings: chats, objects with fields, and bytes."""

import warnings

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from neuraltopic.errors import UsageError
from neuraltopic.reading.readers import open_corpus

ROLES = [
    {"role": "user", "content": "How long does soup boil?"},
    {"role": "assistant", "content": "An hour."},
    {"role": "assistant", "content": None},
]
SHARED = [{"from": "human", "value": "How late is the train?"}, {"from": "gpt", "value": "Ten minutes."}]


def read(tmp_path, columns, **options):
    path = tmp_path / "a.parquet"
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = list(open_corpus(path, **options))
    return rows, [str(warning.message).partition(": ")[2] for warning in caught]


@pytest.mark.parametrize(
    ("field", "chat", "text"),
    [
        ("messages", ROLES, "How long does soup boil?\n\nAn hour."),
        ("conversations", SHARED, "How late is the train?\n\nTen minutes."),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_chat_in_a_row_is_one_document(tmp_path, field, chat, text, named):
    columns = {"id": ["a", "b", "c"], field: [chat, chat[:1], None], "model": ["m", "m", "n"]}
    rows, notes = read(tmp_path, columns, text=field if named else None)
    assert [row.id for row in rows] == ["a", "b", "c"]
    assert [row.text for row in rows] == [text, text.partition("\n")[0], None]
    assert [row.metadata for row in rows] == [{"model": "m"}, {"model": "m"}, {"model": "n"}]
    assert rows[2].problem == "not text (None)"
    assert notes == [f"each chat in {field!r} is one document; who says each message is left out"]


def test_chats_after_many_rows_are_read_as_the_first(tmp_path):
    rows, _ = read(tmp_path, {"messages": [ROLES] * 3000})
    assert len(rows) == 3000
    assert {row.text for row in rows} == {"How long does soup boil?\n\nAn hour."}


def test_messages_in_rows_of_their_own_are_documents_each(tmp_path):
    rows, notes = read(tmp_path, {"role": ["user", "assistant"], "content": ["How long?", "An hour."]})
    assert [row.text for row in rows] == ["How long?", "An hour."]
    assert notes == ["the objects are messages of a chat, and each is a document"]


def test_fields_of_objects_are_columns(tmp_path):
    post = {"title": "Soup", "body": {"plain": "Boil it.", "n": 3}}
    rows, _ = read(tmp_path, {"key": ["a", "b"], "post": [post, None]}, text="post.body.plain", id="key")
    assert [(row.id, row.text) for row in rows] == [("a", "Boil it."), ("b", None)]
    assert rows[0].metadata == {"post": {"title": "Soup", "body": {"n": 3}}}
    assert rows[1].problem == "no column 'post.body.plain'"
    with pytest.raises(UsageError, match=r"columns key, post\.title, post\.body\.plain, post\.body\.n"):
        read(tmp_path, {"key": ["a"], "post": [post]}, text="post.body.html")


def test_an_object_beside_the_text_stays_as_it_is(tmp_path):
    rows, notes = read(tmp_path, {"text": ["Soup", "Train"], "about": [{"n": 1}, {"n": 2}]})
    assert [(row.text, row.metadata) for row in rows] == [("Soup", {"about": {"n": 1}}), ("Train", {"about": {"n": 2}})]
    assert notes == []


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_bytes_are_texts_where_no_column_is_of_strings(tmp_path, kind):
    body = pa.array(["Café".encode(), b"caf\xe9", None], pa.binary()).cast(kind)
    rows, _ = read(tmp_path, {"id": ["1", "2", "3"], "body": body})
    assert [row.text for row in rows] == ["Café", None, None]
    assert [row.problem for row in rows] == ["", "undecodable: byte 0xe9 at 3 is not utf-8", "not text (None)"]
    rows, _ = read(tmp_path, {"title": ["Soup", "Train", "Pan"], "body": body}, text="body", id="title")
    assert [(row.id, row.text) for row in rows] == [("Soup", "Café"), ("Train", None), ("Pan", None)]
    rows, _ = read(tmp_path, {"caption": ["Soup", "Train", "Pan"], "image": body})
    assert [row.text for row in rows] == ["Soup", "Train", "Pan"]
