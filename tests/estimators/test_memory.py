"""The memory that a process holds, by what the system says of it."""

import ctypes

import pytest

from neuraltopic.estimators.memory import release_free_memory
from tests.resident import STATUS, resident_megabytes


@pytest.mark.skipif(not STATUS.exists(), reason="reads /proc, which this system has not")
def test_freed_memory_goes_back_to_the_system():
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("this C library has no malloc_trim")
    before = resident_megabytes()
    blocks = [bytes(20_000) for _ in range(5_000)]  # 100 MB
    held = blocks[::50]
    del blocks
    release_free_memory()
    assert resident_megabytes() - before < 30
    assert len(held) == 100
