"""Dictionary forms of words: "topics" to "topic"."""

from collections.abc import Callable
from functools import cache

from neuraltopic.errors import UsageError, install_hint
from neuraltopic.preprocessing.languages.german_lemmas import GermanLemmas
from neuraltopic.preprocessing.languages.keyed_lemmas import KeyedLemmas

# One table for languages that differ in little but their script and some words.
_SERBO_CROATIAN = ("hr", "sr", "bs")


def has_lemmas(language: str) -> bool:
    """Whether there is a table for the language, and simplemma is installed."""
    try:
        return _table_name(language) in _tables()
    except ImportError:
        return False


def _table_name(language: str) -> str:
    return "hbs" if language in _SERBO_CROATIAN else language


def _tables() -> frozenset[str]:
    from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

    return frozenset(SUPPORTED_LANGUAGES)


@cache
def lemmatiser(language: str) -> Callable[[str], str]:
    """Return a function from a word to its lemma, by simplemma's table of the language.

    The table knows no context: "left" has one lemma, whether it is a direction or a deed.

    Raises
    ------
    UsageError
        When simplemma is not installed, or has no table for the language.
    """
    try:
        from simplemma import Lemmatizer
        from simplemma.strategies.dictionaries import DEFAULT_DICTIONARY_FACTORY

        tables = _tables()
    except ImportError as error:
        raise UsageError(
            "lemmas",
            expected="the package simplemma",
            got=str(error),
            hint=f"{install_hint()}, or switch lemmas off",
        ) from error
    name = _table_name(language)
    if name not in tables:
        raise UsageError(
            "language",
            expected=f"one with a table of lemmas ({', '.join(sorted(tables))})",
            got=repr(language),
            hint="Name one of these, or leave lemmas off",
        )
    table = Lemmatizer()

    def lemma(word: str) -> str:
        return str(table.lemmatize(word, lang=name))

    words = DEFAULT_DICTIONARY_FACTORY.get_dictionary(name)
    return GermanLemmas(lemma, words) if name == "de" else KeyedLemmas(lemma, words, language)
