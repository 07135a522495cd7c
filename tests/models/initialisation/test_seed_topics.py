"""Topics to start from around seeds, against their definition on a small corpus."""

import math

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from neuraltopic.models.initialisation import seed_topics
from neuraltopic.models.initialisation.seed_topics import around_seeds, raise_seeds, seed_log_lift, seeded_topics
from neuraltopic.preprocessing.counts import Counts
from tests.parts import generator


@pytest.fixture(scope="module")
def dense():
    return np.random.default_rng(0).poisson(0.7, (40, 9)) * (np.arange(9) < 8)


def counts_of(dense):
    return Counts.from_scipy(sparse.csr_array(dense))


def test_around_seeds_is_the_weighted_mean_of_documents_with_two_of_them(dense):
    weighted = TfidfTransformer().fit_transform(dense).toarray()
    found = around_seeds(counts_of(dense), {0: (2, 5, 7), 3: (1,)}, generator())
    for row, columns in zip(found, [(2, 5, 7), (1,)], strict=True):
        total, mean = 0.0, np.zeros(9)
        for d in range(40):
            if np.count_nonzero(dense[d, list(columns)]) >= min(2, len(columns)):
                share = weighted[d, list(columns)].sum()
                total, mean = total + share, mean + share * weighted[d]
        np.testing.assert_allclose(row, mean / total, rtol=1e-12)


def test_seeds_that_no_document_has_together_count_alone_and_one_of_no_document_says_nothing():
    dense = np.array([[1, 0, 1, 0, 0], [0, 1, 0, 1, 0]])
    found = around_seeds(counts_of(dense), {0: (0, 1), 1: (4,)}, generator())
    np.testing.assert_allclose(found, [[0.5**0.5 / 2] * 4 + [0.0], [0.0] * 5])


def test_a_sample_of_many_documents_is_about_the_same(dense, monkeypatch):
    many = counts_of(np.tile(dense, (50, 1)))
    whole = around_seeds(many, {0: (2, 5)}, generator())
    monkeypatch.setattr(seed_topics, "_DOCUMENTS", 600)
    sample = around_seeds(many, {0: (2, 5)}, generator())
    assert np.array_equal(sample, around_seeds(many, {0: (2, 5)}, generator()))
    assert 0 < np.abs(sample - whole).max() < 0.05


def test_topics_close_to_the_seeds_are_taken_along_and_the_others_stay():
    """Three themes of three words, found as topics 0, 1, 2 with a fourth of all: seeds of the third at topic 1."""
    dense = np.kron(np.eye(3, dtype=int), np.ones((8, 3), int))
    themes = np.vstack([np.kron(np.eye(3), np.ones(3)), np.full(9, 0.5)])
    found = seeded_topics(themes, counts_of(dense), {1: (6, 7)}, generator())
    unit = themes / np.linalg.norm(themes, axis=1, keepdims=True)
    np.testing.assert_allclose(found[1] / np.linalg.norm(found[1]), unit[2], atol=1e-12)
    # Topic 1 makes room, and goes to where the seeded one came from.
    np.testing.assert_allclose(found[[0, 2, 3]], unit[[0, 1, 3]])


def test_a_theme_that_no_topic_is_about_takes_the_place_of_the_nearest():
    dense = np.kron(np.eye(3, dtype=int), np.ones((8, 3), int))
    topics = np.kron(np.eye(3), np.ones(3))[:2]
    topics[0, 8] = 0.2
    found = seeded_topics(topics, counts_of(dense), {0: (3,), 1: (6,)}, generator())
    np.testing.assert_allclose(found[0] / np.linalg.norm(found[0]), np.kron([0, 1, 0], np.ones(3)) / math.sqrt(3))
    np.testing.assert_allclose(found[1], np.kron([0, 0, 1], np.ones(3)) / math.sqrt(3), atol=1e-12)


def test_seeds_are_raised_to_the_lift_of_a_word_of_one_topic():
    lift = torch.tensor([[0.5, 2.0, 0.0], [3.0, 0.0, 0.0]])
    raised = raise_seeds(lift, {0: (0, 1), 2: (1,)})
    torch.testing.assert_close(raised, torch.tensor([[math.log(3), 2.0, 0.0], [3.0, 0.0, math.log(3)]]))
    assert lift[0, 0] == 0.5
    assert torch.equal(raise_seeds(lift, {}), lift)


def test_log_lift_of_seeded_topics_by_hand():
    """Two documents without a word in common: around word 0, words 0 and 2 have half each."""
    counts = counts_of(np.array([[1, 0, 1, 0], [0, 1, 0, 1]]))
    found = seed_log_lift(counts, {3: (0,)}, np.full(4, 0.25), 5, generator())
    other = math.log(0.1)
    expected = torch.tensor([[math.log(5)], [other], [math.log(0.9 * 2 + 0.1)], [other]])
    torch.testing.assert_close(found, expected)
