"""Folders of files that are one document each, or of tables."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.compression import COMPRESSIONS, open_bytes
from neuraltopic.reading.encodings import SAMPLE, Decoded, decode, detect
from neuraltopic.reading.formats.document_files import NOTEBOOK, READERS, read_document, suffix_of
from neuraltopic.reading.formats.json_lines import ASSIGNED, SCRIPT
from neuraltopic.reading.rows import Corpus, CorpusEstimate, Row, note, printable
from neuraltopic.reading.urls import fetched_in_order, is_remote

_ESTIMATE_FILES = 200
_TABLE = "a table among documents: give its path to read its rows"


class FolderCorpus(Corpus):
    """Files below a folder, one document each: plain text, or what `document_files` reads.

    A file that cannot be read or decoded is a row with a problem, and so is a table.

    Parameters
    ----------
    name : str
    folder : Path
    files : sequence of str
        Their paths below the folder, in the order of the rows.
    encoding : str, optional
        Of the text.
    tables : collection of str
        Those of the files that are tables.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        files: Sequence[str],
        encoding: str | None = None,
        tables: Collection[str] = (),
    ) -> None:
        super().__init__(name)
        self._folder = folder
        self._files = files
        self._encoding = encoding
        self._tables = frozenset(tables)

    def __iter__(self) -> Iterator[Row]:
        if any(suffix_of(file) == NOTEBOOK for file in self._files):
            note(self.name, f"of notebooks ({NOTEBOOK}) the text is read; code and what it prints are left out")
        return self._rows(self._files)

    def estimate(self) -> CorpusEstimate:
        """Count the files, and read some of them for their encodings."""
        sample = self._files[:: -(-len(self._files) // _ESTIMATE_FILES)]
        rows = self._rows(sample)
        return CorpusEstimate(
            kind="folder",
            n_files=len(self._files),
            n_bytes=sum(_size(self._folder / file) for file in self._files),
            n_documents=len(self._files),
            exact=True,
            encodings=dict(Counter("unreadable" if row.problem else row.encoding for row in rows)),
        )

    def _rows(self, files: Sequence[str]) -> Iterator[Row]:
        return (fetched_in_order if is_remote(self._folder) else map)(self._row, files)

    def _row(self, file: str) -> Row:
        label, nested, _ = file.partition("/")
        if file in self._tables:
            text, encoding, problem = None, "", _TABLE
        else:
            text, encoding, problem = self._read(self._folder / file)
            if text is not None and suffix_of(file) == SCRIPT and ASSIGNED.match(text):
                text, encoding, problem = None, "", _TABLE
        metadata: dict[str, object] = {"label": printable(label)} if nested else {}
        return Row(printable(file), text, metadata, encoding, problem)

    def _read(self, path: Path) -> Decoded:
        try:
            with open_bytes(path) as stream:
                suffix = suffix_of(path.stem if path.suffix.lower() in COMPRESSIONS else path.name)
                if suffix in READERS:
                    return read_document(stream.read(), suffix, self._encoding)
                head = stream.read(SAMPLE)
                if self._encoding is None and detect(head, complete=False) is None:
                    return Decoded(None, "", "binary")  # without reading the rest of a film
                return decode(head + stream.read(), self._encoding)
        except NeuralTopicError as error:
            return Decoded(None, "", f"unreadable: {error}")


class TablesCorpus(Corpus):
    """The tables of a folder, one after the other.

    The ids of several begin with the file and a colon. Each must have the columns of the first.

    Parameters
    ----------
    name : str
    parts : sequence of (str, Corpus)
        The tables with their paths below the folder.
    left_out : sequence of str
        Files next to the tables that are not read, such as a README; a note names them.
    """

    def __init__(self, name: str, parts: Sequence[tuple[str, Corpus]], left_out: Sequence[str]) -> None:
        super().__init__(name)
        self._parts = parts
        self._left_out = left_out

    def __iter__(self) -> Iterator[Row]:
        if self._left_out:
            note(self.name, f"{', '.join(self._left_out)}: not read, as the folder holds tables")
        if len(self._parts) == 1:
            yield from self._parts[0][1]
            return
        expected: list[str] | None = None
        for file, part in self._parts:
            checked = False
            for row in part:
                if not (checked or row.problem):
                    columns, checked = list(row.metadata), True
                    if expected is None:
                        expected = columns
                    elif sorted(columns) != sorted(expected):
                        raise NeuralTopicError(
                            f"{part.name}",
                            expected=f"besides the text, the columns of {self._parts[0][0]}: "
                            + (", ".join(expected) or "none"),
                            got=", ".join(columns) or "none",
                            hint="Give one table at a time, or tables of the same columns",
                        )
                yield row._replace(id=f"{printable(file)}:{row.id}")

    def estimate(self) -> CorpusEstimate:
        """Add up those of the tables."""
        each = [part.estimate() for _, part in self._parts]
        return CorpusEstimate(
            kind=each[0].kind,
            n_files=len(each),
            n_bytes=sum(part.n_bytes for part in each),
            n_documents=sum(part.n_documents for part in each),
            exact=all(part.exact for part in each),
            encodings=dict(sum((Counter(part.encodings) for part in each), Counter())),
        )


def relative_files(folder: Path) -> Iterator[str]:
    """Paths of the regular files below `folder`, with "/" between the parts.

    Names that begin with a dot are left out. Links are followed, except back to a folder they are in.
    """
    pending: list[tuple[str, frozenset[tuple[int, int]]]] = [("", frozenset())]
    while pending:
        relative, above = pending.pop()
        here = folder / relative
        try:
            status = here.stat()
            entries = [entry for entry in os.scandir(here) if not entry.name.startswith(".")]
        except OSError as error:
            raise UsageError(
                str(here),
                expected="a folder that can be read",
                got=error.strerror or "an error",
                hint="Check the rights to it",
            ) from error
        within = above | {(status.st_dev, status.st_ino)}
        for entry in entries:
            if entry.is_dir():
                linked = entry.stat()
                if (linked.st_dev, linked.st_ino) not in within:
                    pending.append((f"{relative}{entry.name}/", within))
            elif entry.is_file() or not os.path.exists(entry):  # a broken link is a row with a problem
                yield relative + entry.name


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
