"""Texts of the documents of a run, read again from the corpus."""

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning
from neuraltopic.preprocessing.preparation import corpus_sha256
from neuraltopic.reading.rows import Corpus, Row
from neuraltopic.runs.editing import corpus_of


def corpus_or_none(run: Path) -> Corpus | None:
    """The corpus named in run.json; None if it was no file or no longer exists."""
    try:
        return corpus_of(run)
    except NeuralTopicError:
        return None


def texts_of(corpus: Corpus, lengths: dict[int, int], sha256: str) -> dict[int, str] | None:
    """First characters of some documents, with white space collapsed.

    Parameters
    ----------
    corpus : Corpus
        Read once.
    lengths : dict of input row to int
        Number of characters of each requested row.
    sha256 : str
        Digest of the corpus of the fit, see `corpus_sha256`.

    Returns
    -------
    dict of input row to str
        None if the documents are not those of the fit.
    """
    texts: dict[int, str] = {}

    def collected() -> Iterator[Row]:
        for number, row in enumerate(corpus):
            if row.text is not None and (length := lengths.get(number)):
                texts[number] = shortened(row.text, length)
            yield row

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeuralTopicWarning)  # shown by the fit already
        found = corpus_sha256(_guarded(collected()))
    return texts if found == sha256 else None


def shortened(text: str, length: int) -> str:
    """At most `length` characters of a text on one line, with an ellipsis if it is longer."""
    # Texts can be long; several times the length is enough even with much white space.
    start = text[: 4 * length + 200]
    line = " ".join(start.split())
    return line if len(line) <= length and len(start) == len(text) else line[: length - 1].rstrip() + "…"


def _guarded(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows up to the first that cannot be read; the digest then differs."""
    try:
        yield from rows
    except (NeuralTopicError, OSError):
        return
