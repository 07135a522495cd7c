"""Long columns of a table in a few bytes per entry, where a list would hold an object for each."""

import itertools
from array import array
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, SupportsIndex, TypeVar, overload

if TYPE_CHECKING:
    import pyarrow as pa

Value = TypeVar("Value", bound=Hashable)
# Entries that are Python objects at a time.
_BLOCK = 1 << 14


class _Column(Sequence[Any]):
    """Equal to any sequence of the same entries."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(_same, self, other))

    def blocks(self) -> Iterator[Sequence[Any]]:
        """The entries, so many at a time."""
        for start in range(0, len(self), _BLOCK):
            yield self[start : start + _BLOCK]

    def to_arrow(self) -> "pa.ChunkedArray":
        """The entries as texts."""
        import pyarrow as pa

        kind = pa.large_string()
        return pa.chunked_array([pa.array(map(str, block), kind) for block in self.blocks()], kind)


class CompactTexts(_Column, Sequence[str]):
    """Texts behind one another in one buffer: 8 bytes per entry beside its UTF-8.

    Lone halves of surrogate pairs, as names of files have, come back as they were.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q")
        self._replaced: dict[int, str] = {}

    def append(self, text: str) -> None:
        """Add a text."""
        if text:
            self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def extend(self, texts: Sequence[str]) -> None:
        """Add several texts."""
        joined = "".join(texts)
        if joined.isascii():
            ends = itertools.accumulate(map(len, texts), initial=len(self._bytes))
            next(ends)
            self._ends.extend(ends)
            self._bytes += joined.encode("ascii")
        else:
            for text in texts:
                self.append(text)

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: SupportsIndex | slice) -> str | list[str]:
        """One text, or a list of some."""
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        number = range(len(self._ends))[place]
        if number in self._replaced:
            return self._replaced[number]
        start = self._ends[number - 1] if number else 0
        return self._bytes[start : self._ends[number]].decode("utf-8", "surrogatepass")

    def __setitem__(self, place: int, text: str) -> None:
        """Replace a text; the old bytes stay in the buffer."""
        if self[place] != text:
            self._replaced[range(len(self._ends))[place]] = text


class CompactValues(_Column, Sequence[Value], Generic[Value]):
    """Values of which few are distinct: 4 bytes per entry. What is equal comes back as the first of its kind."""

    def __init__(self) -> None:
        self._codes = array("I")
        self._code_of: dict[Value, int] = {}
        self._values: list[Value] = []
        # The value before, which is the likeliest: the hash of an enumeration takes longer than all else here.
        self._last: object = self  # no value yet
        self._last_code = 0

    def append(self, value: Value) -> None:
        """Add a value."""
        if value is not self._last:
            self._last, self._last_code = value, self._code(value)
        self._codes.append(self._last_code)

    def extend(self, values: Sequence[Value]) -> None:
        """Add several values."""
        if values and values.count(values[0]) == len(values):
            self.append(values[0])
            self._codes.extend(self._codes[-1:] * (len(values) - 1))
        else:
            for value in values:
                self.append(value)

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, place: int) -> Value: ...
    @overload
    def __getitem__(self, place: slice) -> list[Value]: ...
    def __getitem__(self, place: int | slice) -> Value | list[Value]:
        """One value, or a list of some."""
        if isinstance(place, slice):
            return [self._values[code] for code in self._codes[place]]
        return self._values[self._codes[place]]

    def __setitem__(self, place: int, value: Value) -> None:
        """Replace a value."""
        self._codes[place] = self._code(value)

    def counts(self) -> Counter[Value]:
        """Entries of each value."""
        return Counter({self._values[code]: n for code, n in Counter(self._codes).items()})

    def places(self, value: Value) -> Iterator[int]:
        """Where this value is, in order."""
        wanted = self._code_of.get(value)
        return (place for place, code in enumerate(self._codes) if code == wanted)

    def _code(self, value: Value) -> int:
        code = self._code_of.setdefault(value, len(self._values))
        if code == len(self._values):
            self._values.append(value)
        return code


def _same(one: object, other: object) -> bool:
    return one == other
