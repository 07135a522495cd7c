"""The fitted state of a preprocessor, and its JSON form."""

import base64
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.languages.corpus_languages import ANY_SCRIPT, FROM_LIST, Language
from neuraltopic.preprocessing.normalisation.word_rule import Dropped
from neuraltopic.preprocessing.vocabulary.lexicon import Lexicon, Pair, phrase_of
from neuraltopic.preprocessing.vocabulary.vocabulary import Vocabulary

_PARTS = ("settings", "words", "df", "cf", "n_documents", "phrases", "stop_words", "tokeniser", "libraries")
# Parts of the current version; a state without them is of version 1.
_SECOND_PARTS = ("languages", "segmenter", "normalisation")
NORMALISATION = 2


@dataclass(frozen=True)
class Fitted:
    """State learned from a corpus.

    Attributes
    ----------
    vocabulary : Vocabulary
        The words that are counted.
    phrases : tuple of (str, str)
        Pairs that are joined; every one makes a word of the vocabulary.
    stop_words : tuple of str
        Of the user.
    languages : tuple of Language
        With their stop words as they were at the time: another version of spaCy has other lists.
    tokeniser : dict of str to str
        Name and version.
    n_documents : int
        Distinct documents with text; shares in min_df and max_df are of these.
    libraries : dict of str to str
        Versions of the libraries that determine the words.
    segmenter : dict of str to str
        Name and version of what cut scripts without spaces; empty where no text needed it.
    normalisation : int
        Version of the rules by which forms become words.
    pruned : uint32 array
        CRC-32 of the words of the corpus outside the vocabulary, ascending. They are recognised later without storing
        rare words of the documents. Empty in states of earlier versions.
    keys : dict of str to str
        The key of each word of the vocabulary, or of a phrase in it, that is shown in another spelling.
    """

    vocabulary: Vocabulary
    phrases: tuple[Pair, ...]
    stop_words: tuple[str, ...]
    languages: tuple[Language, ...]
    tokeniser: dict[str, str]
    n_documents: int
    libraries: dict[str, str]
    segmenter: dict[str, str] = field(default_factory=dict)
    normalisation: int = NORMALISATION
    pruned: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    keys: dict[str, str] = field(default_factory=dict)

    @cached_property
    def lexicon(self) -> Lexicon:
        """What counts the words of the vocabulary."""
        return Lexicon(self.vocabulary, self.phrases, self.keys)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "words": list(self.vocabulary.words),
            "df": self.vocabulary.df.tolist(),
            "cf": self.vocabulary.cf.tolist(),
            "n_documents": self.n_documents,
            "phrases": [list(pair) for pair in self.phrases],
            "keys": self.keys,
            "stop_words": list(self.stop_words),
            "languages": [language.to_dict() for language in self.languages],
            "tokeniser": self.tokeniser,
            "segmenter": self.segmenter,
            "normalisation": self.normalisation,
            "libraries": self.libraries,
            "pruned": base64.b64encode(self.pruned.astype("<u4").tobytes()).decode("ascii"),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Check what `to_dict` gave, and take it.

        Raises
        ------
        NeuralTopicError
            When a part is missing, of the wrong type, or disagrees with another.
        """
        first = not state.keys() & set(_SECOND_PARTS)
        for name in _PARTS if first else _PARTS + _SECOND_PARTS:
            _check(name, "to be there", name in state)
        _check("settings", "names and values", isinstance(state["settings"], dict))
        for name in ("words", "stop_words"):
            _check(name, "a list of words", _is_list_of(state[name], str))
        for name in ("df", "cf"):
            _check(name, "a list of whole numbers", _is_list_of(state[name], int))
        for name in ("tokeniser", "libraries", *(() if first else ("segmenter",))):
            _check(name, "names and versions", _is_mapping_of_strings(state[name]))
        keys = state.get("keys", {})
        _check("keys", "words and their keys", _is_mapping_of_strings(keys) and len(set(keys.values())) == len(keys))
        words, df, cf, n_documents = (state[name] for name in ("words", "df", "cf", "n_documents"))
        _check("n_documents", "a whole number", type(n_documents) is int)
        _check("words", "distinct words, one or more", 0 < len(words) == len(set(words)) and all(words))
        _check("df and cf", "one number per word", len(df) == len(cf) == len(words))
        sensible = all(0 < d <= min(c, n_documents) and c < 2**63 for d, c in zip(df, cf, strict=True))
        _check("df and cf", "0 < df <= cf and df <= n_documents", sensible)
        pairs = state["phrases"]
        _check("phrases", "pairs of words", isinstance(pairs, list) and all(map(_is_pair, pairs)))
        phrases = tuple((first, second) for first, second in pairs)
        joined = {phrase_of(pair) for pair in phrases}
        _check("phrases", "pairs that make words", len(joined) == len(phrases) and joined <= set(words))
        languages = (_first_language(state),) if first else _languages(state["languages"])
        version = state.get("normalisation", 1)
        _check("normalisation", f"a version up to {NORMALISATION}", version in range(1, NORMALISATION + 1))
        return cls(
            vocabulary=Vocabulary(words, df, cf),
            phrases=phrases,
            stop_words=tuple(state["stop_words"]),
            languages=languages,
            tokeniser=state["tokeniser"],
            n_documents=n_documents,
            libraries=state["libraries"],
            segmenter=state.get("segmenter", {}),
            normalisation=version,
            pruned=_decoded(state.get("pruned", "")),
            keys=keys,
        )

    def has_pruned(self, words: Iterable[str | Dropped]) -> NDArray[np.bool_]:
        """Whether the fit met each of these words and left it out, with an error of one in 10,000 or so."""
        found = digests(words)
        if not len(self.pruned):
            return np.zeros(len(found), bool)
        place = np.searchsorted(self.pruned, found)  # unlike isin fast where the words are few
        return self.pruned[np.minimum(place, len(self.pruned) - 1)] == found


def digests(words: Iterable[str]) -> NDArray[np.uint32]:
    """CRC-32 of each word."""
    return np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words], np.uint32)


def _decoded(text: object) -> NDArray[np.uint32]:
    _check("pruned", "digests of words", isinstance(text, str))
    try:
        return np.frombuffer(base64.b64decode(str(text), validate=True), "<u4").astype(np.uint32)
    except ValueError:
        _check("pruned", "digests of words", False)
        raise


def library_versions(lemmas: bool) -> dict[str, str]:
    """Return the versions of the libraries that decide about words, with dictionary forms or without."""
    names = ["regex", "spacy"] + (["simplemma"] if lemmas else [])
    return {name: version(name) for name in names}


def _first_language(state: Mapping[str, Any]) -> Language:
    """The language that a model of the first rules was fitted with, for which all its stop words were kept."""
    settings = state["settings"]
    code, lemmas = settings.get("language", "en"), settings.get("lemmas", False)
    _check("settings", "a language, and whether there are lemmas", type(code) is str and type(lemmas) is bool)
    return Language(code, ANY_SCRIPT, tuple(state["stop_words"]), FROM_LIST, lemmas, state["n_documents"])


def _languages(described: object) -> tuple[Language, ...]:
    """The languages that a state describes, one or more."""
    _check("languages", "a list of one or more", isinstance(described, list) and bool(described))
    types = {name: type(value) for name, value in Language("", "").to_dict().items()}
    listed = [{"unsure": False} | each if isinstance(each, dict) else each for each in cast(list[Any], described)]
    for fields in listed:  # earlier versions did not keep whether a language is unsure
        there = isinstance(fields, dict) and {name: type(value) for name, value in fields.items()} == types
        _check("languages", f"{', '.join(types)} of each", there and _is_list_of(fields["stop_words"], str))
    return tuple(map(Language.from_dict, listed))


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and _is_list_of(pair, str)


def _is_list_of(values: object, kind: type) -> bool:
    return isinstance(values, list) and all(type(value) is kind for value in values)


def _is_mapping_of_strings(mapping: object) -> bool:
    return isinstance(mapping, dict) and _is_list_of([*mapping, *mapping.values()], str)


def _check(name: str, expected: str, holds: bool) -> None:
    if not holds:
        raise NeuralTopicError(
            f"saved preprocessing, {name}",
            expected=expected,
            got="something else",
            hint="Fit again: this was not written by neuraltopic, or was changed",
        )
