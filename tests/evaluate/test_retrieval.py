"""The probe and the nearest neighbours, against scikit-learn and by sorting."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import StandardScaler

from neuraltopic.evaluate import retrieval
from neuraltopic.evaluate.retrieval import precision_at_10, probe_hits


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    labels, others = rng.integers(0, 3, 90), rng.integers(0, 3, 40)
    centres = rng.normal(size=(3, 5))
    return (
        (centres[labels] + rng.normal(size=(90, 5))).astype(np.float32),
        labels,
        (centres[others] + rng.normal(size=(40, 5))).astype(np.float32),
        others,
    )


def test_the_probe_is_scikit_learns(data):
    training, known, vectors, labels = data
    scaler = StandardScaler().fit(training.astype(float))
    probe = LogisticRegression(C=1.0, max_iter=1000).fit(scaler.transform(training.astype(float)), known)
    hits = probe_hits(*data)
    assert hits.mean() == probe.score(scaler.transform(vectors.astype(float)), labels)
    assert 0.5 < hits.mean() < 1.0


def test_a_label_that_the_fit_had_not_is_a_miss(data):
    training, known, vectors, labels = data
    assert not probe_hits(training, known, vectors, np.full_like(labels, 7)).any()
    assert not precision_at_10(training, known, vectors, np.full_like(labels, 7)).any()


@pytest.mark.parametrize("tile", [1 << 22, 100])
def test_precision_by_sorting(data, monkeypatch, tile):
    monkeypatch.setattr(retrieval, "_TILE", tile)
    training, known, vectors, labels = data
    nearest = np.argsort(-cosine_similarity(vectors, training), axis=1)[:, :10]
    np.testing.assert_allclose(precision_at_10(*data), (known[nearest] == labels[:, None]).mean(1))


def test_equally_near_ones_come_in_order():
    training = np.array([[1.0, 0.0]] * 5 + [[3.0, 0.0]] * 20, np.float32)
    known = np.array([0] * 5 + [1] * 20)
    queries = np.array([[2.0, 0.0], [0.0, 0.0], [2.0, 0.0]])
    np.testing.assert_array_equal(precision_at_10(training, known, queries, np.array([0, 0, 1])), [0.5, 0.5, 0.5])


def test_fewer_than_ten():
    found = precision_at_10(np.eye(4), np.array([0, 0, 1, 1]), np.ones((1, 4)), np.array([1]))
    np.testing.assert_array_equal(found, [0.5])
