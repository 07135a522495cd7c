"""The tidy tables, cell by cell, on a model small enough to write down."""

import numpy as np
import pandas as pd

from neuraltopic.topics.tables import (
    TopicStatistics,
    documents_table,
    topic_labels,
    topic_statistics,
    topic_words_table,
    topics_table,
)
from neuraltopic.topics.words.ranking import frex, topic_log_probabilities

WORDS = ("moon", "orbit", "god", "faith", "team")
WEIGHTS = np.array([[3.0, 2.0, 0.0, -1.0, 0.5], [-1.0, 0.0, 2.0, 4.0, 0.1]])
VECTORS = np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 0.5], [-1.0, -1.0]])
SHARES = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.2], [0.5, 0.5]])
TOPICS = np.array([0, 1, 0, 0])
COPIES = np.ones(4)


def statistics():
    share = np.array([0.6, 0.4])
    return topic_statistics(VECTORS, TOPICS, share, np.array([0.5, 0.001]), ["a", "b", "c", "d"], COPIES, n_typical=2)


def test_statistics_by_hand():
    found = statistics()
    assert found.share.tolist() == [0.6, 0.4]
    assert found.n_documents.tolist() == [3, 1]
    np.testing.assert_allclose(found.strength, [np.sqrt((4 + 1 + 1) / 3), 3.0])
    assert found.typical == (("a", "c"), ("b", "c"))


def test_a_text_counts_as_often_as_it_has_rows():
    copies = np.array([1.0, 1.0, 3.0, 1.0])
    found = topic_statistics(VECTORS, TOPICS, np.array([0.6, 0.4]), np.zeros(2), "abcd", copies, n_typical=2)
    assert found.n_documents.tolist() == [5, 1]
    np.testing.assert_allclose(found.strength, [np.sqrt((4 + 3 * 1 + 1) / 5), 3.0])
    assert found.typical == (("a", "c"), ("b", "c"))


def test_topic_without_documents_has_the_strength_of_the_prior():
    assert topic_statistics(VECTORS, np.zeros(4, int), np.full(2, 0.5), np.zeros(2), "abcd", COPIES).strength[1] == 1.0


def test_statistics_come_back_from_json():
    found = TopicStatistics.from_dict(statistics().to_dict())
    assert found.to_dict() == statistics().to_dict()


def test_topic_words_table():
    b = np.log(np.full(5, 0.2))
    log_p = topic_log_probabilities(WEIGHTS, b, np.ones(2))
    table = topic_words_table(topic_labels(WEIGHTS, WORDS), WEIGHTS, log_p, b, WORDS, 2)
    assert list(table.columns) == ["topic", "label", "rank", "word", "weight", "frex", "lift"]
    assert table["topic"].tolist() == [0, 0, 1, 1]
    assert table["rank"].tolist() == [1, 2, 1, 2]
    assert table["word"].tolist() == ["moon", "orbit", "faith", "god"]
    assert table["weight"].tolist() == [3.0, 2.0, 4.0, 2.0]
    assert table["label"].tolist() == ["0_moon_orbit_team"] * 2 + ["1_faith_god_team"] * 2
    np.testing.assert_allclose(table["frex"], frex(log_p)[[0, 0, 1, 1], [0, 1, 3, 2]])
    np.testing.assert_allclose(table["lift"], np.exp(log_p)[[0, 0, 1, 1], [0, 1, 3, 2]] / 0.2)


def test_topics_table_flags_what_is_wrong():
    table = topics_table(np.vstack([WEIGHTS, WEIGHTS[1]]), WORDS, three_topics())
    assert table["topic"].tolist() == [0, 1, 2]
    # Five words in all: every list holds them all, and so repeats the first.
    assert table["flags"].tolist() == ["", "inactive, repeats 0", "unused, repeats 0"]
    assert table["words"][0] == "moon orbit team god faith"
    assert table["typical_documents"].tolist() == [["a", "c"], ["b"], []]


def three_topics():
    return TopicStatistics(
        np.array([0.5, 0.3, 0.2]),
        np.array([3, 1, 0]),
        np.ones(3),
        np.array([0.5, 0.001, 0.4]),
        (("a", "c"), ("b",), ()),
    )


def test_documents_table_keeps_every_row_in_its_place():
    ledger = pd.DataFrame({"row": range(3), "id": ["a", "x", "b"], "status": ["kept", "empty", "kept"]})
    table = documents_table(ledger, np.array([0, -1, 1]), np.array([0, 1]), np.ones(2), ["0_moon", "1_faith"])
    assert table["id"].tolist() == ["a", "x", "b"]
    assert table["topic"].tolist() == [0, pd.NA, 1]
    assert table["topic_label"].tolist()[::2] == ["0_moon", "1_faith"]
    assert table["topic_label"].isna().tolist() == [False, True, False]
    np.testing.assert_allclose(table["topic_weight"], [1.0, np.nan, 1.0])


def test_documents_table_without_any_counted_document():
    ledger = pd.DataFrame({"row": [0], "id": ["x"], "status": ["empty"]})
    table = documents_table(ledger, np.array([-1]), np.zeros(0, int), np.zeros(0), ["0", "1"])
    assert table["topic"].isna().all()
    assert table["topic_weight"].isna().all()


def test_documents_table_leaves_the_columns_of_the_corpus_alone():
    ledger = pd.DataFrame({"id": ["a"], "label": ["sport"], "topic": ["mine"], "topic_": ["too"]})
    table = documents_table(ledger, np.array([0]), TOPICS[:1], np.ones(1), ["0_moon", "1_faith"])
    assert list(table.columns) == ["id", "label", "topic__", "topic_", "topic", "topic_label", "topic_weight"]
    assert table.iloc[0].tolist() == ["a", "sport", "mine", "too", 0, "0_moon", 1.0]
