"""Functions of tensors that do not hold the interpreter's lock while they run.

A thread that calls torch takes the lock after each operation, and several times within one, while another thread may
hold it: where two threads have a batch each, they sleep twenty times in an update. TorchScript runs all operations of a
function without it.
"""

import sys
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import torch

Function = TypeVar("Function", bound=Callable[..., Any])


def without_lock(function: Function) -> Function:
    """The function, compiled to run without the interpreter's lock; where torch cannot, the function itself.

    Either does the same operations in the same order, to the same bits. The function must be written in the part of
    Python that TorchScript knows, with annotations, and its tensors must not take gradients: the compiler would then
    write derivatives of its own. `__wrapped__` of what is compiled is the function.
    """
    # torch no longer develops its compiler, and does not support it from Python 3.14 on.
    compiler = getattr(torch.jit, "script", None)
    if compiler is None or sys.version_info >= (3, 14):
        return function
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            compiled: Function = compiler(function)
        except OSError:  # the source is not there, as in a program that is frozen to one file
            return function
    if compiled is not function:  # as it is where PYTORCH_JIT=0
        compiled.__wrapped__ = function  # type: ignore[attr-defined]
    return compiled
