"""The stop words of a language, from spaCy's lists."""

import importlib.util
import runpy
from pathlib import Path

from neuraltopic.errors import UsageError


def stop_word_languages() -> list[str]:
    """Return the codes of the languages that have a list, sorted."""
    return sorted(path.parent.name for path in _languages_folder().glob("*/stop_words.py"))


def stop_words(language: str) -> frozenset[str]:
    """Return the stop words of `language` (spaCy's code, such as "en"), as spaCy writes them.

    Raises
    ------
    UsageError
        When there is no list for the language.
    """
    languages = stop_word_languages()
    if language not in languages:
        raise UsageError(
            "language",
            expected=f"one with a stop-word list ({', '.join(languages)})",
            got=repr(language),
            hint="Name one of these, or switch stop words off",
        )
    # The file holds nothing but the list; importing it as a module would import all of spaCy, for seconds.
    return frozenset(runpy.run_path(str(_languages_folder() / language / "stop_words.py"))["STOP_WORDS"])


def _languages_folder() -> Path:
    spec = importlib.util.find_spec("spacy")
    assert spec is not None  # a dependency of this package
    assert spec.origin is not None
    return Path(spec.origin).parent / "lang"
