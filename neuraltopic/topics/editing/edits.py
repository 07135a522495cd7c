"""Edit operations on topics, and their form in the log: one JSON object per operation.

    {"op": "rename", "labels": {"3": "Space flight", "5": null}}      null: restore the label made of its words
    {"op": "merge", "groups": [[3, 7], [12, 15]]}
    {"op": "split", "topic": 4}
    {"op": "drop", "topics": [9]}
    {"op": "reorder", "order": [2, 0, 1]}                             the new topic 0 is the old topic 2
    {"op": "junk", "topics": [8]}
    {"op": "move", "word": "orbit", "from": 3, "to": 5}
    {"op": "undo"}

Topic numbers are those at the time of the operation. In a log an operation also has its time, and in `found` the
statistics of its new topics in the documents of the fit, so that it can be replayed without the documents.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError

_LONGEST_LABEL = 200
_LARGEST = 3.4028234663852886e38  # of float32


@dataclass(frozen=True)
class MergeFindings:
    """Findings on a topic merged from n topics.

    Attributes
    ----------
    moments : n numbers
        Mean over the documents of z_i (z_1 + ... + z_n).
    information : float
        See `TopicInterpretation.information`.
    typical : tuple of str
        See `TopicStatistics`.
    """

    moments: tuple[float, ...]
    information: float
    typical: tuple[str, ...]


@dataclass(frozen=True)
class SplitFindings:
    """Findings on the two parts of a split topic: part 0, the larger, and part 1.

    Attributes
    ----------
    part : float
        Share of part 0 in the documents assigned to the topic, above 0 and below 1.
    fraction : V numbers
        Of the documents assigned to the topic that have a word, the share in part 0, smoothed; above 0 and below 1.
    mean : float
        Mean of the split coordinate over all documents, see `neuraltopic.topics.editing.edited_topics`.
    listed : two ints
        Documents assigned to each part.
    information, typical
        Of each part.
    coordinates : D numbers, optional
        The split coordinate of each document whose vector is kept.
    """

    part: float
    fraction: tuple[float, ...]
    mean: float
    listed: tuple[int, int]
    information: tuple[float, float]
    typical: tuple[tuple[str, ...], tuple[str, ...]]
    coordinates: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Rename:
    """Give topics labels; None is the label of its words."""

    labels: Mapping[int, str | None]


@dataclass(frozen=True)
class Merge:
    """Make one topic of each group, with the number of its first."""

    groups: tuple[tuple[int, ...], ...]
    found: tuple[MergeFindings, ...] | None = None


@dataclass(frozen=True)
class Split:
    """Make two topics of one: the larger part keeps the number, the smaller becomes the last topic."""

    topic: int
    found: SplitFindings | None = None


@dataclass(frozen=True)
class Drop:
    """Leave topics out: their share belongs to no topic, and their documents are assigned to none."""

    topics: tuple[int, ...]


@dataclass(frozen=True)
class Reorder:
    """Renumber the topics: order[i] is the old number of topic i."""

    order: tuple[int, ...]


@dataclass(frozen=True)
class Junk:
    """Flag topics as junk; nothing else changes."""

    topics: tuple[int, ...]


@dataclass(frozen=True)
class MoveWord:
    """Move a word from one topic to another: the word tables change, documents do not."""

    word: str
    source: int
    target: int


@dataclass(frozen=True)
class Undo:
    """Undo the last operation in force."""


Operation = Rename | Merge | Split | Drop | Reorder | Junk | MoveWord | Undo
_NAMES = {
    Rename: "rename",
    Merge: "merge",
    Split: "split",
    Drop: "drop",
    Reorder: "reorder",
    Junk: "junk",
    MoveWord: "move",
    Undo: "undo",
}


def effective(log: Iterable[Operation]) -> tuple[Operation, ...]:
    """The operations of a log that are in force, without undone ones.

    Raises
    ------
    UsageError
        When there is nothing to undo.
    """
    standing: list[Operation] = []
    for operation in log:
        if not isinstance(operation, Undo):
            standing.append(operation)
        elif standing:
            standing.pop()
        else:
            raise UsageError("undo", expected="an edit to undo", got="none", hint="See the list of edits")
    return tuple(standing)


def unchanged_topics(n_topics: int, operations: Iterable[Operation]) -> list[int | None]:
    """For each topic after operations in force, see `effective`, the topic of the model with the same words, if any.

    Parameters
    ----------
    n_topics : int
        Number of topics of the model.
    operations : iterable of Operation
    """
    topics: list[int | None] = list(range(n_topics))
    for operation in operations:
        match operation:
            case Merge(groups):
                for group in groups:
                    topics[min(group)] = None
                gone = {topic for group in groups for topic in group if topic != min(group)}
                topics = [topic for number, topic in enumerate(topics) if number not in gone]
            case Split(topic):
                topics[topic] = None
                topics.append(None)
            case Drop(dropped):
                topics = [topic for number, topic in enumerate(topics) if number not in dropped]
            case Reorder(order):
                topics = [topics[number] for number in order]
            case MoveWord(_, source, target):
                topics[source] = topics[target] = None
    return topics


def operation_name(operation: Operation) -> str:
    """Its name in the log."""
    return _NAMES[type(operation)]


def to_entry(operation: Operation) -> dict[str, Any]:
    """The operation as a JSON object."""
    entry: dict[str, Any] = {"op": operation_name(operation)}
    match operation:
        case Rename(labels):
            entry["labels"] = {str(topic): label for topic, label in labels.items()}
        case Merge(groups, found):
            entry["groups"] = [list(group) for group in groups]
            if found is not None:
                entry["found"] = [dataclasses.asdict(one) for one in found]
        case Split(topic, found):
            entry["topic"] = topic
            if found is not None:
                values = dataclasses.asdict(found)
                entry["found"] = {name: value for name, value in values.items() if value is not None}
        case Drop(topics) | Junk(topics):
            entry["topics"] = list(topics)
        case Reorder(order):
            entry["order"] = list(order)
        case MoveWord(word, source, target):
            entry |= {"word": word, "from": source, "to": target}
    return entry


def from_entry(value: Any, what: str = "edit") -> Operation:
    """The operation of an object that `to_entry` made.

    Raises
    ------
    UsageError
        When it is not an operation; the message begins with `what`.
    """
    name = value.get("op") if isinstance(value, dict) else None
    read = _READERS.get(name) if isinstance(name, str) else None
    if read is None:
        raise UsageError(
            what, expected=f"an object whose op is one of {', '.join(_READERS)}", got=f"{value!r:.80}", hint=_HINT
        )
    members, optional, make = read
    _check(members <= value.keys() - {"op", "time"} <= members | optional, what, members, value)
    return make(value, what)


_HINT = "See `neuraltopic topics edit --help`"


def _check(holds: bool, what: str, expected: object, got: object) -> None:
    if not holds:
        wanted = f"the members {', '.join(sorted(expected))}" if isinstance(expected, set | frozenset) else expected
        raise UsageError(what, expected=str(wanted), got=f"{got!r:.80}", hint=_HINT)


def _topic(value: Any, what: str) -> int:
    _check(type(value) is int and value >= 0, what, "the number of a topic", value)
    return int(value)


def _topics(value: Any, what: str) -> tuple[int, ...]:
    _check(isinstance(value, list) and len(value) > 0, what, "a list of topics", value)
    topics = tuple(_topic(topic, what) for topic in value)
    _check(len(set(topics)) == len(topics), what, "each topic once", value)
    return topics


def _label(value: Any, what: str) -> str | None:
    if value is None:
        return None
    plain = isinstance(value, str) and value.strip() == value and value.isprintable()
    _check(plain and 0 < len(value) <= _LONGEST_LABEL, what, f"a label of 1 to {_LONGEST_LABEL} characters", value)
    return str(value)


def _number(value: Any, what: str) -> float:
    _check(type(value) in (int, float) and abs(value) <= _LARGEST, what, "a number that fits float32", value)
    return float(value)


def _numbers(value: Any, what: str) -> tuple[float, ...]:
    _check(isinstance(value, list), what, "a list of numbers", value)
    return tuple(_number(number, what) for number in value)


def _ids(value: Any, what: str) -> tuple[str, ...]:
    _check(isinstance(value, list) and all(isinstance(id, str) for id in value), what, "a list of ids", value)
    return tuple(value)


def _pair(value: Any, what: str) -> list[Any]:
    _check(isinstance(value, list) and len(value) == 2, what, "one for each of two parts", value)
    return list(value)


def _inside(values: Sequence[float], what: str) -> None:
    _check(all(0.0 < value < 1.0 for value in values), what, "numbers above 0 and below 1", list(values))


def _read_rename(value: dict[str, Any], what: str) -> Rename:
    labels = value["labels"]
    _check(isinstance(labels, dict) and len(labels) > 0, what, "a label for each number of a topic", labels)
    for topic in labels:
        _check(topic.isascii() and topic.isdigit() and str(int(topic)) == topic, what, "the number of a topic", topic)
    return Rename({int(topic): _label(label, what) for topic, label in labels.items()})


def _read_merge(value: dict[str, Any], what: str) -> Merge:
    groups = value["groups"]
    _check(isinstance(groups, list) and len(groups) > 0, what, "groups of topics", groups)
    merged = tuple(_topics(group, what) for group in groups)
    found = None
    if "found" in value:
        given = value["found"]
        _check(isinstance(given, list) and len(given) == len(merged), what, "findings of each group", given)
        found = tuple(_merge_findings(one, len(group), what) for one, group in zip(given, merged, strict=True))
    return Merge(merged, found)


def _merge_findings(value: Any, n: int, what: str) -> MergeFindings:
    members = {field.name for field in dataclasses.fields(MergeFindings)}
    _check(isinstance(value, dict) and set(value) == members, what, members, value)
    moments = _numbers(value["moments"], what)
    _check(len(moments) == n, what, f"{n} moments", value["moments"])
    return MergeFindings(moments, _number(value["information"], what), _ids(value["typical"], what))


def _read_split(value: dict[str, Any], what: str) -> Split:
    topic = _topic(value["topic"], what)
    if "found" not in value:
        return Split(topic)
    found, members = value["found"], {field.name for field in dataclasses.fields(SplitFindings)}
    whole = isinstance(found, dict) and members - {"coordinates"} <= found.keys() <= members
    _check(whole, what, members, found)
    part, fraction = _number(found["part"], what), _numbers(found["fraction"], what)
    _inside([part, *fraction], what)
    first, second = (_topic(count, what) for count in _pair(found["listed"], what))
    one, other = (_number(number, what) for number in _pair(found["information"], what))
    typical, others = (_ids(ids, what) for ids in _pair(found["typical"], what))
    coordinates = _numbers(found["coordinates"], what) if "coordinates" in found else None
    mean = _number(found["mean"], what)
    return Split(
        topic, SplitFindings(part, fraction, mean, (first, second), (one, other), (typical, others), coordinates)
    )


def _read_move(value: dict[str, Any], what: str) -> MoveWord:
    _check(isinstance(value["word"], str), what, "a word", value["word"])
    return MoveWord(value["word"], _topic(value["from"], what), _topic(value["to"], what))


_READERS: dict[str, tuple[frozenset[str], frozenset[str], Callable[[dict[str, Any], str], Operation]]] = {
    "rename": (frozenset({"labels"}), frozenset(), _read_rename),
    "merge": (frozenset({"groups"}), frozenset({"found"}), _read_merge),
    "split": (frozenset({"topic"}), frozenset({"found"}), _read_split),
    "drop": (frozenset({"topics"}), frozenset(), lambda value, what: Drop(_topics(value["topics"], what))),
    "reorder": (frozenset({"order"}), frozenset(), lambda value, what: Reorder(_topics(value["order"], what))),
    "junk": (frozenset({"topics"}), frozenset(), lambda value, what: Junk(_topics(value["topics"], what))),
    "move": (frozenset({"word", "from", "to"}), frozenset(), _read_move),
    "undo": (frozenset(), frozenset(), lambda value, what: Undo()),
}


def plain_numbers(values: NDArray[np.floating]) -> tuple[float, ...]:
    """Numbers of float32 precision in their shortest decimal form."""
    return tuple(float(str(value)) for value in values.astype(np.float32))
