"""Rows in, texts out: decides which rows are documents and keeps the ledger of all."""

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.ledger.first_seen import DIGEST_BYTES, FirstSeen
from neuraltopic.preprocessing.ledger.ledger import Ledger, Status
from neuraltopic.progress import Progress
from neuraltopic.reading.rows import Row

_REPORT_EVERY = 256  # rows


class Intake:
    """Iterate, once, over the texts of the rows that are documents.

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

    def __iter__(self) -> Iterator[str]:
        """Yield the texts, filling the ledger."""
        documents_of_texts = FirstSeen()
        row_of_document = array("q")
        ledger, number = self.ledger, -1
        for number, row in enumerate(self._rows):
            status, detail, document, text = Status.KEPT, "", len(row_of_document), row.text
            stripped = text and text.strip()
            if text is None:
                status, detail, document = Status.UNDECODABLE, row.problem, -1
            elif not stripped:
                status, document = Status.EMPTY, -1 if self._only_new else document
            elif self._only_new and not self._keep_duplicates:
                first = documents_of_texts.first(_digest(stripped), document)
                if first != document:
                    detail = f"duplicate of {ledger.ids[row_of_document[first]]}"
                    status, document = Status.DUPLICATE, first
            ledger.add(
                row.id,
                status,
                detail=detail,
                encoding=row.encoding,
                line=row.line,
                n_lines=row.n_lines,
                metadata=row.metadata,
            )
            self._document.append(document)
            if number % _REPORT_EVERY == _REPORT_EVERY - 1:
                self._report("reading", number + 1, None)
            if text is not None and document == len(row_of_document):
                row_of_document.append(number)
                yield text
        self._report("reading", number + 1, number + 1)

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


def _digest(text: str) -> bytes:
    """Return 128 bits of the text: two of a billion texts share them with a chance of 1e-21."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
