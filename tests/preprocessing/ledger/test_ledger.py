import numpy as np
import pandas as pd
import pytest

from neuraltopic.preprocessing.ledger.ledger import Ledger, Status


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.add("a", Status.KEPT, metadata={"label": "news"})
    ledger.add("b", Status.EMPTY, detail="only spaces")
    ledger.add("c", Status.KEPT, encoding="cp1252", metadata={"label": "sport", "id": 7})
    ledger.add("d", Status.UNDECODABLE, detail="binary")
    return ledger


def test_every_row_is_counted_under_its_status(ledger):
    assert len(ledger) == 4
    assert ledger.counts() == {
        Status.KEPT: 2,
        Status.EMPTY: 1,
        Status.DUPLICATE: 0,
        Status.UNDECODABLE: 1,
        Status.NO_WORD: 0,
    }
    assert ledger.kept().dtype == np.int64
    assert ledger.kept().tolist() == [0, 2]


def test_set_status_replaces_status_and_detail(ledger):
    ledger.set_status(2, Status.DUPLICATE, "of a")
    assert ledger.kept().tolist() == [0]
    assert ledger.statuses[2] is Status.DUPLICATE
    assert ledger.details == ["", "only spaces", "of a", "binary"]


def test_summary_names_what_is_there(ledger):
    assert ledger.summary() == "4 rows: 2 kept, 1 empty, 1 undecodable; encodings: utf-8 3, cp1252 1"


def test_summary_leaves_out_the_encoding_that_is_none():
    ledger = Ledger()
    ledger.add("a", Status.UNDECODABLE, encoding="")
    assert ledger.summary() == "1 row: 1 undecodable"
    ledger.add("b", Status.KEPT)
    assert ledger.summary() == "2 rows: 1 kept, 1 undecodable; encodings: utf-8 1"


def test_summary_writes_thousands_and_the_singular():
    ledger = Ledger()
    assert ledger.summary() == "0 rows"
    ledger.add("0", Status.KEPT)
    assert ledger.summary() == "1 row: 1 kept; encodings: utf-8 1"
    for row in range(1, 1200):
        ledger.add(str(row), Status.NO_WORD)
    assert ledger.summary() == "1,200 rows: 1 kept, 1,199 no word of the vocabulary; encodings: utf-8 1,200"


def test_an_empty_ledger_keeps_nothing():
    assert Ledger().kept().tolist() == []
    assert list(Ledger().to_frame().columns) == ["row", "id", "status", "detail", "encoding", "n_tokens"]
    assert len(Ledger().to_frame()) == 0


def test_frame_has_our_columns_then_the_metadata(ledger):
    ledger.n_tokens = np.array([5, 0, 9, 0])
    frame = ledger.to_frame()
    assert list(frame.columns) == ["row", "id", "status", "detail", "encoding", "n_tokens", "label", "id_"]
    assert frame["row"].tolist() == [0, 1, 2, 3]
    assert frame["id"].tolist() == ["a", "b", "c", "d"]
    assert frame["status"].tolist() == ["kept", "empty", "kept", "undecodable"]
    assert frame["n_tokens"].tolist() == [5, 0, 9, 0]
    assert frame["label"].isna().tolist() == [False, True, False, True]
    assert frame["label"][2] == "sport"
    assert frame["id_"][2] == 7


def test_rows_of_a_table_of_lines_say_where_they_stand(ledger):
    ledger.add("e", Status.KEPT, line=7, n_lines=3)
    frame = ledger.to_frame()
    assert list(frame.columns)[5:] == ["n_tokens", "line", "n_lines", "label", "id_"]
    assert frame["line"].tolist() == [0, 0, 0, 0, 7]
    assert frame["n_lines"].tolist() == [0, 0, 0, 0, 3]


def test_a_clash_leaves_no_column_overwritten():
    ledger = Ledger()
    ledger.add("x", Status.KEPT, metadata={"id": 1, "id_": 2, "status": 3})
    frame = ledger.to_frame()
    assert list(frame.columns)[6:] == ["id__", "id_", "status_"]
    assert frame[["id__", "id_", "status_"]].to_numpy().tolist() == [[1, 2, 3]]


def test_long_whole_numbers_keep_their_digits_where_some_are_missing():
    """float64, which marks missing cells, cannot distinguish identifiers of 19 digits."""
    ledger = Ledger()
    for reply in (1234567890123456785, None, 3):
        ledger.add("x", Status.KEPT, metadata={"reply": reply, "mixed": reply or 0.5, "year": reply and 2015})
    frame = ledger.to_frame()
    assert [None if pd.isna(cell) else cell for cell in frame["reply"]] == [1234567890123456785, None, 3]
    assert frame["mixed"].tolist() == [float(1234567890123456785), 0.5, 3.0]
    assert frame["year"].dtype == np.float64


def test_n_tokens_is_zero_until_set_and_must_fit(ledger):
    assert ledger.n_tokens.tolist() == [0, 0, 0, 0]
    with pytest.raises(ValueError, match="n_tokens has 3 entries; the ledger has 4 rows"):
        ledger.n_tokens = np.zeros(3)
    with pytest.raises(ValueError, match="read-only"):
        ledger.n_tokens[0] = 1
