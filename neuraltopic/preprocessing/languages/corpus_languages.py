"""The languages of a corpus: which stop words and lemmas each has, and which of them a document is in."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.languages.language_names import language_name
from neuraltopic.preprocessing.languages.lemmas import lemmatiser
from neuraltopic.preprocessing.normalisation.scripts import script_of
from neuraltopic.preprocessing.normalisation.technical_words import ABBREVIATIONS
from neuraltopic.preprocessing.normalisation.word_rule import Dropped, WordRule
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.tokenisation.token_stream import Block, TokenStream

ANY_SCRIPT = "any"
FROM_LIST, FROM_CORPUS, NONE = "list", "corpus", "none"


@dataclass(frozen=True)
class Language:
    """A language of a corpus.

    Attributes
    ----------
    code : str
    script : str
        The script of its words; "any" where the user has named the language.
    stop_words : tuple of str
    source : str
        Where the stop words are from: "list", "corpus" or "none".
    lemmas : bool
        Whether its words are put into their dictionary form.
    n_documents : int
        Documents of the fit that are in it.
    unsure : bool
        Whether most of them do not look like any text in it.
    """

    code: str
    script: str
    stop_words: tuple[str, ...] = ()
    source: str = NONE
    lemmas: bool = False
    n_documents: int = 0
    unsure: bool = False

    @property
    def name(self) -> str:
        """English name."""
        return language_name(self.code)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return {**vars(self), "stop_words": list(self.stop_words)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Make the language that `to_dict` describes."""
        return cls(**{**fields, "stop_words": tuple(fields["stop_words"])})

    def facts(self) -> dict[str, Any]:
        """What run.json says of it."""
        return {
            "code": self.code,
            "name": self.name,
            "script": self.script,
            "documents": self.n_documents,
            "stop_words": len(self.stop_words),
            "stop_words_from": self.source,
            "lemmas": self.lemmas,
            "unsure": self.unsure,
        }


def rules_of(
    languages: Sequence[Language], settings: Preprocessing, kind: type[WordRule] = WordRule
) -> list["LanguageRule"]:
    """The rule by which each language's forms become words.

    Raises
    ------
    UsageError
        When lemmas are asked for and not there.
    """
    made_by: Any = kind  # a class is hashable, which mypy does not see
    return [_rule_of(language, settings, made_by) for language in languages]


# Spelling hundreds of stop words takes a millisecond, and each search needs the rule several times.
@lru_cache(maxsize=32)
def _rule_of(language: Language, settings: Preprocessing, kind: type[WordRule]) -> "LanguageRule":
    return LanguageRule(language, settings, kind)


class LanguageRule:
    """The rule of one language, and which forms are function words in it; it does not change."""

    def __init__(self, language: Language, settings: Preprocessing, kind: type[WordRule]) -> None:
        listed = settings.extra_stop_words
        if settings.stop_words:
            listed += (*language.stop_words, *ABBREVIATIONS)
        lemma = lemmatiser(language.code) if language.lemmas else None
        self.script = language.script
        self.word = kind(settings, listed, lemma, language.code)
        self.is_function_word = kind(settings, language.stop_words, None, language.code).is_stop_word


class WordsOfForms:
    """The word of each form in each language that its script is written in.

    Parameters
    ----------
    rules : sequence of LanguageRule
        Those of a script in the order of how many documents are in them. Forms of another script go by the first rule.

    A document is, for the words of each script, in the language that has most of its function words, the first of
    equals. Where no script has two languages, nothing is counted.

    Attributes
    ----------
    n_choices : int
        C, the most languages of one script.
    first : WordRule
        That of the first language.
    words : list of C lists
        Of language c of its script the word of each form, or why it is dropped.
    """

    def __init__(self, rules: Sequence[LanguageRule]) -> None:
        self._rules: dict[str, list[LanguageRule]] = {}
        self.position: list[tuple[str, int]] = []  # script and place within it, of each rule
        for rule in rules:
            of_script = self._rules.setdefault(rule.script, [])
            self.position.append((rule.script, len(of_script)))
            of_script.append(rule)
        self._scripts = list(self._rules)
        self._default = rules[0].script
        self.first = rules[0].word
        self.n_choices = max(map(len, self._rules.values()))
        self.clear()

    def clear(self) -> None:
        """Forget all forms."""
        self.words: list[list[str | Dropped]] = [[] for _ in range(self.n_choices)]
        self.scripts = np.zeros(0, np.int16)
        self._votes: list[NDArray[np.bool_]] = [np.zeros(0, bool) for _ in range(self.n_choices)]

    def add(self, forms: Iterable[str]) -> None:
        """Take the forms that come next in number."""
        if len(self._scripts) == 1 and self.n_choices == 1:
            word = self._rules[self._default][0].word
            self.words[0] += map(word, forms)
            return
        scripts: list[int] = []
        votes: list[list[bool]] = [[] for _ in range(self.n_choices)]
        for form in forms:
            script = self._script(form)
            scripts.append(self._scripts.index(script))
            rules = self._rules[script]
            for choice in range(self.n_choices):
                rule = rules[min(choice, len(rules) - 1)]
                self.words[choice].append(rule.word(form))
                votes[choice].append(len(rules) > 1 and choice < len(rules) and rule.is_function_word(form))
        self.scripts = np.append(self.scripts, np.array(scripts, np.int16))
        self._votes = [np.append(old, np.array(new, bool)) for old, new in zip(self._votes, votes, strict=True)]

    def _script(self, form: str) -> str:
        if ANY_SCRIPT in self._rules:
            return ANY_SCRIPT
        script = script_of(form)
        return script if script in self._rules else self._default

    @property
    def flat(self) -> list[str | Dropped]:
        """The words of form f by choice c at c * F + f, as `resolved` numbers them."""
        return [word for of_choice in self.words for word in of_choice]

    def spellings(self, forms: Sequence[str], stream: TokenStream, keys: Container[str]) -> dict[str, str]:
        """The most frequent spelling of each of some words, where that is not the key of the word.

        Parameters
        ----------
        forms : sequence of F str
            Those that were added.
        stream : TokenStream
            Of numbers as `resolved` gives them.
        keys : container of str
            The words.
        """
        counts = np.zeros(self.n_choices * len(forms), np.int64)
        for block in stream:
            counts += np.bincount(block.tokens, minlength=len(counts))
        others = [place for place, form in enumerate(forms) if not form.isascii()]
        # The words of which a form is spelt otherwise than the key, then all spellings of these.
        tally: dict[str, Counter[str]] = {}
        for choice, words in enumerate(self.words):
            for place in others:
                key = words[place]
                if counts[choice * len(forms) + place] and key in keys and self._written(forms[place], choice) != key:
                    tally.setdefault(key, Counter())
        for choice, words in enumerate(self.words if tally else ()):
            for place, key in enumerate(words):
                if key.__class__ is str and key in tally:
                    count = int(counts[choice * len(forms) + place])
                    if count:
                        tally[key][self._written(forms[place], choice)] += count
        return {key: min(found, key=lambda written: (-found[written], written)) for key, found in tally.items()}

    def _written(self, form: str, choice: int) -> str | Dropped:
        """The spelling of a form in a language of its script."""
        rules = self._rules[self._script(form)]
        return rules[min(choice, len(rules) - 1)].word.written(form)

    def resolved(self, stream: TokenStream, path: Path) -> TokenStream:
        """The stream with a number for each form and choice, written to `path`; itself where there is no choice."""
        if self.n_choices == 1:
            return stream
        n_forms = len(self.words[0])
        return TokenStream(path, (Block(self.chosen(block) * n_forms + block.tokens, block.bounds) for block in stream))

    def choices(self, block: Block) -> NDArray[np.intp]:
        """The language of each document for each script, (B, number of scripts), as its place in the script."""
        n_documents = len(block.bounds) - 1
        chosen = np.zeros((n_documents, len(self._scripts)), np.intp)
        cells = _documents_of(block) * len(self._scripts) + self.scripts[block.tokens]
        votes = np.stack(
            [
                np.bincount(cells[of_language[block.tokens]], minlength=chosen.size).reshape(chosen.shape)
                for of_language in self._votes
            ]
        )
        return votes.argmax(axis=0)

    def chosen(self, block: Block) -> NDArray[np.intp]:
        """The choice for each token, (N,)."""
        if self.n_choices == 1:
            return np.zeros(len(block.tokens), np.intp)
        return self.choices(block)[_documents_of(block), self.scripts[block.tokens]]

    def documents_of_languages(self, stream: TokenStream) -> list[int]:
        """How many documents are in the language of each rule: by the script of most of its forms."""
        if len(self.position) == 1:
            return [stream.n_documents]
        counts = np.zeros((len(self._scripts), self.n_choices), np.int64)
        for block in stream:
            n_documents, n_scripts = len(block.bounds) - 1, len(self._scripts)
            cells = _documents_of(block) * n_scripts + self.scripts[block.tokens]
            script = (
                np.bincount(cells, minlength=n_documents * n_scripts).reshape(n_documents, n_scripts).argmax(axis=1)
            )
            choice = self.choices(block)[np.arange(n_documents), script]
            filled = np.diff(block.bounds) > 0
            np.add.at(counts, (script[filled], choice[filled]), 1)
        return [int(counts[self._scripts.index(script), choice]) for script, choice in self.position]


def _documents_of(block: Block) -> NDArray[np.intp]:
    """The document of each token, (N,)."""
    return np.repeat(np.arange(len(block.bounds) - 1), np.diff(block.bounds))
