"""Seed words: their shape, and the columns that they come to."""

import numpy as np
import pytest

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.seed_words import require_columns, seed_columns, seed_groups
from neuraltopic.reading.rows import Row

TEXTS = ["Orbit of the moon", "orbit and moon over New York", "the church of New York", "Café"]


@pytest.fixture(scope="module")
def preprocessor():
    made = Preprocessor(Preprocessing(min_df=1, max_df=1.0, phrases=True))
    # Distinct, by a number that no vocabulary keeps.
    made.fit_transform([Row(str(n), f"{text} n{n}", {}) for n, text in enumerate(TEXTS * 20)])
    return made


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        (None, {}),
        ({}, {}),
        ([], {}),
        ({7: ["god", "church"], 0: ("space",)}, {0: ("space",), 7: ("god", "church")}),
        ([["space", "space", " nasa "], ["god"]], {0: ("space", "nasa"), 1: ("god",)}),
        ({"7": ["god"], np.int64(2): {"space": 0}.keys()}, {2: ("space",), 7: ("god",)}),
    ],
)
def test_groups_of_words(given, groups):
    found = seed_groups(given, 8, str)
    assert found == groups
    assert list(found) == sorted(found)


def test_groups_of_columns():
    assert seed_groups({1: np.array([4, 2, 4])}, 2, int) == {1: (4, 2)}
    assert all(type(column) is int for column in seed_groups({1: np.array([4])}, 2, int)[1])


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ("space", str, "expected words by topic.*got 'space'"),
        (3, str, "expected words by topic.*got 3"),
        (["space", "nasa"], str, "got 'space'. Put the seeds of each topic into a list"),
        ({0: "space"}, str, "got 'space'. Put"),
        ({0: {"space": 1}}, str, "got {'space': 1}"),
        ({0: []}, str, "expected a seed for topic 0; got none"),
        ({0: [" "]}, str, "got ' ' among the seeds"),
        ({0: [3]}, str, "got 3 among the seeds"),
        ({0: ["space"]}, int, "expected column numbers by topic.*got 'space' among"),
        ({0: [True]}, int, "got True among"),
        ({0: [1.0]}, int, r"got 1\.0 among"),
        ({8: ["god"]}, str, "expected topics from 0 to 7; got 8"),
        ({-1: ["god"]}, str, "got -1"),
        ({True: ["god"]}, str, "got True"),
        ({"x": ["god"]}, str, "got 'x'"),
        ({"²": ["god"]}, str, "got '²'"),
        ({1.0: ["god"]}, str, r"got 1\.0"),
        ({3: ["god"], "3": ["church"]}, str, "expected topic 3 once; got it twice"),
        ([["god"]] * 9, str, "expected topics from 0 to 7; got 8"),
    ],
)
def test_another_shape_is_refused(given, kind, said):
    with pytest.raises(UsageError, match=f"^seed_words: .*{said}"):
        seed_groups(given, 8, kind)


def test_seeds_pass_the_preprocessing_of_the_documents(preprocessor):
    index = preprocessor.vocabulary.index
    groups = {0: ("ORBIT", "Moon", "orbit"), 3: ("New_York", "new york", "new_york", "cafe\u0301")}
    found = seed_columns(groups, preprocessor)
    assert found == {0: (index["orbit"], index["moon"]), 3: (index["new_york"], index["café"])}


def test_a_seed_that_is_not_in_the_vocabulary_is_named_with_what_is_near(preprocessor):
    with pytest.warns(NeuralTopicWarning) as warned:
        found = seed_columns({0: ("orbitt", "moon"), 2: ("church", "the", "qqq")}, preprocessor)
    index = preprocessor.vocabulary.index
    assert found == {0: (index["moon"],), 2: (index["church"],)}
    (message,) = {str(warning.message) for warning in warned}
    assert message.startswith("seed_words: left out")
    assert message.endswith("'orbitt' of topic 0 (near: orbit); 'the' of topic 2; 'qqq' of topic 2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("churhc", "mon"), "got none: 'churhc', 'mon'. Try church, moon."),
        (("xylophone",), "got none: 'xylophone'. Name other words, or lower min_df."),
    ],
)
def test_a_topic_without_a_seed_left_is_an_error(preprocessor, words, said):
    with pytest.raises(NeuralTopicError, match=f"seed_words of topic 3: expected a word of the vocabulary; {said}"):
        seed_columns({0: ("moon",), 3: words}, preprocessor)


def test_columns_are_of_the_counts():
    require_columns({0: (0, 9)}, 10)
    for column in (10, -1):
        with pytest.raises(UsageError, match=f"seed_words: expected columns from 0 to 9; got {column} for topic 4"):
            require_columns({4: (3, column)}, 10)
