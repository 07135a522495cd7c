"""What commands that fit many times say of how far they came, and of what failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neuraltopic.cli.resumable import noted
from neuraltopic.errors import NeuralTopicError
from neuraltopic.progress import QuietProgress, show_progress

FITTING = "fitting and measuring"  # as compare.runner calls the stage


class _Watched(QuietProgress):
    """A progress that remembers how many fits are done."""

    def __init__(self, shown: QuietProgress) -> None:
        self._shown = shown
        self.reached = " before the first fit"

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if stage == FITTING:
            self.reached = f" after {done} of {total} fits; go on with --resume"
        self._shown(stage, done, total)

    def note(self, text: str) -> None:
        self._shown.note(text)


@contextmanager
def interruptible(*, quiet: bool) -> Iterator[QuietProgress]:
    """Show progress; an interruption says how many fits are done and how to go on."""
    with show_progress(quiet=quiet) as shown, noted(shown):
        progress = _Watched(shown)
        try:
            yield progress
        except KeyboardInterrupt as interruption:
            interruption.args = (f"interrupted{progress.reached}",)
            raise


def refuse_failures(failures: list[dict[str, Any]], n_fits: int, output: Path) -> None:
    """End with an error where a fit has failed, after all that is known has been said.

    Raises
    ------
    NeuralTopicError
        Naming the first.
    """
    if failures:
        first = failures[0]
        raise NeuralTopicError(
            f"fits in {output}",
            expected=f"{n_fits} that finish",
            got=f"{len(failures)} that failed, the first {first['model']}, K = {first['n_components']}, "
            f"seed {first['seed']}: {first['error']}",
            hint=f"See {output / 'runs'}, and try them again with --resume",
        )
