"""A folder of files, a document each."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from neuraltopic.documents.compression import open_bytes
from neuraltopic.documents.encodings import SAMPLE, Decoded, decode, detect
from neuraltopic.documents.rows import Corpus, CorpusEstimate, Row, printable
from neuraltopic.errors import NeuralTopicError, UsageError

_ESTIMATE_FILES = 200


class FolderCorpus(Corpus):
    """Every regular file below a folder, sorted by relative path.

    Names that begin with a dot are left out. Links are followed, except back to a folder they are in. A file
    that cannot be read or decoded is a row with a problem.

    Raises
    ------
    UsageError
        When there is no file.
    """

    def __init__(self, name: str, folder: Path, encoding: str | None = None) -> None:
        super().__init__(name)
        self._folder = folder
        self._encoding = encoding
        self._files = sorted(_relative_files(folder))
        if not self._files:
            raise UsageError(name, expected="a folder with files", got="none, hidden ones apart", hint="Check the path")

    def __iter__(self) -> Iterator[Row]:
        return map(self._row, self._files)

    def estimate(self) -> CorpusEstimate:
        """Count the files, and read some of them for their encodings."""
        sample = self._files[:: -(-len(self._files) // _ESTIMATE_FILES)]
        rows = map(self._row, sample)
        return CorpusEstimate(
            kind="folder",
            n_files=len(self._files),
            n_bytes=sum(_size(self._folder / file) for file in self._files),
            n_documents=len(self._files),
            exact=True,
            encodings=dict(Counter("unreadable" if row.problem else row.encoding for row in rows)),
        )

    def _row(self, file: str) -> Row:
        label, nested, _ = file.partition("/")
        text, encoding, problem = self._read(self._folder / file)
        metadata: dict[str, object] = {"label": printable(label)} if nested else {}
        return Row(printable(file), text, metadata, encoding, problem)

    def _read(self, path: Path) -> Decoded:
        try:
            with open_bytes(path) as stream:
                head = stream.read(SAMPLE)
                if self._encoding is None and detect(head, complete=False) is None:
                    return Decoded(None, "", "binary")  # without reading the rest of a film
                return decode(head + stream.read(), self._encoding)
        except NeuralTopicError as error:
            return Decoded(None, "", f"unreadable: {error}")


def _relative_files(folder: Path) -> Iterator[str]:
    """Paths of the files relative to `folder`, with "/" between the parts."""
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
