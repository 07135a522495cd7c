"""Dictionary forms of words in a spelling that the table of lemmas does not have."""

from collections.abc import Callable, Mapping
from functools import cached_property

from neuraltopic.preprocessing.normalisation.merging import merged
from neuraltopic.preprocessing.normalisation.spelling import folded

# Capitals have no accents, which tables have.
_WITHOUT_ACCENTS = frozenset({"el"})


class KeyedLemmas:
    """The lemma of a word, or of another spelling of it (see `merged`) if the table does not have this one.

    Parameters
    ----------
    lemma : callable from str to str
        The lemma of any word, by the table or by rules.
    table : mapping of str to str
        Words as they are written, with their lemmas.
    language : str
        Code of the language.

    Where the table has several words that differ by their accents alone, a word without accents is the first of them.
    """

    def __init__(self, lemma: Callable[[str], str], table: Mapping[str, str], language: str) -> None:
        self._lemma = lemma
        self._table = table
        self._language = language

    def __call__(self, word: str) -> str:
        """Return the lemma of a word."""
        if word.isascii() or self._is_known(word):
            return self._lemma(word)
        key = merged(word, self._language)
        if key != word and self._is_known(key):
            return self._lemma(key)
        if self._language in _WITHOUT_ACCENTS and (entry := self._entries.get(key)) is not None:
            return self._table[entry]
        return self._lemma(word)

    def _is_known(self, word: str) -> bool:
        return word in self._table or word.capitalize() in self._table

    @cached_property
    def _entries(self) -> dict[str, str]:
        entries: dict[str, str] = {}
        for word in self._table:
            entries.setdefault(merged(folded(word, self._language), self._language), word)
        return entries
