"""Open a corpus from any source as rows in input order."""

import dataclasses
import io
import os
import re
import stat
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

import regex

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.reading.compression import COMPRESSIONS, ByteStream, open_bytes
from neuraltopic.reading.content import files_sha256
from neuraltopic.reading.encodings import Lines, check_encoding
from neuraltopic.reading.folders import FolderCorpus, TablesCorpus, relative_files
from neuraltopic.reading.formats.bibtex import ENTRY, bibtex_rows
from neuraltopic.reading.formats.chats import CHAT, chat_rows
from neuraltopic.reading.formats.delimited import delimited_rows
from neuraltopic.reading.formats.document_files import READERS, XML, suffix_of
from neuraltopic.reading.formats.json_lines import ASSIGNED, SCRIPT, json_rows
from neuraltopic.reading.formats.mailboxes import mbox_rows
from neuraltopic.reading.formats.parquet import count_rows, parquet_rows
from neuraltopic.reading.formats.plain_lines import text_rows
from neuraltopic.reading.formats.sheets import sheet_rows
from neuraltopic.reading.formats.tagged_records import EXPORT, tagged_rows
from neuraltopic.reading.formats.xml_elements import xml_rows
from neuraltopic.reading.joined import JoinedCorpus
from neuraltopic.reading.rows import Corpus, CorpusEstimate, Row, TextColumns, printable
from neuraltopic.reading.urls import (
    files_below,
    is_folder,
    is_remote,
    is_url,
    location,
    on_disk,
    require_there,
)
from neuraltopic.reading.values import FrameCorpus, ListCorpus, is_frame
from neuraltopic.reading.word_lists import mostly_words

__all__ = ["Corpus", "CorpusEstimate", "Row", "corpus_facts", "open_corpus"]

_HEAD_BYTES = 1 << 10  # that tell what is in a file of JavaScript or of text
_ESTIMATE_BYTES = 1 << 21  # bytes read before the number of rows is extrapolated
_JSON = re.compile(rb"[\s\x1e]*(\[\s*)?{")
# A zip archive, a file of Office before 2007 (of whose mark some bytes are no UTF-8), or nothing.
_WORKBOOK = re.compile("PK|\ufffd\ufffd\x11\u0871|\\Z")
_HTML = re.compile(r"\s*<(?:!doctype|html|head|meta|table|\?xml)\b", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\s")
_KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    **dict.fromkeys((".geojson", ".json5", ".jsonc"), "jsonl"),
    ".parquet": "parquet",
    ".mbox": "mbox",
    ".bib": "bibtex",
    **dict.fromkeys((".ris", ".nbib", ".medline", ".ciw"), "tagged"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "sheet"),
}
_TABLES = frozenset(_KINDS.values())
# What cannot be read as a stream.
_WHOLE = {"parquet": "Parquet", "sheet": "a spreadsheet", "mbox": "a mailbox"}
_FEWEST_DOCUMENTS = 5  # in a folder that also holds tables; fewer files are about the tables
# Files about a published table, next to it.
_ABOUT = re.compile(
    r"(readme|licen[cs]e|copying|notice|citation|_success)\b.*|dataset_infos?\.json|datapackage\.json|.*\.crc",
    re.IGNORECASE,
)

# Files that are about other tables if there are any.
_ABOUT_OTHERS = re.compile(
    r"(meta(data)?|config|info|schema|package|manifest|state|dataset_dict|.*[._-]schema)\.json", re.IGNORECASE
)

_SLACK = frozenset({"channels.json", "users.json"})  # above the folders of channels in an export of Slack


def open_corpus(source: Any, *, text: TextColumns = None, id: str | None = None, encoding: str | None = None) -> Corpus:
    """Open a folder, a file, standard input, a data frame or a list as a corpus.

    Parameters
    ----------
    source : str, path, URL, data frame, or sequence of str, bytes, or lists, sets or counts of words
        A folder holds one document per file: its id is the relative path, its label the first folder. A folder of
        tables, with fewer than five other files, is read as these tables; with several, the path of the file precedes
        each id. A text file holds one document per line, with the line numbers from 1 as ids, or one per paragraph if
        its lines are wrapped. CSV (.csv), TSV (.tsv, .tab), JSON (.json, .jsonl, .ndjson), Parquet (.parquet),
        spreadsheets (.xlsx, .ods and similar), bibliographies (.bib; .ris, .nbib and .ciw, whose columns are tags such
        as AB) and mailboxes (.mbox) hold one document per row. An XML file (.xml, .rss, .atom) holds one document for
        each repeated element, or is one document if it is in a folder. Word (.docx), OpenDocument (.odt, .odp), slides
        (.pptx), books (.epub), RTF, PDF, HTML, e-mail (.eml, .emlx, .mht), subtitles (.srt, .vtt, .ttml, .ass, .ssa,
        .sbv, .sub, .lrc) and notebooks (.ipynb, without code) are one document per file. A file of JavaScript (.js)
        that begins with data, as in an archive of Twitter, is read as JSON, and a text file that begins as the exports
        of PubMed, of Web of Science, in RIS and BibTeX do as a bibliography, one of WhatsApp as a chat, a message per
        document. All but Parquet, spreadsheets and mailboxes may be compressed (.gz, .bz2, .xz, .zst). A URL, such as
        s3://bucket/folder/ or https://host/file.csv, is read by fsspec. "-" is standard input: lines, JSON that begins
        with "{" or "[{", or XML. In a list or Series the ids are the positions from 0, and bytes are decoded one by
        one. Lists of words, in a sequence or in the text column, are already tokenised, as are sets and counts of
        words; a Doc of spaCy is its text. Data frames may be of pandas or polars, tables of pyarrow.
    text : str, int or sequence of str, optional
        Column of the text: by default "text", else the only column of strings. A name may differ in case and
        spaces; "a.b" is the field b in the object a of JSON. Several columns are joined in the given order, with a
        blank line between them.
    id : str, optional
        Column of the ids: by default "id" if there is one, else rows are numbered from 1. A row without an id gets
        "row N". A repeated id is an error if the column was given; otherwise it gets the suffix "#2", "#3" ...
    encoding : str, optional
        By default detected: byte-order mark, then UTF-8, then the likeliest older encoding.

    Returns
    -------
    Corpus
        Columns and contents are checked while it is read; standard input can be read once.

    Raises
    ------
    UsageError
        When the source is missing, empty or of an unknown kind, or an option does not apply to it.
    """
    columns = [printable(str(column)) for column in ([text] if isinstance(text, str | int) else text or ())]
    id = id if id is None else printable(str(id))
    if encoding is not None:
        encoding = check_encoding(encoding)
    corpus = _open(source, columns[0] if columns else None, id, encoding)
    if isinstance(source, str | os.PathLike) and not isinstance(corpus, StandardInput):
        path = _location(os.fspath(source))
        corpus.path = None if is_remote(path) else path
    several = len(columns) > 1
    corpus.options = {"text": columns if several else next(iter(columns), None), "id": id, "encoding": encoding}
    return JoinedCorpus(corpus, columns[1:]) if several else corpus


def _open(source: Any, text: str | None, id: str | None, encoding: str | None) -> Corpus:
    if not isinstance(source, str | os.PathLike):
        if is_frame(source):
            _refuse("a data frame", encoding=encoding)
            return FrameCorpus(source, text, id)
        _refuse("a list of documents", text=text, id=id, encoding=encoding)
        return ListCorpus(source)
    name = os.fspath(source)
    if name == "-":
        return StandardInput(text, id, encoding)
    path = _location(name)
    _check_exists(path)
    opened = _open_folder if is_folder(path) else _open_file
    return opened(name, path, text, id, encoding)


def _location(name: str) -> Path:
    return location(name) if is_url(name) else Path(name)


def _open_folder(name: str, folder: Path, text: str | None, id: str | None, encoding: str | None) -> Corpus:
    files = sorted(files_below(folder) if is_remote(folder) else relative_files(folder))
    if not files:
        raise UsageError(
            name, expected="a folder with files", got="no files other than hidden ones", hint="Check the path"
        )
    of_slack = set(files) >= _SLACK
    about = [file for file in files if _ABOUT.fullmatch(PurePath(file).name) or (of_slack and "/" not in file)]
    tables = [file for file in files if _kind(file) in _TABLES and file not in about]
    others = [file for file in tables if not _ABOUT_OTHERS.fullmatch(PurePath(file).name)]
    about, tables = (about + [file for file in tables if file not in others], others) if others else (about, tables)
    others = [file for file in files if file not in tables]
    if not tables or len(others) - len(about) >= _FEWEST_DOCUMENTS:
        _refuse(name, text=text, id=id)
        return FolderCorpus(name, folder, files, encoding, tables)
    parts = [(file, _open_file(str(folder / file), folder / file, text, id, encoding)) for file in tables]
    return TablesCorpus(name, parts, others)


def _kind(file: str) -> str:
    suffix = _suffix(file)
    return "document" if suffix in READERS else _KINDS.get(suffix, "text")


def _suffix(file: str) -> str:
    """The suffix of a file, without that of a compression."""
    path = PurePath(file)
    return suffix_of(path.stem if path.suffix.lower() in COMPRESSIONS else file)


def _open_file(name: str, path: Path, text: str | None, id: str | None, encoding: str | None) -> Corpus:
    kind = "xml" if _suffix(path.name) in XML else _kind(path.name)
    if _suffix(path.name) == SCRIPT and _begins(path, ASSIGNED):
        kind = "jsonl"
    if kind == "sheet" and path.suffix.lower() not in COMPRESSIONS and not _begins(path, _WORKBOOK):
        if _begins(path, _HTML):
            raise UsageError(
                name, expected="a spreadsheet", got="HTML or XML", hint="Open it in Excel, and save it as .xlsx or CSV"
            )
        kind = "tsv"  # which programs call .xls so that Excel opens it
    if kind == "text":
        kinds = {"tagged": EXPORT, "bibtex": ENTRY, "chat": CHAT}
        kind = next((found for found, pattern in kinds.items() if _begins(path, pattern)), kind)
    if kind in _WHOLE and path.suffix.lower() in COMPRESSIONS:
        raise UsageError(name, expected=f"{_WHOLE[kind]}, uncompressed", got="a compressed file", hint="Decompress it")
    if kind in ("parquet", "sheet"):
        _refuse(name, encoding=encoding)
        reader = parquet_rows if kind == "parquet" else sheet_rows
        return BinaryCorpus(name, path, kind, lambda local: reader(local, text=text, id=id))
    if kind in ("text", "chat", "mbox", "document"):
        _refuse(name, text=text, id=id)
    if kind == "mbox":
        _refuse(name, encoding=encoding)
        return BinaryCorpus(name, path, kind, mbox_rows)
    if kind == "document":
        return FolderCorpus(name, path.parent, [path.name], encoding)
    readers: dict[str, Callable[[Lines], Iterator[Row]]] = {
        "text": lambda lines: text_rows(lines, name),
        "chat": chat_rows,
        "csv": lambda lines: delimited_rows(lines, name, delimiter=",", text=text, id=id),
        "tsv": lambda lines: delimited_rows(lines, name, delimiter="\t", text=text, id=id),
        "jsonl": lambda lines: json_rows(lines, name, text=text, id=id),
        "bibtex": lambda lines: bibtex_rows(lines, name, text=text, id=id),
        "tagged": lambda lines: tagged_rows(lines, name, text=text, id=id),
        "xml": lambda lines: xml_rows(lines, name, text=text, id=id),
    }
    return FileCorpus(name, path, kind, readers[kind], encoding)


def _begins(path: Path, pattern: re.Pattern[str] | regex.Pattern[str]) -> bool:
    """Whether a file begins as its name does not tell."""
    with open_bytes(path) as stream:
        return pattern.match(stream.read(_HEAD_BYTES).decode("utf-8-sig", "replace")) is not None


def corpus_facts(corpus: Corpus) -> dict[str, Any]:
    """Facts about a corpus that a result depends on: its name, its options, its size and, where it is files of this
    machine, their content, for JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeuralTopicWarning)  # the reading will tell them
        # Standard input cannot be read twice, so what came through it is not compared.
        estimate = None if isinstance(corpus, StandardInput) else dataclasses.asdict(corpus.estimate())
    facts = {"name": corpus.name, "read_as": corpus.options, "estimate": estimate}
    return facts if corpus.path is None else facts | {"files_sha256": files_sha256(corpus.path)}


class FileCorpus(Corpus):
    """A file of lines: text, CSV, TSV, JSON or XML."""

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

    @property
    def pretokenised(self) -> bool:
        """Whether the first documents are lists of words."""
        return self._kind in ("csv", "tsv", "jsonl") and mostly_words(self)

    def _read(self, stream: ByteStream) -> Iterator[Row]:
        return _not_empty(self.name, self._rows(Lines(stream, self.name, self._encoding)))


class BinaryCorpus(Corpus):
    """A file that is no lines of text: Parquet, a spreadsheet or a mailbox."""

    def __init__(self, name: str, path: Path, kind: str, rows: Callable[[Path], Iterator[Row]]) -> None:
        super().__init__(name)
        self._path = path
        self._kind = kind
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        with on_disk(self._path) as local:
            yield from _not_empty(self.name, self._rows(local))

    def estimate(self) -> CorpusEstimate:
        """Read the number of rows off the footer of Parquet, and all of the others."""
        n_bytes = self._path.stat().st_size
        if self._kind == "parquet":
            with on_disk(self._path) as local:
                n_rows = count_rows(local)
            return CorpusEstimate(self._kind, 1, n_bytes, n_rows, True, {"utf-8": n_rows})
        encodings = Counter("unreadable" if row.problem else row.encoding for row in self)
        return CorpusEstimate(self._kind, 1, n_bytes, encodings.total(), True, dict(encodings))

    @property
    def pretokenised(self) -> bool:
        """Whether the first documents are lists of words."""
        return self._kind in ("parquet", "sheet") and mostly_words(self)


class StandardInput(Corpus):
    """Standard input: lines, JSON when it begins with "{" or an array of objects, or XML; read once."""

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
        yield from _not_empty("standard input", self._rows(self._lines))

    @property
    def pretokenised(self) -> bool:
        """Whether the first documents are lists of words, by the first mebibyte."""
        if self._spent or not self._is(_JSON):
            return False
        head = Lines(io.BytesIO(self._lines.head), "standard input", self._lines.encoding)
        return mostly_words(self._rows(head))

    @cached_property
    def _lines(self) -> Lines:
        return Lines(sys.stdin.buffer, "standard input", self._encoding)

    def _is(self, start: re.Pattern[bytes]) -> bool:
        """Whether the input begins like this."""
        return start.match(self._lines.head.replace(b"\0", b"")[:1000]) is not None

    def _rows(self, lines: Lines) -> Iterator[Row]:
        if self._is(_JSON):
            return json_rows(lines, "standard input", text=self._text, id=self._id)
        if self._is(_XML):
            return xml_rows(lines, "standard input", text=self._text, id=self._id)
        if self._text is not None or self._id is not None:
            raise UsageError(
                "standard input",
                expected="a document per line, or JSON or XML where columns are named",
                got="lines that are neither",
                hint="Save a CSV as a file and give its path",
            )
        return text_rows(lines, "standard input")

    def estimate(self) -> CorpusEstimate:
        """Refuse: reading would use it up."""
        raise self._error("a corpus whose size is known without reading it")

    def _error(self, expected: str) -> UsageError:
        return UsageError(
            "standard input", expected=expected, got="a stream", hint="Save it to a file and give the path"
        )


def _not_empty(name: str, rows: Iterator[Row]) -> Iterator[Row]:
    row = next(rows, None)
    if row is None:
        raise NeuralTopicError(
            name, expected="at least one document", got="none", hint="Check that this is the right file"
        )
    yield row
    yield from rows


def _check_exists(path: Path) -> None:
    if is_remote(path):
        require_there(path, str(path))
        return
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        shown = str(path) if len(str(path)) <= 200 else f"{str(path)[:200]}..."
        raise UsageError(
            shown,
            expected="a folder or a file",
            got=getattr(error, "strerror", None) or str(error),
            hint="Check the path" + (", or give documents themselves in a list" if " " in shown else ""),
        ) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UsageError(
            str(path),
            expected="a folder or a file, which can be read more than once",
            got="a pipe or a device",
            hint="Give it as standard input, which is called -, or write it to a file first",
        )


def _refuse(name: str, **options: str | None) -> None:
    for option, value in options.items():
        if value is not None:
            is_encoding = option == "encoding"
            raise UsageError(
                option,
                expected=f"no value, as it applies only to {'text files' if is_encoding else 'tables'}",
                got=f"{value!r} with {name}",
                hint="Leave it out"
                if is_encoding
                else "Leave it out, or end the name of a table in .csv, .tsv or .jsonl",
            )
