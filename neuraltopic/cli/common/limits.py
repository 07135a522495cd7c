"""The time, the memory and the processors that a command may use."""

import re

from neuraltopic.errors import UsageError

_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_SECONDS_ALONE = re.compile(_NUMBER)
_TIME = re.compile(rf"(?:{_NUMBER}\s*h)?\s*(?:{_NUMBER}\s*m)?\s*(?:{_NUMBER}\s*s)?")
_MEMORY = re.compile(rf"{_NUMBER}\s*([kmgt])(?:i?b)?")
_BYTES = {"k": 2.0**10, "m": 2.0**20, "g": 2.0**30, "t": 2.0**40}
_SECONDS = (3600.0, 60.0, 1.0)  # of an hour, a minute and a second


def seconds_of(time: str | None) -> float | None:
    """Seconds of a time such as 90s, 30m or 1h30m, or 90, which are seconds; None for None.

    Raises
    ------
    UsageError
        When it is not a time above 0.
    """
    if time is None:
        return None
    typed = time.strip().lower()
    found = _TIME.fullmatch(f"{typed}s" if _SECONDS_ALONE.fullmatch(typed) else typed)
    parts = zip(found.groups(), _SECONDS, strict=True) if found else ()
    seconds = sum(float(number or 0) * unit for number, unit in parts)
    return _positive("--max-time", time, seconds, "a time above 0, as 90s, 30m or 1h30m", "30m")


def bytes_of(memory: str | None) -> float | None:
    """Bytes of an amount such as 2G, 1.5GiB or 800M, in powers of 1,024; None for None.

    Raises
    ------
    UsageError
        When it is not an amount above 0.
    """
    if memory is None:
        return None
    found = _MEMORY.fullmatch(memory.strip().lower())
    n_bytes = float(found[1]) * _BYTES[found[2]] if found else 0.0
    return _positive("--memory", memory, n_bytes, "an amount above 0, as 800M or 2G", "2G")


def _positive(option: str, typed: str, amount: float, expected: str, example: str) -> float:
    if not amount:
        raise UsageError(option, expected=expected, got=repr(typed), hint=f"Try {example}")
    return amount


def use_threads(jobs: int | None) -> None:
    """Set the number of threads; with None torch chooses."""
    if jobs is not None:
        import torch

        torch.set_num_threads(jobs)
