"""The memory that a process holds, by what the system says of it."""

import ctypes

import numpy as np
import py3langid
import pyarrow as pa
import pytest

from neuraltopic import Preprocessing, TopicModel
from neuraltopic.estimators import topic_model
from neuraltopic.estimators.memory import release_free_memory
from neuraltopic.preprocessing.languages.detection import detect
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


@pytest.mark.skipif(not STATUS.exists(), reason="reads /proc, which this system has not")
def test_memory_that_pyarrow_has_freed_goes_back_to_the_system():
    pa.array(range(10))  # its pool is there
    before = resident_megabytes()
    columns = [pa.array(np.full(125_000, 7)).cast(pa.float64()) for _ in range(100)]  # 100 MB, copies of its own
    assert resident_megabytes() - before > 80
    del columns
    release_free_memory()
    assert resident_megabytes() - before < 30


def test_a_fit_of_many_rows_gives_back_the_model_of_language_identification(monkeypatch):
    animals, places = ("gatos", "perros", "caballos"), ("casa", "calle", "plaza", "ciudad", "iglesia")
    texts = [f"los {one} duermen en la {other} y no se van de ella" for one in animals for other in places] * 2
    settings = Preprocessing(keep_duplicates=True)
    for large, kept in ((31, True), (30, False)):
        monkeypatch.setattr(topic_model, "_LARGE", large)
        py3langid.classify("Un texto")
        TopicModel(2, preprocessing=settings, max_epochs=1).fit(texts)
        assert (py3langid.langid.IDENTIFIER is not None) is kept
    assert detect(texts, lambda them: [text.split() for text in them])[0].code == "es"  # it is read again
