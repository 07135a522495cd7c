"""Open a corpus, whatever holds it, as rows in input order."""

import dataclasses
import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from neuraltopic.documents.compression import COMPRESSIONS, ByteStream, open_bytes
from neuraltopic.documents.delimited import delimited_rows
from neuraltopic.documents.encodings import Lines, check_encoding
from neuraltopic.documents.folders import FolderCorpus
from neuraltopic.documents.json_lines import json_rows
from neuraltopic.documents.parquet import count_rows, parquet_rows
from neuraltopic.documents.rows import Corpus, CorpusEstimate, Row, printable, text_problem
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError

__all__ = ["Corpus", "CorpusEstimate", "Row", "corpus_facts", "open_corpus"]

_ESTIMATE_BYTES = 1 << 21  # read from the disk before the number of rows is extrapolated
_JSON = re.compile(rb"\s*(\[\s*)?{")
_KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}


def open_corpus(source: Any, *, text: str | None = None, id: str | None = None, encoding: str | None = None) -> Corpus:
    """Open a folder, a file, standard input or Python strings as a corpus.

    Parameters
    ----------
    source : str, path, or sequence of str
        A folder is read a document a file, ids the relative paths, the first folder being the label; a text
        file a document a line, ids the line numbers from 1; CSV (.csv), TSV (.tsv), JSONL (.jsonl, .ndjson)
        and Parquet (.parquet) a document a row. All but Parquet may be compressed (.gz, .bz2, .zst). "-" is
        standard input: lines, or JSONL when it begins with "{". In a list or pandas Series the ids are the
        positions from 0.
    text : str, optional
        Column of the text: by default "text", else the only column of strings.
    id : str, optional
        Column of the ids: by default "id" where there is one, else rows are numbered from 1. A row
        without an id gets "row N".
    encoding : str, optional
        By default found: byte-order mark, then UTF-8, then the likeliest older encoding.

    Returns
    -------
    Corpus
        Columns and contents are checked while it is read; standard input can be read once.

    Raises
    ------
    UsageError
        When the source is missing, empty or of an unknown kind, or an option does not apply to it.
    """
    text, id = (column if column is None else printable(column) for column in (text, id))
    if encoding is not None:
        encoding = check_encoding(encoding)
    corpus = _open(source, text, id, encoding)
    if isinstance(source, str | os.PathLike) and not isinstance(corpus, StandardInput):
        corpus.path = Path(source)
    corpus.options = {"text": text, "id": id, "encoding": encoding}
    return corpus


def _open(source: Any, text: str | None, id: str | None, encoding: str | None) -> Corpus:
    if not isinstance(source, str | os.PathLike):
        _refuse("a list of documents", text=text, id=id, encoding=encoding)
        return ListCorpus(_sequence(source))
    name = os.fspath(source)
    if name == "-":
        return StandardInput(text, id, encoding)
    path = Path(name)
    _check_exists(path)
    if path.is_dir():
        _refuse(name, text=text, id=id)
        return FolderCorpus(name, path, encoding)
    return _open_file(name, path, text, id, encoding)


def _open_file(name: str, path: Path, text: str | None, id: str | None, encoding: str | None) -> Corpus:
    compressed = path.suffix.lower() in COMPRESSIONS
    suffix = (path.with_suffix("") if compressed else path).suffix.lower()
    kind = _KINDS.get(suffix, "text")
    if kind == "parquet":
        _refuse(name, encoding=encoding)
        if compressed:
            raise UsageError(
                name,
                expected="Parquet as it is",
                got="compressed Parquet",
                hint="Decompress it: it is compressed inside",
            )
        return ParquetCorpus(name, path, text, id)
    if kind == "text":
        _refuse(name, text=text, id=id)
    readers: dict[str, Callable[[Lines], Iterator[Row]]] = {
        "text": _text_rows,
        "csv": lambda lines: delimited_rows(lines, name, delimiter=",", text=text, id=id),
        "tsv": lambda lines: delimited_rows(lines, name, delimiter="\t", text=text, id=id),
        "jsonl": lambda lines: json_rows(lines, name, text=text, id=id),
    }
    return FileCorpus(name, path, kind, readers[kind], encoding)


def corpus_facts(corpus: Corpus) -> dict[str, Any]:
    """What a result depends on of a corpus that is to be read: its name, its options and its size, for JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeuralTopicWarning)  # the reading will tell them
        # Standard input cannot be read twice, so what came through it is not compared.
        estimate = None if isinstance(corpus, StandardInput) else dataclasses.asdict(corpus.estimate())
    return {"name": corpus.name, "read_as": corpus.options, "estimate": estimate}


class FileCorpus(Corpus):
    """A file of lines: text, CSV, TSV or JSONL."""

    def __init__(
        self,
        name: str,
        path: Path,
        kind: str,
        rows: Callable[[Lines], Iterator[Row]],
        encoding: str | None,
    ) -> None:
        super().__init__(name)
        self._path = path
        self._kind = kind
        self._rows = rows
        self._encoding = encoding

    def __iter__(self) -> Iterator[Row]:
        with open_bytes(self._path) as stream:
            yield from self._read(stream)

    def estimate(self) -> CorpusEstimate:
        """Read the first mebibytes and extrapolate the rest."""
        n_bytes = self._path.stat().st_size
        encodings: Counter[str] = Counter()
        exact = True
        with open_bytes(self._path) as stream:
            for row in self._read(stream):
                encodings["unreadable" if row.problem else row.encoding] += 1
                if stream.position() > _ESTIMATE_BYTES and stream.position() < n_bytes:
                    exact = False
                    break
            n_rows = encodings.total()
            n_documents = n_rows if exact else round(n_rows * n_bytes / stream.position())
        return CorpusEstimate(self._kind, 1, n_bytes, n_documents, exact, dict(encodings))

    def _read(self, stream: ByteStream) -> Iterator[Row]:
        return _not_empty(self.name, self._rows(Lines(stream, self.name, self._encoding)))


class ParquetCorpus(Corpus):
    """A Parquet file."""

    def __init__(self, name: str, path: Path, text: str | None, id: str | None) -> None:
        super().__init__(name)
        self._path = path
        self._text = text
        self._id = id

    def __iter__(self) -> Iterator[Row]:
        return _not_empty(self.name, parquet_rows(self._path, text=self._text, id=self._id))

    def estimate(self) -> CorpusEstimate:
        """Read the number of rows off the footer."""
        n_rows = count_rows(self._path)
        return CorpusEstimate("parquet", 1, self._path.stat().st_size, n_rows, True, {"utf-8": n_rows})


class StandardInput(Corpus):
    """Standard input: lines, or JSON when it begins with "{" or an array of objects; read once."""

    def __init__(self, text: str | None, id: str | None, encoding: str | None) -> None:
        super().__init__("-")
        self._text = text
        self._id = id
        self._encoding = encoding
        self._spent = False

    def __iter__(self) -> Iterator[Row]:
        if self._spent:
            raise self._error("a corpus that can be read again")
        self._spent = True
        lines = Lines(sys.stdin.buffer, "standard input", self._encoding)
        if _JSON.match(lines.head.replace(b"\0", b"")[:1000]):
            rows = json_rows(lines, "standard input", text=self._text, id=self._id)
        else:
            if self._text is not None or self._id is not None:
                raise UsageError(
                    "standard input",
                    expected="a document a line, or JSONL where columns are named",
                    got="lines that are not JSONL",
                    hint="Save a CSV as a file and give its path",
                )
            rows = _text_rows(lines)
        yield from _not_empty("standard input", rows)

    def estimate(self) -> CorpusEstimate:
        """Refuse: reading would use it up."""
        raise self._error("a corpus whose size can be told without reading it")

    def _error(self, expected: str) -> UsageError:
        return UsageError(
            "standard input", expected=expected, got="a stream", hint="Save it to a file and give the path"
        )


class ListCorpus(Corpus):
    """Python values, of which those that are str are documents."""

    def __init__(self, documents: Any) -> None:
        super().__init__(f"<list of {len(documents)} documents>")
        self._documents = documents

    def __iter__(self) -> Iterator[Row]:
        for position, document in enumerate(self._documents):
            problem = text_problem(document)
            yield Row(str(position), None if problem else document, {}, problem=problem)

    def estimate(self) -> CorpusEstimate:
        """Count the documents."""
        n_documents = len(self._documents)
        return CorpusEstimate("list", 0, 0, n_documents, True, {"utf-8": n_documents})


def _text_rows(lines: Lines) -> Iterator[Row]:
    for number, (line, problem) in enumerate(lines, start=1):
        yield Row(str(number), None if problem else line.removesuffix("\r"), {}, lines.encoding, problem)


def _not_empty(name: str, rows: Iterator[Row]) -> Iterator[Row]:
    row = next(rows, None)
    if row is None:
        raise NeuralTopicError(
            name, expected="at least one document", got="none", hint="Check that this is the right file"
        )
    yield row
    yield from rows


def _check_exists(path: Path) -> None:
    try:
        path.stat()
    except (OSError, ValueError) as error:
        shown = str(path) if len(str(path)) <= 200 else f"{str(path)[:200]}..."
        raise UsageError(
            shown,
            expected="a folder or a file",
            got=getattr(error, "strerror", None) or str(error),
            hint="Check the path (documents themselves go in a list of str)",
        ) from error


def _refuse(name: str, **options: str | None) -> None:
    for option, value in options.items():
        if value is not None:
            raise UsageError(
                option,
                expected="it only where it applies" if option == "encoding" else "it only with a table",
                got=f"{value!r} with {name}",
                hint="Leave it out",
            )


def _sequence(source: Any) -> Any:
    """Refuse what is no sequence of documents, telling how to make one of it."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        columns = ", ".join(map(str, source.columns))
        hint = f"Pass one of its columns ({columns}), as frame['text']"
    elif isinstance(source, Mapping | Set | bytes | bytearray) or not (
        hasattr(source, "__len__") and hasattr(source, "__getitem__")
    ):
        hint = "Pass list(...) of the texts"
    elif getattr(source, "ndim", 1) != 1:
        hint = "Pass a single column of texts"
    elif not len(source):
        hint = "Pass at least one document"
    else:
        return source
    got = f"an empty {type(source).__name__}" if hint.endswith("document") else type(source).__name__
    raise UsageError("documents", expected="a path or a sequence of str", got=got, hint=hint)
