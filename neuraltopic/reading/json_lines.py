"""Rows of a file with a JSON object a line."""

import itertools
import json
from collections.abc import Iterator

from neuraltopic.errors import UsageError
from neuraltopic.reading.columns import Records, choose_columns
from neuraltopic.reading.encodings import Lines
from neuraltopic.reading.rows import Row

_HEAD = 100  # objects that show which columns there are


def json_rows(lines: Lines, name: str, *, text: str | None, id: str | None) -> Iterator[Row]:
    """Read an object a line; a broken line is a row with a problem, a blank one is no row.

    Raises
    ------
    UsageError
        When the columns are not there or not clear.
    NeuralTopicError
        When an id comes twice.
    """
    parsed = (_parse(line, problem) for line, problem in lines if line and not line.isspace())
    head = list(itertools.islice(parsed, _HEAD))
    objects = [record for record, _ in head if record]
    if not objects:
        raise UsageError(
            name,
            expected="a JSON object a line",
            got=head[0][1] if head and head[0][1] else "no object",
            hint='Write one object a line, as {"text": "..."}',
        )
    columns = list(dict.fromkeys(column for record in objects for column in record))
    strings = [column for column in columns if all(isinstance(r.get(column), str | None) for r in objects)]
    records = Records(name, choose_columns(name, columns, strings, text=text, id=id), lines.encoding)
    for record, problem in itertools.chain(head, parsed):
        yield records.row(record, problem)


def _parse(line: str, problem: str) -> tuple[dict[str, object], str]:
    if problem:
        return {}, problem
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        return {}, f"broken JSON: {error.msg} at column {error.colno}"
    except (ValueError, RecursionError) as error:  # a number of too many digits, too many brackets
        return {}, f"broken JSON: {str(error).partition(';')[0]}"
    if not isinstance(record, dict):
        return {}, f"broken JSON: not an object ({type(record).__name__})"
    if "\\u" in line:
        try:
            json.dumps(record, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            return {}, "not text (lone surrogate)"
    return record, ""
