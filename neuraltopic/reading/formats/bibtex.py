"""Entries of BibTeX, as the programs that keep bibliographies export them."""

from collections.abc import Iterator

import regex

from neuraltopic.reading.encodings import Lines
from neuraltopic.reading.formats.objects import Parsed, record_rows
from neuraltopic.reading.rows import Row

# The beginning of an export of a bibliography, after comments; such files are often called .txt.
ENTRY = regex.compile(r"(?:\s|%[^\n]*\n)*@[A-Za-z]+\s*[{(]\s*[^\s,{}=\"]+\s*,\s*(?:\n\s*)?[\w-]+\s*=")
_START = regex.compile(r"\s*@\s*([A-Za-z]+)\s*[{(]")
_KEY = regex.compile(r"\s*([^,{}()\"=]*?)\s*(?:[,})]|\Z)")
_FIELD = regex.compile(r"[\s,]*([^\s,={}\"]+)\s*=\s*")
# A value in braces or quotes, in which braces are in pairs, or a number or the name of a string.
_VALUE = regex.compile(r'\{((?:[^{}\\]|\\.|\{(?1)\})*+)\}|"((?:[^{}"\\]|\\.|\{(?1)\})*+)"|([^\s,{}"#]+)', regex.DOTALL)
_JOIN = regex.compile(r"\s*#\s*")
_BRACKET = regex.compile(r"\\.|[{}()\"]", regex.DOTALL)
# Braces that keep capitals, and not those of the argument of a command.
_PROTECTED = regex.compile(r"(?<!\\[A-Za-z]+\s*|\\.)\{([^{}\\]*)\}")
_DEPTH = 5  # of such braces
_NO_ENTRIES = ("comment", "preamble")
_LONGEST = 10_000  # lines of an entry; beyond it, a brace that is not closed is likelier


def bibtex_rows(lines: Lines, name: str, *, text: str | None, id: str | None) -> Iterator[Row]:
    """Read a row per entry; fields are columns, in small letters, and the key is the id.

    Braces that keep capitals are taken out of values, and @string definitions are put in. An entry whose braces do not
    pair up ends before the next one, and is a row with a problem.

    Raises
    ------
    UsageError
        When there is no entry, or a column is missing.
    NeuralTopicError
        When an id comes twice in a column that was asked for.
    """
    expected = "entries of BibTeX, as @article{key, title = {...}}"
    yield from record_rows(_entries(lines), name, lines.encoding, expected=expected, text=text, id=id)


def _entries(lines: Lines) -> Iterator[Parsed]:
    strings: dict[str, str] = {}
    for piece in _pieces(lines):
        source = "\n".join(piece.lines)
        kind, start = _kind_of(source)
        if kind in _NO_ENTRIES:
            continue
        if kind == "string":
            strings |= _fields(source, start, strings)
            continue
        key = _KEY.match(source, start)
        fields = _fields(source, start if key is None else key.end(), strings)
        record = {"id": key[1]} if key is not None and key[1] else {}
        problem = piece.problem or ("" if fields else "no fields")
        yield Parsed({**record, "type": kind, **fields}, problem, piece.first, len(piece.lines))


def _kind_of(source: str) -> tuple[str, int]:
    """The kind of an entry, in small letters, and where what is in it begins."""
    found = _START.match(source)
    assert found is not None
    return found[1].lower(), found.end()


class _Piece:
    """The lines of an entry, and what is open after them: braces, and in round brackets a quotation."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.lines: list[str] = []
        self.problem = ""
        self._closing, self._depth = "", 0
        self._in_quotes = False

    def take(self, line: str, start: int, problem: str) -> int | None:
        """Take a line from `start` on; where the entry ends, None if it goes on."""
        self.problem = self.problem or problem
        for sign in _BRACKET.finditer(line, start):
            mark = sign[0]
            if not self._closing:
                self._closing, self._depth = (")", 0) if mark == "(" else ("}", 1)
            elif mark in "{}":
                self._depth += 1 if mark == "{" else -1
            elif mark == '"' and not self._depth:
                self._in_quotes = not self._in_quotes
            if mark == self._closing and self._depth <= 0 and not self._in_quotes:
                self.lines.append(line[start : sign.end()])
                return sign.end()
        self.lines.append(line[start:])
        return None


def _pieces(lines: Lines) -> Iterator[_Piece]:
    """The entries; what stands between them is a comment."""
    piece: _Piece | None = None
    for number, (line, wrong) in enumerate(lines, start=1):
        place: int | None = 0
        if piece and (_START.match(line) or len(piece.lines) >= _LONGEST):
            yield _unclosed(piece)
            piece = None
        while place is not None and (piece or _START.match(line, place)):
            piece = piece or _Piece(number)
            place = piece.take(line, place, wrong)
            if place is not None:
                yield piece
                piece = None
    if piece:
        yield _unclosed(piece)


def _unclosed(piece: _Piece) -> _Piece:
    piece.problem = piece.problem or "a bracket that is not closed"
    return piece


def _fields(source: str, start: int, strings: dict[str, str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    while (found := _FIELD.match(source, start)) is not None:
        parts, start = [], found.end()
        while (value := _VALUE.match(source, start)) is not None:
            in_braces, in_quotes, plain = value.groups()
            parts.append(strings.get(plain.lower(), plain) if plain is not None else in_braces or in_quotes or "")
            more = _JOIN.match(source, value.end())
            start = value.end() if more is None else more.end()
            if more is None:
                break
        fields[found[1].lower()] = _plain("".join(parts))
    return fields


def _plain(value: str) -> str:
    for _ in range(_DEPTH):
        bare = _PROTECTED.sub(r"\1", value)
        if bare == value:
            break
        value = bare
    return " ".join(value.split())
