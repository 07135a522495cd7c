"""Lists that share no word, against what a stable division of the words must be."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from neuraltopic.topics.diversity import diversity
from neuraltopic.topics.words.distinct import distinct_scores
from neuraltopic.topics.words.ranking import top_words

SCORES = np.array([[9.0, 8.0, 1.0, 0.0], [7.0, 6.0, 5.0, 2.0]])


def test_a_word_that_two_topics_want_goes_to_the_higher_score():
    # Both want word 0: topic 0 has it for 9, topic 1 takes word 1. Then both want word 2, which topic 1 has for 5.
    assert top_words(distinct_scores(SCORES), 2).tolist() == [[0, 3], [1, 2]]


def test_words_of_a_topic_keep_their_scores_and_the_rest_are_below_them():
    found = distinct_scores(SCORES)
    assert found[0, [0, 3]].tolist() == [9.0, 0.0]
    assert found[1, [1, 2]].tolist() == [6.0, 5.0]
    assert found[0, [1, 2]].max() < SCORES.min()
    assert found[0, 1] > found[0, 2]  # in their order still


def test_one_that_is_refused_looks_further_in_the_same_round():
    scores = np.array([[3.0, 2.0, 1.0], [4.0, 3.0, 1.0], [5.0, 4.0, 1.5]])
    # Word 0 goes to topic 2, word 1 to topic 1, and topic 0 is left with word 2, in one round.
    assert top_words(distinct_scores(scores, rounds=1), 1).tolist() == [[2], [1], [0]]


def test_equal_scores_go_to_the_lower_topic():
    assert top_words(distinct_scores(np.array([[1.0, 0.0], [1.0, 0.0]]), rounds=1), 1).tolist() == [[0], [1]]


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(-5, 5, width=16)))
def test_the_division_is_stable(scores):
    K, V = scores.shape
    rounds = V // K
    lists = top_words(distinct_scores(scores), rounds)
    if rounds:
        assert diversity(lists) == 1.0
    taken_by = {word: topic for topic in range(K) for word in lists[topic].tolist()}
    for topic in range(K):
        order = scores[topic, lists[topic]]
        assert (np.diff(order) <= 0).all()
        for round_, score in enumerate(order):
            for word in np.flatnonzero(scores[topic] > score):
                # A word that it would rather have had was taken earlier, or in the same round for more.
                other = taken_by[int(word)]
                when = lists[other].tolist().index(word)
                assert when < round_ or (when == round_ and scores[other, word] >= scores[topic, word])
