import numpy as np
import pytest

from neuraltopic.storage.arrays import RowsWriter


@pytest.mark.parametrize("shape", [(5, 3), (0, 3), (7,), (0,)])
def test_the_file_is_that_of_numpy_to_the_byte(tmp_path, shape):
    values = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    with RowsWriter(tmp_path / "rows.npy", np.float32, shape) as writer:
        for start in range(0, shape[0], 2):
            writer.append(values[start : start + 2].astype(float))
    np.save(tmp_path / "whole.npy", values)
    assert (tmp_path / "rows.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_rows_of_another_shape_or_number_are_refused(tmp_path):
    with RowsWriter(tmp_path / "rows.npy", np.int32, (2, 3)) as writer:
        with pytest.raises(ValueError, match=r"rows of shape \(2,\) in an array of shape \(2, 3\)"):
            writer.append(np.zeros((1, 2)))
        writer.append(np.zeros((2, 3)))
    with (
        pytest.raises(ValueError, match=r"1 rows of an array of shape \(2, 3\)"),
        RowsWriter(tmp_path / "rows.npy", np.int32, (2, 3)) as writer,
    ):
        writer.append(np.zeros((1, 3)))
