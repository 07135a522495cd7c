"""Diversity, overlap and exclusivity by hand and by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from neuraltopic.errors import UsageError
from neuraltopic.topics.diversity import diversity, exclusivity, inverted_rbo, uniqueness
from neuraltopic.topics.overlap import jaccard, rank_biased_overlap

LISTS = (
    st.integers(1, 5)
    .flatmap(lambda n: st.lists(st.permutations(range(7)).map(lambda order: order[:n]), min_size=1, max_size=5))
    .map(np.array)
)


def rbo_by_definition(first, second, p):
    """The infinite sum of Webber et al., the agreement at the end going on as it is."""
    n = len(first)
    agreement = [len(set(first[:d]) & set(second[:d])) / d for d in range(1, n + 1)]
    agreement += [agreement[-1]] * 2000
    return (1 - p) * sum(a * p**d for d, a in enumerate(agreement))


@settings(max_examples=60)
@given(LISTS, st.sampled_from([0.5, 0.9]), st.randoms())
def test_overlaps_are_their_definitions(lists, p, random):
    others = lists[random.sample(range(len(lists)), len(lists))][:, ::-1]
    found, index = rank_biased_overlap(lists, others, p), jaccard(lists, others)
    for i, first in enumerate(lists.tolist()):
        for j, second in enumerate(others.tolist()):
            assert found[i, j] == pytest.approx(rbo_by_definition(first, second, p), abs=1e-9)
            assert index[i, j] == pytest.approx(len({*first} & {*second}) / len({*first} | {*second}))


def test_overlap_by_hand():
    """abc and bad: no common word at depth 1, two of two at depth 2, two of three at depth 3."""
    found = rank_biased_overlap(np.array([[0, 1, 2]]), np.array([[1, 0, 3], [0, 1, 2], [4, 5, 6]]), 0.5)
    np.testing.assert_allclose(found, [[2 / 3 * 0.125 + (0.25 + 2 / 3 * 0.125), 1.0, 0.0]])


def test_common_words_count_more_where_they_come_first():
    early, late = np.array([[0, 8, 9]]), np.array([[8, 9, 0]])
    one = np.array([[0, 1, 2]])
    assert rank_biased_overlap(one, early)[0, 0] > rank_biased_overlap(one, late)[0, 0] > 0
    assert jaccard(one, early) == jaccard(one, late) == 1 / 5


@pytest.mark.parametrize("persistence", [0.0, 1.0, float("nan")])
def test_bad_persistence(persistence):
    with pytest.raises(UsageError, match="persistence: expected a number above 0"):
        rank_biased_overlap(np.array([[0]]), np.array([[0]]), persistence)


@pytest.mark.parametrize("overlap", [rank_biased_overlap, jaccard])
def test_lists_of_two_lengths(overlap):
    with pytest.raises(UsageError, match="as many words in both; got 1 and 2"):
        overlap(np.array([[0]]), np.array([[0, 1]]))


def test_equal_topics_and_different_ones():
    equal, different = np.tile(np.arange(4), (5, 1)), np.arange(20).reshape(5, 4)
    assert diversity(equal) == pytest.approx(1 / 5)
    np.testing.assert_allclose(uniqueness(equal), 1 / 5)
    np.testing.assert_allclose(inverted_rbo(equal), 0.0, atol=1e-12)
    assert diversity(different) == 1.0
    assert diversity(different[:0]) == 0.0
    np.testing.assert_allclose(uniqueness(different), 1.0)
    np.testing.assert_allclose(inverted_rbo(different), 1.0)
    assert inverted_rbo(np.array([[3, 1]])).tolist() == [1.0]


@given(LISTS)
def test_each_topics_part_adds_up_to_the_diversity(lists):
    assert uniqueness(lists).mean() == pytest.approx(diversity(lists))
    assert diversity(lists) == pytest.approx(len({w for row in lists.tolist() for w in row}) / lists.size)


def test_inverted_rbo_is_the_mean_over_pairs():
    lists = np.array([[0, 1], [1, 0], [0, 2], [5, 6]])
    pairs = [rank_biased_overlap(lists[[i]], lists[[j]])[0, 0] for i in range(4) for j in range(i)]
    assert inverted_rbo(lists).mean() == pytest.approx(1 - np.mean(pairs))
    assert inverted_rbo(lists)[3] == 1.0


def test_exclusivity_by_hand():
    """Word 0: 0.6 of 0.8; word 1: 0.3 of 0.6; topic 1 has 0.3 of 0.6 and 0.5 of 0.6."""
    log_probabilities = np.log([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
    found = exclusivity(log_probabilities, np.array([[0, 1], [2, 1]]))
    np.testing.assert_allclose(found, [(0.75 + 0.5) / 2, (5 / 6 + 0.5) / 2])


def test_exclusivity_of_equal_topics_and_of_far_ones():
    equal = np.tile(log_softmax(np.arange(6.0)), (4, 1))
    np.testing.assert_allclose(exclusivity(equal, np.tile([5, 4], (4, 1))), 0.25)
    far = np.array([[0.0, -2000.0], [-2000.0, 0.0]])
    np.testing.assert_array_equal(exclusivity(far, np.array([[0], [1]])), [1.0, 1.0])
