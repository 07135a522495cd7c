import difflib
import time
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.search.spelling import Spelling

letters = st.text("abcdé中国", min_size=1, max_size=7)


@given(st.lists(letters, min_size=1, max_size=40, unique=True), letters)
def test_near_words_are_those_of_difflib(words, word):
    comparable = [known for known in words if abs(len(known) - len(word)) <= 2]
    assert Spelling(words).near(word) == difflib.get_close_matches(word, comparable, 3, 0.75)


@pytest.mark.parametrize("word", ["", "zzz", "\ud800"])
def test_no_near_word(word):
    assert Spelling(["rocket", "moon"]).near(word) == []


def test_a_large_vocabulary_takes_no_pass_of_difflib():
    words = [
        f"{a}{b}{c}word{n}" for a in "abcdefghijklmnopqrst" for b in "abcdefghij" for c in "uvwxyz" for n in "0123"
    ]
    spelling = Spelling(words)
    assert spelling.near("qqqqqqqqq") == []
    # difflib looks at each of 4,800 words; the least of five, because the machine may be busy
    assert min(timeit.repeat(lambda: spelling.near("qqqqqqqqq"), time.process_time, repeat=5, number=1)) < 0.03
