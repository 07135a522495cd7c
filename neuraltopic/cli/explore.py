"""`neuraltopic explore RUN`."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import page_sources, takes
from neuraltopic.cli.common.options import Quiet, RunFolder
from neuraltopic.errors import UsageError, install_hint

if TYPE_CHECKING:
    from neuraltopic.report.content import Sources


@takes(sources=page_sources)
@examples("neuraltopic explore run")
def explore(
    run: RunFolder,
    *,
    index: Annotated[
        Path | None,
        typer.Option("--index", metavar="FOLDER", help="Path to an index of the run. [default: a temporary one]"),
    ] = None,
    sources: "Sources",
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 chooses a free one.")] = 8000,
    quiet: Quiet = False,
) -> None:
    """Serve the report of a run, with full search and editing."""
    try:
        from neuraltopic.report.explore import explore as serve
        from neuraltopic.search.serving import is_loopback
    except ImportError as error:
        raise UsageError(
            "explore",
            expected="the packages starlette and uvicorn",
            got=f"{error}",
            hint=install_hint("serve"),
        ) from error
    import tempfile

    from neuraltopic.progress import show_progress
    from neuraltopic.report.explorer import Explorer, indexed, with_texts_of
    from neuraltopic.search import SearchIndex

    def started(address: str) -> None:
        if not quiet:
            print(f"exploring {run} at {address}", file=sys.stderr, flush=True)
        if not is_loopback(host):
            print(
                f"note: {host} can be reached from other machines, and there is no login: anyone there can edit",
                file=sys.stderr,
                flush=True,
            )

    with ExitStack() as stack:
        with show_progress(quiet=quiet) as progress:
            found, why = None if index is None else SearchIndex.open(index), ""
            if found is None:
                place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="neuraltopic-")))
                found, why = indexed(run, sources, place / "index", progress)
                if found is None:
                    progress.note(f"the page searches what it holds: {why}")
                else:
                    sources = with_texts_of(sources, found)
            explorer = Explorer(run, sources, found, why)
        serve(explorer, host=host, port=port, started=started)
