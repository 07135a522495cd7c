"""Where the mathematics runs."""

import torch

from neuraltopic.errors import UsageError


def choose_device(name: str) -> torch.device:
    """The device called `name`; "auto" is CUDA where there is one, else Apple's MPS, else the CPU.

    Raises
    ------
    UsageError
        When the name is unknown, or the device is not on this machine.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, there in present.items() if there))
    kind, colon, number = str(name).partition(":")
    numbers = [str(n) for n in range(torch.cuda.device_count() if kind == "cuda" else 1)]
    if not present.get(kind, False) or (colon and number not in numbers):
        here = ", ".join(kind for kind, there in present.items() if there)
        raise UsageError("device", expected=f"auto, or one of {here} on this machine", got=repr(name), hint="Try auto")
    return torch.device(name)
