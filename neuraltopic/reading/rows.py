"""What a corpus is: rows in input order, and how many of them to expect."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from neuraltopic.errors import NeuralTopicWarning

# One column of the text, several that are joined, or the usual one.
TextColumns: TypeAlias = str | int | Sequence[str] | None


class Row(NamedTuple):
    """One input row, in input order.

    Attributes
    ----------
    id : str
        Unique in its corpus.
    text : str or None
        None when the row could not be read; `problem` then says why.
    metadata : dict of str to object
        The other columns in their order; ``{"label": first folder}`` for a file in a nested folder.
    encoding : str
        The encoding the text was read with.
    problem : str
        A short reason, empty when there is a text: ``"binary"``, ``"not text (float nan)"``.
    line, n_lines : int
        In a table of lines, the first line of the row, counted from 1, and how many it takes up; lines in no row are
        the header and blank ones. Elsewhere 0.
    is_cut : bool
        Whether the document was a list of words, which are separated by spaces in the text.
    """

    id: str
    text: str | None
    metadata: dict[str, object]
    encoding: str = "utf-8"
    problem: str = ""
    line: int = 0
    n_lines: int = 0
    is_cut: bool = False


@dataclass(frozen=True)
class CorpusEstimate:
    """What reading a corpus would meet, from a sample of it.

    Attributes
    ----------
    kind : str
        "folder", "text", "csv", "tsv", "jsonl", "xml", "parquet", "sheet", "mbox" or "list".
    n_files, n_bytes : int
        Files and their size on disk, still compressed; 0 for a list.
    n_documents : int
        Rows, counted where `exact`, else extrapolated from the first mebibytes.
    encodings : dict of str to int
        Rows of the sample in each encoding; "unreadable" counts those that could not be read.
    """

    kind: str
    n_files: int
    n_bytes: int
    n_documents: int
    exact: bool
    encodings: dict[str, int]


class Corpus(ABC):
    """Rows in input order; every iteration starts again at the first.

    Attributes
    ----------
    name : str
        The path as given, "-" for standard input, "<list of N documents>" for Python values.
    options : dict of str to str, list of str or None
        How it is read: the text column or columns, the id column and the encoding that were asked for.
    path : Path or None
        The file or folder that is read, if there is one.
    index : pandas.Index or None
        That of the Series or data frame that the rows are of.
    """

    def __init__(self, name: str) -> None:
        self.name = printable(name)
        self.path: Path | None = None
        self.index: Any = None
        self.options: dict[str, str | list[str] | None] = {"text": None, "id": None, "encoding": None}

    @property
    def pretokenised(self) -> bool:
        """Whether the texts are words separated by spaces."""
        return False

    @abstractmethod
    def __iter__(self) -> Iterator[Row]:
        """Read the rows; a row that cannot be read has a problem instead of a text."""

    @abstractmethod
    def estimate(self) -> CorpusEstimate:
        """Say what would be read, from a sample."""


def printable(name: str) -> str:
    """A name from the system as valid UTF-8: its bytes read as UTF-8, with escapes for invalid ones.

    Where the locale is not UTF-8, Python passes on file names and options with half surrogates for their bytes.
    """
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def text_problem(value: object) -> str:
    """Why `value` is not a text; empty when it is one.

    A lone surrogate makes a str that no file can hold, so it is refused here and not at the first export.
    """
    if isinstance(value, str):
        if value.isascii():
            return ""
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return "not text (lone surrogate)"
        return ""
    if value is None:
        return "not text (None)"
    kind = type(value).__name__
    return f"not text ({kind} {value})" if isinstance(value, int | float) else f"not text ({kind})"


# What programs write in place of a value: errors of spreadsheets, NULL of databases, posts that are gone.
_IN_PLACE = frozenset(
    {
        *("#N/A", "#NAME?", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NULL!", "NULL", "nan", "NaN", "<NA>", "\\N"),
        *("[deleted]", "[removed]", "[deleted by user]", "[No abstract available]"),
    }
)
_LONGEST_IN_PLACE = 30
NO_VALUE = "no value"


def value_problem(text: str) -> str:
    """Why the text of a table is what a program writes in place of a value; empty where it is not."""
    return f"{NO_VALUE} ({text})" if len(text) <= _LONGEST_IN_PLACE and text.strip() in _IN_PLACE else ""


def note(name: str, text: str) -> None:
    """Tell the user something about the file of this name that is not an error."""
    warnings.warn(f"{name}: {text}", NeuralTopicWarning, stacklevel=2)
