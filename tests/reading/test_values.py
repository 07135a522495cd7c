from collections import Counter, deque

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from neuraltopic.errors import NeuralTopicWarning, UsageError
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.rows import CorpusEstimate, Row

COLUMNS = {"name": ["a", "b", "c"], "review": ["soup", None, "bread"], "stars": [1, 2, 3]}


def frames():
    polars = pytest.importorskip("polars")
    return [pd.DataFrame(COLUMNS), polars.DataFrame(COLUMNS), pa.table(COLUMNS)]


@pytest.mark.parametrize("number", range(3), ids=["pandas", "polars", "pyarrow"])
def test_a_data_frame_is_read_by_its_columns(number):
    frame = frames()[number]
    rows = list(open_corpus(frame, text="Review", id="name"))
    assert [(row.id, row.text, row.metadata) for row in rows] == [
        ("a", "soup", {"stars": 1}),
        ("b", None, {"stars": 2}),
        ("c", "bread", {"stars": 3}),
    ]
    assert rows[1].problem in ("not text (None)", "not text (float nan)")
    assert open_corpus(frame, text="review").estimate() == CorpusEstimate("list", 0, 0, 3, True, {"utf-8": 3})
    assert [row.id for row in open_corpus(frame, text="review")] == ["1", "2", "3"]
    with pytest.raises(UsageError, match=r"expected a column 'text'.*got columns name, review, stars"):
        open_corpus(frame)
    with pytest.raises(UsageError, match="expected a column 'body'"):
        open_corpus(frame, text="body")
    with pytest.raises(UsageError, match="expected a path, a data frame"):
        open_corpus(frame[:0], text="review")


def test_the_index_of_pandas_is_kept_for_the_tables():
    index = pd.Index(["x", "y", "z"], name="key")
    for given in (pd.Series(["a", "b", "c"], index=index), pd.DataFrame({"text": ["a", "b", "c"]}, index=index)):
        assert open_corpus(given).index.equals(index)
    assert open_corpus(["a"]).index is None


def test_bytes_are_decoded():
    rows = list(open_corpus(["café".encode(), "café".encode("cp1252"), b"\x00\x01\x02"]))
    assert [row.text for row in rows] == ["café", "café", None]
    assert rows[0].encoding == "utf-8"
    assert rows[2].problem == "binary"


@pytest.mark.parametrize("make", [list, tuple, np.array])
def test_lists_of_words_are_texts_that_are_cut(make):
    corpus = open_corpus([make(["machine_learning", "new york"]), make([]), make(["x"])])
    assert corpus.pretokenised
    assert [row.text for row in corpus] == ["machine_learning new_york", "", "x"]
    frame = pd.DataFrame({"words": [["a", "b"], ["c"]]})
    assert open_corpus(frame, text="words").pretokenised
    assert [row.text for row in open_corpus(frame, text="words")] == ["a b", "c"]


def test_odd_values_among_lists_of_words():
    corpus = open_corpus([["a", 3], None, ["b"], "c"])
    assert list(corpus) == [
        Row("0", None, {}, problem="a word is not text (int 3)"),
        Row("1", None, {}, problem="not text (None)"),
        Row("2", "b", {}),
        Row("3", "c", {}),
    ]
    assert not open_corpus(["a", ["b"]]).pretokenised


def test_two_columns_of_one_name_are_refused():
    frame = pd.DataFrame([["a", "b"]], columns=["text", "text"])
    with pytest.raises(UsageError, match="data frame: expected column names that differ; got 'text' twice"):
        open_corpus(frame)


def test_a_column_of_a_data_frame_may_be_called_by_a_number():
    frame = pd.DataFrame({0: ["a b", "c d"], 1: ["e f", "g h"]})
    assert [row.text for row in open_corpus(frame, text=1, id=0)] == ["e f", "g h"]


COUNTS = {"train": 2, "late": 1, "new york": 1}


@pytest.mark.parametrize("make", [Counter, dict, lambda counts: {word: np.int64(n) for word, n in counts.items()}])
def test_counts_of_words_are_the_words_as_often(make):
    corpus = open_corpus([make(COUNTS), make({}), make({"soup": 1})])
    assert corpus.pretokenised
    assert [row.text for row in corpus] == ["train train late new_york", "", "soup"]
    assert [row.problem for row in open_corpus([make(COUNTS), {"soup": 0.5}, {"soup": -1}, {3: 1}])] == [
        "",
        *["not text (dict)"] * 3,
    ]


def test_sets_of_words_are_their_words_in_order():
    corpus = open_corpus([{"train", "late"}, frozenset({"soup"})])
    assert corpus.pretokenised
    assert [row.text for row in corpus] == ["late train", "soup"]


def test_parsed_documents_are_their_texts_and_lists_of_tokens_the_words():
    spacy = pytest.importorskip("spacy")
    documents = [spacy.blank("en")(text) for text in ("The train was late.", "A good soup!")]
    corpus = open_corpus(documents)
    assert not corpus.pretokenised
    assert [row.text for row in corpus] == ["The train was late.", "A good soup!"]
    assert [row.text for row in open_corpus([each[1:3] for each in documents])] == ["train was", "good soup"]
    words = open_corpus([[token for token in each if token.is_alpha] for each in documents])
    assert words.pretokenised
    assert [row.text for row in words] == ["The train was late", "A good soup"]
    with pytest.raises(UsageError, match=r"got Doc\. Pass a list of such documents"):
        open_corpus(documents[0])


@pytest.mark.parametrize(
    ("documents", "got", "hint"),
    [
        ({"a": "The train was late."}, "dict", r"Pass list\(\.\.\.\.values\(\)\) of the texts"),
        ([{"id": 3, "body": "late"}], "a list of dict", r"Pass a data frame, pandas\.DataFrame\(\.\.\.\), with text="),
        ([(3, "late"), (4, "train")], "a list of tuple", "Pass the texts alone"),
        ([("a3", "The train was late."), ("a4", "The soup was very good.")], "a list of tuple", "Pass the texts alone"),
        ([[(3, 1), (4, 2)]], "a list of list of tuple", "Pass words alone, dict"),
    ],
)
def test_what_holds_documents_in_another_shape_is_named(documents, got, hint):
    with pytest.raises(UsageError, match=rf"got {got}\. {hint}"):
        open_corpus(documents)


def test_names_of_files_are_no_documents(tmp_path):
    paths = [tmp_path / name for name in ("a.txt", "b.txt")]
    for path in paths:
        path.write_text("The train was late.")
    for documents, kind in ((paths, "PosixPath"), ([*map(str, paths)], "names of files")):
        with pytest.raises(UsageError, match=rf"got a list of {kind}\. Pass their folder, or the texts in them"):
            open_corpus(documents)
    assert [row.text for row in open_corpus([str(paths[0]), "soup"])] == [str(paths[0]), "soup"]


def test_sequences_that_cannot_be_sliced():
    assert [row.text for row in open_corpus(deque(["late", "soup"]))] == ["late", "soup"]


def test_sentences_of_words_are_the_words():
    corpus = open_corpus([[["the", "late"], ["train"]], [["soup"]]])
    assert corpus.pretokenised
    assert [row.text for row in corpus] == ["the late train", "soup"]


CHAT = [{"role": "user", "content": "How long does soup boil?"}, {"role": "assistant", "content": "An hour."}]
SAID = "How long does soup boil?\n\nAn hour."


@pytest.mark.parametrize("library", ["pandas", "arrays", "polars", "pyarrow"])
@pytest.mark.parametrize("named", [True, False])
def test_chats_in_a_column_of_a_data_frame_are_documents(library, named):
    columns = {"model": ["m", "n", "o"], "messages": [CHAT, CHAT[:1], None]}
    if library == "polars":
        frame = pytest.importorskip("polars").DataFrame(columns)
    elif library == "pyarrow":
        frame = pa.table(columns)
    else:
        frame = pd.DataFrame(columns)
        if library == "arrays":  # as pandas reads Parquet
            frame["messages"] = [each and np.array(each, object) for each in frame["messages"]]
    with pytest.warns(NeuralTopicWarning, match="each chat in 'messages' is one document"):
        rows = list(open_corpus(frame, text="messages" if named else None))
    assert [row.text for row in rows] == [SAID, "How long does soup boil?", None]
    assert rows[1].metadata == {"model": "n"}


def test_chats_in_a_list_are_documents():
    assert [row.text for row in open_corpus([CHAT, CHAT[:1], "Soup"])] == [SAID, "How long does soup boil?", "Soup"]


def test_a_query_that_has_not_been_run_is_named():
    frame = pytest.importorskip("polars").LazyFrame(COLUMNS)
    with pytest.raises(UsageError, match=r"got LazyFrame\. Pass what its method collect\(\) gives"):
        open_corpus(frame)
    assert len(list(open_corpus(frame.collect(), text="review"))) == 3
