import mmap

import numpy as np
import pytest

from neuraltopic.storage.pages import release_pages
from tests.resident import STATUS, resident_megabytes


@pytest.mark.skipif(not (STATUS.exists() and hasattr(mmap, "MADV_DONTNEED")), reason="the system has no /proc")
@pytest.mark.parametrize("mode", ["r", "r+"])
def test_pages_of_a_view_leave_memory_and_come_back(tmp_path, mode):
    expected = np.arange(8_000_000, dtype=np.float64)  # 61 MiB
    np.save(tmp_path / "a.npy", expected)
    array = np.load(tmp_path / "a.npy", mmap_mode=mode)
    view = array[5:-5]
    if mode == "r+":
        view[0] = expected[5] = -1.0
    before = resident_megabytes()
    total = view.sum()
    assert resident_megabytes() - before > 50
    release_pages(view)
    assert resident_megabytes() - before < 10
    assert view.sum() == total
    np.testing.assert_array_equal(array, expected)


def test_an_array_in_memory_stays_as_it_is():
    array = np.arange(10.0)
    release_pages(array, array[2:])
    assert array.sum() == 45.0
