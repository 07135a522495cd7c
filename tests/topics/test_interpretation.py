"""The readings by hand: shares, information, word weights."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax

from neuraltopic.topics.documents.document_weights import energy_shares
from neuraltopic.topics.interpretation import (
    DistinctInterpretation,
    EnergyInterpretation,
    GaussianInterpretation,
    SimplexInterpretation,
    TopicWords,
)
from neuraltopic.topics.words.ranking import top_words

EXPLAINED = np.array([[6.0, 2.0, 0.0], [0.0, 2.0, 10.0]])
TOPICS = TopicWords(np.array([[1.0, 0.0, -1.0], [-1.0, 0.0, 2.0]]), np.log([0.3, 0.2, 0.5]), EXPLAINED)
STRENGTH = np.array([1.0, 2.0])


def test_simplex_shares_are_z_itself():
    latents = np.array([[0.25, 0.75], [1.0, 0.0]], np.float32)
    assert np.array_equal(SimplexInterpretation().shares(latents, TOPICS), latents)


def test_nothing_is_known_of_even_shares():
    np.testing.assert_allclose(SimplexInterpretation().empty_document(4), [0.25] * 4)
    np.testing.assert_allclose(EnergyInterpretation(0.5).empty_document(4), [0.5] * 4)


def test_energies_are_relative_to_an_empty_document():
    """Of theta = (0.36, 0.36, 0.27, 0.01) at the power 1/2: above nothing, 1/2, on three axes."""
    z = np.sqrt([[0.36, 0.36, 0.27, 0.01]])
    difference = np.array([[0.1, 0.1, np.sqrt(0.27) - 0.5, -0.4]])
    topics = TopicWords(np.zeros((4, 5)), np.zeros(5), covariance=np.diag([1.0, 2.0, 30.0, 4.0]) + 0.02)
    interpretation = EnergyInterpretation(0.5)
    shares = energy_shares(difference, topics.covariance)
    np.testing.assert_allclose(interpretation.shares(z, topics), shares, rtol=1e-5)
    assert (shares[0, :3] > 0.05).all()


def test_what_rounding_leaves_of_nothing_is_nothing():
    topics = TopicWords(np.zeros((2, 3)), np.zeros(3), covariance=np.eye(2))
    z = EnergyInterpretation().empty_document(2)[None] + np.array([[2e-7, -1e-7]])
    assert EnergyInterpretation().shares(z, topics).tolist() == [[0.5, 0.5]]


def test_responsibility_prior():
    """Squared shares and R as it is; shares, half of R beside half of z R, shares alone for 8 tokens."""
    z, shares, lengths = np.array([[0.25, 0.75]] * 2), np.array([[0.4, 0.6]] * 2), np.array([5.0, 32.0])
    assert GaussianInterpretation().responsibility_prior(z, shares, lengths) is None
    plain, by_energies = (
        SimplexInterpretation().responsibility_prior(z, shares, lengths),
        EnergyInterpretation().responsibility_prior(z, shares, lengths),
    )
    np.testing.assert_allclose(plain.weights, [[0.16, 0.36]] * 2)
    assert plain.slope is None
    assert plain.pooled is None
    np.testing.assert_allclose(by_energies.weights, shares)
    np.testing.assert_allclose(by_energies.slope, [[0.625, 0.875]] * 2)
    np.testing.assert_allclose(by_energies.pooled, [1.0, 0.25])


def test_simplex_information_is_the_mutual_information_by_hand():
    """Half the documents are all of one topic, half of the other: log 2 in all. Alike documents tell nothing."""

    def information(shares):
        return SimplexInterpretation().information(np.zeros_like(shares), np.zeros_like(shares), shares)

    np.testing.assert_allclose(information(np.array([[1.0, 0.0], [0.0, 1.0]])), [math.log(2) / 2] * 2, rtol=1e-6)
    np.testing.assert_allclose(information(np.full((4, 2), 0.5)), 0.0, atol=1e-7)


@pytest.mark.parametrize(
    ("interpretation", "mean_length", "weight", "pseudo_count", "penalty"),
    [
        (SimplexInterpretation(), np.inf, 0.5, 4.0, 0.0),
        (SimplexInterpretation(), 5.0, 0.5, 4.0, 0.0),
        (EnergyInterpretation(), np.inf, 0.44, 8.0, 0.25),
        (EnergyInterpretation(), 32.0, 0.53, 8.0, 0.25),
        (EnergyInterpretation(), 8.0, 0.8, 8.0, 0.25),
        (EnergyInterpretation(), 0.0, 0.8, 8.0, 0.25),
    ],
)
def test_words_rank_by_relevance(interpretation, mean_length, weight, pseudo_count, penalty):
    """The unigram is 6/20, 4/20, 10/20; one word of it is added to each topic. What a word has less than in the other
    topic is lowered by that, to a power. Probability weighs more where documents are shorter, up to eight tokens."""
    unigram = np.array([0.3, 0.2, 0.5])
    first = (EXPLAINED[0] + unigram) / 9.0
    second = (EXPLAINED[1] + unigram) / 13.0
    weights = interpretation.word_weights(replace(TOPICS, mean_length=mean_length), np.ones(3))
    documents = EXPLAINED + unigram
    expected = np.stack([first, second]) / unigram ** (1.0 - weight) * documents / (documents + pseudo_count)
    expected *= np.minimum(expected / expected[::-1], 1.0) ** penalty
    np.testing.assert_allclose(np.exp(weights), expected)
    probabilities = np.exp(interpretation.log_probabilities(TOPICS, STRENGTH))
    np.testing.assert_allclose(probabilities, [first, second])
    np.testing.assert_allclose(probabilities.sum(1), 1.0)


def test_distinct_words_are_listed_once():
    """Word 1 is the second of both topics; the first accounts for a larger part of what it explains by it."""
    shared, weights = (
        interpretation.word_weights(TOPICS, np.ones(3))
        for interpretation in (EnergyInterpretation(), DistinctInterpretation())
    )
    assert top_words(shared, 2).tolist() == [[0, 1], [2, 1]]
    assert weights[1, 1] < min(weights[0, 0], weights[0, 1], weights[1, 2])


def test_word_of_no_document_counts_as_half_of_one():
    topics = TopicWords(TOPICS.components, TOPICS.bias, np.array([[6.0, 2.0, 0.0], [0.0, 2.0, 0.0]]))
    found = np.exp(SimplexInterpretation().log_probabilities(topics, STRENGTH))
    assert found[0, 2] == pytest.approx(0.5 / 10.5 / 9.0)
    assert np.isfinite(SimplexInterpretation().word_weights(topics, np.ones(3))).all()
    np.testing.assert_allclose(np.exp(SimplexInterpretation().log_unigram(topics)), np.array([6, 4, 0.5]) / 10.5)


def test_unigrams():
    np.testing.assert_allclose(np.exp(SimplexInterpretation().log_unigram(TOPICS)), [6 / 20, 4 / 20, 10 / 20])
    np.testing.assert_allclose(np.exp(GaussianInterpretation().log_unigram(TOPICS)), [0.3, 0.2, 0.5])


def test_gaussian_information_is_the_kl_by_hand():
    """Mean 2, variance e: (4 + e - 1 - 1) / 2."""
    found = GaussianInterpretation().information(np.array([[2.0]]), np.array([[math.e]]), np.ones((1, 1)))
    np.testing.assert_allclose(found, [(2 + math.e) / 2])


def test_gaussian_log_probabilities_are_the_energy_softmax_on_the_axis():
    found = GaussianInterpretation().log_probabilities(TOPICS, STRENGTH)
    expected = [log_softmax(TOPICS.bias + TOPICS.components[0]), log_softmax(TOPICS.bias + 2 * TOPICS.components[1])]
    np.testing.assert_allclose(found, expected)
