"""From a form in the text to the word that is counted, or the reason why none is."""

from collections.abc import Callable, Iterable
from enum import StrEnum

import regex

from neuraltopic.preprocessing.normalisation.clitics import without_clitics
from neuraltopic.preprocessing.normalisation.merging import merged
from neuraltopic.preprocessing.normalisation.scripts import shortest_word
from neuraltopic.preprocessing.normalisation.spelling import folded, spelt
from neuraltopic.preprocessing.normalisation.technical_words import is_name, is_short_name
from neuraltopic.preprocessing.settings import Preprocessing

_NOUNS_IN_CAPITALS = ("de", "lb")
_IN_SYLLABLES = ("vi",)  # written with a blank between syllables: those of two letters say as much as others' words
_NUMBER = regex.compile(r"\p{N}")
# Particles and endings of Japanese, which segmenters cut in many ways; words of hiragana that mean something are longer
# or are written with other letters too.
_GRAMMAR = regex.compile(r"\p{Hiragana}{1,3}")


class Dropped(StrEnum):
    """Why a form gives no word."""

    NUMBER = "with digits"
    STOP_WORD = "stop words"
    LENGTH = "too short or too long"


class WordRule:
    """Turns a form into its word: spell, drop, take clitics off, lemmatise.

    Parameters
    ----------
    settings : Preprocessing
        What to drop and how to spell.
    stop_words : iterable of str
        Written in any way; compared in the spelling of words and without case.
    lemma : callable from str to str, or None
        The dictionary form of a word.
    language : str
        Code of the language of the form.

    The answer depends on the form alone, so it is worked out once for each distinct form of a corpus.
    """

    def __init__(
        self,
        settings: Preprocessing,
        stop_words: Iterable[str],
        lemma: Callable[[str], str] | None,
        language: str = "en",
    ) -> None:
        self.settings = settings
        self.language = language
        self._most_shortest = 2 if language in _IN_SYLLABLES else 3
        self._lemma = lemma
        self._stop_words = frozenset(self.compared(word) for word in stop_words)
        self._drops_grammar = language == "ja" and bool(self._stop_words)
        self._keeps_letters = lemma is None and folded("I", language) == "i"
        # Of words of ASCII letters.
        self._lowercase, self._longest, self._shortest_in_ascii = (
            settings.lowercase,
            settings.max_length,
            self._shortest("a"),
        )

    def __call__(self, form: str) -> str | Dropped:
        """Return the key of the word, which all its spellings have, or why there is no word."""
        if self._keeps_letters and form.isascii():
            if form.isalpha():  # most of the rule has nothing to do
                lowered = form.lower()
                if lowered in self._stop_words:
                    return Dropped.STOP_WORD
                word = lowered if self._lowercase else form
                return word if self._shortest_in_ascii <= len(word) <= self._longest else Dropped.LENGTH
            if form.isdigit() and not self.settings.numbers:
                return Dropped.NUMBER
        written = self.written(form)
        if isinstance(written, Dropped):
            return written
        word = self._merged(written)
        # The letter of c# or f# says as much as a word, and so does 3D.
        long_enough = len(word) >= self._shortest(word) or word.endswith("#") or is_short_name(form)
        return word if long_enough and len(word) <= self.settings.max_length else Dropped.LENGTH

    def written(self, form: str) -> str | Dropped:
        """Return the word in the spelling of the form, or why there is none but for its length."""
        written = self._spelt(form)
        word = self._cased(written)
        if not word:  # marks alone
            return Dropped.LENGTH
        if not self.settings.numbers and _NUMBER.search(word) and not is_name(form):
            return Dropped.NUMBER
        if self._is_stop_word(word):
            return Dropped.STOP_WORD
        alone = self._alone(word)
        if self._lemma is not None:
            looked_up = self._alone(written) if self._is_noun(written) else alone
            alone = self._cased(self._spelt(self._lemma(looked_up)))  # German lemmas come capitalised
        if alone != word and self._is_stop_word(alone):
            return Dropped.STOP_WORD
        return alone

    def compared(self, form: str) -> str:
        """The spelling in which a form is compared with stop words."""
        return self._key(self._spelt(form))

    def is_stop_word(self, form: str) -> bool:
        """Whether the form, as it stands in a text, is a stop word."""
        if self._keeps_letters and form.isascii() and form.isalpha():
            return form.lower() in self._stop_words
        return self._is_stop_word(self._cased(self._spelt(form)))

    def _is_stop_word(self, word: str) -> bool:
        word = self._key(word)
        if word in self._stop_words or (self._drops_grammar and _GRAMMAR.fullmatch(word)):
            return True
        # Lists hold the parts of contractions, do and n't, since spaCy's tokeniser cuts them.
        return "'" in word and any(
            word[:cut] in self._stop_words and word[cut:] in self._stop_words for cut in range(1, len(word))
        )

    def _cased(self, word: str) -> str:
        return folded(word, self.language) if self.settings.lowercase else word

    def _is_noun(self, written: str) -> bool:
        """Whether the capital of the form tells a noun from a verb: Mehl is flour, mehl a form of mehlen."""
        in_capitals = written.replace("ß", "").isupper()  # STRAßE is written by those who have no capital ß
        return self.language in _NOUNS_IN_CAPITALS and written[:1].isupper() and not in_capitals

    def _spelt(self, form: str) -> str:
        return spelt(form, self.language)

    def _key(self, word: str) -> str:
        return merged(folded(word, self.language), self.language)

    def _alone(self, word: str) -> str:
        # A segmenter that knows Korean has taken particles off: what is left of 고양이, a cat, ends in no particle.
        return word if self.settings.segmenter == "kiwi" else without_clitics(word, self.language)

    def _merged(self, word: str) -> str:
        return merged(word, self.language)

    def _shortest(self, word: str) -> int:
        return self.settings.min_length or min(self._most_shortest, shortest_word(word))


class AsItIs(WordRule):
    """Takes every form for a word but the stop words of the user: the rule of texts that were cut before."""

    def __call__(self, form: str) -> str | Dropped:
        """Return the form, or that it is a stop word."""
        return Dropped.STOP_WORD if form in self.settings.extra_stop_words else form

    def written(self, form: str) -> str | Dropped:
        """Return the form."""
        return form

    def compared(self, form: str) -> str:
        """The form."""
        return form

    def is_stop_word(self, form: str) -> bool:
        """Whether the user has listed the form."""
        return form in self.settings.extra_stop_words
