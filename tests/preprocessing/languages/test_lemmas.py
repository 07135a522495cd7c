import sys
from collections import defaultdict

import pytest

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.languages.lemmas import lemmatiser
from neuraltopic.preprocessing.normalisation.merging import merged
from neuraltopic.preprocessing.normalisation.spelling import folded
from neuraltopic.preprocessing.normalisation.word_rule import WordRule
from neuraltopic.preprocessing.settings import Preprocessing

pytest.importorskip("simplemma")


@pytest.mark.parametrize(
    ("language", "word", "lemma"),
    [
        ("en", "topics", "topic"),
        ("en", "qwxyz", "qwxyz"),
        ("de", "häuser", "Haus"),
        ("fr", "chevaux", "cheval"),
        ("hr", "kuće", "kuća"),
    ],
)
def test_lemmas(language, word, lemma):
    assert lemmatiser(language)(word) == lemma


def test_a_language_without_a_table_is_a_usage_error():
    with pytest.raises(UsageError, match=r"a table of lemmas \(ar, .*got 'ta'"):
        lemmatiser("ta")


def test_without_simplemma_the_error_names_the_package(monkeypatch):
    lemmatiser.cache_clear()
    monkeypatch.setitem(sys.modules, "simplemma", None)
    with pytest.raises(UsageError, match="pip install neuraltopic"):
        lemmatiser("en")


@pytest.mark.parametrize(
    ("language", "forms", "key"),
    [
        ("el", "θάλασσες ΘΆΛΑΣΣΕΣ ΘΑΛΑΣΣΕΣ", "θαλασσα"),
        ("el", "παιδιά ΠΑΙΔΙΆ ΠΑΙΔΙΑ παιδιού ΠΑΙΔΙΟΥ", "παιδι"),
        ("el", "Ξφγδ ΞΦΓΔ", "ξφγδ"),
        ("fr", "cœurs coeurs CŒURS cœur", "coeur"),
        ("ru", "ёлки елки ЁЛКИ", "елка"),
        ("ru", "чёрные черные ЧЁРНЫЕ", "черный"),
        ("ro", "știința ştiinţa ŞTIINŢA", "știință"),
        ("tr", "IŞIKLAR ışıklar", "ışık"),
        ("en", "encyclopædias encyclopaedias", "encyclopaedia"),
        ("fr", "œuvre oeuvre ŒUVRE œuvres oeuvres", "oeuvre"),
        ("fr", "allés ALLÉS", "aller"),
        ("fa", "می\u200cتوان میتوان", "توان"),
        ("ar", "نصيحة نصيحه", "نصيحه"),
    ],
)
def test_the_spellings_of_a_word_have_one_lemma(language, forms, key):
    rule = WordRule(Preprocessing(min_length=1), [], lemmatiser(language), language)
    assert {form: rule(form) for form in forms.split()} == dict.fromkeys(forms.split(), key)


@pytest.mark.parametrize("language", ["fa", "hi"])
def test_no_spelling_of_a_word_of_the_table_has_a_lemma_of_its_own(language):
    """Of 7,705 and 14,468 words with several spellings, 4,346 and 10,929 had several lemmas."""
    from simplemma.strategies.dictionaries import DEFAULT_DICTIONARY_FACTORY

    spellings = defaultdict(set)
    for entry in DEFAULT_DICTIONARY_FACTORY.get_dictionary(language):
        word = folded(entry, language)
        key = merged(word, language)
        if key != word:
            spellings[key] |= {key, word}
    assert len(spellings) > 5_000
    rule = WordRule(Preprocessing(min_length=1), [], lemmatiser(language), language)
    assert [forms for forms in spellings.values() if len({rule(form) for form in forms}) > 1] == []
