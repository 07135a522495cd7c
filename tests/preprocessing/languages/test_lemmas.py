import sys

import pytest

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.languages.lemmas import lemmatiser

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
