"""Figures of models whose answers are known by hand."""

import numpy as np
import pytest

from neuraltopic.compare.data import ComparisonData
from neuraltopic.compare.figures import (
    bound_figures,
    completion_figures,
    label_figures,
    top_topic_words,
    topic_figures,
)
from neuraltopic.evaluate.metrics import METRICS
from neuraltopic.preprocessing.tokenisation.token_stream import Block
from tests.compare.conftest import counts

TRAIN = [[1, 1, 0, 0]] * 6 + [[0, 0, 1, 1]] * 6
TEST = [[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 2, 2]]


def plain(**more) -> ComparisonData:
    return ComparisonData(counts(TRAIN), counts(TEST), ("a", "b", "c", "d"), **more)


def test_perplexity_of_even_words_is_their_number(unigram_model):
    found = completion_figures(unigram_model([0.25] * 4), plain())
    assert found == {"perplexity_completion": pytest.approx(4.0, rel=1e-12)}


def test_what_read_whole_documents_has_nothing_to_foresee(unigram_model):
    model = unigram_model([0.25] * 4)
    model.reads_embeddings = True
    assert completion_figures(model, plain()) == {}


def test_documents_keep_their_embeddings(unigram_model):
    embeddings = {"train_embeddings": np.eye(12), "test_embeddings": np.eye(3)}
    data = plain(train_labels=["x", None, *"xxxxyyyyyy"], test_labels=["x", None, "y"], **embeddings)
    model, asked = unigram_model([0.25] * 4), []

    def vectors(counts, embeddings=None):
        asked.append(embeddings)
        return counts.to_scipy()[:, [0, 2]].toarray().astype(float)

    model.vectors = vectors
    model.bound = lambda counts, embeddings: asked.append(embeddings) or np.zeros(3)
    label_figures(model, data)
    bound_figures(model, data)
    test, train, whole = asked
    assert np.array_equal(train, np.eye(12)[[0, *range(2, 12)]])
    assert np.array_equal(test, np.eye(3)[[0, 2]])
    assert np.array_equal(whole, np.eye(3))


def test_documents_of_one_word_leave_nothing_to_foresee(unigram_model):
    data = ComparisonData(counts(TRAIN), counts([[1, 0, 0, 0]]), ("a", "b", "c", "d"))
    assert completion_figures(unigram_model([0.25] * 4), data) == {}


def test_the_bound_a_token_and_its_error(unigram_model):
    model = unigram_model([0.25] * 4)
    assert bound_figures(model, plain()) == {}
    model.bound = lambda counts, embeddings: np.array([-6.0, -2.0, -8.0])
    found = bound_figures(model, plain())
    assert found["bound_per_token"] == pytest.approx(-16 / 9)
    assert found["perplexity_bound_corpus"] == pytest.approx(np.exp(16 / 9))
    residuals = [-6 + 3 * 16 / 9, -2 + 2 * 16 / 9, -8 + 4 * 16 / 9]
    assert found["bound_per_token_error"] == pytest.approx(np.sqrt(np.square(residuals).sum()) / 9)


def test_topics_that_are_themes_are_wholly_coherent():
    lists = np.array([[0, 1], [2, 3]])
    assert topic_figures(lists, plain()) == {"npmi_document": pytest.approx(1.0), "diversity": 1.0}
    tokens = np.array([0, 1] * 6 + [2, 3] * 6)
    ordered = plain(tokens=Block(tokens, np.arange(0, 25, 2)))
    assert topic_figures(lists, ordered) == {
        "npmi": pytest.approx(1.0),
        "npmi_document": pytest.approx(1.0),
        "c_v": pytest.approx(1.0),
        "diversity": 1.0,
    }


def test_labels_that_the_vectors_determine(unigram_model):
    model = unigram_model([0.25] * 4, vectors=lambda counts: counts.to_scipy()[:, [0, 2]].toarray().astype(float))
    labels = {"train_labels": ["x"] * 6 + ["y"] * 6, "test_labels": ["x", "x", "y"]}
    found = label_figures(model, plain(**labels))
    assert found == {
        "purity": 1.0,
        "nmi": pytest.approx(1.0),
        "kmeans_nmi": found["kmeans_nmi"],
        "kmeans_unit_nmi": pytest.approx(1.0),
        "probe_accuracy": 1.0,
        "precision_at_10": pytest.approx(0.6),
    }


def test_a_document_without_a_label_has_no_part(unigram_model):
    model = unigram_model([0.25] * 4, vectors=lambda counts: counts.to_scipy()[:, [0, 2]].toarray().astype(float))
    labels = {"train_labels": ["x"] * 5 + [None] + ["y"] * 6, "test_labels": ["x", None, "y"]}
    found = label_figures(model, plain(**labels))
    assert found["purity"] == 1.0
    assert found["precision_at_10"] == pytest.approx((5 / 10 + 6 / 10) / 2)
    assert label_figures(model, plain()) == {}
    assert label_figures(model, plain(train_labels=["x"] * 12, test_labels=[None] * 3)) == {}
    one = label_figures(model, plain(train_labels=["x"] * 12, test_labels=["x", "x", "y"]))
    assert set(one) == {"purity", "nmi", "kmeans_nmi", "kmeans_unit_nmi"}


def test_top_words_and_names(unigram_model):
    assert top_topic_words(unigram_model([0.1, 0.2, 0.3, 0.4])).tolist() == [[3, 2, 1, 0], [0, 1, 2, 3]]
    assert all(name == metric.name and metric.better in ("higher", "lower") for name, metric in METRICS.items())
