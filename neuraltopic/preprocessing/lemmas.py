"""Dictionary forms of words: "topics" to "topic"."""

from collections.abc import Callable
from functools import cache

from neuraltopic.errors import UsageError


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
        from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES
    except ImportError as error:
        raise UsageError(
            "lemmas",
            expected="the package simplemma",
            got=str(error),
            hint='Install it with pip install "neuraltopic[lemmas]", or leave lemmas off',
        ) from error
    if language not in SUPPORTED_LANGUAGES:
        raise UsageError(
            "language",
            expected=f"one with a table of lemmas ({', '.join(sorted(SUPPORTED_LANGUAGES))})",
            got=repr(language),
            hint="Name one of these, or leave lemmas off",
        )
    table = Lemmatizer()
    return lambda word: table.lemmatize(word, lang=language)
