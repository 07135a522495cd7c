"""Dictionary forms of German words that are written with ss for ß, or with ß for ss."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache

import regex

_SHARP_S = regex.compile("ß|ss")
_MOST_PLACES = 4  # of ß or ss in a word whose spellings are tried: 16 of them
_BEFORE_VOWEL = regex.compile("ß[aeiouyäöü]")


class GermanLemmas:
    """The lemma of a word by a table that may know it in another spelling, or one of its spellings as another word.

    Capitals and Swiss texts have ss for ß (STRASSE, Strasse); texts from before 1996 have ß for ss at the end of a
    syllable (Fluß, gefaßt).

    Parameters
    ----------
    lemma : callable from str to str
        The lemma of any word, also by rules.
    table : mapping of str to str
        Words as they are written, with their lemmas.

    A word that the table does not know as it is written has the lemma of its first spelling there. Where the table
    gives lemmas that differ otherwise than by ß to a word s with ss and the same with ß, s is read as the word with ß

    - if its own entry is itself (äussernd), unless it is a noun with a vowel after ss: Masse is no Maß,
    - else, if more words of the table end in the lemma of the word with ß (Strasse: 314 in Straße, 4 in Strass; but
      Busse: 46 in Buße, 453 in Bus); of nouns only if that lemma keeps as much of the word (Russen is not from Ruß).

    The lemma of a word with ß must have the same letter before it: vermisst is not from vermeßen. A word with ß that
    no vowel follows may have the old spelling: it is read as the word with ss, unless the entry of that is itself.
    """

    def __init__(self, lemma: Callable[[str], str], table: Mapping[str, str]) -> None:
        self._lemma = lemma
        self._table = table
        self._n_endings = lru_cache(maxsize=None)(self._count_endings)

    def __call__(self, word: str) -> str:
        """Return the lemma of a word, with a capital if it is a noun."""
        if not _SHARP_S.search(word):
            return self._lemma(word)
        # Nouns have a capital, which a text may lack, and sentences begin with one.
        other_case = word.lower() if word[:1].isupper() else word.capitalize()
        for written in (word, other_case):
            entry = next((spelling for spelling in (written, *_spellings(written)) if spelling in self._table), None)
            if entry is not None:
                return self._of_entry(entry)
        return self._lemma(word)

    def _of_entry(self, entry: str) -> str:
        if "ß" not in entry:
            return next(
                (self._read(entry, twin) for twin in _spellings(entry) if twin in self._table), self._table[entry]
            )
        modern = entry.replace("ß", "ss")
        if modern in self._table and not _BEFORE_VOWEL.search(entry) and not self._is_itself(modern):
            return self._read(modern, entry)
        return self._table[entry]

    def _read(self, word: str, twin: str) -> str:
        """The lemma of a word with ss, of which the twin with ß is in the table too."""
        own, others = self._table[word], self._table[twin]
        sounds = [twin[place - 1 : place + 1] for place, letter in enumerate(twin) if letter == "ß"]
        if _folded(own) == _folded(others) or not any(sound.lower() in others.lower() for sound in sounds):
            return own
        is_noun, before_vowel = word[:1].isupper(), _BEFORE_VOWEL.search(twin)
        if self._is_itself(word):
            return own if is_noun and before_vowel else others
        if is_noun and not (before_vowel and _n_kept(others, word) >= _n_kept(own, word)):
            return own
        return others if self._n_endings(others) > self._n_endings(own) else own

    def _is_itself(self, entry: str) -> bool:
        return _folded(self._table[entry]) == _folded(entry)

    def _count_endings(self, lemma: str) -> int:
        return self._all_lemmas.count(f"{lemma.lower()}\n".encode())

    @cached_property
    def _all_lemmas(self) -> bytes:
        return "".join(f"{lemma.lower()}\n" for lemma in self._table.values()).encode()


def _spellings(word: str) -> Iterator[str]:
    """The other spellings of a word with ß and ss in any of their places."""
    between = _SHARP_S.split(word)
    if len(between) > _MOST_PLACES + 1:
        return
    for signs in itertools.product(("ß", "ss"), repeat=len(between) - 1):
        spelling = between[0] + "".join(map("".join, zip(signs, between[1:], strict=True)))
        if spelling != word:
            yield spelling


def _folded(word: str) -> str:
    return word.lower().replace("ß", "ss")


def _n_kept(lemma: str, word: str) -> int:
    """The number of letters with which both begin."""
    pairs = zip(_folded(lemma), _folded(word), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
