"""What is done about the languages of a corpus: detected or named, with stop words and lemmas for each."""

import warnings
from collections.abc import Callable, Iterable, Sequence

from neuraltopic.errors import NeuralTopicWarning
from neuraltopic.preprocessing.languages.corpus_languages import ANY_SCRIPT, FROM_CORPUS, FROM_LIST, NONE, Language
from neuraltopic.preprocessing.languages.detection import Found, detect
from neuraltopic.preprocessing.languages.function_words import function_words
from neuraltopic.preprocessing.languages.language_names import AUTO, language_name
from neuraltopic.preprocessing.languages.lemmas import has_lemmas
from neuraltopic.preprocessing.languages.stop_words import stop_word_languages, stop_words
from neuraltopic.preprocessing.normalisation.scripts import script_of
from neuraltopic.preprocessing.normalisation.spelling import folded, spelt
from neuraltopic.preprocessing.settings import Preprocessing

# Mean words of a document up to which dictionary forms are used, of languages other than English: tests/benchmarks.
SHORT_DOCUMENTS = 60
# Share of the documents sampled in another language from which on a language that was named is doubted.
_DOUBTFUL, _FEWEST_DOUBTFUL = 0.6, 5

Tokenise = Callable[[Iterable[str]], Iterable[list[str]]]


def choose_languages(settings: Preprocessing, sample: list[str], tokenise: Tokenise) -> tuple[Language, ...]:
    """The languages of a corpus of which `sample` holds the beginnings of some documents.

    Warns
    -----
    NeuralTopicWarning
        When a language has no stop words, or the one that was named is not that of the documents.
    """
    found = detect(sample, tokenise)
    if settings.language == AUTO:
        languages = [_language(language, settings) for language in found] or [_listed("en", "Latin")]
        if not any(language.script == "Latin" for language in languages):
            languages.append(_listed("en", "Latin"))  # of names and quotations
    else:
        _doubt(settings.language, found)
        documents = [forms for forms in tokenise(sample) if forms]
        languages = [_language(Found(settings.language, ANY_SCRIPT, documents, len(documents)), settings)]
    if settings.stop_words:
        for language in languages:
            _note_stop_words(language)
    return tuple(languages)


def _language(found: Found, settings: Preprocessing) -> Language:
    listed = _listed(found.code, found.script)
    words, source = listed.stop_words, listed.source
    if 2 * sum(map(_is_phrase, words)) >= len(words):  # of none, too
        found_words = function_words(_spelt(found))
        words, source = (found_words, FROM_CORPUS) if found_words else (words, source)
    lemmas, n_documents = _takes_lemmas(found, settings), len(found.documents)
    return Language(found.code, found.script, words, source, lemmas, n_documents, found.unsure)


def _is_phrase(entry: str) -> bool:
    """Whether an entry of a list of stop words is several words.

    A list of phrases, as that of Vietnamese, has single words that mean something: nước, water, is part of several.
    """
    return "_" in entry or " " in entry


def _listed(code: str, script: str) -> Language:
    if code not in stop_word_languages():
        return Language(code, script)
    return Language(code, script, tuple(sorted(stop_words(code))), FROM_LIST)


def _spelt(found: Found) -> list[list[str]]:
    """The words of documents in the language's own script."""
    return [
        [
            folded(spelt(form, found.code), found.code)
            for form in forms
            if found.script in (ANY_SCRIPT, script_of(form)) and not form.isdigit()
        ]
        for forms in found.documents
    ]


def _takes_lemmas(found: Found, settings: Preprocessing) -> bool:
    if settings.lemmas is not None:
        return settings.lemmas and (settings.language != AUTO or has_lemmas(found.code))
    if settings.spacy_pipeline is not None or found.code == "en" or not has_lemmas(found.code):
        return False
    n_words = sum(map(len, found.documents))
    return n_words <= SHORT_DOCUMENTS * max(1, len(found.documents))


def _doubt(named: str, found: Sequence[Found]) -> None:
    total = sum(len(language.documents) for language in found)
    if found and found[0].code != named and found[0].n_told >= max(_FEWEST_DOUBTFUL, _DOUBTFUL * total):
        _warn(
            f"language {named}: most documents look {language_name(found[0].code)}; "
            f"try language {found[0].code}, or leave the language out"
        )


def _note_stop_words(language: Language) -> None:
    if language.source == FROM_CORPUS:
        _warn(
            f"{language.name} has no list of single stop words: the {len(language.stop_words)} most common words of "
            f"the documents are dropped instead ({', '.join(language.stop_words[:8])} ...)"
        )
    elif language.source == NONE:
        _warn(f"{language.name} has no list of stop words: name them with extra_stop_words if topics are full of them")


def _warn(text: str) -> None:
    warnings.warn(text, NeuralTopicWarning, stacklevel=5)
