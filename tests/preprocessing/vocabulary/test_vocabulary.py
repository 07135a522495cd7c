import numpy as np
import pytest

from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.vocabulary.vocabulary import Vocabulary, choose_words

WORDS = ["rare", "often", "same", "also", "never"]
DF = np.array([1, 8, 4, 4, 0])


def chosen(**settings) -> list[str]:
    kept = choose_words(WORDS, DF, DF, 10, Preprocessing(**settings))
    return [WORDS[word] for word in kept]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"min_df": 1, "max_df": 1.0}, ["often", "also", "same", "rare"]),
        ({"min_df": 0.0, "max_df": 10}, ["often", "also", "same", "rare"]),
        ({"min_df": 4, "max_df": 1.0}, ["often", "also", "same"]),
        ({"min_df": 0.5, "max_df": 1.0}, ["often"]),
        ({"min_df": 1, "max_df": 0.4}, ["also", "same", "rare"]),
        ({"min_df": 1, "max_df": 3}, ["rare"]),
        ({"min_df": 1, "max_df": 1.0, "max_vocabulary": 2}, ["often", "also"]),
    ],
)
def test_thresholds_and_order(settings, expected):
    assert chosen(**settings) == expected


def test_when_nothing_is_left_the_error_says_which_threshold_removed_how_many():
    with pytest.raises(NeuralTopicError) as caught:
        chosen(min_df=5, max_df=0.45)
    assert "5 words, of which min_df=5 (at least 5 documents) removed 4" in str(caught.value)
    assert "max_df=0.45 (at most 4 documents) removed 1" in str(caught.value)


def test_a_vocabulary_is_looked_up_by_word():
    vocabulary = Vocabulary(["b", "a"], np.array([3, 2]), np.array([5, 2]))
    assert len(vocabulary) == 2
    assert vocabulary.index == {"b": 0, "a": 1}
    assert "a" in vocabulary
    assert "c" not in vocabulary
    assert (vocabulary.df.tolist(), vocabulary.cf.tolist()) == ([3, 2], [5, 2])
    assert repr(vocabulary) == "Vocabulary(2 words: b, a)"
    assert repr(Vocabulary("abcdef", np.ones(6), np.ones(6))) == "Vocabulary(6 words: a, b, c, d, e, ...)"
