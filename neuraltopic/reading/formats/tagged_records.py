"""Rows of exports of bibliographies, whose lines begin with a tag: RIS, MEDLINE of PubMed, Web of Science."""

import re
from collections.abc import Iterator
from typing import Any

from neuraltopic.reading.encodings import Lines
from neuraltopic.reading.formats.objects import Parsed, record_rows
from neuraltopic.reading.rows import Row

# "TI  - Title" of RIS and MEDLINE, "TI Title" of Web of Science; other lines go on with the value.
HYPHENED, PLAIN = re.compile(r"([A-Z][A-Z0-9]{1,3}) *- ?(.*)"), re.compile(r"([A-Z][A-Z0-9])(?: (.*)|$)")
# The beginning of an export; those of PubMed and Web of Science are often called .txt.
EXPORT = re.compile(r"\s*(?:PMID *- ?\d|TY  ?- ?[A-Z]+\s|FN (?:Clarivate|Thomson|ISI)\b)")
_END = ("ER", "EF")  # of a record, and of a file
_OF_FILE = ("FN", "VR")
_STARTS = ("PMID", "TY", "PT")  # the first tag of a record in each format


def tagged_rows(lines: Lines, name: str, *, text: str | None, id: str | None) -> Iterator[Row]:
    """Read a row per record; the tags are the columns. Values of a tag that comes again are joined by "; ".

    Columns are chosen as in `object_rows`.

    Raises
    ------
    UsageError
        When there is no record, or a column is missing.
    NeuralTopicError
        When an id comes twice in a column that was asked for.
    """
    expected = "records whose lines begin with a tag, as TI  - Title"
    yield from record_rows(_records(lines), name, lines.encoding, expected=expected, text=text, id=id)


def _records(lines: Lines) -> Iterator[Parsed]:
    record: dict[str, Any] = {}
    problem, tag, first, last, pattern = "", "", 0, 0, None
    for number, (line, wrong) in enumerate(lines, start=1):
        content = line.strip()
        if pattern is None and content:
            pattern = HYPHENED if HYPHENED.match(line) else PLAIN
        found = pattern.match(line) if pattern else None
        named = "" if found is None else found[1]
        if record and named in (*_STARTS, *_END):
            yield Parsed(record, problem, first, last - first + 1)
            record, problem, tag = {}, "", ""
        if named in (*_END, *_OF_FILE):
            tag = ""
        elif found is not None:
            first = first if record else number
            tag, value = named, (found[2] or "").strip()
            record[tag] = f"{record[tag]}; {value}" if tag in record else value
        elif tag and content:
            record[tag] += f" {content}"
        if record and content:
            last, problem = number, problem or wrong
    if record:
        yield Parsed(record, problem, first, last - first + 1)
