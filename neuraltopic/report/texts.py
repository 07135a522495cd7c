"""Texts of the documents of a run, read again where they were read for the fit."""

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning
from neuraltopic.preprocessing.preparation import corpus_sha256
from neuraltopic.reading.rows import Corpus, Row
from neuraltopic.runs.editing import corpus_of


def corpus_or_none(run: Path) -> Corpus | None:
    """The corpus that run.json names, opened as the fit read it; None where it was no file or is not there any more."""
    try:
        return corpus_of(run)
    except NeuralTopicError:
        return None


def texts_of(corpus: Corpus, lengths: dict[int, int], sha256: str) -> dict[int, str] | None:
    """The first characters of some documents, white space collapsed.

    Parameters
    ----------
    corpus : Corpus
        Gone over once.
    lengths : dict of input row to int
        The rows wanted, and how many characters of each.
    sha256 : str
        Of the corpus of the fit, see `corpus_sha256`.

    Returns
    -------
    dict of input row to str
        None when the documents are not those of the fit.
    """
    texts: dict[int, str] = {}

    def collected() -> Iterator[Row]:
        for number, row in enumerate(corpus):
            if row.text is not None and (length := lengths.get(number)):
                texts[number] = shortened(row.text, length)
            yield row

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeuralTopicWarning)  # the fit has shown them
        found = corpus_sha256(_guarded(collected()))
    return texts if found == sha256 else None


def shortened(text: str, length: int) -> str:
    """At most `length` characters of a text, on one line, with an ellipsis where it goes on."""
    # A text can be of any size; a few times the length holds enough even where white space abounds.
    start = text[: 4 * length + 200]
    line = " ".join(start.split())
    return line if len(line) <= length and len(start) == len(text) else line[: length - 1].rstrip() + "…"


def _guarded(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows up to one that cannot be read, by which the digest differs."""
    try:
        yield from rows
    except (NeuralTopicError, OSError):
        return
