"""Topics that say nothing, and topics that say what another said."""

import numpy as np

from neuraltopic.topics.diagnostics import collapse, inactive_topics, largest_part, live_topics, repeated_topics


def test_inactive_below_a_hundredth_of_a_nat():
    assert inactive_topics(np.array([0.0, 0.0099, 0.0101, 3.0])).tolist() == [True, True, False, False]


def test_repeats_share_six_of_ten_words_with_an_earlier_topic():
    first = np.arange(10)
    six, five = np.r_[first[:6], 20:24], np.r_[first[:5], 30:35]
    assert repeated_topics(np.array([first, six, five, six[::-1]])) == {1: 0, 3: 0}


def test_nothing_repeats_without_words():
    assert repeated_topics(np.zeros((3, 0), int)) == {}


def test_live_topics_by_hand():
    """A tenth of an even share of 4 topics is 0.025; 5 documents of 1,000, and 1 where there are only 9."""
    share, n = np.array([0.6, 0.024, 0.026, 0.35]), np.array([500, 100, 5, 4])
    assert live_topics(share, n).tolist() == [True, False, True, False]
    assert live_topics(share, np.array([6, 1, 2, 0])).tolist() == [True, False, True, False]


def test_largest_part_of_five_topics_or_more():
    assert largest_part(np.array([6, 1, 1, 1, 1])) == 0.6
    assert largest_part(np.array([5, 2, 1, 1, 1])) is None
    assert largest_part(np.array([9, 1])) is None
    assert largest_part(np.zeros(8, int)) is None


def test_collapse_names_what_is_wrong_and_what_to_try():
    K, words = 10, np.arange(100).reshape(10, 10)
    even, documents = np.full(K, 0.1), np.full(K, 100)
    assert collapse(even, documents, words) is None
    one_unused = np.r_[np.full(9, 100), 0]
    assert collapse(even, one_unused, words) is None, "a tenth of the topics may be unused"
    two_unused = np.r_[np.full(8, 100), 0, 0]
    assert "2 of 10 topics are not in use. The documents may support fewer topics: try 8" in collapse(
        even, two_unused, words
    )
    assert collapse(even, np.r_[1000, np.full(9, 10)], words).startswith("92% of the documents are assigned to one")
    repeated = np.tile(words[0], (K, 1))
    assert collapse(even, documents, repeated).startswith("9 of 10 topics repeat another.")
