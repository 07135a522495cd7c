"""`neuraltopic serve INDEX`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.options import QueriesEmbedWith, Quiet
from neuraltopic.errors import UsageError, install_hint


@examples("neuraltopic serve news.index --port 8080")
def serve(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="Path to the index.")],
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 chooses a free one.")] = 8000,
    page: Annotated[Path | None, typer.Option("--page", metavar="FILE", help="HTML file to show at /.")] = None,
    searches: Annotated[
        int, typer.Option("--searches", min=1, max=256, help="Maximum number of concurrent searches.")
    ] = 4,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="Number of processes that answer requests.")
    ] = 1,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="Time limit per request, in seconds.")] = 10.0,
    embed_with: QueriesEmbedWith = None,
    quiet: Quiet = False,
) -> None:
    """Serve a search index over HTTP as a JSON API."""
    try:
        from neuraltopic.search.server import Limits, is_loopback
        from neuraltopic.search.server import serve as run
    except ImportError as error:
        raise UsageError(
            "serve",
            expected="the packages starlette and uvicorn",
            got=f"{error}",
            hint=install_hint("serve"),
        ) from error
    from neuraltopic.search import SearchIndex

    if page is not None and not page.is_file():
        raise UsageError(f"page {page}", expected="an HTML file", got="no such file", hint="Check the path")

    def started(address: str) -> None:
        if not quiet:
            print(f"serving {index} at {address}", file=sys.stderr, flush=True)
        if not is_loopback(host):
            print(
                f"note: {host} can be reached from other machines, and there is no login", file=sys.stderr, flush=True
            )

    run(
        SearchIndex.open(index, embed_with=embed_with),
        host=host,
        port=port,
        limits=Limits(searches=searches, seconds=seconds),
        page=page,
        started=started,
        workers=workers,
    )
