"""Shares of topics in documents: information along each axis, against the KL that it approximates."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from neuraltopic.topics.document_weights import document_weights, energy_variance


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, 20)), rng.normal(size=20)


def test_energy_variance_is_the_variance_under_the_unigram(model):
    R, b = model
    p = softmax(b)
    expected = [sum(p * (row - sum(p * row)) ** 2) for row in R]
    np.testing.assert_allclose(energy_variance(R, b), expected)


def test_half_square_times_variance_is_the_kl_to_second_order(model):
    R, b = model
    z = 1e-3
    for k in range(3):
        moved, still = log_softmax(b + z * R[k]), log_softmax(b)
        kl = np.sum(np.exp(moved) * (moved - still))
        assert kl == pytest.approx(0.5 * z**2 * energy_variance(R, b)[k], rel=1e-2)


def test_weights_by_hand():
    """9 * 1 and 1 * 4 on the positive side; the negative coordinate counts for nothing."""
    found = document_weights(np.array([[3.0, 1.0, -5.0]]), np.array([1.0, 4.0, 1.0]))
    np.testing.assert_allclose(found, [[9 / 13, 4 / 13, 0.0]], rtol=1e-6)


def test_document_without_a_positive_coordinate_is_shared_evenly():
    np.testing.assert_allclose(document_weights(-np.ones((1, 4)), np.ones(4)), 0.25)


def test_weights_do_not_change_with_the_scale_of_an_axis(model):
    R, b = model
    z = np.random.default_rng(1).normal(size=(5, 3))
    scale = np.array([0.1, 1.0, 7.0])
    stretched = document_weights(z * scale, energy_variance(R / scale[:, None], b))
    np.testing.assert_allclose(stretched, document_weights(z, energy_variance(R, b)), rtol=1e-5)
