"""`neuraltopic report RUN`."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import page_sources, takes
from neuraltopic.cli.common.options import Force, Quiet, RunFolder
from neuraltopic.storage.formats import REPORT
from neuraltopic.storage.outputs import check_new_file

if TYPE_CHECKING:
    from neuraltopic.report.content import Sources

NoText = Annotated[bool, typer.Option("--no-text", help="Omit the texts and ids of documents.")]


@takes(sources=page_sources)
@examples("neuraltopic report run", "neuraltopic report run -o page.html --no-text")
def report(
    run: RunFolder,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help=f"HTML file. [default: RUN/{REPORT}]")
    ] = None,
    sources: "Sources",
    no_text: NoText = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write an HTML report of a run, readable offline.

    It shows a map of the topics, their words, their documents and the training.
    """
    from neuraltopic.progress import show_progress

    # The page in the run folder can always be replaced; another file may be the user's.
    if output is not None:
        check_new_file(output, force=force)
    from neuraltopic.report.page import write_report

    destination = output or run / REPORT
    with show_progress(quiet=quiet) as progress:
        write_report(run, destination, dataclasses.replace(sources, text=not no_text))
        progress.note(f"report: {destination}")
