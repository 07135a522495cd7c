"""What topics explain, against the definition, one word of one document at a time."""

import numpy as np
import pytest
from scipy import sparse

from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.documents import responsibilities
from neuraltopic.topics.documents.responsibilities import ResponsibilityPrior, explained_documents

D, V, K = 9, 6, 3


@pytest.fixture
def corpus():
    random = np.random.default_rng(0)
    counts = random.integers(0, 4, (D, V))
    counts[2] = 0
    return counts, random.dirichlet(np.ones(K), D), random.normal(size=(K, V))


@pytest.mark.parametrize("sloped", [False, True])
@pytest.mark.parametrize("at_once", [1, 10**6], ids=["a document at a time", "all at once"])
def test_explained_documents_by_definition(corpus, monkeypatch, at_once, sloped):
    monkeypatch.setattr(responsibilities, "_AT_ONCE", at_once)
    counts, prior, R = corpus
    responsibility_prior = ResponsibilityPrior(
        prior, np.random.default_rng(1).uniform(0.2, 1.5, (D, K)) if sloped else None
    )
    expected = np.zeros((K, V))
    for d, w in zip(*counts.nonzero(), strict=True):
        slope = responsibility_prior.slope[d] if sloped else np.ones(K)
        weights = [prior[d, k] * np.exp(slope[k] * R[k, w]) for k in range(K)]
        expected[:, w] += np.array(weights) / sum(weights)
    found = explained_documents(responsibility_prior, R, Counts.from_scipy(sparse.csr_array(counts)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(found.sum(0), (counts > 0).sum(0), rtol=1e-6)


@pytest.mark.parametrize("at_once", [1, 10**6], ids=["a document at a time", "all at once"])
def test_words_of_a_short_document_go_by_its_claims_alone(corpus, monkeypatch, at_once):
    """(1 - a) r + a c / sum c, one word of one document at a time, of weights that do not sum to 1."""
    monkeypatch.setattr(responsibilities, "_AT_ONCE", at_once)
    counts, prior, R = corpus
    random = np.random.default_rng(2)
    prior, pooled = prior * random.uniform(0.5, 2.0, (D, 1)), random.uniform(0, 1, D)
    expected = np.zeros((K, V))
    for d, w in zip(*counts.nonzero(), strict=True):
        weights = prior[d] * np.exp(R[:, w])
        expected[:, w] += (1.0 - pooled[d]) * weights / weights.sum() + pooled[d] * prior[d] / prior[d].sum()
    responsibility_prior = ResponsibilityPrior(prior, pooled=pooled)
    found = explained_documents(responsibility_prior, R, Counts.from_scipy(sparse.csr_array(counts)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(found.sum(0), (counts > 0).sum(0), rtol=1e-6)


def test_topic_without_a_claim_has_no_word_however_much_likelier_it_would_be():
    """exp(-200) of the others is 0 in float32; between them it is as 1 to e."""
    R = np.array([[-1.0], [0.0], [200.0]])
    counts = Counts.from_scipy(sparse.csr_array(np.array([[1]])))
    found = explained_documents(ResponsibilityPrior(np.array([[0.5, 0.5, 0.0]])), R, counts)
    np.testing.assert_allclose(found, [[1 / (1 + np.e)], [np.e / (1 + np.e)], [0.0]], rtol=1e-6)


def test_word_far_from_the_only_topic_in_use():
    """exp(-200) is 0 in float32."""
    R = np.array([[-200.0], [0.0]])
    counts = Counts.from_scipy(sparse.csr_array(np.array([[1]])))
    np.testing.assert_allclose(
        explained_documents(ResponsibilityPrior(np.array([[1.0, 0.0]])), R, counts), [[1.0], [0.0]]
    )
