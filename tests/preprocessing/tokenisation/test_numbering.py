"""Texts that go by arrays give the forms and the counts that they give one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.preprocessing.cleaning.plain_text import PlainText
from neuraltopic.preprocessing.cleaning.repair import Repair
from neuraltopic.preprocessing.tokenisation import numbering
from neuraltopic.preprocessing.tokenisation.cutter import Cutter
from neuraltopic.preprocessing.tokenisation.numbering import AsciiWords
from neuraltopic.preprocessing.tokenisation.token_stream import FormIds, numbered
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser
from tests.preprocessing.pieces import texts


@given(texts())
def test_texts_are_cleaned_together_as_they_are_one_by_one(texts):
    together, alone = PlainText(), PlainText()
    repair = Repair()
    assert list(together(texts)) == list(repair(map(alone.of, texts)))
    assert (together.found, together.joined) == (alone.found, alone.joined)
    assert together.repair.n_twice_decoded == repair.n_twice_decoded


def numbers(blocks):
    blocks = list(blocks)
    tokens = np.concatenate([block.tokens for block in blocks])
    assert all(block.bounds[0] == 0 and block.bounds[-1] == len(block.tokens) for block in blocks)
    return tokens.tolist(), np.concatenate([np.diff(block.bounds) for block in blocks]).tolist()


@given(texts().filter(bool), st.booleans())
def test_the_forms_and_their_numbers_are_those_of_the_tokeniser(texts, all_by_arrays):
    tokeniser, at_once, one_by_one = WordTokeniser(), FormIds(), FormIds()
    held, numbering._WORTH_IT = numbering._WORTH_IT, 0 if all_by_arrays else numbering._WORTH_IT
    try:
        found = numbers(Cutter(tokeniser).numbered([texts[:3], texts[3:]] if texts[3:] else [texts], at_once))
    finally:
        numbering._WORTH_IT = held
    assert found == numbers(numbered(tokeniser(texts), one_by_one))
    assert list(at_once) == list(one_by_one)


def test_words_that_share_a_place_in_the_table_or_are_long_stay_apart(monkeypatch):
    monkeypatch.setattr(numbering, "_SLOT_BITS", 2)
    monkeypatch.setattr(numbering, "_FEWEST_WORDS", 5)
    words = [f"{letter * length}{n}" for letter in "ab" for length in (1, 7, 8, 9, 15, 16, 17, 30) for n in range(3)]
    text = " ".join(words * 3)
    ids = FormIds()
    block = AsciiWords(ids)([text, "", text])
    assert list(ids) == words
    assert block.tokens.tolist() == list(range(len(words))) * 6
    assert np.diff(block.bounds).tolist() == [3 * len(words), 0, 3 * len(words)]


def test_numbers_start_afresh_when_the_forms_are_cleared():
    ids = FormIds()
    words = AsciiWords(ids)
    assert words(["one two one"]).tokens.tolist() == [0, 1, 0]
    ids.clear()
    assert words(["two three two"]).tokens.tolist() == [0, 1, 0]
    assert list(ids) == ["two", "three"]
