"""The errors a user can act on: each says what, what was expected, what came and what to try.

A message names the parameters of Python functions by `parameter`, so that the command line can show them as options.
"""

import re
from collections.abc import Callable
from typing import Any

# Private-use characters around a parameter in a message, and between its name and its value.
_START, _VALUE, _END = "\ue000", "\ue001", "\ue002"
_PARAMETER = re.compile(f"{_START}([^{_VALUE}{_END}]*)(?:{_VALUE}([^{_END}]*))?{_END}")

Naming = Callable[[str, str | None], str]


def parameter(name: str, value: Any = None) -> str:
    """Name a parameter in the message of an error or a warning, with the value it has or should get.

    Python shows `name` or `name=value`; the command line shows the option.
    """
    return f"{_START}{name}{'' if value is None else f'{_VALUE}{value}'}{_END}"


def in_python(name: str, value: str | None) -> str:
    """A parameter as Python has it."""
    return name if value is None else f"{name}={value}"


class _Message(Exception):  # noqa: N818 (a warning is one too)
    """A message whose parameters can be named in another way."""

    def __init__(self, template: str) -> None:
        self.template = template
        super().__init__(_rendered(template, in_python))

    def rendered(self, naming: Naming) -> str:
        """The message with its parameters named by a function of name and value."""
        return _rendered(self.template, naming)


def _rendered(template: str, naming: Naming) -> str:
    return _PARAMETER.sub(lambda match: naming(match[1], match[2]), template)


class NeuralTopicError(_Message, ValueError):
    """Something given to the library cannot be used.

    Parameters
    ----------
    what : str
        The thing at fault, named as the user knows it: a path, a column, a `parameter`.
    expected, got : str
        What it should have been, and what it was.
    hint : str
        What to try next, as an imperative sentence without its full stop.

    The message is a single line. The command line prints it to stderr and exits with `exit_code`.
    """

    exit_code = 1

    def __init__(self, what: str, *, expected: str, got: str, hint: str) -> None:
        super().__init__(
            " ".join(f"{what}: expected {expected}; got {got.removesuffix('.')}. {hint.removesuffix('.')}.".split())
        )

    def with_text(self, old: str, new: str) -> "NeuralTopicError":
        """The error with another text in its message in place of `old`."""
        return _restored(type(self), self.template.replace(old, new))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.template)


def _restored(kind: type[NeuralTopicError], template: str) -> NeuralTopicError:
    """An error of that message, as another process raised it."""
    error = kind.__new__(kind)
    _Message.__init__(error, template)
    return error


class UsageError(NeuralTopicError):
    """The request itself is wrong (a path, an option, a column), whatever the data hold."""

    exit_code = 2


def install_hint(extra: str = "") -> str:
    """How to install the packages of an extra, or those that the project always needs."""
    return f"Run pip install 'neuraltopic[{extra}]'" if extra else "Run pip install neuraltopic"


class NeuralTopicWarning(_Message, UserWarning):
    """Something given to the library was left unused; the command line shows it as a note."""
