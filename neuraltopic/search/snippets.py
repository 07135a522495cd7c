"""The passage of a text that has most words of a query, and where they stand in it."""

from collections.abc import Callable, Collection, Sequence

import regex

WIDTH = 200
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’]*+")
_SPACE = regex.compile(r"\s+")
# Characters of a text that are looked through.
_LOOKED_THROUGH = 100_000


def snippet(
    text: str, wanted: Collection[str], words_of: Callable[[Sequence[str]], Sequence[Collection[str]]]
) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A passage of at most `WIDTH` characters or a word, on one line, and where the wanted words stand in it.

    Parameters
    ----------
    text : str
    wanted : collection of str
        Words of the vocabulary; one joined by _ stands for its words.
    words_of : callable
        The words of the vocabulary that each of some forms comes to.
    """
    text = _SPACE.sub(" ", text[:_LOOKED_THROUGH]).strip()
    spans = [(found.start(), found.end()) for found in _WORD.finditer(text)]
    forms = list(dict.fromkeys(text[start:stop] for start, stop in spans))
    parts = {part for word in wanted for part in (word, *word.split("_"))}
    marked = {form for form, words in zip(forms, words_of(forms), strict=True) if parts & {form.lower(), *words}}
    hits = [(start, stop) for start, stop in spans if text[start:stop] in marked]
    start, stop = _window(text, spans, hits)
    inside = tuple((a - start, b - start) for a, b in hits if start <= a and b <= stop)
    return text[start:stop], inside


def _window(text: str, spans: list[tuple[int, int]], hits: list[tuple[int, int]]) -> tuple[int, int]:
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
