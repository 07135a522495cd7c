"""Texts in lists of some hundred thousand characters, which most steps take at once."""

from collections.abc import Iterable, Iterator

# Characters of a batch, and those that a text counts for beside its own, so that short texts do not pile up.
CHARACTERS, OF_TEXT = 1 << 18, 16


def in_batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the texts in order, in lists that are not empty."""
    batch, n_characters = list[str](), 0
    for text in texts:
        batch.append(text)
        n_characters += len(text) + OF_TEXT
        if n_characters >= CHARACTERS:
            yield batch
            batch, n_characters = [], 0
    if batch:
        yield batch
