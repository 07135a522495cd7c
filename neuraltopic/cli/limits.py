"""The time, the memory and the processors that a command may use."""

import re

from neuraltopic.errors import UsageError

_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([smh]?)")
_MEMORY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([kmgt])(?:i?b)?")
_BYTES = {"k": 2.0**10, "m": 2.0**20, "g": 2.0**30, "t": 2.0**40}
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(time: str | None) -> float | None:
    """Seconds of a time as it is typed: 90, 90s, 30m or 2h; None of none.

    Raises
    ------
    UsageError
        When it is not a time above 0.
    """
    if time is None:
        return None
    found = _TIME.fullmatch(time.strip().lower())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds:
        raise UsageError("--max-time", expected="a time above 0, as 90s, 30m or 2h", got=repr(time), hint="Try 30m")
    return seconds


def bytes_of(memory: str | None) -> float | None:
    """Bytes of an amount as it is typed: 2G, 1.5GiB or 800M, of 1,024; None of none.

    Raises
    ------
    UsageError
        When it is not an amount above 0.
    """
    if memory is None:
        return None
    found = _MEMORY.fullmatch(memory.strip().lower())
    n_bytes = float(found[1]) * _BYTES[found[2]] if found else 0.0
    if not n_bytes:
        raise UsageError("--memory", expected="an amount above 0, as 800M or 2G", got=repr(memory), hint="Try 2G")
    return n_bytes


def use_threads(jobs: int | None) -> None:
    """Let mathematics run on so many threads; with None on as many as torch finds."""
    if jobs is not None:
        import torch

        torch.set_num_threads(jobs)
