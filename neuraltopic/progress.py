"""What long work tells the person who waits for it, on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

# Called with the stage ("reading"), how many are done, and of how many if that is known. The first call of a
# stage best says 0 done, so that its time is measured from there; a call that says less than the one before
# starts the stage again.
Progress = Callable[[str, int, int | None], None]

_SECONDS_BETWEEN_UPDATES = 0.1


@contextmanager
def show_progress(*, quiet: bool = False) -> Iterator["QuietProgress"]:
    """Show the stages of long work on stderr.

    Yields a `Progress` that also has `note(text)`, for a line beside the stages. On a terminal each stage is
    a bar with the time left; elsewhere it is one line when it ends, such as "reading: 11,314 in 2.1 s". With
    `quiet` nothing is shown.

        with show_progress() as progress:
            preprocessor.fit_transform(rows, progress=progress)
    """
    if quiet or sys.stderr is None:
        yield QuietProgress()
        return
    console = _terminal()
    shown = PlainProgress() if console is None else RichProgress(console)
    try:
        yield shown
    finally:
        shown.close()


def _terminal() -> "Console | None":
    """Return a console on stderr, if that is a terminal that can move its cursor."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return None if console.is_dumb_terminal or not console.is_terminal else console


class QuietProgress:
    """A progress that shows nothing."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note that `done` of `total` of the stage are done."""

    def note(self, text: str) -> None:
        """Show a line of text."""


class PlainProgress(QuietProgress):
    """A line on stderr for each stage when it has ended."""

    def __init__(self) -> None:
        self._stage = ""
        self._done = 0
        self._total: int | None = None
        self._running = False
        self._started = self._shown = time.monotonic()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note that `done` of `total` of the stage are done."""
        now = time.monotonic()
        again = stage == self._stage and done >= self._done
        if not self._running and again and done == self._done:
            return  # the end of a stage, said twice
        if not (self._running and again):
            self._end(now)
            if done == 0:
                self._started = now
            self._stage = stage
            self._begin(stage, total)
            self._running = True
        self._done, self._total = done, total
        if done == total:
            self._end(now)
        elif now - self._shown >= _SECONDS_BETWEEN_UPDATES:
            self._advance(done, total)
            self._shown = now

    def note(self, text: str) -> None:
        """Show a line of text."""
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the stage that is running."""
        self._end(time.monotonic())

    def _end(self, now: float) -> None:
        if self._running:
            of = "" if self._total in (None, self._done) else f" of {self._total:,}"
            self._finish(f"{self._stage}: {self._done:,}{of} in {now - self._started:.1f} s")
            self._running = False
            self._started = now

    def _begin(self, stage: str, total: int | None) -> None:
        pass

    def _advance(self, done: int, total: int | None) -> None:
        pass

    def _finish(self, line: str) -> None:
        self.note(line)


class RichProgress(PlainProgress):
    """A bar with the time left on a terminal, which becomes a line when the stage has ended."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        super().__init__()
        # Data may be written to stdout meanwhile: it must not be turned to this console.
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[count]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            redirect_stdout=False,
            transient=True,
        )
        self._bars.start()

    def note(self, text: str) -> None:
        """Show a line of text above the bar."""
        self._bars.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def close(self) -> None:
        """End the stage that is running, and take the bar away."""
        try:
            super().close()
        finally:
            self._bars.stop()

    def _begin(self, stage: str, total: int | None) -> None:
        self._task = self._bars.add_task(stage, total=total, count="")

    def _advance(self, done: int, total: int | None) -> None:
        count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
        self._bars.update(self._task, completed=done, total=total, count=count)

    def _finish(self, line: str) -> None:
        self._bars.remove_task(self._task)
        super()._finish(line)
