"""Rankings against their definitions, by hand and by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import log_softmax, softmax

from neuraltopic.topics.words.ranking import (
    frex,
    lift,
    penalise_shared_words,
    reliable_weights,
    top_words,
    topic_log_probabilities,
)


@given(hnp.arrays(np.float64, (3, 7), elements=st.integers(-3, 3).map(float)), st.integers(0, 9))
def test_top_words_is_a_stable_sort(scores, n):
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    np.testing.assert_array_equal(top_words(scores, n), expected)


def test_reliable_weights_by_hand():
    """Two words of equal probability: the mean is 1, so R is -1 and 1, shrunk by 30 / 60 and 90 / 120."""
    found = reliable_weights(np.array([[0.0, 2.0]]), np.zeros(2), np.array([30.0, 90.0]))
    np.testing.assert_allclose(found, [[-0.5, 0.75]])


def test_a_word_is_penalised_where_another_topic_has_more_of_it():
    """By half of what it lacks there; where two topics are level neither does."""
    scores = np.array([[4.0, 1.0, 2.0], [1.0, 3.0, 2.0], [2.0, 0.0, -2.0]])
    expected = [[4.0, 0.0, 2.0], [-0.5, 3.0, 2.0], [1.0, -1.5, -4.0]]
    np.testing.assert_allclose(penalise_shared_words(scores, 0.5), expected)
    np.testing.assert_array_equal(penalise_shared_words(scores, 0.0), scores)
    np.testing.assert_array_equal(penalise_shared_words(scores[:1], 0.5), scores[:1])


def test_topic_probabilities_are_the_energy_softmax_on_an_axis():
    rng = np.random.default_rng(0)
    R, b, strength = rng.normal(size=(3, 6)), rng.normal(size=6), np.array([0.0, 1.0, 2.5])
    found = np.exp(topic_log_probabilities(R, b, strength))
    for k in range(3):
        np.testing.assert_allclose(found[k], softmax(b + strength[k] * R[k]))
    np.testing.assert_allclose(lift(np.log(found), log_softmax(b))[0], 1.0)
    np.testing.assert_allclose(lift(np.log(found), log_softmax(b))[2], found[2] / softmax(b))


def test_frex_by_hand():
    """Topic 0 says word 0 most often, and shares of it: 0.5/0.6, 0.3/0.8, 0.2/0.6; ranks 3 2 1 and 3 2 1."""
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.5, 0.4]])
    found = frex(np.log(probabilities))
    np.testing.assert_allclose(found[0], [1.0, 0.5 * (2 / 3 + 2 / 3), 1 / 3])
    # Topic 1: frequency ranks 1 3 2, exclusivity 1/6, 5/8, 4/6 with ranks 1 2 3.
    np.testing.assert_allclose(found[1], [1 / 3, 1 / (0.5 / (2 / 3) + 0.5), 1 / (0.5 + 0.5 / (2 / 3))])


def test_frex_of_all_weight_on_frequency_is_the_rank_of_frequency():
    log_probabilities = log_softmax(np.random.default_rng(1).normal(size=(4, 9)), axis=1)
    found = frex(log_probabilities, exclusivity_weight=0.0)
    np.testing.assert_array_equal(found.argsort(1), log_probabilities.argsort(1))
    assert found.max() == pytest.approx(1.0)
