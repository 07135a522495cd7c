"""Filters such as "year >= 2015 and section in ('sport', 'arts')", parsed into a tree and never evaluated as code.

    filter     := conjunction (OR conjunction)*
    conjunction:= negation (AND negation)*
    negation   := NOT negation | "(" filter ")" | comparison
    comparison := column (= | != | <> | < | <= | > | >=) value
                | column [NOT] IN "(" value ("," value)* ")" | column IS [NOT] NULL
    column     := name | "quoted name"           value := number | 'text' | TRUE | FALSE

The meaning is SQL's: a comparison with a missing value is unknown, and a document is found where the filter is true. A
cell of text without a letter, as a CSV has it, is missing where it is compared with a number.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError, parameter

if TYPE_CHECKING:
    import pandas as pd

Value = str | int | float | bool

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")+")
    | (?P<sign><=|>=|!=|<>|==|=|<|>)
    | (?P<mark>[(),])
    | (?P<name>[^\W\d]\w*)
    )""",
    re.VERBOSE,
)
_OPERATORS: Mapping[str, Callable] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SAME = {"==": "=", "<>": "!="}
_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})
_HINT = "Write for example: year >= 2015 and section in ('sport', 'arts')"
MAX_LENGTH = 2048
_MAX_DEPTH = 64
# A whole number with more is beyond float64, which some columns have.
_MOST_DIGITS = 300


@dataclass(frozen=True)
class Comparison:
    """column operator value."""

    column: str
    operator: str
    value: Value


@dataclass(frozen=True)
class Membership:
    """column in values."""

    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Missing:
    """column is null: a cell that is missing, or empty as a CSV has it."""

    column: str


@dataclass(frozen=True)
class Not:
    """not filter."""

    of: "Filter"


@dataclass(frozen=True)
class Both:
    """left and right."""

    left: "Filter"
    right: "Filter"


@dataclass(frozen=True)
class Either:
    """left or right."""

    left: "Filter"
    right: "Filter"


Filter = Comparison | Membership | Missing | Not | Both | Either


def parse_filter(text: str) -> Filter:
    """The tree of a filter.

    Raises
    ------
    UsageError
        When the text is no str or no filter; says where.
    """
    if not isinstance(text, str):
        raise UsageError(parameter("where"), expected="a filter as a str", got=type(text).__name__, hint=_HINT)
    if len(text) > MAX_LENGTH:
        raise UsageError(
            parameter("where"), expected=f"at most {MAX_LENGTH:,} characters", got=f"{len(text):,}", hint=_HINT
        )
    parser = _Parser(text)
    parsed = parser.either(0)
    if parser.token is not None:
        raise parser.wrong("and, or or the end")
    return parsed


def columns_of(filter: Filter) -> list[str]:
    """The columns that a filter names, each once."""
    if isinstance(filter, Not):
        return columns_of(filter.of)
    if isinstance(filter, Both | Either):
        return list(dict.fromkeys(columns_of(filter.left) + columns_of(filter.right)))
    return [filter.column]


def matching(filter: Filter, table: "pd.DataFrame") -> NDArray[np.bool_]:
    """Where the filter is true, (D,).

    Parameters
    ----------
    filter : Filter
    table : DataFrame of D rows
        With the columns that the filter names.

    Raises
    ------
    UsageError
        When a column and a value cannot be compared.
    """
    true, _ = _truth(filter, table)
    return true


def _truth(filter: Filter, table: "pd.DataFrame") -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where it is true, and where it is false; elsewhere it is unknown."""
    if isinstance(filter, Not):
        true, false = _truth(filter.of, table)
        return false, true
    if isinstance(filter, Both | Either):
        (true, false), (also_true, also_false) = _truth(filter.left, table), _truth(filter.right, table)
        if isinstance(filter, Both):
            return true & also_true, false | also_false
        return true | also_true, false & also_false
    column = table[filter.column]
    missing = column.isna().to_numpy(bool)
    if isinstance(filter, Missing):
        missing = missing | _empty(column)
        return missing, ~missing
    values = filter.values if isinstance(filter, Membership) else (filter.value,)
    sign = "=" if isinstance(filter, Membership) else filter.operator
    found, unknown = np.zeros(len(column), bool), missing
    for value in values:
        without = missing | _blank(column, value)
        found[~without] |= _OPERATORS[sign](_values(column[~without], value), value)
        unknown = unknown | without
    return found, ~found & ~unknown


def _blank(column: "pd.Series", value: Value) -> NDArray[np.bool_]:
    """Cells without text in a column that is compared with a number, as a CSV has them for missing ones, (D,)."""
    return np.zeros(len(column), bool) if isinstance(value, str | bool) else _empty(column)


def _empty(column: "pd.Series") -> NDArray[np.bool_]:
    """Cells without text, (D,)."""
    from pandas.api.types import is_numeric_dtype

    if is_numeric_dtype(column.dtype):
        return np.zeros(len(column), bool)
    return np.array([isinstance(cell, str) and not cell.strip() for cell in column], bool)


def _values(present: "pd.Series", value: Value) -> NDArray:
    """The values of a column as the kind that `value` is of."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype, is_string_dtype

    if is_bool_dtype(present.dtype) or (len(present) and all(isinstance(cell, bool | np.bool_) for cell in present)):
        if not isinstance(value, bool):
            raise _incomparable(present, "true or false", value)
        return present.to_numpy(bool)
    if isinstance(value, bool):
        raise _incomparable(present, "numbers" if is_numeric_dtype(present.dtype) else "text", value)
    if isinstance(value, str):
        if is_numeric_dtype(present.dtype):
            raise _incomparable(present, "numbers", value)
        if is_string_dtype(present.dtype) and present.dtype != object:
            return present.to_numpy(object)
        return np.array([str(cell) for cell in present], object)
    if is_numeric_dtype(present.dtype):
        numbers = present.to_numpy()
        return numbers if numbers.dtype.kind in "iu" else numbers.astype(np.float64)
    return _numbers(present, value)


def _numbers(present: "pd.Series", value: Value) -> NDArray:
    """Numbers of a column of text, as a CSV has them."""
    numbers = list[int | float]()
    for cell in present:
        try:
            numbers.append(_number(cell) if isinstance(cell, str) else cell if isinstance(cell, int) else float(cell))
        except (TypeError, ValueError):
            raise _incomparable(present, f"text such as {str(cell)[:40]!r}", value) from None
    whole = all(isinstance(number, int) and abs(number) < 2**63 for number in numbers)
    return np.array(numbers, np.int64 if whole else np.float64)


def _number(text: str) -> int | float:
    """A whole number with all its digits, or another; one that float64 cannot hold is infinite."""
    try:
        return int(text) if len(text) < _MOST_DIGITS else float(text)
    except ValueError:
        return float(text)


def _incomparable(column: "pd.Series", holds: str, value: Value) -> UsageError:
    kind = "true or false" if isinstance(value, bool) else "text in quotes" if isinstance(value, str) else "a number"
    return UsageError(
        f"{parameter('where')}: {column.name}",
        expected=f"a value to compare {holds} with",
        got=f"{kind}, {value!r:.60}",
        hint="Quote text with ' and leave numbers without",
    )


class _Parser:
    """Reads a filter from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._cut(text)
        self.token: tuple[str, str, int] | None = None
        self._advance()

    def either(self, depth: int) -> Filter:
        """A filter."""
        if depth > _MAX_DEPTH:
            raise self.wrong(f"at most {_MAX_DEPTH} brackets and nots in one another")
        left = self._both(depth)
        while self._took("or"):
            left = Either(left, self._both(depth))
        return left

    def wrong(self, expected: str) -> UsageError:
        """The error of a text that does not go on as it should."""
        if self.token is None:
            return UsageError(parameter("where"), expected=expected, got=f"the end of {self._text!r:.80}", hint=_HINT)
        _, text, position = self.token
        return UsageError(
            parameter("where"), expected=expected, got=f"{text!r:.60} at character {position + 1}", hint=_HINT
        )

    def _both(self, depth: int) -> Filter:
        left = self._negation(depth)
        while self._took("and"):
            left = Both(left, self._negation(depth))
        return left

    def _negation(self, depth: int) -> Filter:
        if depth > _MAX_DEPTH:
            raise self.wrong(f"at most {_MAX_DEPTH} brackets and nots in one another")
        if self._took("not"):
            return Not(self._negation(depth + 1))
        if self._took("("):
            inner = self.either(depth + 1)
            self._require(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Filter:
        column = self._column()
        if self._took("is"):
            negated = self._took("not")
            self._require("null")
            return Not(Missing(column)) if negated else Missing(column)
        negated = self._took("not")
        if negated or self._peek("in"):
            self._require("in")
            found = Membership(column, self._list())
            return Not(found) if negated else found
        if self.token is None or self.token[0] != "sign":
            raise self.wrong(f"one of {' '.join(_OPERATORS)} in is after {column}")
        sign = self.token[1]
        self._advance()
        return Comparison(column, _SAME.get(sign, sign), self._value())

    def _list(self) -> tuple[Value, ...]:
        self._require("(")
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        self._require(")")
        return tuple(values)

    def _column(self) -> str:
        kind, text, _ = self.token or ("", "", 0)
        if kind == "quoted":
            name = text[1:-1].replace('""', '"')
        elif kind == "name" and text.lower() not in _KEYWORDS:
            name = text
        else:
            raise self.wrong("the name of a column")
        self._advance()
        return name

    def _value(self) -> Value:
        kind, text, _ = self.token or ("", "", 0)
        value: Value
        if kind == "text":
            value = text[1:-1].replace("''", "'")
        elif kind == "number":
            value = _number(text)
        elif kind == "name" and text.lower() in ("true", "false"):
            value = text.lower() == "true"
        else:
            raise self.wrong("a number, a text in ' or true or false")
        self._advance()
        return value

    def _peek(self, word: str) -> bool:
        return self.token is not None and self.token[0] in ("name", "mark") and self.token[1].lower() == word

    def _took(self, word: str) -> bool:
        found = self._peek(word)
        if found:
            self._advance()
        return found

    def _require(self, word: str) -> None:
        if not self._took(word):
            raise self.wrong(word)

    def _advance(self) -> None:
        self.token = next(self._tokens, None)

    def _cut(self, text: str) -> Iterator[tuple[str, str, int]]:
        position, end = 0, len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if found is None:
                rest = text[position:].lstrip()
                raise UsageError(
                    parameter("where"),
                    expected="a filter",
                    got=f"{rest[:20]!r} at character {len(text) - len(rest) + 1}",
                    hint=_HINT,
                )
            kind = found.lastgroup or ""
            yield kind, found[kind], found.start(kind)
            position = found.end()


def known_columns(names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise a UsageError for a column that is wanted and not there."""
    for name in wanted:
        if name not in names:
            raise UsageError(
                parameter("where"),
                expected=f"columns of the index: {', '.join(names)}",
                got=repr(name),
                hint='Quote a name that is no word, as in "my column"',
            )
