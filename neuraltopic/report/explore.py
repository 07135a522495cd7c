"""Local server of the page of a run, with search over all documents and editing of the topics.

GET  /                 the page
GET  /search           as `neuraltopic.search.server`
GET  /documents/{id}   likewise
POST /edit             {"log": entries known, "edits": [operations]}

Pages of other sites can neither read nor change anything here: see `OwnPage`.
"""

import asyncio
import ipaddress
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neuraltopic.errors import UsageError
from neuraltopic.report.explorer import Explorer
from neuraltopic.runs.editing import EditedMeanwhileError
from neuraltopic.search.index import SearchIndex
from neuraltopic.search.server import search_routes
from neuraltopic.search.serving import (
    Limits,
    Workers,
    error_answer,
    guarded,
    is_loopback,
    json_answer,
    listen,
    read_object,
)

TOKEN = "x-neuraltopic-token"
_LIMITS = Limits()
_MOST_EDITS = 100  # in a request
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class OwnPage:
    """Middleware that refuses requests from pages of other sites.

    - Host names that are neither an address nor a name of this machine: another site's name can be made to point here
      (DNS rebinding), and a browser would then treat that site and this server as one.
    - Changes without the token of the page, or from another origin.

    Response headers forbid framing, content sniffing, caching and reading by other sites.

    Parameters
    ----------
    app : ASGI application
    token : str
    names : set of str
        Accepted host names, besides addresses.
    everywhere : bool
        Whether addresses other than loopback are accepted.
    """

    def __init__(self, app: ASGIApp, token: str, names: frozenset[str], everywhere: bool) -> None:
        self._app, self._token, self._names, self._everywhere = app, token, names, everywhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle or refuse a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(Headers(scope=scope), scope["method"])
        await (refusal or self._app)(scope, receive, guarded_send)

    def _refusal(self, headers: Headers, method: str) -> Response | None:
        host = headers.get("host", "")
        if not self._is_own(host):
            return error_answer(400, f"host: expected an address of this server; got {host[:80]!r}.")
        if method in ("GET", "HEAD"):
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin not in (None, f"http://{host}") or site not in (None, "same-origin"):
            return error_answer(403, "origin: expected the page of this server; got another.")
        if not secrets.compare_digest(headers.get(TOKEN, "").encode(), self._token.encode()):
            return error_answer(403, "token: expected that of the page; got another. Load the page again.")
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return error_answer(415, "content-type: expected application/json; got another.")
        return None

    def _is_own(self, host: str) -> bool:
        name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
        try:
            return ipaddress.ip_address(name).is_loopback or self._everywhere
        except ValueError:
            return name.lower().rstrip(".") in self._names


def make_app(explorer: Explorer, *, host: str = "127.0.0.1", limits: Limits = _LIMITS) -> Starlette:
    """Create the application that serves a run.

    Parameters
    ----------
    explorer : Explorer
    host : str
        Address it will listen on.
    limits : Limits
    """
    workers = Workers(limits)
    desk = ThreadPoolExecutor(1, thread_name_prefix="edit")  # one edit or page after the other
    editing = asyncio.Lock()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if explorer.index is not None and explorer.index.encoder is not None:
            await asyncio.to_thread(explorer.index.encoder.ready)
        yield
        workers.close()
        desk.shutdown(cancel_futures=True)

    async def at_desk(work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(desk, work)

    async def page(request: Request) -> Response:
        content, policy = await at_desk(explorer.page)
        headers = {"content-security-policy": f"{policy}; frame-ancestors 'none'"}
        return Response(content, media_type="text/html", headers=headers)

    async def edit(request: Request) -> Response:
        known, operations = _edits(await read_object(request, limits))
        if editing.locked():
            return error_answer(409, "Another edit is being done; wait for it to end.")
        async with editing:
            try:
                await at_desk(lambda: explorer.edit(operations, known))
            except EditedMeanwhileError:
                return error_answer(409, "The topics were edited meanwhile; load the page again.")
        return json_answer({"edited": True})

    routes = [Route("/", guarded(page)), Route("/edit", guarded(edit), methods=["POST"])]
    if explorer.index is not None:
        routes += search_routes(lambda: _index_of(explorer), workers, limits)
    names = {"localhost"} if is_loopback(host) else {"localhost", host.lower(), socket.gethostname().lower()}
    own = Middleware(OwnPage, token=explorer.token, names=frozenset(names), everywhere=not is_loopback(host))
    return Starlette(routes=routes, middleware=[own], lifespan=lifespan)


def explore(explorer: Explorer, *, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve the page of a run until the process is told to stop, see `listen`; a running edit is completed."""
    listen(make_app(explorer, host=host), host=host, port=port, seconds=_LIMITS.seconds, started=started)


def _index_of(explorer: Explorer) -> SearchIndex:
    assert explorer.index is not None
    return explorer.index


def _edits(value: dict[str, Any]) -> tuple[int, list[Any]]:
    """Number of log entries that the page has seen, and the operations."""
    known, operations = value.get("log"), value.get("edits")
    whole = set(value) == {"log", "edits"} and type(known) is int and known >= 0
    if not whole or not isinstance(operations, list) or not 0 < len(operations) <= _MOST_EDITS:
        raise UsageError(
            "request",
            expected=f"log, a number of entries, and edits, a list of 1 to {_MOST_EDITS} operations",
            got=f"{value!r:.80}",
            hint="See neuraltopic topics edit --help",
        )
    assert isinstance(known, int)
    return known, operations
