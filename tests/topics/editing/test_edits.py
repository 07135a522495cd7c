"""Which topics of a model keep their words through edits."""

import pytest

from neuraltopic.topics.editing.edits import Drop, Junk, Merge, MoveWord, Rename, Reorder, Split, unchanged_topics


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([], [0, 1, 2, 3, 4]),
        ([Rename({1: "a"}), Junk((2,))], [0, 1, 2, 3, 4]),
        ([Merge(((3, 1),))], [0, None, 2, 4]),
        ([Merge(((0, 2), (3, 4)))], [None, 1, None]),
        ([Split(1)], [0, None, 2, 3, 4, None]),
        ([Drop((0, 3))], [1, 2, 4]),
        ([Reorder((4, 3, 2, 1, 0))], [4, 3, 2, 1, 0]),
        ([MoveWord("w", 0, 4)], [None, 1, 2, 3, None]),
        ([Drop((0,)), Reorder((3, 0, 1, 2)), Merge(((1, 2),)), Split(0)], [None, None, 3, None]),
    ],
)
def test_topics_whose_words_are_those_of_the_fit(operations, expected):
    assert unchanged_topics(5, operations) == expected
