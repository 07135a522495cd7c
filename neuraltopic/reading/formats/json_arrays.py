"""Rows of a table that JSON holds as lists of values, with or without a first list of names."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from neuraltopic.reading.columns import folded
from neuraltopic.reading.formats.headers import Header, find_header
from neuraltopic.reading.formats.objects import HEAD, Parsed

_MOSTLY = 0.9
_PROSE = 4  # words of a text that is no single word


def are_rows(head: Sequence[Parsed], wanted: Sequence[str | None]) -> bool:
    """Whether there are lists in place of objects, and these are rows of a table."""
    lists = _lists(head)
    return len(lists) >= _MOSTLY * sum(each.is_bare for each in head) and lists_are_rows(lists, wanted)


def lists_are_rows(lists: Sequence[Sequence[Any]], wanted: Sequence[str | None] = ()) -> bool:
    """Whether lists are rows of a table, and not the words or sentences of a text each.

    They are rows if nearly all have the same number of values, at least two, and some of these are no texts, or a
    column is named, or one column holds single words and another one texts.
    """
    n_fields = _usual_length(lists)
    rows = [values for values in lists if len(values) == n_fields]
    if n_fields < 2 or len(rows) < 2 or len(rows) < _MOSTLY * len(lists):
        return False
    if any(isinstance(value, int | float | list | dict) for row in rows for value in row):
        return True
    names = {folded(name) for name in (*wanted, "text") if name is not None}
    if any(folded(value) in names for value in rows[0] if isinstance(value, str)):
        return True
    columns = [[len(value.split()) for value in column if value] for column in zip(*rows[1:], strict=True)]
    return any(max(lengths, default=2) == 1 for lengths in columns) and any(map(_are_texts, columns))


def rows_of_lists(
    head: Sequence[Parsed], rest: Iterable[Parsed], wanted: Sequence[str | None]
) -> tuple[list[Parsed], Iterator[Parsed], Header]:
    """The rows as objects, the first ones apart, and what was decided about the names of their columns."""
    lists = _lists(head)
    n_fields = _usual_length(lists)
    header = find_header([list(map(_cell, values)) for values in lists], n_fields, wanted)
    records = _records(itertools.chain(head, rest), header)
    return list(itertools.islice(records, HEAD)), records, header


def _records(found: Iterable[Parsed], header: Header) -> Iterator[Parsed]:
    n_before, n_columns = header.n_records, len(header.columns)
    for each in found:
        values = _list(each)
        if values is None:
            yield each._replace(record={}, problem=each.problem or "not a list of values, as the others are")
        elif n_before:
            n_before -= 1
        elif len(values) > n_columns:
            yield each._replace(record={}, problem=f"{len(values)} values for {n_columns} columns")
        else:
            yield each._replace(record=dict(zip(header.columns, values, strict=False)))


def _lists(head: Iterable[Parsed]) -> list[list[Any]]:
    return [values for values in map(_list, head) if values]


def _list(each: Parsed) -> list[Any] | None:
    value = each.record.get("text") if each.is_bare else None
    return value if isinstance(value, list) else None


def _usual_length(lists: Sequence[Sequence[Any]]) -> int:
    return max(Counter(map(len, lists)).items(), key=lambda pair: pair[1], default=(0, 0))[0]


def _are_texts(lengths: Sequence[int]) -> bool:
    return bool(lengths) and sum(length >= _PROSE for length in lengths) >= _MOSTLY * len(lengths)


def _cell(value: Any) -> str:
    """A value as a table of text has it."""
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    return "" if value is None else str(value)
