"""Each ranking by its definition, on two topics small enough to write down."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import rankdata

from neuraltopic.errors import UsageError
from neuraltopic.topics.interpretation import GaussianInterpretation, SimplexInterpretation, TopicWords
from neuraltopic.topics.words.distinct import distinct_scores
from neuraltopic.topics.words.ranking_names import RANKINGS, check_ranking
from neuraltopic.topics.words.word_scores import word_scores

R = np.array([[1.0, 0.0, -1.0], [-1.0, 0.0, 2.0]])
BIAS = np.log([0.3, 0.2, 0.5])
TOTALS = np.array([30.0, 90.0, 60.0])
STRENGTH = np.array([1.0, 2.0])
EXPLAINED = np.array([[6.0, 2.0, 0.0], [0.0, 2.0, 10.0]])
# (interpretation, what it has, p(w | topic), p(w))
GAUSSIAN = (GaussianInterpretation(), TopicWords(R, BIAS), softmax(BIAS + STRENGTH[:, None] * R, axis=1), np.exp(BIAS))
SIMPLEX = (
    SimplexInterpretation(),
    TopicWords(R, BIAS, EXPLAINED),
    (EXPLAINED + np.array([0.3, 0.2, 0.5])) / [[9.0], [13.0]],
    np.array([0.3, 0.2, 0.5]),
)


def frex_of(p):
    own = p / p.sum(0)
    return 2.0 / (1.0 / (rankdata(own, axis=1) / 3) + 1.0 / (rankdata(p, axis=1) / 3))


DEFINITIONS = {
    "energies": lambda p, unigram: R,
    "probability": lambda p, unigram: p,
    "lift": lambda p, unigram: p / unigram,
    "frex": lambda p, unigram: frex_of(p),
    "relevance": lambda p, unigram: 0.6 * np.log(p) + 0.4 * np.log(p / unigram),
    "explained": lambda p, unigram: p * np.log(p / unigram),
}


def scores(ranking, case):
    interpretation, topics, *_ = case
    return word_scores(ranking, interpretation, topics, TOTALS, STRENGTH)


@pytest.mark.parametrize("ranking", DEFINITIONS)
def test_on_the_simplex(ranking):
    np.testing.assert_allclose(scores(ranking, SIMPLEX), DEFINITIONS[ranking](*SIMPLEX[2:]))


@pytest.mark.parametrize("ranking", [name for name in DEFINITIONS if name != "explained"])
def test_of_a_gaussian(ranking):
    np.testing.assert_allclose(scores(ranking, GAUSSIAN), DEFINITIONS[ranking](*GAUSSIAN[2:]))


@pytest.mark.parametrize("case", [GAUSSIAN, SIMPLEX])
def test_the_default_is_the_reading_s_own(case):
    interpretation, topics, *_ = case
    assert np.array_equal(scores("default", case), interpretation.word_weights(topics, TOTALS))
    assert set(RANKINGS) == {"default", "distinct", *DEFINITIONS}


@pytest.mark.parametrize("case", [GAUSSIAN, SIMPLEX])
def test_distinct_divides_the_words_of_the_default(case):
    assert np.array_equal(scores("distinct", case), distinct_scores(scores("default", case)))


def test_what_a_word_says_adds_up_to_the_divergence_of_the_topic():
    p, unigram = SIMPLEX[2:]
    kl = [np.sum(row * (np.log(row) - np.log(unigram))) for row in p]
    np.testing.assert_allclose(scores("explained", SIMPLEX).sum(1), kl)


def test_a_gaussian_explains_no_words():
    with pytest.raises(UsageError, match="ranking: expected one that the recipe has; got 'explained'"):
        scores("explained", GAUSSIAN)


@pytest.mark.parametrize("name", ["Lift", "", None, 3])
def test_no_such_ranking(name):
    with pytest.raises(UsageError, match="ranking: expected one of default, energies, probability, lift"):
        check_ranking(name)
