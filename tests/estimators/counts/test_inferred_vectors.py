"""The inference of all documents: in blocks as at once, and gone on with where it was stopped."""

import numpy as np
import pytest
from scipy import sparse

from neuraltopic import DocumentVAE
from neuraltopic.estimators.counts import inferred_vectors
from neuraltopic.topics import row_blocks

COUNTS = sparse.random_array((90, 30), density=0.2, rng=np.random.default_rng(0), format="csr")
COUNTS.data = np.ceil(4 * COUNTS.data)


@pytest.fixture
def blocks_of_20(monkeypatch):
    monkeypatch.setattr(row_blocks, "BLOCK_ROWS", 20)


def fitted(recipe, checkpoint=None, progress=None):
    return DocumentVAE(4, recipe=recipe, max_epochs=2, random_state=0).fit(
        COUNTS, checkpoint=checkpoint, progress=progress
    )


ATTRIBUTES = ("information_", "share_", "explained_", "precision_")


@pytest.mark.parametrize("recipe", ["semi_amortised_prodlda", "prodlda", "nvdm"])
def test_blocks_say_what_all_documents_at_once_say(recipe, monkeypatch):
    whole = fitted(recipe)
    vectors = whole.transform(COUNTS)
    monkeypatch.setattr(row_blocks, "BLOCK_ROWS", 20)
    parts = fitted(recipe)
    for name in ATTRIBUTES:
        if getattr(whole, name) is not None:
            np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=2e-4, atol=1e-5)
    if whole.assignment_ is not None:
        np.testing.assert_allclose(parts.assignment_.words, whole.assignment_.words, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(parts.transform(COUNTS), vectors, rtol=1e-5, atol=1e-6)
    assert parts.predict(COUNTS).tolist() == whole.predict(COUNTS).tolist()


class StopError(Exception):
    pass


@pytest.mark.usefixtures("blocks_of_20")
def test_a_stopped_inference_goes_on_from_the_last_block_to_the_same_bits(tmp_path):
    (tmp_path / "whole").mkdir()
    whole = fitted("semi_amortised_prodlda", tmp_path / "whole" / "checkpoint")
    inferred = []

    def stop(stage, done, total):
        if stage == "inferring":
            inferred.append(done)
            if done == 60 and len(inferred) == 3:
                raise StopError

    with pytest.raises(StopError):
        fitted("semi_amortised_prodlda", tmp_path / "checkpoint", stop)
    inferred.append("stopped")
    resumed = fitted("semi_amortised_prodlda", tmp_path / "checkpoint", stop)
    assert inferred == [20, 40, 60, "stopped", 60, 80, 90], "two blocks were done"
    for name in ATTRIBUTES:
        assert getattr(resumed, name).tobytes() == getattr(whole, name).tobytes()
    found, expected = (np.load(folder / "vectors.npy") for folder in (tmp_path, tmp_path / "whole"))
    assert found.tobytes() == expected.tobytes()
    np.testing.assert_array_equal(found, resumed.transform(COUNTS))


@pytest.mark.usefixtures("blocks_of_20")
@pytest.mark.parametrize("damage", ["other", "shape", "text"])
def test_what_another_inference_left_is_done_anew(tmp_path, damage):
    filled = inferred_vectors.InferredVectors(30, 2, tmp_path, "one")
    for rows in filled.to_do():
        filled.fill(rows, np.ones((rows.stop - rows.start, 2), np.float32), np.ones(2), np.ones(2) / 2)
    assert not list(inferred_vectors.InferredVectors(30, 2, tmp_path, "one").to_do())
    if damage == "text":
        (tmp_path / "inferred.json").write_text("{")
    n, request = (31 if damage == "shape" else 30), ("two" if damage == "other" else "one")
    assert len(list(inferred_vectors.InferredVectors(n, 2, tmp_path, request).to_do())) == 2
