"""The start: topics of a corpus of themes that share no word, and the lift by hand."""

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfTransformer

from neuraltopic.models.initialisation import nmf_topics as topic_start
from neuraltopic.models.initialisation.nmf_topics import factorised, log_lift, nmf_topics
from neuraltopic.preprocessing.counts import Counts
from tests.parts import generator


@pytest.fixture
def counts():
    """Three themes of four words each, and every tenth document empty."""
    random = np.random.default_rng(0)
    dense = np.zeros((90, 12), np.int64)
    for d in range(90):
        if d % 10:
            dense[d, 4 * (d % 3) : 4 * (d % 3) + 4] = random.integers(1, 4, 4)
    return Counts.from_scipy(sparse.csr_array(dense))


@pytest.mark.parametrize("at_most", [10**6, 30], ids=["all documents", "a sample"])
def test_a_topic_is_found_for_each_theme(counts, monkeypatch, at_most):
    monkeypatch.setattr(topic_start, "_MOST_DOCUMENTS", at_most)
    topics = nmf_topics(counts, 3, generator())
    shares = topics.reshape(3, 3, 4).sum(2) / topics.sum(1, keepdims=True)
    assert sorted(shares.argmax(1)) == [0, 1, 2]
    assert shares.max(1).min() > 0.99
    assert np.array_equal(topics, nmf_topics(counts, 3, generator()))


@pytest.mark.parametrize(("few_documents", "n_steps"), [(20_000, 60), (40, 30), (1, 15)])
def test_topics_are_those_of_scikit_learn_after_as_many_steps(counts, monkeypatch, few_documents, n_steps):
    """81 documents: as few, about twice as many, and many more. With five topics for three themes each step tells."""
    monkeypatch.setattr(topic_start, "_FEW_DOCUMENTS", few_documents)
    seed = int(torch.randint(np.iinfo(np.int32).max, (), generator=generator()))
    filled = counts.to_scipy()[np.diff(counts.indptr) > 0]
    model = NMF(5, random_state=seed, max_iter=n_steps, tol=0.0)
    model.fit(TfidfTransformer().fit_transform(filled.astype(np.float32)))
    np.testing.assert_allclose(nmf_topics(counts, 5, generator()), model.components_, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("n_documents", "n_distinct", "expected"),
    [
        (1, 100.0, (1, 60)),
        (20_000, 100.0, (20_000, 60)),
        (10**6, 5.0, (20_000, 60)),
        (10**6, 20.0, (20_000, 60)),
        (10**6, 40.0, (40_000, 30)),
        (60_000, 80.0, (60_000, 20)),
        (10**6, 80.0, (80_000, 15)),
        (10**6, 1000.0, (100_000, 15)),
    ],
)
def test_more_of_long_documents_are_factorised_in_fewer_steps(n_documents, n_distinct, expected):
    assert factorised(n_documents, n_distinct) == expected


def test_more_topics_than_documents_or_words_are_a_start_too(counts):
    topics = nmf_topics(counts, 20, generator())
    assert topics.shape == (20, 12)
    assert torch.isfinite(log_lift(topics, np.full(12, 1 / 12))).all()


def test_log_lift_by_hand():
    """0.9 share / unigram + 0.1: of a word alone, one of a half share, none; a topic of nothing is the unigram."""
    unigram = np.array([0.5, 0.25, 0.25])
    found = log_lift(np.array([[0.0, 2.0, 0.0], [3.0, 3.0, 0.0], [0.0, 0.0, 0.0]]), unigram)
    expected = np.log([[0.1, 3.7, 0.1], [1.0, 1.9, 0.1], [1.0, 1.0, 1.0]]).T
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_log_lift_is_held_between_its_limits():
    unigram = np.array([1e-5, 1.0 - 1e-5])
    found = log_lift(np.array([[1.0, 0.0]]), unigram)
    assert found[0, 0] == 8.0
    assert found[1, 0] == pytest.approx(np.log(0.1))
    assert found.dtype == torch.float32


@pytest.mark.parametrize("seed", range(8))
def test_a_factorisation_without_error_is_a_start_too(seed):
    """As many topics as words: the squared error may round below zero."""
    dense = np.random.default_rng(seed).uniform(size=(40, 3))
    dense[dense < 0.6] = 0
    topics = nmf_topics(Counts.from_scipy(sparse.csr_array(dense)), 3, generator(seed))
    assert np.isfinite(topics).all()
