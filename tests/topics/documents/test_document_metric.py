"""The metric against its definition: energies over the unigram model, and what it does to topics of like words."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from neuraltopic.topics.documents.document_metric import DocumentMetric, energy_covariance
from neuraltopic.topics.documents.document_weights import energy_variance

RNG = np.random.default_rng(0)
R, B = RNG.normal(size=(4, 30)), RNG.normal(size=30)


def test_the_covariance_is_that_of_energies_over_the_unigram_model():
    found = energy_covariance(R, B)
    np.testing.assert_allclose(found, np.cov(R, aweights=softmax(B), ddof=0), rtol=1e-12)
    np.testing.assert_allclose(np.diag(found), energy_variance(R, B), rtol=1e-12)


def test_the_covariance_is_the_fisher_information_at_nothing():
    """Twice the KL from z = 0 to a small z, to second order."""
    z = 1e-4 * RNG.normal(size=4)
    p, log_p, log_q = softmax(B), log_softmax(B), log_softmax(z @ R + B)
    assert 2 * (p * (log_p - log_q)).sum() == pytest.approx(z @ energy_covariance(R, B) @ z, rel=1e-3)


def test_distances_are_those_of_z_and_of_the_energies_minus_their_mean_over_topics():
    """|v - v'|^2 = |z - z'|^2 + the mean square difference of the energies, in units of a topic's own."""
    metric = DocumentMetric.of(R, B)
    z = RNG.dirichlet(np.ones(4), 2) ** 0.5
    own = R - R.mean(0)
    difference = (z[0] - z[1]) @ own
    p = softmax(B)
    energies = (p * difference**2).sum() - (p @ difference) ** 2
    expected = np.square(z[0] - z[1]).sum() + energies / energy_variance(own, B).mean()
    v = metric.vectors(z)
    assert v.dtype == np.float32
    assert np.square(v[0] - v[1]).sum() == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(metric.latents(v), z, atol=1e-6)
    np.testing.assert_allclose(metric.root, metric.root.T, atol=1e-12)


def test_the_same_model_has_the_same_vectors():
    """For z on the simplex energies that all topics gain and b loses change no word's probability, and no vector."""
    common = 3.0 * RNG.normal(size=30)
    z = RNG.dirichlet(np.ones(4), 5)
    np.testing.assert_allclose(
        log_softmax(z @ (R + common) + B - common, axis=1), log_softmax(z @ R + B, axis=1), atol=1e-12
    )
    # The unigram model softmax(b) is part of the metric and is held, which b - c would move.
    np.testing.assert_allclose(
        DocumentMetric.of(R + common, B).vectors(z), DocumentMetric.of(R, B).vectors(z), atol=1e-6
    )


def test_topics_of_like_words_are_nearer_than_others():
    like = R.copy()
    like[1] = R[0] + 0.1 * R[1]
    corners = DocumentMetric.of(like, B).vectors(np.eye(4))
    near, far = (np.linalg.norm(corners[0] - corners[k]) for k in (1, 2))
    assert near < 0.8 * far
    assert corners.argmax(1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("components", [np.zeros((3, 5)), np.tile(np.arange(5.0), (3, 1)), np.ones((1, 1))])
def test_topics_that_say_nothing_or_the_same_leave_z_to_be_found(components):
    metric = DocumentMetric.of(components, np.zeros(components.shape[1]))
    z = RNG.dirichlet(np.ones(len(components)), 6)
    np.testing.assert_allclose(metric.latents(metric.vectors(z)), z, atol=1e-6)
