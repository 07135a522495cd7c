"""The device that computes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from neuraltopic.core.networks import SparseRows, sparse_matmul
from neuraltopic.errors import UsageError


def choose_device(name: str) -> torch.device:
    """The device called `name`; "auto" is the first of CUDA, Apple's MPS and the CPU that supports a fit.

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
        return torch.device(next(kind for kind, there in present.items() if there and is_capable(kind)))
    kind, colon, number = str(name).partition(":")
    numbers = [str(n) for n in range(torch.cuda.device_count() if kind == "cuda" else 1)]
    if not present.get(kind, False) or (colon and number not in numbers):
        here = ", ".join(kind for kind, there in present.items() if there)
        raise UsageError("device", expected=f"auto, or one of {here} on this machine", got=repr(name), hint="Try auto")
    return torch.device(name)


def is_capable(device: str) -> bool:
    """Whether a fit runs there: MPS has gained the factorisations that inference needs one by one."""
    if device == "cpu":
        return True
    try:
        matrix = torch.eye(2, device=device)[None]
        factor = torch.linalg.cholesky(matrix)
        torch.linalg.solve_triangular(factor, torch.cholesky_solve(matrix, factor), upper=False)
        torch.cholesky_inverse(factor)
        torch.linalg.eigh(matrix)
        weight = torch.ones(2, 3, device=device, requires_grad=True)
        indices, offsets = (torch.tensor(values, dtype=torch.int32, device=device) for values in ([0, 1], [0, 1, 2]))
        rows = SparseRows(indices, offsets, torch.ones(2, device=device), 2)
        sparse_matmul(rows, weight).sum().backward()
    except (NotImplementedError, RuntimeError, TypeError, AssertionError):
        return False
    return True


@contextmanager
def mixed_precision(device: torch.device) -> Iterator[None]:
    """Let a CUDA device round the factors of float32 products to TF32, of 10 bits, and add them in float32.

    For training, whose noise is larger, and the bounds computed during it. Weights, sums and inference are float32.
    """
    if device.type != "cuda":
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
