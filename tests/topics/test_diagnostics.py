"""Topics that say nothing, and topics that say what another said."""

import numpy as np

from neuraltopic.topics.diagnostics import inactive_topics, repeated_topics


def test_inactive_below_a_hundredth_of_a_nat():
    assert inactive_topics(np.array([0.0, 0.0099, 0.0101, 3.0])).tolist() == [True, True, False, False]


def test_repeats_share_six_of_ten_words_with_an_earlier_topic():
    first = np.arange(10)
    six, five = np.r_[first[:6], 20:24], np.r_[first[:5], 30:35]
    assert repeated_topics(np.array([first, six, five, six[::-1]])) == {1: 0, 3: 0}


def test_nothing_repeats_without_words():
    assert repeated_topics(np.zeros((3, 0), int)) == {}
