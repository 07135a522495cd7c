"""Rows in, texts out: decides which rows are documents and keeps the ledger of all."""

from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.batches import CHARACTERS, OF_TEXT
from neuraltopic.preprocessing.ledger.first_seen import DIGEST_BYTES, FirstSeen
from neuraltopic.preprocessing.ledger.ledger import Ledger, Status
from neuraltopic.progress import Progress
from neuraltopic.reading.rows import Row

_MOST_ROWS = 256  # that are taken at once


class Intake:
    """Iterate, once, over the texts of the rows that are documents, in batches.

    Parameters
    ----------
    rows : iterable of Row
        The corpus in input order.
    only_new : bool
        Whether empty texts and copies of earlier ones are left out. A copy is identical, except for spaces before and
        after the text.
    keep_duplicates : bool
        Whether copies are documents of their own.
    report : callable
        Called with the stage "reading" and the number of rows so far.

    Attributes
    ----------
    ledger : Ledger
        Every row so far.
    """

    def __init__(self, rows: Iterable[Row], *, only_new: bool, keep_duplicates: bool, report: Progress) -> None:
        self.ledger = Ledger()
        self._rows = rows
        self._only_new = only_new
        self._keep_duplicates = keep_duplicates
        self._report = report
        self._document = array("q")  # of each row; -1 where the row is no document

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the texts in lists that are not empty, filling the ledger."""
        seen = FirstSeen() if self._only_new and not self._keep_duplicates else None
        batch, n_characters, n_documents = list[str](), 0, 0
        for rows in _taken_together(self._rows):
            n_rows = len(self.ledger)
            found = self._taken(rows, n_documents, seen)
            n_documents += len(found)
            batch += found
            n_characters += sum(map(len, found)) + OF_TEXT * len(found)
            if len(self.ledger) // _MOST_ROWS > n_rows // _MOST_ROWS:
                self._report("reading", len(self.ledger), None)
            if n_characters >= CHARACTERS:
                yield batch
                batch, n_characters = [], 0
        if batch:
            yield batch
        self._report("reading", len(self.ledger), len(self.ledger))

    def _taken(self, rows: list[Row], n_documents: int, seen: FirstSeen | None) -> list[str]:
        """Enter rows into the ledger, and return the texts of those that are documents."""
        ids, texts, metadata, encodings, problems, lines, n_lines, _ = zip(*rows, strict=True)
        stripped = [text and text.strip() for text in texts]
        statuses, details = [Status.KEPT] * len(rows), [""] * len(rows)
        places: Sequence[int] = range(len(rows))  # of rows that are documents, or copies of some
        if not all(stripped):
            for place in places:
                if texts[place] is None:
                    statuses[place], details[place] = Status.UNDECODABLE, problems[place]
                elif not stripped[place]:
                    statuses[place] = Status.EMPTY
            no_documents = (Status.UNDECODABLE, Status.EMPTY) if self._only_new else (Status.UNDECODABLE,)
            places = [place for place in places if statuses[place] not in no_documents]
        start = len(self.ledger)
        numbers = [start + place for place in places]
        firsts = numbers
        if seen is not None:
            firsts = seen.firsts(_digests([stripped[place] for place in places]), numbers)
        documents, found = array("q", [-1]) * len(rows), list[str]()
        for place, number, first in zip(places, numbers, firsts, strict=True):
            if number == first:
                documents[place] = n_documents + len(found)
                found.append(texts[place])
            else:
                statuses[place] = Status.DUPLICATE
                if first >= start:
                    documents[place], of = documents[first - start], ids[first - start]
                else:
                    documents[place], of = self._document[first], self.ledger.ids[first]
                details[place] = f"duplicate of {of}"
        self._document.extend(documents)
        self.ledger.extend(
            ids, statuses, details=details, encodings=encodings, lines=lines, n_lines=n_lines, metadata=metadata
        )
        return found

    def copies(self) -> NDArray[np.int64]:
        """How many rows so far have the text of each document, itself included."""
        document = np.array(self._document, np.int64)
        return np.bincount(document[document >= 0])

    def close(self, n_tokens: NDArray[np.int64]) -> NDArray[np.int64]:
        """Complete the ledger, and return the row of the counts for each input row, -1 where there is none.

        Parameters
        ----------
        n_tokens : int64 array of shape (documents,)
            Tokens of the vocabulary in each text that was yielded.
        """
        # One more entry, for rows that are no document: -1 reads it.
        tokens = np.append(n_tokens, 0)
        counted = tokens > 0 if self._only_new else np.arange(len(tokens)) < len(n_tokens)
        position = np.where(counted, np.cumsum(counted) - 1, -1)
        document = np.array(self._document, np.int64)
        self.ledger.n_tokens = tokens[document]
        for row in np.flatnonzero(self.ledger.n_tokens == 0).tolist():
            if self.ledger.statuses[row] is Status.KEPT:
                self.ledger.set_status(row, Status.NO_WORD)
        return position[document]


def _taken_together(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows in lists, of so many or so long."""
    taken, n_characters = list[Row](), 0
    for row in rows:
        taken.append(row)
        n_characters += len(row.text or "")
        if len(taken) == _MOST_ROWS or n_characters >= CHARACTERS:
            yield taken
            taken, n_characters = [], 0
    if taken:
        yield taken


def _digests(texts: list[str]) -> list[bytes]:
    """128 bits of each text: two of a billion texts share them with a chance of 1e-21.

    They are Python's hash of the text, 64 bits by SipHash under a key of this process (PEP 456), and that of the text
    with one more character. A cryptographic digest takes longer than all else that is done with a title.
    """
    hashes = np.empty((len(texts), 2), np.int64)
    hashes[:, 0] = list(map(hash, texts))
    hashes[:, 1] = [hash(text + "\0") for text in texts]
    return hashes.view(f"V{DIGEST_BYTES}")[:, 0].tolist()
