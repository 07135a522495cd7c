"""Texts of several columns: in the order given, a blank line between them, nothing lost in silence."""

import json

import pandas as pd
import pytest

from neuraltopic.errors import UsageError
from neuraltopic.reading.readers import open_corpus


def texts(corpus):
    return [row.text for row in corpus]


def test_columns_are_joined_in_the_order_given(tmp_path):
    path = tmp_path / "talks.csv"
    path.write_text("id,Title,abstract,year\na,Bread,On flour,1999\nb,,Salt,2000\nc,Water,,2001\n", encoding="utf-8")
    corpus = open_corpus(path, text=["title", "abstract"], id="id")
    assert texts(corpus) == ["Bread\n\nOn flour", "Salt", "Water"]
    assert texts(open_corpus(path, text=["abstract", "year", "title"])) == [
        "On flour\n\n1999\n\nBread",
        "Salt\n\n2000",
        "2001\n\nWater",
    ]
    assert [row.id for row in corpus] == ["a", "b", "c"]
    assert [row.metadata for row in corpus] == [{"year": "1999"}, {"year": "2000"}, {"year": "2001"}]
    assert corpus.estimate().n_documents == 3
    assert corpus.options["text"] == ["title", "abstract"]
    assert texts(open_corpus(path, text=["title"])) == texts(open_corpus(path, text="title"))


def test_a_column_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "talks.csv"
    path.write_text("title,abstract\nBread,On flour\n", encoding="utf-8")
    with pytest.raises(UsageError, match="expected a column 'notes'; got besides the first text column: abstract"):
        texts(open_corpus(path, text=["title", "notes"]))
    with pytest.raises(UsageError, match=r"expected a column 'title'.*each once"):
        texts(open_corpus(path, text=["title", "title"]))


def test_fields_of_json_may_be_nested_or_missing(tmp_path):
    path = tmp_path / "talks.jsonl"
    rows = [{"title": "Bread", "data": {"body": "On flour"}}, {"data": {"body": "Salt"}}, {"title": "Water"}, {"x": 1}]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    corpus = open_corpus(path, text=["title", "data.body"])
    assert texts(corpus) == ["Bread\n\nOn flour", "Salt", "Water", None]
    assert [row.problem for row in corpus] == ["", "", "", "no column 'title'"]


def test_data_frames_and_gaps():
    frame = pd.DataFrame({"title": ["Bread", None, float("nan")], "abstract": ["On flour", "Salt", None]})
    assert texts(open_corpus(frame, text=("title", "abstract"))) == ["Bread\n\nOn flour", "Salt", None]
