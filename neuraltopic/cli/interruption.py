"""What is said where long work is interrupted: how far it came, and how to go on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from neuraltopic.progress import QuietProgress


class _Watched(QuietProgress):
    """A progress that remembers how far the work has come."""

    def __init__(self, shown: QuietProgress, reached: Callable[[str, int, int | None], str | None], first: str) -> None:
        self._shown = shown
        self._reached = reached
        self.said = first

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        said = self._reached(stage, done, total)
        self.said = self.said if said is None else said
        self._shown(stage, done, total)

    def note(self, text: str) -> None:
        self._shown.note(text)


@contextmanager
def interruptible(
    progress: QuietProgress,
    reached: Callable[[str, int, int | None], str | None],
    *,
    first: str = "",
    go_on: Callable[[], str] = str,
) -> Iterator[QuietProgress]:
    """Yield a progress that passes on what it is told; an interruption says how far the work has come.

    Parameters
    ----------
    progress : QuietProgress
    reached : callable of (stage, done, total)
        How far that is, as " after epoch 3 of 10"; None leaves what was said before.
    first : str
        What is said before anything was told.
    go_on : callable
        Asked at an interruption how to go on.
    """
    watched = _Watched(progress, reached, first)
    try:
        yield watched
    except KeyboardInterrupt as interruption:
        interruption.args = (f"interrupted{watched.said}{go_on()}",)
        raise
