import unicodedata

import pytest

from neuraltopic.preprocessing.normalisation.word_rule import Dropped, WordRule
from neuraltopic.preprocessing.settings import Preprocessing

LISTED = ["The", "do", "n't", "it", "'s", "ὁ"]


def rule(lemma=None, language="en", **settings) -> WordRule:
    return WordRule(Preprocessing(**{"min_length": 1, **settings}), LISTED, lemma, language)


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
        ("اللُّغَةُ", "اللغة"),
        ("我们喜欢主题模型", "我们喜欢主题模型"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
    ],
)
def test_the_spelling_of_a_word(form, word):
    assert rule()(form) == word


@pytest.mark.parametrize(("form", "word"), [("İSTANBUL", "istanbul"), ("ILIK", "ılık"), ("iyi", "iyi")])
def test_turkish_has_two_letters_i(form, word):
    assert rule(language="tr")(form) == word


@pytest.mark.parametrize("form", ["the", "THE", "don't", "Don’t", "it's", "ὁ", "Ὁ"])
def test_stop_words_and_contractions_of_them_are_dropped_in_any_spelling(form):
    assert rule()(form) is Dropped.STOP_WORD
    assert rule(lowercase=False)(form) is Dropped.STOP_WORD


@pytest.mark.parametrize("form", ["n'the", "rock'n'roll"])
def test_other_words_with_apostrophes_stay(form):
    assert rule()(form) == form


def test_case_is_kept_on_request():
    assert rule(lowercase=False)("Apple") == "Apple"


@pytest.mark.parametrize(
    ("form", "word"), [("1993", "1993"), ("b2b", "b2b"), ("x²", "x2"), ("１２", "12"), ("१२", "१२")]
)
def test_numbers_are_dropped_unless_asked_for(form, word):
    assert rule()(form) is Dropped.NUMBER
    assert rule(numbers=True)(form) == word


def test_marks_without_a_letter_are_no_word():
    assert rule()("\u0640\u0640") is Dropped.LENGTH


def test_a_chinese_numeral_is_a_letter():
    assert rule()("一") == "一"


@pytest.mark.parametrize(("form", "kept"), [("ae", False), ("abe", True), ("abce", True), ("abcde", False)])
def test_length_is_counted_in_composed_characters(form, kept):
    checked = rule(min_length=3, max_length=4)
    assert checked(form) == (form if kept else Dropped.LENGTH)
    accented = form + "\u0301"
    assert checked(accented) == (unicodedata.normalize("NFC", accented) if kept else Dropped.LENGTH)


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ("我", True),
        ("학", False),
        ("학교", True),
        ("は", False),
        ("ねこ", True),
        ("ไป", True),
        ("go", False),
        ("ты", False),
    ],
)
def test_without_a_length_the_script_decides(form, kept):
    assert WordRule(Preprocessing(), [], None)(form) == (form if kept else Dropped.LENGTH)


def test_the_lemma_is_spelt_and_filtered_like_a_word():
    lemmas = {"häuser": "Haus", "dies": "The", "ran": "go"}
    checked = rule(lemma=lambda word: lemmas.get(word, word), min_length=3)
    assert checked("Häuser") == "haus"
    assert checked("dies") is Dropped.STOP_WORD
    assert checked("ran") is Dropped.LENGTH
    assert checked("other") == "other"


@pytest.mark.parametrize("apostrophe", "'’‘‛′´ʼʹˈ＇｀")
def test_every_apostrophe_makes_the_same_word(apostrophe):
    assert rule()(f"don{apostrophe}t") is Dropped.STOP_WORD
    assert rule()(f"Baker{apostrophe}s") == "baker"
    assert rule(language="fr")(f"l{apostrophe}hôpital") == "hôpital"


def test_a_stop_word_under_a_clitic_is_dropped():
    assert rule(language="fr")("d'it") is Dropped.STOP_WORD
    assert rule(language="en")("d'it") == "d'it"


def test_the_capital_of_a_german_noun_is_looked_up():
    lemmas = {"Mehl": "Mehl", "mehl": "mehlen", "MEHL": "wrong"}
    checked = rule(lemma=lambda word: lemmas.get(word, word), language="de")
    assert [checked(form) for form in ("Mehl", "mehl", "MEHL")] == ["mehl", "mehlen", "mehlen"]
    assert rule(lemma=lambda word: lemmas.get(word, word))("Mehl") == "mehlen"


def test_short_words_of_hiragana_are_grammar_where_stop_words_are_dropped():
    japanese = WordRule(Preprocessing(), ["の"], None, "ja")
    assert [japanese(form) for form in ("しま", "ので", "にんにく", "猫")] == [
        Dropped.STOP_WORD,
        Dropped.STOP_WORD,
        "にんにく",
        "猫",
    ]
    assert WordRule(Preprocessing(), [], None, "ja")("しま") == "しま"


def test_stop_words_are_compared_without_what_is_merged():
    listed = WordRule(Preprocessing(), ["außer", "её"], None, "de")
    assert listed("ausser") is Dropped.STOP_WORD
    assert listed("AUSSER") is Dropped.STOP_WORD
    assert listed("ее") is Dropped.STOP_WORD
