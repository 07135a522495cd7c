"""The readings by hand: shares, information, word weights."""

import math

import numpy as np
import pytest
from scipy.special import log_softmax

from neuraltopic.topics.ranking import top_words
from neuraltopic.topics.readings import DistinctReading, GaussianReading, SimplexReading, TopicWords

EXPLAINED = np.array([[6.0, 2.0, 0.0], [0.0, 2.0, 10.0]])
TOPICS = TopicWords(np.array([[1.0, 0.0, -1.0], [-1.0, 0.0, 2.0]]), np.log([0.3, 0.2, 0.5]), EXPLAINED)
STRENGTH = np.array([1.0, 2.0])


def test_simplex_shares_are_z_itself():
    latents = np.array([[0.25, 0.75], [1.0, 0.0]], np.float32)
    assert np.array_equal(SimplexReading().shares(latents, TOPICS), latents)


def test_shares_of_a_power_of_them():
    """Square roots of (0.36, 0.64) and (1, 0); what rounding left below 0, and nothing at all."""
    latents = np.array([[0.6, 0.8], [1.0, -1e-9], [0.0, 0.0]])
    expected = [[0.36, 0.64], [1.0, 0.0], [0.5, 0.5]]
    np.testing.assert_allclose(SimplexReading(0.5).shares(latents, TOPICS), expected, rtol=1e-6)
    nothing = SimplexReading(0.5).of_nothing(4)
    np.testing.assert_allclose(nothing, [0.5] * 4)
    np.testing.assert_allclose(SimplexReading(0.5).shares(nothing[None], TOPICS), [[0.25] * 4])


def test_information_of_a_power_of_the_shares_is_that_of_the_shares():
    shares = np.array([[0.9, 0.1], [0.3, 0.7]])
    found, expected = (
        reading.information(latents, np.zeros((2, 2)))
        for reading, latents in ((SimplexReading(0.5), np.sqrt(shares)), (SimplexReading(), shares))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_simplex_information_is_the_mutual_information_by_hand():
    """Half the documents are all of one topic, half of the other: log 2 in all. Alike documents tell nothing."""
    found = SimplexReading().information(np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros((2, 2)))
    np.testing.assert_allclose(found, [math.log(2) / 2] * 2, rtol=1e-6)
    np.testing.assert_allclose(SimplexReading().information(np.full((4, 2), 0.5), np.zeros((4, 2))), 0.0, atol=1e-7)


def test_simplex_words_rank_by_relevance():
    """The unigram is 6/20, 4/20, 10/20; one word of it is added to each topic."""
    unigram = np.array([0.3, 0.2, 0.5])
    first = (EXPLAINED[0] + unigram) / 9.0
    second = (EXPLAINED[1] + unigram) / 13.0
    weights = SimplexReading().word_weights(TOPICS, np.ones(3))
    documents = EXPLAINED + unigram
    expected = np.sqrt(np.stack([first, second]) ** 2 / unigram) * documents / (documents + 4.0)
    np.testing.assert_allclose(np.exp(weights), expected)
    probabilities = np.exp(SimplexReading().log_probabilities(TOPICS, STRENGTH))
    np.testing.assert_allclose(probabilities, [first, second])
    np.testing.assert_allclose(probabilities.sum(1), 1.0)


def test_distinct_words_are_those_of_the_simplex_each_listed_once():
    """Word 1 is the second of both topics; the first accounts for a larger part of what it explains by it."""
    shared, weights = (reading.word_weights(TOPICS, np.ones(3)) for reading in (SimplexReading(), DistinctReading()))
    assert top_words(shared, 2).tolist() == [[0, 1], [2, 1]]
    assert weights[0, 1] == shared[0, 1] > shared[1, 1]
    assert weights[1, 1] < shared.min()


def test_word_of_no_document_counts_as_half_of_one():
    topics = TopicWords(TOPICS.components, TOPICS.bias, np.array([[6.0, 2.0, 0.0], [0.0, 2.0, 0.0]]))
    found = np.exp(SimplexReading().log_probabilities(topics, STRENGTH))
    assert found[0, 2] == pytest.approx(0.5 / 10.5 / 9.0)
    assert np.isfinite(SimplexReading().word_weights(topics, np.ones(3))).all()
    np.testing.assert_allclose(np.exp(SimplexReading().log_unigram(topics)), np.array([6, 4, 0.5]) / 10.5)


def test_unigrams():
    np.testing.assert_allclose(np.exp(SimplexReading().log_unigram(TOPICS)), [6 / 20, 4 / 20, 10 / 20])
    np.testing.assert_allclose(np.exp(GaussianReading().log_unigram(TOPICS)), [0.3, 0.2, 0.5])


def test_gaussian_information_is_the_kl_by_hand():
    """Mean 2, variance e: (4 + e - 1 - 1) / 2."""
    found = GaussianReading().information(np.array([[2.0]]), np.array([[math.e]]))
    np.testing.assert_allclose(found, [(2 + math.e) / 2])


def test_gaussian_log_probabilities_are_the_energy_softmax_on_the_axis():
    found = GaussianReading().log_probabilities(TOPICS, STRENGTH)
    expected = [log_softmax(TOPICS.bias + TOPICS.components[0]), log_softmax(TOPICS.bias + 2 * TOPICS.components[1])]
    np.testing.assert_allclose(found, expected)
