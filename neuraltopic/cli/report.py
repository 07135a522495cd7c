"""`neuraltopic report RUN`."""

from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.cli.options import Encoding, Force, IdColumn, Quiet, RunFolder, TextColumn
from neuraltopic.storage.formats import REPORT
from neuraltopic.storage.outputs import check_new_file

NoText = Annotated[bool, typer.Option("--no-text", help="Omit the texts and ids of documents.")]


def report(
    run: RunFolder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help=f"HTML file. [default: RUN/{REPORT}]")
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option("--corpus", metavar="PATH", help="Path to the documents. [default: as in the fit]"),
    ] = None,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    classes: Annotated[
        str | None, typer.Option("--classes", metavar="COLUMN", help="Column of classes. [default: label, if any]")
    ] = None,
    dates: Annotated[
        str | None, typer.Option("--dates", metavar="COLUMN", help="Column of dates. [default: date, if any]")
    ] = None,
    no_text: NoText = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write an HTML report of a run, readable offline.

    It shows a map of the topics, their words, their documents and the training.
    """
    from neuraltopic.progress import show_progress

    # The page of the run folder itself is written anew at any time; another file is somebody's.
    if output is not None:
        check_new_file(output, force=force)
    from neuraltopic.reading.readers import open_corpus
    from neuraltopic.report.content import Sources
    from neuraltopic.report.page import write_report

    opened = None if corpus is None else open_corpus(corpus, text=text, id=id, encoding=encoding)
    destination = output or run / REPORT
    with show_progress(quiet=quiet) as progress:
        write_report(run, destination, Sources(corpus=opened, text=not no_text, classes=classes, dates=dates))
        progress.note(f"report: {destination}")
