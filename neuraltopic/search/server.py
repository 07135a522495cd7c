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
import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.search.index import SearchIndex
from neuraltopic.search.openapi import description
from neuraltopic.storage.strict_json import parse_json

_NUMBERS = ("n", "skip", "topic")
_TEXTS = ("query", "by", "like", "where")


@dataclass(frozen=True)
class Limits:
    """What a request may ask for.

    Attributes
    ----------
    characters : int
        Of a query, an id or a filter.
    hits : int
        On a page.
    skip : int
        Hits to pass over.
    seconds : float
        Until a request is answered with 504.
    searches : int
        At once; more are answered with 503 once as many are waiting.
    """

    characters: int = 10_000
    hits: int = 100
    skip: int = 10_000
    seconds: float = 10.0
    searches: int = 4


class Workers:
    """Runs searches in threads, so many at once, and refuses what would wait for long.

    Attributes
    ----------
    unfinished : int
        Searches that run or wait.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.searches, thread_name_prefix="search")
        self.unfinished = 0

    async def run(self, work: Callable[[], Any]) -> Any:
        """What `work` returns.

        Raises
        ------
        Busy
            When twice as many as run at once are unfinished.
        TimeoutError
            After `Limits.seconds`; a search that has begun keeps its thread until it ends.
        """
        if self.unfinished >= 2 * self._limits.searches:
            raise Busy
        self.unfinished += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(self._finish)
        return await asyncio.wait_for(asyncio.shield(future), self._limits.seconds)

    def close(self) -> None:
        """Wait for the searches that have begun, and drop the others."""
        self._pool.shutdown(cancel_futures=True)

    def _finish(self, future: "asyncio.Future[Any]") -> None:
        self.unfinished -= 1
        if not future.cancelled():
            future.exception()  # taken note of also where nobody waits for it any more


class Busy(Exception):  # noqa: N818  (no error of ours)
    """Too many searches at once."""


def make_app(
    index: SearchIndex, *, limits: Limits = Limits(), page: Path | None = None, hosts: list[str] | None = None
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
        yield
        workers.close()

    async def health(request: Request) -> Response:
        return _json({"status": "ok", "documents": len(index), "generation": index.generation.number})

    async def search(request: Request) -> Response:
        options = await _options(request, limits)
        query = options.pop("query", None)
        answer = await workers.run(lambda: index.answer(query, **options).to_dict())
        return _json(answer)

    async def document(request: Request) -> Response:
        id = _text("id", request.path_params["id"], limits)
        if id not in index:
            return _error(404, f"id: expected that of a document in the index; got {id[:80]!r}.")
        return _json(await workers.run(lambda: index.document(id)))

    async def topics(request: Request) -> Response:
        def table() -> Any:
            return json.loads(index.model.get_topic_info().to_json(orient="records"))

        return _json({"topics": await workers.run(table)})

    async def openapi(request: Request) -> Response:
        return _json(description(limits.hits, limits.skip, limits.characters))

    async def first_page(request: Request) -> Response:
        if page is None:
            return _json({"search": "/search?q=", "openapi": "/openapi.json", "health": "/health"})
        return FileResponse(page)

    routes = [
        Route("/health", _guarded(health)),
        Route("/search", _guarded(search), methods=["GET", "POST"]),
        Route("/documents/{id:path}", _guarded(document)),
        Route("/topics", _guarded(topics)),
        Route("/openapi.json", _guarded(openapi)),
        Route("/", _guarded(first_page)),
    ]
    middleware = [] if hosts is None else [Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


def serve(
    index: SearchIndex, *, host: str, port: int, limits: Limits, page: Path | None, started: Callable[[str], None]
) -> None:
    """Serve an index until the process is asked to end; requests that have begun are answered first.

    Parameters
    ----------
    started : callable of (address)
        Called once the server listens.

    Raises
    ------
    OSError
        When the address is taken or may not be listened on.
    """
    import socket

    import uvicorn

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        listener.bind((host, port))
        listener.listen(128)  # who asks from here on is answered once the application is up
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        started(f"http://{shown}:{listener.getsockname()[1]}/")
        hosts = ["127.0.0.1", "localhost", "[::1]", "::1"] if is_loopback(host) else None
        app = make_app(index, limits=limits, page=page, hosts=hosts)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(limits.seconds) + 1,
        )
        uvicorn.Server(config).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server at this address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _guarded(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose errors are answers."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except NeuralTopicError as error:
            return _error(400, str(error))
        except TimeoutError:
            return _error(504, "The search took too long; ask for less.")
        except Busy:
            return _error(503, "Too many searches at once; try again.", {"Retry-After": "1"})

    return guarded


async def _options(request: Request, limits: Limits) -> dict[str, Any]:
    """The arguments of `SearchIndex.answer` that a request has."""
    if request.method == "POST":
        given = await _body(request, limits)
    else:
        pairs = request.query_params.multi_items()
        given = {"query" if name == "q" else name: value for name, value in pairs}
        if len(given) != len(pairs):
            raise UsageError("request", expected="each name once", got="one twice", hint="Give each once")
        given |= {name: _whole(name, given[name]) for name in _NUMBERS if name in given}
    for name in given:
        if name not in (*_NUMBERS, *_TEXTS):
            known = ", ".join((*_TEXTS, *_NUMBERS))
            raise UsageError("request", expected=f"the names {known}", got=f"{name!r:.60}", hint="See /openapi.json")
    for name in _TEXTS:
        if given.get(name) is not None:
            given[name] = _text(name, given[name], limits)
    for name, most in (("n", limits.hits), ("skip", limits.skip)):
        value = given.get(name)
        if isinstance(value, int) and value > most:
            raise UsageError(name, expected=f"at most {most:,}", got=f"{value:,}", hint="Ask for less")
    return {name: value for name, value in given.items() if value is not None}


async def _body(request: Request, limits: Limits) -> dict[str, Any]:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > 16 * limits.characters:
            raise UsageError(
                "request", expected=f"at most {16 * limits.characters:,} bytes", got="more", hint="Ask less"
            )
    value = parse_json(content, "request")
    if not isinstance(value, dict):
        raise UsageError("request", expected="a JSON object", got=type(value).__name__, hint="See /openapi.json")
    return dict(value)


def _whole(name: str, value: str) -> int:
    if not value.lstrip("-").isdecimal() or len(value) > 9:
        raise UsageError(name, expected="a whole number", got=f"{value!r:.60}", hint="Give another")
    return int(value)


def _text(name: str, value: object, limits: Limits) -> str:
    if not isinstance(value, str):
        raise UsageError(name, expected="a text", got=type(value).__name__, hint="Put it in quotes")
    if len(value) > limits.characters:
        raise UsageError(
            name, expected=f"at most {limits.characters:,} characters", got=f"{len(value):,}", hint="Ask for less"
        )
    return value


def _json(value: object) -> Response:
    return JSONResponse(value)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": message}, status, headers)
