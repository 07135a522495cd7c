"""Rows whose text is that of several columns."""

from collections.abc import Iterator, Mapping, Sequence

from neuraltopic.errors import UsageError
from neuraltopic.reading.columns import find_column
from neuraltopic.reading.rows import NO_VALUE, Corpus, CorpusEstimate, Row, value_problem

# Rows in which a column must occur: those of JSON may lack one.
_HEAD = 100
# The value of a row without one in the column.
_NOTHING = ("not text (None)", "not text (float nan)", "no column", NO_VALUE)


class JoinedCorpus(Corpus):
    """A corpus whose texts are joined from several columns, with blank lines between them.

    Parameters
    ----------
    corpus : Corpus
        With the first column as its text.
    columns : sequence of str
        The other columns, in order. Empty values are left out; numbers are converted to text.
    """

    def __init__(self, corpus: Corpus, columns: Sequence[str]) -> None:
        super().__init__(corpus.name)
        self.path, self.options = corpus.path, corpus.options
        self.index = corpus.index
        self._corpus = corpus
        self._columns = tuple(columns)

    @property
    def pretokenised(self) -> bool:
        """As that of the corpus."""
        return self._corpus.pretokenised

    def __iter__(self) -> Iterator[Row]:
        unseen, names = set(self._columns), dict[str, None]()
        number = 0
        for number, row in enumerate(self._corpus, start=1):
            found = [_field(row.metadata, column) for column in self._columns]
            if unseen:
                names.update(dict.fromkeys(row.metadata))
                unseen -= {column for column, (path, _) in zip(self._columns, found, strict=True) if path}
                if number == _HEAD:
                    self._require(unseen, names)
            yield _joined(row, found)
        self._require(unseen if number else set(), names)

    def estimate(self) -> CorpusEstimate:
        """As that of the corpus."""
        return self._corpus.estimate()

    def _require(self, unseen: set[str], names: Mapping[str, None]) -> None:
        for column in self._columns:
            if column in unseen:
                raise UsageError(
                    self.name,
                    expected=f"a column {column!r}",
                    got=f"besides the first text column: {', '.join(names) or 'none'}",
                    hint="Name columns of the text that are there, each once",
                )


def _field(metadata: Mapping[str, object], column: str) -> tuple[list[str], object]:
    """The names that lead to a column, none where it is not there, and its value."""
    name = find_column(column, list(metadata))
    if name is not None:
        return [name], metadata[name]
    head, dot, rest = column.partition(".")
    inner = metadata.get(head) if dot else None
    if isinstance(inner, Mapping):
        path, value = _field(inner, rest)
        return ([head, *path], value) if path else ([], None)
    return [], None


def _joined(row: Row, found: Sequence[tuple[list[str], object]]) -> Row:
    if row.problem and not row.problem.startswith(_NOTHING):
        return row
    parts = [row.text or "", *(_text(value) for _, value in found)]
    parts = [part for part in parts if part.strip()]
    metadata = dict(row.metadata)
    for path, _ in found:
        if len(path) == 1:
            metadata.pop(path[0], None)
    if not parts and row.problem:
        return row._replace(metadata=metadata)
    return row._replace(text="\n\n".join(parts), problem="", metadata=metadata)


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return "" if value_problem(text) else text
