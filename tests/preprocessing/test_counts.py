import contextlib
import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing import counts as counts_module
from neuraltopic.preprocessing.counts import Counts, CountsWriter, index_dtype

DENSE = np.array([[0, 2, 0, 1], [0, 0, 0, 0], [3, 0, 0, 0], [1, 1, 70, 1]])
small = arrays(np.int64, st.tuples(st.integers(0, 6), st.integers(1, 5)), elements=st.integers(0, 3))


def dense(counts: Counts) -> np.ndarray:
    return counts.to_scipy().toarray()


def test_from_scipy_holds_the_same_numbers_in_small_types():
    counts = Counts.from_scipy(sparse.coo_array(DENSE))
    assert counts.shape == (4, 4)
    assert len(counts) == 4
    assert counts.nnz == 7
    assert counts.indptr.tolist() == [0, 2, 2, 3, 7]
    assert counts.indices.tolist() == [1, 3, 0, 0, 1, 2, 3]
    assert counts.data.tolist() == [2, 1, 3, 1, 1, 70, 1]
    assert (counts.indptr.dtype, counts.indices.dtype, counts.data.dtype) == ("int64", "uint16", "uint16")
    assert counts.to_scipy().dtype == np.int64
    assert repr(counts) == "Counts(4 documents x 4 words, 7 entries)"


def test_from_scipy_sorts_merges_and_drops_zeros_without_touching_the_given_matrix():
    given_matrix = sparse.csr_array(([1, 0, 2, 3], [2, 1, 0, 2], [0, 4]), shape=(1, 3))
    counts = Counts.from_scipy(given_matrix)
    assert counts.indices.tolist() == [0, 2]
    assert counts.data.tolist() == [2, 4]
    assert given_matrix.indices.tolist() == [2, 1, 0, 2]


def test_the_sums_of_rows_and_columns():
    counts = Counts.from_scipy(DENSE)
    assert counts.totals().tolist() == [3.0, 0.0, 3.0, 73.0]
    assert counts.word_totals().tolist() == [4.0, 3.0, 70.0, 2.0]
    assert counts.document_frequency().tolist() == [2, 2, 1, 2]


@given(small, st.data())
def test_rows_and_slices_are_those_of_the_dense_matrix(matrix, data):
    counts = Counts.from_scipy(matrix)
    n_documents = len(matrix)
    index = np.array(data.draw(st.lists(st.integers(0, n_documents - 1)) if n_documents else st.just([])), int)
    assert dense(counts.rows(index)).tolist() == matrix[index].tolist()
    start, stop = data.draw(st.integers(-7, 7)), data.draw(st.integers(-7, 7))
    assert dense(counts.slice(start, stop)).tolist() == matrix[start:stop].tolist()
    assert counts.totals().tolist() == matrix.sum(axis=1).tolist()
    assert counts.document_frequency().tolist() == (matrix > 0).sum(axis=0).tolist()


@given(small, st.integers(1, 4))
def test_blocks_cover_every_document_once_and_keep_to_their_size(matrix, n_entries):
    counts = Counts.from_scipy(matrix)
    blocks = list(counts.blocks(n_entries))
    assert [start for start, _ in blocks] == list(np.cumsum([0, *[len(block) for _, block in blocks]])[:-1])
    assert [row for _, block in blocks for row in dense(block).tolist()] == matrix.tolist()
    assert all(block.nnz <= n_entries or len(block) == 1 for _, block in blocks)


def test_a_slice_shares_the_entries():
    counts = Counts.from_scipy(DENSE)
    assert np.shares_memory(counts.slice(2, 4).data, counts.data)


@pytest.mark.parametrize("index", [[-1], [4], [0, 99]])
def test_a_row_outside_is_refused(index):
    with pytest.raises(IndexError, match="outside the 4 held"):
        Counts.from_scipy(DENSE).rows(np.array(index))


@pytest.mark.parametrize(("n_words", "dtype"), [(1, "uint16"), (65_536, "uint16"), (65_537, "int32"), (10**6, "int32")])
def test_the_last_word_fits_the_index_type(n_words, dtype):
    assert index_dtype(n_words) == dtype
    matrix = sparse.coo_array(([5], ([0], [n_words - 1])), shape=(1, n_words))
    counts = Counts.from_scipy(matrix)
    assert (counts.indices.dtype, counts.indices.tolist()) == (dtype, [n_words - 1])


@pytest.mark.parametrize(
    ("largest", "dtype"), [(65_535, "uint16"), (65_536, "float32"), (100_000, "float32"), (0.5, "float32")]
)
def test_large_and_fractional_counts_are_held_exactly(largest, dtype):
    counts = Counts.from_scipy(np.array([[largest, 1]]))
    assert counts.data.dtype == dtype
    assert counts.totals().tolist() == [largest + 1]
    assert dense(counts).tolist() == [[largest, 1]]


def test_sums_of_uint16_do_not_wrap_around():
    counts = Counts.from_scipy(np.full((3, 2), 60_000))
    assert counts.totals().tolist() == [120_000.0] * 3
    assert counts.word_totals().tolist() == [180_000.0] * 2
    assert (counts.to_scipy() @ np.ones((2, 1), int)).ravel().tolist() == [120_000] * 3


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, -2]], "entries of 0 or more; got a smallest entry of -2"),
        ([[1.0, np.nan]], "finite entries; got NaN"),
        ([[np.inf]], "finite entries"),
        ([[1j]], "real numbers; got entries of type complex128"),
    ],
)
def test_what_is_not_a_count_is_refused(matrix, message):
    with pytest.raises(NeuralTopicError, match=message):
        Counts.from_scipy(np.array(matrix))


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("matrix", [DENSE, DENSE / 2, np.zeros((0, 3)), np.zeros((2, 3)), DENSE * 1000])
def test_save_and_open_give_the_same_counts(tmp_path, matrix, mmap):
    counts = Counts.from_scipy(matrix)
    counts.save(tmp_path / "new" / "counts")
    again = Counts.open(tmp_path / "new" / "counts", mmap=mmap)
    assert again.shape == counts.shape
    for name in ("indptr", "indices", "data"):
        before, after = getattr(counts, name), getattr(again, name)
        assert (after.dtype, after.tolist()) == (before.dtype, before.tolist())
    assert sorted(path.name for path in (tmp_path / "new" / "counts").iterdir()) == [
        "counts.json",
        "data.npy",
        "indices.npy",
        "indptr.npy",
    ]


def test_an_opened_map_stays_on_disk_through_a_slice(tmp_path):
    Counts.from_scipy(DENSE).save(tmp_path)
    assert isinstance(Counts.open(tmp_path).slice(0, 3).indices, np.memmap)


@given(small, st.lists(st.integers(0, 6), max_size=3))
def test_the_writer_does_not_depend_on_how_rows_are_grouped(tmp_path_factory, matrix, cuts):
    folder = tmp_path_factory.mktemp("writer")
    counts = Counts.from_scipy(matrix)
    bounds = sorted({0, len(matrix), *(cut for cut in cuts if cut < len(matrix))})
    with CountsWriter(folder, matrix.shape[1]) as writer:
        for start, stop in itertools.pairwise(bounds):
            part = counts.slice(start, stop)
            writer.append(np.diff(part.indptr), part.indices, part.data)
    assert dense(Counts.open(folder)).tolist() == matrix.tolist()


def test_a_large_count_after_many_small_ones_widens_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(counts_module, "BLOCK_ENTRIES", 2)  # the values already written are copied in blocks
    with CountsWriter(tmp_path, 5) as writer:
        writer.append(np.array([3, 2]), np.array([0, 1, 4, 2, 3]), np.array([1, 2, 65_535, 4, 5]))
        writer.append(np.array([1]), np.array([1]), np.array([100_000]))
        writer.append(np.array([1]), np.array([0]), np.array([6]))
    counts = Counts.open(tmp_path)
    assert counts.data.tolist() == [1, 2, 65_535, 4, 5, 100_000, 6]
    assert counts.data.dtype == np.float32
    assert not list(tmp_path.glob("*narrow*"))


def test_an_interrupted_writer_leaves_a_folder_that_is_refused(tmp_path):
    Counts.from_scipy(DENSE).save(tmp_path)
    with contextlib.suppress(KeyboardInterrupt), CountsWriter(tmp_path, 4) as writer:
        writer.append(np.array([1]), np.array([0]), np.array([1]))
        raise KeyboardInterrupt
    with pytest.raises(NeuralTopicError, match=r"counts\.json"):
        Counts.open(tmp_path)


def overwrite(name, array):
    return lambda folder: np.save(folder / f"{name}.npy", array)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "data.npy").unlink(), "FileNotFoundError"),
        (lambda folder: (folder / "data.npy").write_bytes(b"\x93NUMPY\x01"), "ValueError"),
        (lambda folder: (folder / "counts.json").write_text("[]"), "TypeError"),
        (lambda folder: (folder / "counts.json").write_text("{}"), "KeyError"),
        (lambda folder: (folder / "counts.json").write_text('{"shape": [5, 4]}'), "5 row bounds, 7 indices"),
        (overwrite("data", np.ones((7, 1), np.uint16)), "not one-dimensional"),
        (overwrite("data", np.ones(7)), "data of float64"),
        (overwrite("data", np.ones(6, np.uint16)), "7 indices and 6 counts"),
        (overwrite("data", np.array([1, 1, 1, 1, 1, 0, 1], np.uint16)), "not above zero"),
        (overwrite("data", np.array([1, 1, 1, 1, 1, np.nan, 1], np.float32)), "not above zero"),
        (overwrite("indptr", np.array([0, 2, 2, 3, 7], np.int32)), "indptr of int32"),
        (overwrite("indptr", np.array([0, 3, 2, 3, 7])), "not in order"),
        (overwrite("indptr", np.array([0, 2, 2, 3, 6])), "not in order"),
        (overwrite("indices", np.array([1, 3, 0, 0, 1, 2, 4], np.uint16)), "a word outside the 4"),
        (overwrite("indices", np.array([1, 3, 0, 0, 2, 1, 3], np.uint16)), "words out of order"),
        (overwrite("indices", np.array([1, 1, 0, 0, 1, 2, 3], np.uint16)), "words out of order"),
    ],
)
def test_a_damaged_folder_is_refused_with_the_reason(tmp_path, damage, message):
    Counts.from_scipy(DENSE).save(tmp_path)
    damage(tmp_path)
    with pytest.raises(NeuralTopicError, match=message):
        Counts.open(tmp_path)


def test_the_shape_is_written_where_a_reader_can_see_it(tmp_path):
    Counts.from_scipy(DENSE).save(tmp_path)
    assert json.loads((tmp_path / "counts.json").read_text()) == {"shape": [4, 4]}
