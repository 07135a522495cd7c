"""Embeddings of documents: rows read a batch at a time, and what is refused at the edge."""

import numpy as np
import pytest

from neuraltopic.errors import UsageError
from neuraltopic.reading.vectors import embeddings as module
from neuraltopic.reading.vectors.embedding_files import EmbeddingFile
from neuraltopic.reading.vectors.embeddings import Embeddings, embeddings_of_input, require_embeddings, require_given

VALUES = np.random.default_rng(0).standard_normal((6, 3))


def test_rows_are_read_as_float32_through_every_choice_of_documents():
    some = Embeddings(VALUES, np.array([5, 0, 3]))
    assert (len(some), some.n_dimensions) == (3, 3)
    drawn = some.rows(np.array([2, 0]))
    assert drawn.dtype == np.float32
    np.testing.assert_array_equal(drawn, VALUES[[3, 5]].astype(np.float32))
    np.testing.assert_array_equal(some.of(np.array([1])).rows(np.array([0])), VALUES[[0]].astype(np.float32))


def test_a_map_from_disk_is_read_by_the_batch(tmp_path):
    np.save(tmp_path / "e.npy", VALUES)
    mapped = np.load(tmp_path / "e.npy", mmap_mode="r")
    held = Embeddings(mapped)
    assert held._values is mapped
    drawn = held.rows(np.array([4]))
    assert not isinstance(drawn, np.memmap)
    np.testing.assert_array_equal(drawn, VALUES[[4]].astype(np.float32))


def test_the_digest_is_of_the_documents_in_their_order(monkeypatch):
    digest = Embeddings(VALUES).digest()
    assert Embeddings(VALUES[::-1], np.arange(5, -1, -1)).digest() == digest
    assert Embeddings(VALUES.astype(np.float32)).digest() == digest
    others = VALUES[::-1], VALUES[:5], VALUES + 1e-6, VALUES.reshape(9, 2)
    assert digest not in {Embeddings(other).digest() for other in others}
    monkeypatch.setattr(module, "_AT_ONCE", 6)
    assert Embeddings(VALUES).digest() == digest


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e39])
def test_what_is_not_finite_is_refused_by_its_row(wrong, monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", 6)
    values = VALUES.copy()
    values[4, 1] = wrong
    with pytest.raises(UsageError, match="expected finite numbers; got NaN or infinity in row 5"):
        require_embeddings(values, 6)
    # A document that is not drawn may have anything.
    assert len(require_embeddings(Embeddings(values, np.array([0, 5])), 2)) == 2


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (VALUES[0], r"float64 of shape \(3,\)"),
        (VALUES[None], r"float64 of shape \(1, 6, 3\)"),
        (VALUES[:, :0], r"float64 of shape \(6, 0\)"),
        (np.ones((6, 3), int), r"int64 of shape \(6, 3\)"),
        ([["a"]], r"<U1 of shape \(1, 1\)"),
        ({"a": 1}, r"object of shape \(\)"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(wrong, got):
    with pytest.raises(UsageError, match=rf"shape \(documents, dimensions\); got {got}\. "):
        require_embeddings(wrong, 6)


def test_other_numbers_of_documents_and_dimensions_are_refused():
    with pytest.raises(UsageError, match="expected 7 rows, one per document; got 6"):
        require_embeddings(VALUES, 7)
    with pytest.raises(UsageError, match="expected 4 dimensions, as earlier embeddings have; got 3"):
        require_embeddings(VALUES, 6, 4)
    assert require_embeddings(VALUES.tolist(), 6, 3).n_dimensions == 3


def test_they_are_given_to_recipes_that_take_them_alone():
    require_given(VALUES, recipe="contextual", taken=True)
    require_given(None, recipe="nvdm", taken=False)
    with pytest.raises(UsageError, match="expected none with the recipe nvdm"):
        require_given(VALUES, recipe="nvdm", taken=False)
    with pytest.raises(UsageError, match="expected a row per document, which the recipe contextual takes; got none"):
        require_given(None, recipe="contextual", taken=True)


def test_input_rows_have_theirs_by_place_or_by_id(tmp_path):
    readable = np.array([True, True, False])
    by_place = embeddings_of_input(VALUES[:3], ["a", "b", "c"], readable)
    np.testing.assert_array_equal(by_place.rows(np.arange(3)), VALUES[:3].astype(np.float32))
    with pytest.raises(UsageError, match="expected 3 rows, one per input document; got 6"):
        embeddings_of_input(VALUES, ["a", "b", "c"], readable)
    import pandas as pd

    pd.DataFrame({"id": ["b", "a"], "x": [2.0, 1.0]}).to_parquet(tmp_path / "e.parquet")
    by_id = embeddings_of_input(EmbeddingFile(tmp_path / "e.parquet"), ["a", "b", "c"], readable)
    assert by_id.of(np.array([0, 1])).rows(np.arange(2)).tolist() == [[1.0], [2.0]]
    with pytest.raises(UsageError, match="none for 'c'"):
        embeddings_of_input(EmbeddingFile(tmp_path / "e.parquet"), ["a", "b", "c"], ~readable)
