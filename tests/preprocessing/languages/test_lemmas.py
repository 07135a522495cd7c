import sys

import pytest

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.languages.lemmas import lemmatiser
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
    ],
)
def test_the_spellings_of_a_word_have_one_lemma(language, forms, key):
    rule = WordRule(Preprocessing(min_length=1), [], lemmatiser(language), language)
    assert {form: rule(form) for form in forms.split()} == dict.fromkeys(forms.split(), key)
