"""What commands that fit many times say of how far they came, and of what failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neuraltopic.cli.resumable import interruptible, noted
from neuraltopic.errors import NeuralTopicError
from neuraltopic.progress import QuietProgress, show_progress


@contextmanager
def interruptible_sweep(*, quiet: bool) -> Iterator[QuietProgress]:
    """Show progress; an interruption says how many fits are done and how to go on."""
    from neuraltopic.compare.runner import FITTING

    def reached(stage: str, done: int, total: int | None) -> str | None:
        return f" after {done} of {total} fits; continue with --resume" if stage == FITTING else None

    with (
        show_progress(quiet=quiet) as shown,
        noted(shown),
        interruptible(shown, reached, first=" before the first fit") as progress,
    ):
        yield progress


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
