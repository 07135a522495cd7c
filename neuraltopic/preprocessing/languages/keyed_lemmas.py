"""Dictionary forms of words in a spelling that the table of lemmas does not have."""

from collections.abc import Callable, Mapping
from functools import cached_property

from neuraltopic.preprocessing.normalisation.merging import merged
from neuraltopic.preprocessing.normalisation.spelling import folded

# Texts often lack the marks or the ligatures that tables have, or have them where tables do not.
_OFTEN_UNMARKED = frozenset({"ar", "fa", "fr", "hi"})
# Capitals have no accents.
_UNMARKED_CAPITALS = frozenset({"el"})


class KeyedLemmas:
    """The lemma of a word, one for all spellings that are counted as one word (see `merged`).

    In Arabic, Persian, Hindi and French it is that of one entry for each merged spelling: rather a word without
    capitals, rather one that is its own lemma (œuvre before oeuvre, a form of oeuvrer), rather the merged spelling
    itself. In other languages it is that of the word where the table has it, else that of the merged spelling; in
    Greek, whose capitals lack the accents, else that of such an entry.

    Parameters
    ----------
    lemma : callable from str to str
        The lemma of any word, by the table or by rules.
    table : mapping of str to str
        Words as they are written, with their lemmas.
    language : str
        Code of the language.
    """

    def __init__(self, lemma: Callable[[str], str], table: Mapping[str, str], language: str) -> None:
        self._lemma = lemma
        self._table = table
        self._language = language
        self._by_entry = language in _OFTEN_UNMARKED

    def __call__(self, word: str) -> str:
        """Return the lemma of a word."""
        if not self._by_entry and (word.isascii() or self._is_known(word)):
            return self._lemma(word)
        key = self._key(word)
        if self._by_entry or self._language in _UNMARKED_CAPITALS:
            entry = self._entries.get(key)
            return self._lemma(word) if entry is None else self._table[entry]
        return self._lemma(key if self._is_known(key) else word)

    def _is_known(self, word: str) -> bool:
        return word in self._table or word.capitalize() in self._table

    def _key(self, word: str) -> str:
        return merged(folded(word, self._language), self._language)

    @cached_property
    def _entries(self) -> dict[str, str]:
        """The word of the table for each merged spelling."""
        entries: dict[str, str] = {}
        for word in self._table:
            key = self._key(word)
            other = entries.setdefault(key, word)
            if other != word and self._rank(word, key) < self._rank(other, key):
                entries[key] = word
        return entries

    def _rank(self, word: str, key: str) -> tuple[bool, bool, bool]:
        return word != word.lower(), self._key(self._table[word]) != key, word != key
