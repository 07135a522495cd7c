"""Embeddings from files: what each kind holds, whose row is whose, and what is refused."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.vectors import embedding_files
from neuraltopic.reading.vectors.embedding_files import EmbeddingFile
from neuraltopic.storage.vectors import write_vectors

N, C = 5, 3
IDS = [f"doc-{n}" for n in range(N)]


@pytest.fixture
def values():
    return np.random.default_rng(0).standard_normal((N, C)).astype(np.float32)


def parquet(path, columns):
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_npy_is_mapped_as_it_is_and_its_rows_follow_the_input(tmp_path, values, dtype):
    path = tmp_path / "e.npy"
    np.save(path, values.astype(dtype))
    file = EmbeddingFile(path)
    assert isinstance(file.values, np.memmap)
    assert file.values.dtype == dtype
    assert file.shape == (N, C)
    assert file.ids is None
    assert np.array_equal(file.values, values.astype(dtype))
    assert file.rows_of(["any"] * N).tolist() == list(range(N))
    assert file.facts() == {
        "file": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "shape": [N, C],
    }


def test_what_embed_writes_is_read(tmp_path, values):
    write_vectors(tmp_path, {"id": IDS, "status": ["kept"] * N}, [values[:2], values[2:]], shape=values.shape)
    file = EmbeddingFile(tmp_path / "vectors.parquet")
    assert file.ids == IDS
    assert np.array_equal(file.values, values)


@pytest.mark.parametrize("type", [pa.list_(pa.float64()), pa.large_list(pa.float32()), pa.list_(pa.float32(), C)])
def test_parquet_of_lists(tmp_path, values, type):
    path = parquet(tmp_path / "e.parquet", {"vector": pa.array(values.tolist(), type), "id": IDS, "year": range(N)})
    assert np.array_equal(EmbeddingFile(path).values, values)


def test_parquet_with_a_column_a_dimension_is_matched_by_id_as_text(tmp_path, values):
    columns = dict(zip("xyz", values.T, strict=True))
    path = parquet(tmp_path / "e.pq", {"id": [7, 8, 9, 10, 11], "label": list("abcde"), **columns})
    file = EmbeddingFile(path)
    assert np.array_equal(file.values, values)
    assert file.rows_of(["11", "7", "8"]).tolist() == [4, 0, 1]


def test_batches_are_put_together(tmp_path, values, monkeypatch):
    monkeypatch.setattr(embedding_files, "_BATCH", 2)
    path = parquet(tmp_path / "e.parquet", {"id": IDS, "vector": values.tolist()})
    assert np.array_equal(EmbeddingFile(path).values, values)
    assert EmbeddingFile(path).ids == IDS
    uneven = parquet(tmp_path / "u.parquet", {"id": list("abc"), "vector": [[1.0, 2.0], [1.0, 2.0], [1.0]]})
    with pytest.raises(UsageError, match="several lengths"):
        EmbeddingFile(uneven)


def test_a_document_that_needs_none_may_be_missing(tmp_path, values):
    file = EmbeddingFile(parquet(tmp_path / "e.parquet", {"id": IDS, "vector": values.tolist()}))
    wanted = np.array([True, False, True])
    assert file.rows_of(["doc-3", "stranger", "doc-0"], wanted).tolist() == [3, -1, 0]
    with pytest.raises(UsageError, match=r"none for 'stranger'\."):
        file.rows_of(["doc-3", "stranger", "doc-0"])
    with pytest.raises(UsageError, match="none for 'a' and 2 others"):
        file.rows_of(["a", "b", "doc-1", "c"])


def test_npy_of_another_number_of_rows_is_refused(tmp_path, values):
    np.save(tmp_path / "e.npy", values)
    with pytest.raises(UsageError, match=r"e\.npy: expected 6 rows, one per input document; got 5"):
        EmbeddingFile(tmp_path / "e.npy").rows_of(["any"] * 6)


@pytest.mark.parametrize("wrong", [np.zeros(4), np.zeros((2, 2, 2)), np.zeros((2, 2), int), np.array([["a"]])])
def test_npy_of_another_shape_or_type_is_refused(tmp_path, wrong):
    np.save(tmp_path / "e.npy", wrong)
    with pytest.raises(UsageError, match=r"expected floating-point numbers of shape \(documents, dimensions\)"):
        EmbeddingFile(tmp_path / "e.npy")


@pytest.mark.parametrize("name", ["e.npy", "e.parquet"])
def test_damaged_files_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"not what it says")
    with pytest.raises(NeuralTopicError, match="expected a whole") as raised:
        EmbeddingFile(tmp_path / name)
    assert raised.value.exit_code == 1


def test_pickles_are_not_read(tmp_path):
    np.save(tmp_path / "e.npy", np.array([[{}]], object), allow_pickle=True)
    with pytest.raises(NeuralTopicError, match="expected a whole"):
        EmbeddingFile(tmp_path / "e.npy")


def test_missing_files_folders_and_other_kinds_are_refused(tmp_path):
    (tmp_path / "e.csv").touch()
    (tmp_path / "none").touch()
    for name, got in (("x.npy", "no such file"), ("", "a folder"), ("e.csv", r"\.csv"), ("none", "no suffix")):
        with pytest.raises(UsageError, match=f"got {got}"):
            EmbeddingFile(tmp_path / name)


@pytest.mark.parametrize(
    "columns",
    [
        {"name": ["a"], "vector": [[1.0]]},
        {"id": ["a"], "text": ["b"]},
        {"id": ["a"], "year": [3]},
        {"id": ["a"], "one": [[1.0]], "two": [[1.0]]},
    ],
)
def test_columns_that_are_not_clear_are_refused(tmp_path, columns):
    path = parquet(tmp_path / "e.parquet", columns)
    with pytest.raises(UsageError, match=f"expected a column id.*got columns {next(iter(columns))}"):
        EmbeddingFile(path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a", "b", "a"], "x": [1.0, 2.0, 3.0]}, "'a' in rows 1 and 3"),
        ({"id": ["a", None], "x": [1.0, 2.0]}, "none in row 2"),
        ({"id": ["a", "b"], "x": [1.0, None]}, "a number missing"),
        ({"id": ["a", "b"], "x": [[1.0], None]}, "a number missing"),
        ({"id": ["a", "b"], "x": [[1.0], [None]]}, "a number missing"),
        ({"id": ["a", "b"], "x": [[1.0, 2.0], [1.0]]}, "several lengths"),
    ],
)
def test_rows_that_are_not_whole_are_refused(tmp_path, columns, message):
    with pytest.raises(UsageError, match=message):
        EmbeddingFile(parquet(tmp_path / "e.parquet", columns))


def test_a_table_without_rows_has_none(tmp_path):
    path = parquet(tmp_path / "e.parquet", {"id": pa.array([], pa.string()), "x": pa.array([], pa.float32())})
    assert EmbeddingFile(path).shape == (0, 0)
