"""From a form in the text to the word that is counted, or the reason why none is."""

import unicodedata
from collections.abc import Callable, Iterable
from enum import StrEnum

import regex

from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.technical_words import is_name

_NUMBER = regex.compile(r"\p{N}")
_DOTLESS_I = ("tr", "az")  # where the capital of i is İ, and that of ı is I


class Dropped(StrEnum):
    """Why a form gives no word."""

    NUMBER = "with digits"
    STOP_WORD = "stop words"
    LENGTH = "too short or too long"


class WordRule:
    """Turns a form into its word: normalise, drop, lemmatise.

    Parameters
    ----------
    settings : Preprocessing
        What to drop and how to spell.
    stop_words : iterable of str
        Written in any way; compared in the normalised spelling and without case.
    lemma : callable from str to str, or None
        The dictionary form of a word.

    The answer depends on the form alone, so it is worked out once for each distinct form of a corpus.
    """

    def __init__(self, settings: Preprocessing, stop_words: Iterable[str], lemma: Callable[[str], str] | None) -> None:
        self.settings = settings
        self._lemma = lemma
        self._stop_words = frozenset(self.compared(word) for word in stop_words)

    def __call__(self, form: str) -> str | Dropped:
        """Return the word, or why there is none."""
        word = self._spelt(form)
        if not self.settings.numbers and _NUMBER.search(word) and not is_name(form):
            return Dropped.NUMBER
        if self._is_stop_word(word):
            return Dropped.STOP_WORD
        if self._lemma is not None:
            word = self._spelt(self._lemma(word))  # German lemmas come capitalised
            if self._is_stop_word(word):
                return Dropped.STOP_WORD
        # The letter of c# or f# says as much as a word.
        long_enough = len(word) >= self.settings.min_length or word.endswith("#")
        return word if long_enough and len(word) <= self.settings.max_length else Dropped.LENGTH

    def compared(self, form: str) -> str:
        """The spelling in which a form is compared with stop words."""
        return self._folded(normalised(form))

    def _spelt(self, form: str) -> str:
        word = normalised(form)
        return self._folded(word) if self.settings.lowercase else word

    def _folded(self, word: str) -> str:
        if self.settings.language in _DOTLESS_I:
            word = word.replace("I", "ı").replace("İ", "i")
        if word.isascii():
            return word.lower()
        # Elsewhere the capital İ becomes i and a dot above it, which no one writes.
        return unicodedata.normalize("NFC", word.lower().replace("i\u0307", "i"))

    def _is_stop_word(self, word: str) -> bool:
        if not self.settings.lowercase:
            word = self._folded(word)
        if word in self._stop_words:
            return True
        # Lists hold the parts of contractions, do and n't, since spaCy's tokeniser cuts them.
        return "'" in word and any(
            word[:cut] in self._stop_words and word[cut:] in self._stop_words for cut in range(1, len(word))
        )


class AsItIs:
    """Takes every form for a word but the stop words that were listed: the rule of texts that were cut before."""

    def __init__(self, stop_words: Iterable[str]) -> None:
        self._stop_words = frozenset(stop_words)

    def __call__(self, form: str) -> str | Dropped:
        """Return the form, or that it is a stop word."""
        return Dropped.STOP_WORD if form in self._stop_words else form

    def compared(self, form: str) -> str:
        """The form."""
        return form


def normalised(form: str) -> str:
    """Return one spelling for forms that look alike: composed accents, one apostrophe, no soft hyphens."""
    if form.isascii():
        return form
    form = form.replace("’", "'").replace("ʼ", "'").replace("\u00ad", "")
    return unicodedata.normalize("NFC", form)
