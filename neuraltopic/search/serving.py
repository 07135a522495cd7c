"""What every server of ours does: limits on what a stranger can ask for, answers to errors, a graceful stop."""

import asyncio
import contextlib
import ipaddress
import multiprocessing
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.storage.strict_json import parse_json

# Connections to a process, beyond which one is told to come back; each waits without a thread.
_CONNECTIONS = 1000


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


def listen(
    app: Starlette,
    *,
    host: str,
    port: int,
    seconds: float,
    started: Callable[[str], None],
    beside: Sequence[Callable[[], Starlette]] = (),
) -> None:
    """Serve until the process is asked to end; requests that have begun are answered first.

    Parameters
    ----------
    app : Starlette
    host, port
        Where to listen; port 0 takes a free one.
    seconds : float
        That a request may take.
    started : callable of (address)
        Called once the server listens.
    beside : sequence of callable
        Each is sent to a process of its own and makes the application that answers there.

    Raises
    ------
    OSError
        When the address is taken or may not be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        listener.bind((host, port))
        listener.listen(128)  # who asks from here on is answered once the application is up
        spawn = multiprocessing.get_context("spawn")
        others = [spawn.Process(target=_serve_beside, args=(make, listener, seconds)) for make in beside]
        for process in others:
            process.start()
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        started(f"http://{shown}:{listener.getsockname()[1]}/")
        try:
            _server(app, seconds).run(sockets=[listener])
        finally:
            for process in others:
                process.terminate()
            for process in others:
                process.join()


def _server(app: Starlette, seconds: float) -> Any:
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=int(seconds) + 1,
        )
    )


def _serve_beside(make_app: Callable[[], Starlette], listener: socket.socket, seconds: float) -> None:
    """Serve until this process or the one that started it ends."""
    server = _server(make_app(), seconds)

    def end_with_parent() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
        server.should_exit = True

    threading.Thread(target=end_with_parent, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server at this address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def guarded(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose errors are answers."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except NeuralTopicError as error:
            return error_answer(400, str(error))
        except TimeoutError:
            return error_answer(504, "The search took too long; ask for less.")
        except Busy:
            return error_answer(503, "Too many searches at once; try again.", {"Retry-After": "1"})
        except ClientDisconnect:
            return error_answer(400, "The request ended before its body did.")  # which nobody reads

    return guarded


async def read_object(request: Request, limits: Limits) -> dict[str, Any]:
    """The JSON object that a request has for its body.

    Raises
    ------
    UsageError
        When it is none, or too large.
    """
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > 16 * limits.characters:
            raise UsageError(
                "request",
                expected=f"at most {16 * limits.characters:,} bytes",
                got="more",
                hint="Send a shorter request",
            )
    try:
        value = parse_json(content, "request")
    except NeuralTopicError as error:
        raise error.with_text("Restore the file from a copy", "See /openapi.json") from error
    if not isinstance(value, dict):
        raise UsageError("request", expected="a JSON object", got=type(value).__name__, hint="See /openapi.json")
    return dict(value)


def checked_text(name: str, value: object, limits: Limits) -> str:
    """A value that must be a text of no more characters than `limits` allow.

    Raises
    ------
    UsageError
        When it is not.
    """
    if not isinstance(value, str):
        raise UsageError(name, expected="a text", got=type(value).__name__, hint="Put it in quotes")
    if len(value) > limits.characters:
        raise UsageError(
            name,
            expected=f"at most {limits.characters:,} characters",
            got=f"{len(value):,}",
            hint="Send a shorter text",
        )
    return value


def json_answer(value: object) -> Response:
    """The answer that holds a value as JSON."""
    return JSONResponse(value)


def error_answer(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """The answer that says what is wrong."""
    return JSONResponse({"error": message}, status, headers)
