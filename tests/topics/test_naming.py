"""Phrases and names, with scores by hand."""

import math

import pytest

from neuraltopic.topics.naming import PhraseCounts, name_of, phrases


def test_phrases_stay_within_clauses_and_known_words():
    found = list(phrases([["space", "shuttle", None, "launch"], ["pad", "pad"]]))
    assert found == [("space",), ("shuttle",), ("space", "shuttle"), ("launch",), ("pad",), ("pad",)]


def test_scores():
    counted = PhraseCounts(2)
    for _ in range(4):
        counted.add([["space", "shuttle"]], 0)
    counted.add([["space"]], 0)
    counted.add([["shuttle"], ["space"]], 1)
    counted.add([["bread"]], -1)
    best = dict(counted.best(0, 10))
    p, q = 4 / 5, 4 / 7
    assert best["space shuttle"] == pytest.approx(p * math.log(p / q) + p * math.log(p / (1.0 * 4 / 5)))
    assert best["space"] == pytest.approx(1.0 * math.log(1.0 / (6 / 7)))
    assert "bread" not in best
    assert next(iter(best)) == "space shuttle"


def test_names_share_no_word_and_end():
    best = [("supreme court", 3.0), ("court", 2.0), ("justice", 1.0), ("a very long phrase that is never added", 0.5)]
    assert name_of(best) == "supreme court, justice"
    assert name_of([]) is None
    assert name_of([("x" * 60, 1.0)]) == "x" * 60
