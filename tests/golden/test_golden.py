"""A model folder that some version saved loads in this one, and says what it said then."""

import json
from pathlib import Path

import numpy as np
import pytest

from neuraltopic import TopicModel
from neuraltopic.storage.formats import MODEL_SCHEMA_VERSION

HERE = Path(__file__).parent


@pytest.mark.parametrize("version", range(1, MODEL_SCHEMA_VERSION + 1))
def test_a_saved_model_gives_the_same_results(version):
    expected = json.loads((HERE / f"expected-v{version}.json").read_text(encoding="utf-8"))
    model = TopicModel.load(HERE / f"model-v{version}", device="cpu")
    assert list(model.vocabulary_) == expected["vocabulary"]
    assert [[word for word, _ in words] for words in model.get_topics(10).values()] == expected["topics"]
    assert model.get_topic_info()["label"].tolist() == expected["labels"]
    # Vectors of order 1. Newton's method in float32 stops within some 1e-5 of the maximum, a step sooner or later where
    # another machine or version rounds differently.
    np.testing.assert_allclose(model.transform(expected["texts"]), expected["vectors"], rtol=0, atol=1e-4)
