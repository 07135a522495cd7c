"""`neuraltopic explore RUN`."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.cli.options import Encoding, IdColumn, Quiet, RunFolder, TextColumn
from neuraltopic.errors import UsageError


def explore(
    run: RunFolder,
    index: Annotated[
        Path | None,
        typer.Option("--index", metavar="FOLDER", help="Index of the run, to search in. [default: made, and removed]"),
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
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on; this machine alone by default.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    quiet: Quiet = False,
) -> None:
    """Serve the report of a run with live search and editing."""
    try:
        from neuraltopic.report.explore import explore as serve
        from neuraltopic.search.serving import is_loopback
    except ImportError as error:
        raise UsageError(
            "explore",
            expected="starlette and uvicorn",
            got=f"{error}",
            hint="Install them with pip install 'neuraltopic[serve]'",
        ) from error
    import tempfile

    from neuraltopic.progress import show_progress
    from neuraltopic.reading.readers import open_corpus
    from neuraltopic.report.content import Sources
    from neuraltopic.report.explorer import Explorer, indexed, with_texts_of
    from neuraltopic.search import SearchIndex

    opened = None if corpus is None else open_corpus(corpus, text=text, id=id, encoding=encoding)
    sources = Sources(corpus=opened, classes=classes, dates=dates)

    def started(address: str) -> None:
        if not quiet:
            print(f"exploring {run} at {address}", file=sys.stderr, flush=True)
        if not is_loopback(host):
            print(
                f"note: {host} is not this machine alone, and there is no login: who reaches it can edit",
                file=sys.stderr,
                flush=True,
            )

    with ExitStack() as stack:
        with show_progress(quiet=quiet) as progress:
            found = None if index is None else SearchIndex.open(index)
            if found is None:
                place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="neuraltopic-")))
                found, why = indexed(run, sources, place / "index", progress)
                if found is None:
                    progress.note(f"the page searches what it holds: {why}")
                else:
                    sources = with_texts_of(sources, found)
            explorer = Explorer(run, sources, found)
        serve(explorer, host=host, port=port, started=started)
