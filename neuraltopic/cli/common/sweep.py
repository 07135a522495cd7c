"""Commands that fit many models: their options, their progress and their failures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.cli.common.options import AsJson, Force, NewFolder, Quiet, Resume, Seeds, Threads
from neuraltopic.cli.common.resumable import interruptible, noted
from neuraltopic.errors import NeuralTopicError
from neuraltopic.progress import QuietProgress, show_progress

if TYPE_CHECKING:
    from neuraltopic.compare.source import Source


@dataclass(frozen=True)
class Sweep:
    """The number of fits, the folder of their results, and how both are shown."""

    output: Path
    n_seeds: int
    threads: int
    resume: bool
    force: bool
    as_json: bool
    quiet: bool

    def arguments(self, source: "Source") -> dict[str, Any]:
        """The arguments that the library functions `compare` and `choose_k` share."""
        names = ("output", "n_seeds", "threads", "resume", "force")
        return {"seed": source.seed, **{name: getattr(self, name) for name in names}}


def sweep_of(
    output: NewFolder,
    seeds: Seeds = 3,
    threads: Threads = 1,
    resume: Resume = False,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> Sweep:
    """The options of a command that fits many models."""
    return Sweep(output, seeds, threads, resume, force, as_json, quiet)


@contextmanager
def interruptible_sweep(*, quiet: bool) -> Iterator[QuietProgress]:
    """Show progress; an interruption reports the number of finished fits and how to resume."""
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
    """Raise an error if a fit failed, after everything else was printed.

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
