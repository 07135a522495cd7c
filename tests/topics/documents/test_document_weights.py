"""Weights of topics in documents, against the KL and the variances of energies that they are parts of."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from neuraltopic.topics.documents.document_metric import energy_covariance
from neuraltopic.topics.documents.document_weights import axis_weights, energy_shares, energy_variance


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
    found = axis_weights(np.array([[3.0, 1.0, -5.0]]), np.array([1.0, 4.0, 1.0]))
    np.testing.assert_allclose(found, [[9 / 13, 4 / 13, 0.0]], rtol=1e-6)


def test_document_without_a_positive_coordinate_is_shared_evenly():
    np.testing.assert_allclose(axis_weights(-np.ones((1, 4)), np.ones(4)), 0.25)


def test_weights_do_not_change_with_the_scale_of_an_axis(model):
    R, b = model
    z = np.random.default_rng(1).normal(size=(5, 3))
    scale = np.array([0.1, 1.0, 7.0])
    stretched = axis_weights(z * scale, energy_variance(R / scale[:, None], b))
    np.testing.assert_allclose(stretched, axis_weights(z, energy_variance(R, b)), rtol=1e-5)


def test_energy_shares_are_parts_of_the_variance_of_the_energies(model):
    """Every term is positive here, and they sum to the variance over the words of the unigram."""
    R, b = model
    R[1] = R[0] + 0.3 * R[1]
    z = np.array([[0.7, 0.4, 0.0]])
    p = softmax(b)
    energies = (z @ R)[0]
    centred = energies - p @ energies
    terms = [z[0, k] * (p * centred * R[k]).sum() for k in range(3)]
    assert sum(terms) == pytest.approx((p * centred**2).sum())
    found = energy_shares(z, energy_covariance(R, b))
    np.testing.assert_allclose(found, [np.array(terms) / sum(terms)], rtol=1e-6)


def test_energy_shares_by_hand():
    """z^T G z = 3 (3 * 2 + 1) + 1 (3 + 2); topics that are less there than in nothing have no share."""
    covariance = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(energy_shares(np.array([[3.0, 1.0, 0.0]]), covariance), [[21 / 26, 5 / 26, 0.0]], 1e-6)
    np.testing.assert_allclose(energy_shares(np.array([[3.0, -1.0, -2.0]]), covariance), [[1.0, 0.0, 0.0]])


def test_energy_shares_leave_out_a_topic_whose_words_the_document_has_less_than_nothing_does():
    """G z is 0.55 and -0.4."""
    covariance = np.array([[1.0, -0.9], [-0.9, 1.0]])
    assert energy_shares(np.array([[1.0, 0.5]]), covariance).tolist() == [[1.0, 0.0]]


def test_z_decides_where_no_topic_has_a_part():
    """Two topics that are nearly one: at proportions of 0.1 and 0.9 and the power 0.85 G z is negative for both."""
    z = np.array([[0.1, 0.9]]) ** 0.85 - 0.5**0.85
    covariance = np.array([[1.0, 0.95], [0.95, 1.0]])
    assert (z @ covariance < 0).all()
    assert energy_shares(z, covariance).tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("z", [np.zeros((1, 4)), -np.ones((1, 4))])
def test_documents_of_nothing_are_shared_evenly(z):
    np.testing.assert_allclose(energy_shares(z, np.eye(4)), 0.25)


def test_topic_that_says_nothing_gets_nothing():
    z, covariance = np.array([[0.5, 0.5]]), np.diag([1.0, 0.0])
    np.testing.assert_allclose(energy_shares(z, covariance), [[1.0, 0.0]])
