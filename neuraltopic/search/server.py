"""The JSON API of an index: search, one document, topics, health; limits on everything a stranger can ask for.

GET  /health           documents and generation
GET  /search           q or like or topic, and n, skip, by, where
POST /search           the same as a JSON object; q is called query
GET  /documents/{id}   topic, text and metadata of a document
GET  /topics           the table of topics
GET  /openapi.json     what is here, in OpenAPI 3.1
GET  /                 the page of a run, where one was named
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from neuraltopic.errors import UsageError
from neuraltopic.search.index import SearchIndex
from neuraltopic.search.openapi import description
from neuraltopic.search.serving import (
    Limits,
    Workers,
    checked_text,
    error_answer,
    guarded,
    is_loopback,
    json_answer,
    listen,
    read_object,
)

_LIMITS = Limits()
_NUMBERS = ("n", "skip", "topic")
_TEXTS = ("query", "by", "like", "where")


def make_app(
    index: SearchIndex, *, limits: Limits = _LIMITS, page: Path | None = None, hosts: list[str] | None = None
) -> Starlette:
    """The application that serves an index.

    Parameters
    ----------
    index : SearchIndex
    limits : Limits
    page : Path, optional
        An HTML file to serve at /.
    hosts : list of str, optional
        Names under which the server may be asked for; all by default.
    """
    workers = Workers(limits)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if index.encoder is not None:
            await asyncio.to_thread(index.encoder.ready)
        yield
        workers.close()

    async def health(request: Request) -> Response:
        return json_answer({"status": "ok", "documents": len(index), "generation": index.generation.number})

    async def topics(request: Request) -> Response:
        def table() -> Any:
            return json.loads(index.model.get_topic_info().to_json(orient="records"))

        return json_answer({"topics": await workers.run(table)})

    async def openapi(request: Request) -> Response:
        return json_answer(description(limits.hits, limits.skip, limits.characters))

    async def first_page(request: Request) -> Response:
        if page is None:
            return json_answer({"search": "/search?q=", "openapi": "/openapi.json", "health": "/health"})
        return FileResponse(page)

    routes = [
        Route("/health", guarded(health)),
        *search_routes(lambda: index, workers, limits),
        Route("/topics", guarded(topics)),
        Route("/openapi.json", guarded(openapi)),
        Route("/", guarded(first_page)),
    ]
    middleware = [] if hosts is None else [Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]
    return Starlette(
        routes=routes, middleware=middleware, lifespan=lifespan, exception_handlers={HTTPException: _not_served}
    )


async def _not_served(request: Request, error: Exception) -> Response:
    """The answer to a path or a method that there is not."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        path = request.url.path[:80]
        return error_answer(404, f"path: expected one that /openapi.json names; got {path!r}.")
    allowed = sorted((error.headers or {}).get("Allow", "").split(", "))
    return error_answer(
        error.status_code, f"method: expected {' or '.join(allowed)}; got {request.method}.", dict(error.headers or {})
    )


def search_routes(index_now: Callable[[], SearchIndex], workers: Workers, limits: Limits) -> list[Route]:
    """What answers /search and /documents/ID from the index that `index_now` returns."""

    async def search(request: Request) -> Response:
        # Who sends a request by and by is given up as well.
        options = await asyncio.wait_for(_options(request, limits), limits.seconds)
        query = options.pop("query", None)

        return json_answer(await workers.run(lambda: index_now().answer(query, **options).to_dict()))

    async def document(request: Request) -> Response:
        id, index = checked_text("id", request.path_params["id"], limits), index_now()
        if id not in index:
            return error_answer(404, f"id: expected that of a document in the index; got {id[:80]!r}.")
        return json_answer(await workers.run(lambda: index.document(id)))

    return [
        Route("/search", guarded(search), methods=["GET", "POST"]),
        Route("/documents/{id:path}", guarded(document)),
    ]


def serve(
    index: SearchIndex,
    *,
    host: str,
    port: int,
    limits: Limits,
    page: Path | None,
    started: Callable[[str], None],
    workers: int = 1,
) -> None:
    """Serve an index until the process is asked to end, see `listen`.

    Parameters
    ----------
    workers : int
        Processes that answer. Each opens the index, whose files they share in memory, and has a copy of the model.
    """
    hosts = ["127.0.0.1", "localhost", "[::1]", "::1"] if is_loopback(host) else None
    app = make_app(index, limits=limits, page=page, hosts=hosts)
    if workers > 1:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # of those that are started: their number is that of the cores
    embed_with = None if index.encoder is None else index.encoder.folder
    another = partial(_app_of_folder, index.folder, embed_with, limits, page, hosts)
    listen(
        app, host=host, port=port, seconds=limits.seconds, started=started, beside=[another for _ in range(workers - 1)]
    )


def _app_of_folder(
    folder: Path, embed_with: Path | None, limits: Limits, page: Path | None, hosts: list[str] | None
) -> Starlette:
    return make_app(SearchIndex.open(folder, embed_with=embed_with), limits=limits, page=page, hosts=hosts)


async def _options(request: Request, limits: Limits) -> dict[str, Any]:
    """The arguments of `SearchIndex.answer` that a request has."""
    if request.method == "POST":
        given = await read_object(request, limits)
    else:
        pairs = request.query_params.multi_items()
        given = {"query" if name == "q" else name: value for name, value in pairs}
        if len(given) != len(pairs):
            raise UsageError("request", expected="each parameter once", got="one of them twice", hint="Give each once")
        given |= {name: _whole(name, given[name]) for name in _NUMBERS if name in given}
    for name in given:
        if name not in (*_NUMBERS, *_TEXTS):
            known = ", ".join((*_TEXTS, *_NUMBERS))
            raise UsageError("request", expected=f"the names {known}", got=f"{name!r:.60}", hint="See /openapi.json")
    for name in _TEXTS:
        if given.get(name) is not None:
            given[name] = checked_text(name, given[name], limits)
    for name, most in (("n", limits.hits), ("skip", limits.skip)):
        value = given.get(name)
        if isinstance(value, int) and value > most:
            raise UsageError(name, expected=f"at most {most:,}", got=f"{value:,}", hint="Ask for fewer")
    return {name: value for name, value in given.items() if value is not None}


def _whole(name: str, value: str) -> int:
    if not value.removeprefix("-").isdecimal() or len(value) > 9:
        raise UsageError(name, expected="a whole number", got=f"{value!r:.60}", hint="Give a whole number")
    return int(value)
