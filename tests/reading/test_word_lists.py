"""Lists of words and sentences in the place of texts, in Python values and in files."""

import csv
import io
import json
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from neuraltopic.errors import NeuralTopicWarning, UsageError
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.word_lists import joined_list

LISTS = [["machine_learning", "new york", "it's"], ['say "x"', "back\\slash"], ["été"]]
TEXTS = ["machine_learning new_york it's", 'say_"x" back\\slash', "été"]


@pytest.mark.parametrize("written", [repr, json.dumps, lambda words: repr(np.array(words))[6:-1].partition("], ")[0]])
def test_lists_that_are_written_as_text(written):
    for words, text in zip(LISTS, TEXTS, strict=True):
        literal = written(words)
        literal = literal if literal.endswith("]") else literal + "]"
        assert joined_list(literal) == (text, True, "")
        assert joined_list(f" {tuple(words)!r} ") == (text, True, "")
    assert joined_list("['a' 'b'\n 'c']").text == "a b c"  # as numpy prints an array
    assert joined_list("[]").text == ""


@pytest.mark.parametrize("text", ["['a', 'b'] and more", "[laughter]", "[1, 2]", "(see 'a')", "'a', 'b'", "['a'", ""])
def test_texts_that_are_no_lists(text):
    assert joined_list(text) is None


def test_sentences_are_joined_by_line_ends():
    sentences = ["The bread is in the oven.", "It smells good."]
    assert joined_list(sentences) == ("The bread is in the oven.\nIt smells good.", False, "")
    assert joined_list(repr(sentences)).is_cut is False
    assert joined_list(["new york times square"], as_words=True).text == "new_york_times_square"


def columns(tmp_path, rows):
    """The same rows as CSV, JSON, Parquet and a spreadsheet."""
    frame = pd.DataFrame({"id": [f"r{n}" for n in range(len(rows))], "tokens": rows})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.assign(tokens=[repr(row) for row in rows]).to_excel(tmp_path / "a.xlsx", index=False)
    return [tmp_path / name for name in ("a.csv", "a.jsonl", "a.parquet", "a.xlsx")]


def test_columns_of_lists_are_words_that_are_cut(tmp_path):
    for path in columns(tmp_path, LISTS):
        corpus = open_corpus(path, text="tokens")
        assert corpus.pretokenised, path
        with pytest.warns(NeuralTopicWarning, match="the texts are lists of words: these are kept as they are"):
            rows = list(corpus)
        assert [(row.id, row.text, row.is_cut) for row in rows] == [
            (f"r{n}", text, True) for n, text in enumerate(TEXTS)
        ]


def test_columns_of_sentences_are_texts(tmp_path):
    for path in columns(tmp_path, [["The bread is in the oven.", "It smells good."], ["The dough has to rest."]]):
        corpus = open_corpus(path, text="tokens")
        assert not corpus.pretokenised
        with pytest.warns(NeuralTopicWarning, match="the texts are lists of sentences, which are joined"):
            texts = [row.text for row in corpus]
        assert texts == ["The bread is in the oven.\nIt smells good.", "The dough has to rest."]


def test_a_list_among_texts_is_read_and_the_corpus_is_not_cut(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text"], ["a text"], ["another text"], ["['a', 'b']"]])
    corpus = open_corpus(path)
    assert not corpus.pretokenised
    assert [row.text for row in corpus] == ["a text", "another text", "a b"]


def test_lists_in_a_frame_or_a_series(tmp_path):
    columns(tmp_path, LISTS)
    frame = pd.read_csv(tmp_path / "a.csv")
    for corpus in (open_corpus(frame, text="tokens"), open_corpus(frame["tokens"])):
        assert corpus.pretokenised
        with pytest.warns(NeuralTopicWarning, match="lists of words"):
            assert [row.text for row in corpus] == TEXTS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [row.text for row in open_corpus(LISTS)] == TEXTS  # lists of Python need no note


def test_lists_through_standard_input(monkeypatch):
    content = "\n".join(json.dumps({"text": words}) for words in LISTS)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    corpus = open_corpus("-")
    assert corpus.pretokenised
    with pytest.warns(NeuralTopicWarning, match="lists of words"):
        assert [row.text for row in corpus] == TEXTS


def test_an_empty_list_and_a_word_that_is_none(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": []}\n{"text": ["a", 3]}\n{"text": ["a b"]}\n{"text": ["c"]}')
    with pytest.warns(NeuralTopicWarning, match="lists of words"):
        rows = list(open_corpus(tmp_path / "a.jsonl"))
    assert [(row.text, row.problem) for row in rows] == [
        ("", ""), (None, "a word is not text (int 3)"), ("a_b", ""), ("c", ""),
    ]  # fmt: skip


def test_parts_of_a_text_with_objects_among_them(tmp_path):
    parts = ["see ", {"type": "link", "text": "the page"}, " for bread"]
    (tmp_path / "a.jsonl").write_text(
        "\n".join(json.dumps({"text": text}) for text in ("soup", parts, [parts[1]], [{}, "a"]))
    )
    with pytest.warns(NeuralTopicWarning, match="lists of sentences"):
        rows = list(open_corpus(tmp_path / "a.jsonl"))
    assert [row.text for row in rows] == ["soup", "see the page for bread", "the page", None]
    assert rows[3].problem == "a word is not text (dict)"


def test_words_may_be_bytes():
    assert joined_list([b"caf\xc3\xa9", "bar", b"new york"]) == ("café bar new_york", True, "")


def test_labels_beside_lists_of_words_are_not_taken_for_the_text(tmp_path):
    records = [{"tokens": ["the", "late", "train"], "label": "bad"}, {"tokens": ["soup", "bread"], "label": "good"}]
    frame = pd.DataFrame(records)
    frame.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    for source in (frame, tmp_path / "a.parquet", tmp_path / "a.jsonl"):
        with pytest.raises(UsageError, match="got columns tokens, label"):
            list(open_corpus(source))
    texts = pd.DataFrame({"body": ["The train was late.", "A good soup."], "tags": [["a", "b"], ["c"]]})
    assert [row.text for row in open_corpus(texts)] == ["The train was late.", "A good soup."]


@pytest.mark.filterwarnings("ignore:.*lists of words")
def test_an_empty_list_among_lists_of_words_is_an_empty_document(tmp_path):
    path = tmp_path / "a.json"
    for lists in ([["late", "train"], [], ["soup"]], [[], ["late"], []]):
        path.write_text(json.dumps(lists))
        rows = list(open_corpus(path))
        assert [(row.text, row.problem) for row in rows] == [(" ".join(words), "") for words in lists]
