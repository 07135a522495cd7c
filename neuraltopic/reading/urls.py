"""Corpora by URL: files of object stores and servers, read through fsspec as local paths are."""

import importlib.util
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

from neuraltopic.errors import NeuralTopicError, UsageError, install_hint

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:(?://|:)")
# Packages that fsspec's own file systems need.
_NEEDED = {"http": ["aiohttp"], "https": ["aiohttp"], "hdfs": ["pyarrow"], "arrow_hdfs": ["pyarrow"]}
_PLAIN_FILES = ("http", "https")
_AT_ONCE = 16  # small files that are fetched at the same time, since each waits for the network

In = TypeVar("In")
Out = TypeVar("Out")


def is_url(name: str) -> bool:
    """Whether a name is a URL and not a local path."""
    return _URL.match(name) is not None


def location(url: str) -> Path:
    """The place that a URL names, with the methods of `Path` that reading needs.

    A file:// URL gives the local path.

    Raises
    ------
    UsageError
        When fsspec does not know the protocol, or its package or what that needs is not installed.
    """
    if urlsplit(url).scheme == "file":
        return Path(unquote(urlsplit(url).path))
    protocol = re.split("::|://", url)[0].lower()
    try:
        from upath import UPath
    except ImportError as error:
        raise UsageError(
            url,
            expected="universal-pathlib installed, which reads URLs with fsspec",
            got="no such package",
            hint=install_hint("cluster"),
        ) from error
    try:
        path = UPath(url)
        _ = path.fs
    except ImportError as error:
        package = _package(protocol)
        raise UsageError(
            url,
            expected=f"{package} installed, which reads {protocol}://",
            got=str(error),
            hint=f"Run pip install {package}",
        ) from error
    except ValueError as error:
        raise UsageError(
            url,
            expected="a URL that fsspec reads, such as s3://, gs://, hdfs://, https:// or file://",
            got=str(error),
            hint="Check the protocol, or copy the files here and give their path",
        ) from error
    except OSError as error:
        raise UsageError(
            url,
            expected=f"what {protocol}:// needs on this machine" + (", Java and Hadoop" if "hdfs" in protocol else ""),
            got=" ".join(str(error).split())[:200],
            hint="Install it, or copy the files here and give their path",
        ) from error
    # Outside the standard library's hierarchy, but with its methods.
    return cast(Path, path)


def is_remote(path: Path) -> bool:
    """Whether a place is not on the local disk."""
    return not isinstance(path, Path)


def is_folder(path: Path) -> bool:
    """Whether files are below a place; a web server's are single files."""
    return False if _protocol(path) in _PLAIN_FILES else path.is_dir()


def require_there(path: Path, shown: str) -> None:
    """Raise a UsageError unless a remote file or folder exists and can be read.

    Raises
    ------
    UsageError
    """
    try:
        path.stat()
    # The packages of object stores raise exceptions of their own for missing credentials, buckets and hosts.
    except Exception as error:
        reason = "nothing there" if isinstance(error, FileNotFoundError) else f"{type(error).__name__}: {error}"
        raise UsageError(
            shown,
            expected="a file or a folder that can be read",
            got=" ".join(reason.split())[:300],
            hint="Check the URL, the credentials in the environment and the network",
        ) from error


def files_below(folder: Path) -> Iterator[str]:
    """Paths of the files below a remote folder, with "/" between the parts; names that begin with a dot are left
    out."""
    remote: Any = folder
    root = PurePosixPath(remote.path)
    for found in remote.fs.find(remote.path):
        parts = PurePosixPath(remote.fs._strip_protocol(found)).relative_to(root).parts
        if parts and not any(part.startswith(".") for part in parts):
            yield "/".join(parts)


@contextmanager
def on_disk(path: Path) -> Iterator[Path]:
    """Yield a local path with the content of a file: its own, or that of a copy, which is removed afterwards.

    Raises
    ------
    NeuralTopicError
        When it cannot be fetched.
    """
    if not is_remote(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="neuraltopic-") as folder:
        copy = Path(folder) / path.name
        try:
            with path.open("rb") as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        except Exception as error:
            raise NeuralTopicError(
                str(path),
                expected="a file that can be fetched",
                got=f"{type(error).__name__}: {error}",
                hint="Check the network, and try again",
            ) from error
        try:
            yield copy
        except NeuralTopicError as error:
            raise error.with_text(str(copy), str(path)) from error


def fetched_in_order(fetch: Callable[[In], Out], files: Iterable[In]) -> Iterator[Out]:
    """Yield what is fetched for each file, in order, several at the same time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        pending: list[Future[Out]] = []
        try:
            for file in files:
                pending.append(pool.submit(fetch, file))
                if len(pending) > 2 * _AT_ONCE:
                    yield pending.pop(0).result()
            for future in pending:
                yield future.result()
        finally:
            for future in pending:
                future.cancel()


def _protocol(path: Path) -> str:
    return str(getattr(path, "protocol", ""))


def _package(protocol: str) -> str:
    """The package to install for a protocol."""
    from fsspec.registry import known_implementations

    missing = [name for name in _NEEDED.get(protocol, []) if importlib.util.find_spec(name) is None]
    return (missing or [known_implementations[protocol]["class"].partition(".")[0]])[0]
