"""`neuraltopic report RUN`."""

from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.cli.options import Encoding, Force, IdColumn, Quiet, RunFolder, TextColumn
from neuraltopic.errors import UsageError
from neuraltopic.storage.formats import REPORT

NoText = Annotated[bool, typer.Option("--no-text", help="Leave out texts and ids of documents.")]


def report(
    run: RunFolder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help=f"HTML file. [default: RUN/{REPORT}]")
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option("--corpus", metavar="PATH", help="Where the documents are now. [default: as in the fit]"),
    ] = None,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    no_text: NoText = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a page of a run that works offline: map, topics, documents."""
    from neuraltopic.progress import show_progress

    # The page of the run folder itself is written anew at any time; another file is somebody's.
    if output is not None and output.exists() and not force:
        raise UsageError(
            f"output {output}",
            expected="a path that does not exist yet",
            got="one that does",
            hint="Choose another path, or replace it with --force",
        )
    from neuraltopic.reading.readers import open_corpus
    from neuraltopic.report.content import Sources
    from neuraltopic.report.page import write_report

    opened = None if corpus is None else open_corpus(corpus, text=text, id=id, encoding=encoding)
    destination = output or run / REPORT
    with show_progress(quiet=quiet) as progress:
        write_report(run, destination, Sources(corpus=opened, text=not no_text))
        progress.note(f"report: {destination}")
