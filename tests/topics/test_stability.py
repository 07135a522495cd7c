"""Topics of two models, paired."""

from itertools import permutations

import numpy as np
import pytest
from scipy.special import log_softmax

from neuraltopic.errors import UsageError
from neuraltopic.topics.overlap import rank_biased_overlap
from neuraltopic.topics.stability import align_topics, cosine


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (1, 1)])
def test_the_pairing_is_the_best_of_all(shape):
    similarity = np.random.default_rng(sum(shape)).random(shape)
    K, L = shape
    best = max(
        sum(similarity[i, j] for i, j in enumerate(order))
        if K <= L
        else sum(similarity[i, j] for j, i in enumerate(order))
        for order in permutations(range(max(shape)), min(shape))
    )
    found = align_topics(similarity)
    assert found.similarity.sum() == pytest.approx(best)
    assert found.agreement == pytest.approx(best / min(shape))
    np.testing.assert_array_equal(found.similarity, similarity[found.first, found.second])
    assert len(set(found.first)) == len(set(found.second)) == min(shape)


def test_the_greedy_pairing_is_not_always_the_best():
    found = align_topics(np.array([[0.9, 0.8], [0.8, 0.0]]))
    assert (found.second.tolist(), found.agreement) == ([1, 0], pytest.approx(0.8))


def test_the_same_topics_in_another_order_agree_wholly():
    rng = np.random.default_rng(0)
    log_probabilities = log_softmax(rng.normal(size=(6, 40)) * 3, axis=1)
    lists = np.argsort(-log_probabilities, axis=1)[:, :10]
    order = rng.permutation(6)
    for similarity in (
        cosine(log_probabilities, log_probabilities[order]),
        rank_biased_overlap(lists, lists[order]),
    ):
        found = align_topics(similarity)
        np.testing.assert_array_equal(order[found.second], found.first)
        np.testing.assert_allclose(found.similarity, 1.0)


def test_cosine_by_hand():
    first, second = np.log([[0.5, 0.5, 1e-300]]), np.log([[1.0, 1e-300, 1e-300], [0.25, 0.25, 0.5]])
    np.testing.assert_allclose(cosine(first, second), [[np.sqrt(0.5), np.sqrt(1 / 3)]])


def test_two_vocabularies():
    with pytest.raises(UsageError, match="one vocabulary; got 2 and 3 words"):
        cosine(np.zeros((1, 2)), np.zeros((1, 3)))


def test_no_topics():
    with pytest.raises(UsageError, match="topics: expected one or more"):
        align_topics(np.zeros((0, 3)))
