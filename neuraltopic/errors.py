"""The errors a user can act on: each says what, what was expected, what came and what to try."""


class NeuralTopicError(ValueError):
    """Something given to the library cannot be used.

    Parameters
    ----------
    what : str
        The thing at fault, named as the user knows it: a path, an option, a parameter.
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


class UsageError(NeuralTopicError):
    """The request itself is wrong (a path, an option, a column), whatever the data hold."""

    exit_code = 2


class NeuralTopicWarning(UserWarning):
    """Something given to the library was left unused; the command line shows it as a note."""
