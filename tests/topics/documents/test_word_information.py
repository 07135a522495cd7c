"""Information of words about topics: by hand, and as the mutual information of words and topics."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import xlogy

from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.documents.word_information import PSEUDO_COUNT, documents_with_words, word_information


def test_documents_with_words_by_hand():
    """A repeated word counts once; blocks add up."""
    counts = Counts.from_scipy(sparse.csr_array(np.array([[3, 0, 1], [0, 0, 0], [1, 0, 0], [0, 0, 7]])))
    shares = np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75], [0.0, 1.0]], np.float32)
    expected = [[0.75, 0.0, 0.5], [1.25, 0.0, 1.5]]
    whole = documents_with_words([(shares, counts)], 2, 3)
    assert whole.tolist() == expected
    halves = [(shares[:2], counts.slice(0, 2)), (shares[2:], counts.slice(2, 4))]
    assert documents_with_words(halves, 2, 3).tolist() == expected


def test_information_by_hand():
    """A word of one topic, a word of both, a word in no document, a rare word of one topic."""
    documents, share = np.array([[92.0, 50.0, 0.0, 1.0], [0.0, 50.0, 0.0, 0.0]]), np.array([0.5, 0.5])
    found = word_information(documents, share)
    first, rare = 96 / 100, 5 / 9
    assert found[0] == pytest.approx(xlogy(first, 2 * first) + xlogy(1 - first, 2 * (1 - first)))
    assert found[1] == found[2] == 1e-3
    assert found[3] == pytest.approx(xlogy(rare, 2 * rare) + xlogy(1 - rare, 2 * (1 - rare)))
    assert found[0] == pytest.approx(0.5252, abs=1e-4)


def test_mean_information_is_the_mutual_information():
    """Of words and topics, with so many documents that the pseudo-count is nothing."""
    joint = np.random.default_rng(0).dirichlet(np.full(12, 0.5)).reshape(3, 4)
    of_words, of_topics = joint.sum(0), joint.sum(1)
    expected = xlogy(joint, joint / (of_topics[:, None] * of_words)).sum()
    found = word_information(1e12 * PSEUDO_COUNT * joint, of_topics)
    assert of_words @ found == pytest.approx(expected, rel=1e-9)


def test_a_topic_without_a_share_has_no_part():
    documents = np.array([[40.0, 10.0], [10.0, 40.0], [0.0, 0.0]])
    found = word_information(documents, np.array([0.5, 0.5, 0.0]))
    assert found.tolist() == word_information(documents[:2], np.array([0.5, 0.5])).tolist()


def test_one_topic_weighs_all_words_alike():
    assert word_information(np.array([[3.0, 100.0, 0.0]]), np.ones(1)).tolist() == [1e-3] * 3
