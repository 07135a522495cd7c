"""Models fitted before 2026-12 read words as they did."""

import unicodedata

import pytest

from neuraltopic.preprocessing.normalisation.word_rule import Dropped
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.tokenisation.version_1 import FirstWordRule, FirstWordTokeniser

LISTED = ["The", "do", "n't", "it", "'s", "ὁ"]


def rule(lemma=None, language="en", **settings) -> FirstWordRule:
    return FirstWordRule(Preprocessing(**{"min_length": 1, **settings}), LISTED, lemma, language)


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("Word", "word"),
        ("DON’Tx", "don'tx"),
        ("cafe\u0301", "café"),
        ("CAFÉ", "café"),
        ("co\u00adoperation", "cooperation"),
        ("мʼякий", "м'який"),
        ("ΣΟΦΟΣ", "σοφος"),  # the sigma at the end of a word is a final one
        ("Σοφός", "σοφός"),
        ("İstanbul", "istanbul"),
        ("I\u0307stanbul", "istanbul"),
        ("ILIK", "ilik"),
        ("हिन्दी", "हिन्दी"),
        ("தமிழ்", "தமிழ்"),
        ("اللُّغَةُ", "اللُّغَةُ"),
        ("我们喜欢主题模型", "我们喜欢主题模型"),
        ("STRASSE", "strasse"),
        ("straße", "straße"),
    ],
)
def test_the_spelling_of_a_word(form, word):
    assert rule()(form) == word


@pytest.mark.parametrize("form", ["ﬁle", "Ｔｏｋｙｏ", "كتـــاب", "ёлка", "don´t"])
def test_other_spellings_stay_apart(form):
    assert rule()(form) == form.lower()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don't l’homme don´t of\u200bfice", ["don't", "l’homme", "don", "t", "of", "fice"]),
        ("我们喜欢主题模型。很好", ["我们喜欢主题模型", "很好"]),
        ("می‌خواهم co\u00adoperation", ["می‌خواهم", "co\u00adoperation"]),
        ("see http://a.b/c and a@b.com", ["see", "and"]),
    ],
)
def test_the_words_of_a_text(text, expected):
    tokeniser = FirstWordTokeniser()
    assert list(tokeniser([text])) == [expected]
    assert tokeniser.identity == {"name": "words", "version": "1"}


@pytest.mark.parametrize(("form", "word"), [("İSTANBUL", "istanbul"), ("ILIK", "ılık"), ("iyi", "iyi")])
def test_turkish_has_two_letters_i(form, word):
    assert rule(language="tr")(form) == word


@pytest.mark.parametrize("form", ["the", "THE", "don't", "Don’t", "it's", "ὁ", "Ὁ"])
def test_stop_words_and_contractions_of_them_are_dropped_in_any_spelling(form):
    assert rule()(form) is Dropped.STOP_WORD
    assert rule(lowercase=False)(form) is Dropped.STOP_WORD


@pytest.mark.parametrize("form", ["john's", "n'the", "rock'n'roll"])
def test_other_words_with_apostrophes_stay(form):
    assert rule()(form) == form


def test_case_is_kept_on_request():
    assert rule(lowercase=False)("Apple") == "Apple"


@pytest.mark.parametrize("form", ["1993", "b2b", "1️⃣", "x²", "१२", "Ⅷ"])
def test_numbers_are_dropped_unless_asked_for(form):
    assert rule()(form) is Dropped.NUMBER
    assert rule(numbers=True, lowercase=False)(form) == form


def test_a_chinese_numeral_is_a_letter():
    assert rule()("一") == "一"


@pytest.mark.parametrize(("form", "kept"), [("ae", False), ("abe", True), ("abce", True), ("abcde", False)])
def test_length_is_counted_in_composed_characters(form, kept):
    checked = rule(min_length=3, max_length=4)
    assert checked(form) == (form if kept else Dropped.LENGTH)
    accented = form + "\u0301"
    assert checked(accented) == (unicodedata.normalize("NFC", accented) if kept else Dropped.LENGTH)


def test_the_lemma_is_spelt_and_filtered_like_a_word():
    lemmas = {"häuser": "Haus", "dies": "The", "ran": "go"}
    checked = rule(lemma=lambda word: lemmas.get(word, word), min_length=3)
    assert checked("Häuser") == "haus"
    assert checked("dies") is Dropped.STOP_WORD
    assert checked("ran") is Dropped.LENGTH
    assert checked("other") == "other"
