"""The notes of a fit, and the message when it is interrupted."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.cli.common.names import options
from neuraltopic.errors import NeuralTopicWarning, UsageError
from neuraltopic.progress import QuietProgress

if TYPE_CHECKING:
    from neuraltopic.storage.outputs import OutputKind


def note_output(output: Path, kind: "OutputKind", *, source: str | Path | None, force: bool, quiet: bool) -> None:
    """Say before a dry run why the run folder could not be written, if it could not."""
    from neuraltopic.runs.folder import require_output

    try:
        require_output(output, kind, source=source, force=force)
    except UsageError as error:
        if not quiet:
            print(f"note: {error.rendered(options())}", file=sys.stderr)


@contextmanager
def noted(progress: QuietProgress) -> Iterator[None]:
    """Show the library's warnings as notes, each once, in the names of the command line; others as Python does."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", NeuralTopicWarning)
        show = warnings.showwarning
        said = set()

        def note(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if isinstance(message, NeuralTopicWarning):
                if str(message) not in said:  # documents may be read more than once
                    progress.note(f"note: {message.rendered(options())}")
                said.add(str(message))
            else:
                show(message, category, *where, **more)

        warnings.showwarning = note
        yield


class _Watched(QuietProgress):
    """A progress that remembers the stage reached, and shows a note at its first call if there is one."""

    def __init__(
        self, shown: QuietProgress, reached: Callable[[str, int, int | None], str | None], first: str, note: str
    ) -> None:
        self._shown = shown
        self._reached = reached
        self._first_note = note
        self.said = first

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if self._first_note:
            self.note(self._first_note)
            self._first_note = ""
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
    note: str = "",
    go_on: Callable[[], str] = str,
) -> Iterator[QuietProgress]:
    """Yield a progress that forwards every call; an interruption then reports the stage reached.

    Parameters
    ----------
    progress : QuietProgress
    reached : callable of (stage, done, total)
        The stage reached, such as " after epoch 3 of 10"; None keeps the previous text.
    first : str
        The text before the first call.
    note : str
        Shown at the first call.
    go_on : callable
        Called at an interruption; returns how to resume.
    """
    watched = _Watched(progress, reached, first, note)
    try:
        yield watched
    except KeyboardInterrupt as interruption:
        interruption.args = (f"interrupted{watched.said}{go_on()}",)
        raise


def interruptible_fit(
    output: Path, progress: QuietProgress, *, ready: str, resume: bool
) -> AbstractContextManager[QuietProgress]:
    """A progress whose interruption reports the stage reached.

    Parameters
    ----------
    ready : str
        The stage after which training begins.
    resume : bool
        Whether to show where the unfinished fit is that goes on.
    """
    from neuraltopic.runs.workspace import progress_of_unfinished, unfinished_request

    done_before = progress_of_unfinished(output) if resume else ""

    def reached(stage: str, done: int, total: int | None) -> str:
        if stage == "training":
            return f" after epoch {done} of {total}"
        return " before the first epoch" if stage == ready and done == total else f" while {stage}"

    return interruptible(
        progress,
        reached,
        note=done_before and f"resuming: {done_before}",
        go_on=lambda: "; continue with --resume" if unfinished_request(output) else "",
    )
