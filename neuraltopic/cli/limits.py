"""The time and the processors that a command may use."""

import re

from neuraltopic.errors import UsageError

_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([smh]?)")
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


def use_threads(jobs: int | None) -> None:
    """Set the number of threads; with None torch chooses."""
    if jobs is not None:
        import torch

        torch.set_num_threads(jobs)
