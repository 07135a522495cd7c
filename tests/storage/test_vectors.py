import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from neuraltopic.storage.vectors import VECTORS_NPY, VECTORS_PARQUET, read_vectors, write_vectors


@pytest.mark.parametrize("sizes", [(5,), (2, 3), (1, 0, 4), ()])
def test_blocks_are_put_together(tmp_path, sizes):
    D, K = sum(sizes), 4
    vectors = np.random.default_rng(0).standard_normal((D, K)).astype(np.float32)
    ids = [f"document {n}" for n in range(D)]
    blocks = np.split(vectors, np.cumsum(sizes)[:-1]) if sizes else []
    write_vectors(tmp_path, {"id": ids, "status": ["kept"] * D}, blocks, shape=(D, K))
    assert np.array_equal(np.load(tmp_path / VECTORS_NPY, allow_pickle=False), vectors)
    frame = read_vectors(tmp_path / VECTORS_PARQUET)
    assert list(frame) == ["id", "status", "z0", "z1", "z2", "z3"]
    assert frame["id"].tolist() == ids
    assert np.array_equal(frame[["z0", "z1", "z2", "z3"]].to_numpy(np.float32), vectors)


def test_blocks_in_another_layout(tmp_path):
    vectors = np.arange(6, dtype=np.float32).reshape(2, 3).T
    write_vectors(tmp_path, {"id": ["a", "b", "c"]}, [vectors], shape=(3, 2))
    assert np.load(tmp_path / VECTORS_NPY).tolist() == vectors.tolist()


def test_ids_of_a_long_table(tmp_path):
    """Ids of a ledger are an Arrow array in chunks, and a block of vectors may lie in two of them."""
    chunks = pa.chunked_array([["a", "b", "c"], ["d", "e", "f", "g"]], pa.large_string())
    ids = pd.Series(chunks, dtype="str").array
    vectors = np.arange(14, dtype=np.float32).reshape(7, 2)
    write_vectors(tmp_path, {"id": ids}, [vectors[:5], vectors[5:]], shape=(7, 2))
    table = read_vectors(tmp_path / VECTORS_PARQUET)
    assert table["id"].tolist() == list("abcdefg")
    np.testing.assert_array_equal(table[["z0", "z1"]], vectors)
