"""Checks of the members of a JSON file of a model folder; an error names the file."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from neuraltopic.errors import NeuralTopicError
from neuraltopic.storage.strict_json import read_json

_LARGEST = 3.4028234663852886e38  # of float32


def read_members(
    path: Path, members: Mapping[str, type], max_bytes: int, optional: Mapping[str, type] = MappingProxyType({})
) -> dict[str, Any]:
    """An object with exactly these members, of these types, and optionally the optional ones.

    Raises
    ------
    NeuralTopicError
        It is anything else.
    """
    value: Any = read_json(path, max_bytes)
    whole = isinstance(value, dict) and set(value) - set(optional) == set(members)
    require(whole, path, f"an object of {', '.join(members)}")
    kinds = {**members, **optional}
    for name, kind in ((name, kinds[name]) for name in value):
        require(type(value[name]) is kind, path, f"{name} of the type {kind.__name__}", value[name])
    return value


def require_numbers(path: Path, name: str, values: list[Any], n: int, of: str) -> None:
    """Raise unless `values` are `n` finite numbers, of so many `of`."""
    require(len(values) == n, path, f"{name} of {n} {of}", f"{len(values)}")
    fit = all(type(value) in (int, float) and abs(value) <= _LARGEST for value in values)
    require(fit, path, f"{name} as numbers that fit float32")


def require_history(path: Path, history: list[Any]) -> None:
    """Raise unless `history` holds an object of numbers for each epoch."""
    for entry in history:
        require(isinstance(entry, dict), path, "history as a list of objects")
        require_numbers(path, "history", list(entry.values()), len(entry), "entries")


def require(holds: bool, path: Path, expected: str, got: object = "something else") -> None:
    """Raise the error of a file that is not as it was written, unless `holds`."""
    if not holds:
        raise wrong_file(path, expected, f"{got!s:.80}")


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in what is said of its content."""
    try:
        yield
    except NeuralTopicError as error:
        raise wrong_file(path, "what save writes", str(error).removesuffix(".")) from error


def wrong_file(path: Path, expected: str, got: str) -> NeuralTopicError:
    """The error of a file that is not as it was written."""
    return NeuralTopicError(str(path), expected=expected, got=got, hint="Restore it from a copy, or fit again")
