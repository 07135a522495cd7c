"""What `fit`, `update` and `images fit` share: refusals before any work, and what is said where work is interrupted."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.cli.names import as_typed
from neuraltopic.errors import NeuralTopicWarning, UsageError
from neuraltopic.storage.outputs import OutputKind, check_output

if TYPE_CHECKING:
    from neuraltopic.progress import Progress, QuietProgress


def check_run_output(
    output: Path,
    kind: OutputKind,
    *,
    source: str | None,
    see: str,
    force: bool,
    resume: bool,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Refuse a run folder that may not be written; a dry run only notes it.

    Parameters
    ----------
    see : str
        The command that shows a finished run.

    Raises
    ------
    UsageError
    """
    if resume and not force and output.is_dir() and kind.entries(output):
        raise UsageError(
            "resume",
            expected=f"an unfinished fit of {output}",
            got="a finished run",
            hint=f"See it with {see} {output}, or replace it with --force",
        )
    try:
        check_output(output, kind, force=force, source=source)
    except UsageError as error:
        if not dry_run:
            raise
        if not quiet:
            print(f"note: {error}", file=sys.stderr)


@contextmanager
def noted(progress: "QuietProgress") -> Iterator[None]:
    """Show the library's warnings as notes, each once, as the command line names things; others as Python does."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", NeuralTopicWarning)
        show = warnings.showwarning
        said = set()

        def note(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, NeuralTopicWarning):
                if str(message) not in said:  # documents may be read more than once
                    progress.note(f"note: {as_typed(str(message))}")
                said.add(str(message))
            else:
                show(message, category, *where, **more)

        warnings.showwarning = note
        yield


@contextmanager
def interruptible(output: Path, progress: "QuietProgress", *, ready: str) -> "Iterator[Progress]":
    """Yield a progress that passes on what it is told, and says in an interruption how far the fit has come.

    Parameters
    ----------
    ready : str
        The stage after which training begins.
    """
    from neuraltopic.runs.workspace import unfinished_request

    reached = ""

    def watched(stage: str, done: int, total: int | None) -> None:
        nonlocal reached
        if stage == "training":
            reached = f" after epoch {done} of {total}"
        else:
            reached = " before the first epoch" if stage == ready and done == total else f" while {stage}"
        progress(stage, done, total)

    try:
        yield watched
    except KeyboardInterrupt as interruption:
        more = "; go on with --resume" if unfinished_request(output) else ""
        interruption.args = (f"interrupted{reached}{more}",)
        raise
