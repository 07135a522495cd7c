"""Documents in Python: sequences of texts, bytes, words or what parsers make of texts, and data frames."""

import itertools
import os
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import PurePath
from typing import Any

from neuraltopic.errors import UsageError
from neuraltopic.reading.columns import Records, choose_columns, find_column, longer_lists
from neuraltopic.reading.encodings import decode
from neuraltopic.reading.formats.json_arrays import lists_are_rows
from neuraltopic.reading.formats.nested_texts import chat_text, note_chats
from neuraltopic.reading.parsed_documents import plain_document
from neuraltopic.reading.rows import Corpus, CorpusEstimate, Row, text_problem
from neuraltopic.reading.word_lists import Joined, joined_list, note_lists

_HEAD = 100  # documents that show what a sequence or a column holds


class ListCorpus(Corpus):
    """A sequence of str, of bytes, of lists, sets or counts of words, or of parsed texts; ids are positions from 0.

    Parameters
    ----------
    documents : sequence

    Raises
    ------
    UsageError
        When it is not a sequence of documents, or empty.
    """

    def __init__(self, documents: Any) -> None:
        documents = _sequence(documents)
        super().__init__(f"<list of {len(documents)} documents>")
        self._documents = _python(documents)
        _refuse_records(list(itertools.islice(self._documents, _HEAD)))
        self._first = _first_list(self._documents)
        self.index = _index(documents)

    @property
    def pretokenised(self) -> bool:
        """Whether the documents are lists of words."""
        return self._first is not None and self._first.is_cut

    def __iter__(self) -> Iterator[Row]:
        _note_written_lists(self.name, self._documents, self._first)
        for position, document in enumerate(self._documents):
            text, encoding, problem = _text(document, self._first)
            yield Row(str(position), text, {}, encoding, problem)

    def estimate(self) -> CorpusEstimate:
        """Count the documents."""
        n_documents = len(self._documents)
        return CorpusEstimate("list", 0, 0, n_documents, True, {"utf-8": n_documents})


class FrameCorpus(Corpus):
    """A data frame of pandas or polars, or a table of pyarrow, one document per row.

    Parameters
    ----------
    frame : DataFrame or Table
    text, id : str, optional
        See `open_corpus`.

    Raises
    ------
    UsageError
        When a column is missing or two have one name, or there are no rows.
    """

    def __init__(self, frame: Any, text: str | None, id: str | None) -> None:
        columns = list(getattr(frame, "column_names", frame.columns))
        super().__init__(f"<data frame of {len(frame)} rows>")
        if not len(frame):
            raise _not_documents("an empty data frame", "Pass at least one document")
        twice = next((name for place, name in enumerate(columns) if name in columns[:place]), None)
        if twice is not None:
            raise UsageError(
                "data frame",
                expected="column names that differ",
                got=f"{twice!r} twice",
                hint="Rename one of the columns",
            )
        self._values = {str(name): _python(frame[name]) for name in columns}
        strings = [name for name, values in self._values.items() if any(isinstance(v, str | bytes) for v in values)]
        heads = {name: values[:_HEAD] for name, values in self._values.items()}
        strings += longer_lists(heads, strings)
        self._chats = [name for name, head in heads.items() if any(_chat(value) is not None for value in head)]
        if text is None and find_column("text", list(heads)) is None:
            text = next(iter(self._chats), None)
        self._columns = choose_columns(self.name, list(self._values), strings, text=text, id=id)
        self._id_asked = id is not None
        self._n_rows = len(frame)
        self._first = _first_list(self._values[self._columns.text])
        self.index = _index(frame)

    @property
    def pretokenised(self) -> bool:
        """Whether the documents are lists of words."""
        return self._first is not None and self._first.is_cut

    def __iter__(self) -> Iterator[Row]:
        records = Records(self.name, self._columns, "utf-8", id_asked=self._id_asked)
        texts = self._values[self._columns.text]
        _note_written_lists(self.name, texts, self._first)
        if self._columns.text in self._chats:
            note_chats(self.name, self._columns.text)
        for document, values in zip(texts, zip(*self._values.values(), strict=True), strict=True):
            text, encoding, problem = _text(document, self._first)
            record = dict(zip(self._values, values, strict=True)) | {self._columns.text: text}
            yield records.row(record, problem)._replace(encoding=encoding)
        records.close()

    def estimate(self) -> CorpusEstimate:
        """Count the rows."""
        return CorpusEstimate("list", 0, 0, self._n_rows, True, {"utf-8": self._n_rows})


def is_frame(source: Any) -> bool:
    """Whether this is a table of a library that is imported already: otherwise it could not be one."""
    kinds = {"pandas": ("DataFrame",), "polars": ("DataFrame",), "pyarrow": ("Table", "RecordBatch")}
    return any(
        isinstance(source, getattr(sys.modules[library], name))
        for library, names in kinds.items()
        if library in sys.modules
        for name in names
        if hasattr(sys.modules[library], name)
    )


def _text(document: Any, first_list: Joined | None) -> tuple[str | None, str, str]:
    """The text, its encoding, and why there is none. Lists are texts where the first document is one."""
    document = plain_document(document)
    if isinstance(document, bytes | bytearray):
        return decode(bytes(document))
    if (said := _chat(document)) is not None:
        return said, "utf-8", ""
    listed = None if first_list is None else joined_list(document, as_words=first_list.is_cut)
    if listed is not None:
        return (None if listed.problem else listed.text), "utf-8", listed.problem
    problem = text_problem(document)
    return (None if problem else document), "utf-8", problem


def _chat(document: Any) -> str | None:
    """What is said in a chat: a list or array of messages; None for anything else."""
    return None if isinstance(document, str) else chat_text(_python(document))


def _python(values: Any) -> Sequence[Any]:
    """The values as Python has them: numbers and texts, not the library's."""
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(values, method):
            return getattr(values, method)()
    return values


def _first_list(documents: Sequence[Any]) -> Joined | None:
    """The first document with a word, if it is a list of words or sentences."""
    for document in map(plain_document, documents):
        listed = joined_list(document)
        if listed is not None and listed.text:
            return listed
        if listed is None and isinstance(document, str | bytes):
            return None
    return None


def _note_written_lists(name: str, documents: Sequence[Any], first_list: Joined | None) -> None:
    """Note it if lists are written as text, since that they are lists is then a guess."""
    if first_list is not None and any(isinstance(document, str) for document in documents[:1]):
        note_lists(name, is_cut=first_list.is_cut)


def _index(documents: Any) -> Any:
    pandas = sys.modules.get("pandas")
    return documents.index if pandas and isinstance(documents, pandas.Series | pandas.DataFrame) else None


def _refuse_records(head: Sequence[Any]) -> None:
    """Refuse rows of several values, among which the text is not known."""
    documents = [each for each in head if each is not None]
    plain = list(map(plain_document, documents))
    if not plain:
        return
    kind, frame = type(documents[0]).__name__, "a data frame, pandas.DataFrame(...), with text="
    if all(isinstance(each, os.PathLike) for each in plain) or _name_files(plain):
        kind = "names of files" if isinstance(plain[0], str) else kind
        raise _not_documents(f"a list of {kind}", "Pass their folder, or the texts in them")
    if isinstance(plain[0], Mapping):
        raise _not_documents(f"a list of {kind}", f"Pass {frame}")
    if isinstance(plain[0], list):
        if plain[0] and all(isinstance(item, tuple) for item in plain[0]):
            hint = "Pass words alone, dict(...) of their counts, or DocumentVAE a matrix of counts of numbered words"
            raise _not_documents(f"a list of {kind} of tuple", hint)
        if lists_are_rows([each for each in plain if isinstance(each, list)]):
            raise _not_documents(f"a list of {kind}", f"Pass the texts alone, or {frame}")


def _name_files(documents: Sequence[Any]) -> bool:
    """Whether texts, at least two, are the paths of files that are there."""
    return len(documents) > 1 and all(
        isinstance(each, str) and each.isprintable() and PurePath(each).suffix and os.path.isfile(each)
        for each in documents
    )


def _sequence(source: Any) -> Any:
    """Refuse anything but a sequence of documents, with a hint how to make one."""
    if isinstance(source, Mapping):
        hint = "Pass list(....values()) of the texts"
    elif hasattr(source, "collect"):  # a query that has not been run
        hint = "Pass what its method collect() gives"
    elif isinstance(source, Set | bytes | bytearray) or not (
        hasattr(source, "__len__") and hasattr(source, "__getitem__")
    ):
        hint = "Pass list(...) of the texts"
    elif hasattr(type(source), "text"):
        hint = "Pass a list of such documents"
    elif getattr(source, "ndim", 1) != 1:
        hint = "Pass a single column of texts; lists of words as array.tolist()"
    elif not len(source):
        hint = "Pass at least one document"
    else:
        return source
    kind = type(source).__name__
    raise _not_documents(f"an empty {kind}" if hint.endswith("one document") else kind, hint)


def _not_documents(got: str, hint: str) -> UsageError:
    return UsageError(
        "documents", expected="a path, a data frame, or a sequence of str or of lists of words", got=got, hint=hint
    )
