"""JSON, read and written strictly."""

import json
import math
import os
from collections.abc import Iterable

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.atomic import atomic_write
from neuraltopic.storage.regular import open_regular

MAX_DEPTH = 64  # ours nest a handful deep; the parser itself gives up near 1,000


def read_json(path: str | os.PathLike[str], max_bytes: int) -> object:
    """Read a JSON file.

    Parameters
    ----------
    path : path-like
        A regular file; links are refused.
    max_bytes : int
        A larger file is refused before it is read.

    Raises
    ------
    NeuralTopicError
        The file cannot be read, is larger than `max_bytes`, or is no JSON as `parse_json` wants it.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > max_bytes:
            raise NeuralTopicError(
                str(path),
                expected=f"at most {max_bytes:,} bytes",
                got=f"{size:,} bytes",
                hint="This is not a file that neuraltopic wrote; restore it from a copy",
            )
        content = file.read(size)
    return parse_json(content, str(path))


def parse_json(content: bytes, what: str) -> object:
    """Parse UTF-8 JSON: finite numbers, no key twice in an object, nested at most `MAX_DEPTH` deep.

    Raises
    ------
    NeuralTopicError
        `content` is anything else. The message begins with `what`.
    """
    try:
        text = content.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant, parse_float=_finite)
        if "\\u" in text:  # an escape is the only way to half a surrogate pair, which no file can hold
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        too_deep = _deeper_than(value, MAX_DEPTH)
    except RecursionError:
        too_deep = True
    except ValueError as error:
        raise NeuralTopicError(
            what, expected="JSON in UTF-8", got=str(error)[:200], hint="Restore the file from a copy"
        ) from error
    if too_deep:
        raise NeuralTopicError(
            what,
            expected=f"JSON nested at most {MAX_DEPTH} deep",
            got="deeper nesting",
            hint="This is not a file that neuraltopic wrote; restore it from a copy",
        )
    return value


def write_json(path: str | os.PathLike[str], value: object) -> None:
    """Write `value` as indented UTF-8 JSON, whole or not at all, in the order of its keys.

    Raises
    ------
    NeuralTopicError
        `value` holds a NaN, an infinity or half a surrogate pair, which `read_json` would refuse.
    """
    try:
        content = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2).encode("utf-8")
    except ValueError as error:
        raise NeuralTopicError(
            str(path),
            expected="finite numbers and whole characters",
            got=str(error)[:200],
            hint="Leave such a value out or write null",
        ) from error
    with atomic_write(path) as file:
        file.write(content + b"\n")


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r:.80} twice")
    return members


def _no_constant(text: str) -> float:
    raise ValueError(f"the number {text}")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text:.40}, too large for a float")
    return value


def _deeper_than(value: object, limit: int) -> bool:
    level: list[object] = [value]
    for _ in range(limit):
        level = [item for container in level for item in _items(container)]
        if not level:
            return False
    return True


def _items(value: object) -> Iterable[object]:
    """Return the containers directly inside a container."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return ()
    return [item for item in value if isinstance(item, dict | list)]
