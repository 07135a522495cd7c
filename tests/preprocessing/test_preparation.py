"""A corpus prepared in memory or in a workspace is the same, and a damaged workspace is refused."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.preparation import corpus_sha256, prepare, reopen
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.rows import Row
from tests.tiny_corpus import sentences

SETTINGS = Preprocessing(min_df=2, phrases=True)


def rows():
    texts = [*sentences()[:20], "", sentences()[0], None, "xylophone"]
    for number, text in enumerate(texts):
        yield Row(f"id{number}", text, {"label": number % 3}, problem="" if text is not None else "binary")


def same(first, second):
    for name in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(first.counts, name), getattr(second.counts, name))
    assert first.counts.shape == second.counts.shape
    pd.testing.assert_frame_equal(first.ledger, second.ledger)
    assert first.position.dtype == second.position.dtype == np.int64
    assert np.array_equal(first.position, second.position)
    assert first.preprocessor.state() == second.preprocessor.state()
    assert first.corpus_sha256 == second.corpus_sha256


def test_a_workspace_holds_what_memory_would(tmp_path):
    in_memory = prepare(rows(), Preprocessor(SETTINGS), workspace=None, progress=None)
    kept = prepare(rows(), Preprocessor(SETTINGS), workspace=tmp_path / "w", progress=None)
    same(kept, in_memory)
    same(reopen(tmp_path / "w"), in_memory)
    assert isinstance(reopen(tmp_path / "w").counts.data, np.memmap)
    assert in_memory.position.tolist() == [*range(20), -1, 0, -1, -1]


def test_the_digest_is_of_ids_and_texts_in_order():
    def one(part):
        return len(part).to_bytes(8, "little") + part

    expected = hashlib.sha256(b"".join(map(one, [b"a", "é\n".encode(), b"b", b"", b"", b"x"])))
    three = [Row("a", "é\n", {}), Row("b", None, {}), Row("", "x", {})]
    assert corpus_sha256(three) == expected.hexdigest()
    others = [three[:2], three[::-1], [Row("aé\n", "", {}), *three[1:]]]
    assert len({corpus_sha256(other) for other in [three, *others]}) == 4
    assert corpus_sha256([Row("a", "\ud800", {})]) != corpus_sha256([Row("a", "?", {})])
    assert prepare(rows(), Preprocessor(SETTINGS), workspace=None, progress=None).corpus_sha256 == corpus_sha256(rows())


def test_an_unfinished_preparation_is_none(tmp_path):
    assert reopen(tmp_path) is None

    def stops():
        yield from list(rows())[:5]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(stops(), Preprocessor(SETTINGS), workspace=tmp_path, progress=None)
    assert reopen(tmp_path) is None


@pytest.mark.parametrize(
    "name", ["ledger.parquet", "position.npy", "counts/data.npy", "counts/counts.json", "preparation.json"]
)
@pytest.mark.parametrize("damage", ["removed", "emptied", "other"])
def test_a_damaged_workspace_is_refused(tmp_path, name, damage):
    prepare(rows(), Preprocessor(SETTINGS), workspace=tmp_path, progress=None)
    path = tmp_path / name
    if damage == "removed":
        path.unlink()
        if name == "preparation.json":
            assert reopen(tmp_path) is None
            return
    else:
        path.write_bytes(b"" if damage == "emptied" else b"[1, 2, 3, 4, 5]" * 100)
    with pytest.raises(NeuralTopicError, match=r"expected the files of an unfinished fit; got .*Delete it") as raised:
        reopen(tmp_path)
    assert str(raised.value).startswith(f"workspace {tmp_path}")


@pytest.mark.parametrize("content", ["{}", "[]", "3", '{"preprocessor": {}, "corpus_sha256": ""}'])
def test_a_preparation_that_says_something_else(tmp_path, content):
    prepare(rows(), Preprocessor(SETTINGS), workspace=tmp_path, progress=None)
    (tmp_path / "preparation.json").write_text(content)
    with pytest.raises(NeuralTopicError, match="Delete it to start over"):
        reopen(tmp_path)


def test_the_rows_are_told_by_their_status():
    rows = [Row("a", "bread bread", {}), Row("b", "bread bread", {}), Row("c", "", {}), Row("d", "bread bread", {})]
    prepared = prepare(rows, Preprocessor(Preprocessing(min_df=1, max_df=1.0)), workspace=None, progress=None)
    assert prepared.rows() == "4 rows: 2 duplicate, 1 kept, 1 empty"
