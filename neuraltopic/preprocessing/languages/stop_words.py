"""The stop words of a language, from spaCy's lists."""

import importlib.util
import runpy
from functools import cache
from pathlib import Path

from neuraltopic.errors import UsageError

# English contractions whose apostrophe is lost or was taken for a space; words that mean something, as ill and
# well, are not among them.
_WITHOUT_APOSTROPHE = """
arent cant couldnt didnt doesnt dont hadnt hasnt havent isnt mightnt mustnt neednt shouldnt wasnt werent wont wouldnt
didn doesn isn wasn weren wouldn couldn shouldn hasn hadn mustn needn im ive youre youve youd youll hes shes theyre
theyve theyd theyll weve thats whats heres theres lets itll thatll itd aint shant won't shan't ain't y'all
"""


@cache
def stop_word_languages() -> tuple[str, ...]:
    """Return the codes of the languages that have a list, sorted."""
    return tuple(sorted(path.parent.name for path in _languages_folder().glob("*/stop_words.py")))


@cache
def stop_words(language: str) -> frozenset[str]:
    """Return the stop words of `language` (spaCy's code, such as "en"), as they are spelt and misspelt.

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
    listed = frozenset(runpy.run_path(str(_languages_folder() / language / "stop_words.py"))["STOP_WORDS"])
    return listed | frozenset(_WITHOUT_APOSTROPHE.split()) if language == "en" else listed


def _languages_folder() -> Path:
    spec = importlib.util.find_spec("spacy")
    assert spec is not None  # a dependency of this package
    assert spec.origin is not None
    return Path(spec.origin).parent / "lang"
