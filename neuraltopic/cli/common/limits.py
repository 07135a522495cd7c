"""The time, the memory and the processors that a command may use."""

import re

from neuraltopic.errors import UsageError

_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([smh]?)")
_MEMORY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([kmgt])(?:i?b)?")
_BYTES = {"k": 2.0**10, "m": 2.0**20, "g": 2.0**30, "t": 2.0**40}
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(time: str | None) -> float | None:
    """Seconds of a time such as 90, 90s, 30m or 2h; None for None.

    Raises
    ------
    UsageError
        When it is not a time above 0.
    """
    return _amount("--max-time", time, _TIME, _SECONDS, "a time above 0, as 90s, 30m or 2h", "Try 30m")


def bytes_of(memory: str | None) -> float | None:
    """Bytes of an amount such as 2G, 1.5GiB or 800M, in powers of 1,024; None for None.

    Raises
    ------
    UsageError
        When it is not an amount above 0.
    """
    return _amount("--memory", memory, _MEMORY, _BYTES, "an amount above 0, as 800M or 2G", "Try 2G")


def _amount(
    option: str, typed: str | None, pattern: re.Pattern[str], units: dict[str, float], expected: str, hint: str
) -> float | None:
    """A number and its unit, above 0."""
    if typed is None:
        return None
    found = pattern.fullmatch(typed.strip().lower())
    amount = float(found[1]) * units[found[2]] if found else 0.0
    if not amount:
        raise UsageError(option, expected=expected, got=repr(typed), hint=hint)
    return amount


def use_threads(jobs: int | None) -> None:
    """Set the number of threads; with None torch chooses."""
    if jobs is not None:
        import torch

        torch.set_num_threads(jobs)
