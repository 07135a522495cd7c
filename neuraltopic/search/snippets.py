"""The passage of a text that has most words of a query, and where they stand in it."""

from collections.abc import Callable, Collection, Sequence

import regex

WIDTH = 200
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’]*+")
_SPACE = regex.compile(r"\s+")
# Characters of a text that are looked through.
_LOOKED_THROUGH = 100_000
# Forms whose words are kept, about 20 MB of them.
_FORMS_HELD = 100_000

Span = tuple[int, int]


class Snippets:
    """Makes passages, and keeps what the forms in them come to.

    Parameters
    ----------
    words_of : callable
        The words of the vocabulary that each of some forms comes to.
    """

    def __init__(self, words_of: Callable[[Sequence[str]], Sequence[Collection[str]]]) -> None:
        self._words_of = words_of
        self._known: dict[str, Collection[str]] = {}

    def of(self, texts: Sequence[str], wanted: Collection[str]) -> list[tuple[str, tuple[Span, ...]]]:
        """Of each text a passage of at most `WIDTH` characters or a word, on a line, and where the wanted words stand.

        Parameters
        ----------
        texts : sequence of str
        wanted : collection of str
            Words of the vocabulary; one joined by _ stands for its words.
        """
        lines = [_SPACE.sub(" ", text[:_LOOKED_THROUGH]).strip() for text in texts]
        spans = [[(found.start(), found.end()) for found in _WORD.finditer(line)] for line in lines]
        forms = {line[start:stop] for line, of_line in zip(lines, spans, strict=True) for start, stop in of_line}
        parts = {part for word in wanted for part in (word, *word.split("_"))}
        marked = {form for form, words in self._words(forms).items() if parts & {form.lower(), *words}}
        return [_passage(line, of_line, marked) for line, of_line in zip(lines, spans, strict=True)]

    def _words(self, forms: set[str]) -> dict[str, Collection[str]]:
        """The words that each form comes to."""
        known = self._known
        found = {form: known[form] for form in forms if form in known}
        new = sorted(forms - found.keys())
        if new:
            learned = dict(zip(new, self._words_of(new), strict=True))
            if len(known) + len(new) > _FORMS_HELD:
                self._known = learned  # another dict, since threads may be reading this one
            else:
                known.update(learned)
            found |= learned
        return found


def _passage(line: str, spans: list[Span], marked: set[str]) -> tuple[str, tuple[Span, ...]]:
    hits = [(start, stop) for start, stop in spans if line[start:stop] in marked]
    start, stop = _window(line, spans, hits)
    return line[start:stop], tuple((a - start, b - start) for a, b in hits if start <= a and b <= stop)


def _window(text: str, spans: list[Span], hits: list[Span]) -> Span:
    """The first window of words with most hits, beginning a little before the first of them."""
    if len(text) <= WIDTH:
        return 0, len(text)
    best, most, last = 0, 0, 0
    for first, (start, _) in enumerate(hits):
        while last < len(hits) and hits[last][1] - start <= WIDTH * 3 // 4:
            last += 1
        if last - first > most:
            best, most = start, last - first
    earliest = max(0, best - WIDTH // 4)
    start = next((a for a, _ in spans if a >= earliest), 0) if earliest else 0
    if start > best:
        start = best
    ends = [b for a, b in spans if a >= start and b - start <= WIDTH]
    return start, ends[-1] if ends else min(len(text), start + WIDTH)
