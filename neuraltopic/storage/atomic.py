"""Atomic writes: a file or folder is either complete or unchanged, also if the writing process is killed."""

import ctypes
import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from neuraltopic.errors import UsageError, parameter
from neuraltopic.storage.file_locks import HAS_LOCKS, hold

_POSIX = os.name == "posix"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

# Names of what a process is writing, and of the old folder between two renames. Both are beside their destination and
# locked by their process, so one without a lock is a leftover.
_PARTIAL = "partial"
_REPLACED = "replaced"


def _any_folder(folder: Path) -> str:
    return ""


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file so that `path` holds either its old bytes or all of the new ones.

    Yields a binary file in the same folder. When the block ends it is flushed to the disk and renamed to `path`; when
    the block raises it is removed and `path` is unchanged. Leftovers of killed processes beside `path` are removed
    first. Symbolic links are followed, so a link still points to the file.

    Raises
    ------
    UsageError
        `path` is something other than a regular file, or its folder does not exist.
    OSError
        The disk is full or the folder cannot be written; `path` is as it was.
    """
    destination = Path(os.path.realpath(path))
    _require_parent(destination)
    if destination.exists() and not destination.is_file():
        raise UsageError(
            f"output {path}",
            expected="a file",
            got="a folder or a special file of that name",
            hint="Choose another path",
        )
    _clean_leftovers(destination)
    temporary, lock = _locked_sibling(destination, folder=False)
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, destination)
        _sync(destination.parent)
    finally:
        remove_path(temporary)
        _unlock(lock)


@contextmanager
def atomic_folder(
    path: str | os.PathLike[str], *, force: bool = False, why_not: Callable[[Path], str] = _any_folder
) -> Iterator[Path]:
    """Fill a folder so that `path` is either as it was or the complete new folder.

    Yields an empty temporary folder beside `path`. When the block ends, everything in it is flushed to the disk and the
    folder is renamed to `path`; when the block raises or is interrupted, it is removed. With `force` a folder that
    exists is exchanged in one step (Linux) and then removed. Other systems use two renames; if the process dies between
    them, the next call restores the old folder.

    Parameters
    ----------
    path : path-like
        The folder to write. Its parent must exist.
    force : bool
        Replace a folder that exists already.
    why_not : callable of a Path
        Returns why the existing folder may not be replaced, and an empty text when it may. By default every folder may.

    Raises
    ------
    UsageError
        `path` exists and `force` is not given, or `path` is not a folder, or it holds the working directory
        or the home folder, or its parent does not exist.
    OSError
        The disk is full or the folder cannot be written; `path` is as it was.
    """
    destination = Path(os.path.abspath(path))
    check_destination(path, force=force, why_not=why_not)
    temporary, lock = _locked_sibling(destination, folder=True)
    try:
        yield temporary
        sync_tree(temporary)
        _require_replaceable(destination, path, force=force, why_not=why_not)
        if os.path.lexists(destination):
            _exchange(temporary, destination)
        else:
            os.rename(temporary, destination)
        _sync(destination.parent)
    finally:
        remove_path(temporary)  # the old folder after an exchange, the unfinished one after a failure
        _unlock(lock)


def check_destination(
    path: str | os.PathLike[str], *, force: bool, why_not: Callable[[Path], str] = _any_folder
) -> None:
    """Refuse, before any work is done, a folder that `atomic_folder` would refuse.

    Raises
    ------
    UsageError
        As for `atomic_folder`.
    """
    destination = Path(os.path.abspath(path))
    _require_parent(destination)
    _clean_leftovers(destination)
    _require_replaceable(destination, path, force=force, why_not=why_not)


def _require_parent(destination: Path) -> None:
    if not destination.parent.is_dir():
        raise UsageError(
            f"output {destination}",
            expected="a path in a folder that exists",
            got=f"no folder {destination.parent}",
            hint="Create the folder or choose another path",
        )


def _require_replaceable(
    destination: Path, path: str | os.PathLike[str], *, force: bool, why_not: Callable[[Path], str]
) -> None:
    """Refuse a destination that exists, unless it is a folder that may be replaced."""
    if not os.path.lexists(destination):
        return
    name = f"output {os.fspath(path)}"
    if not force:
        raise UsageError(
            name,
            expected="a path that does not exist yet",
            got="one that does",
            hint=f"Choose another path, or replace what is there with {parameter('force', True)}",
        )
    if destination.is_symlink() or not destination.is_dir():
        raise UsageError(name, expected="a folder to replace", got="a file or a link", hint="Choose another path")
    for kept, what in (
        (Path.cwd(), "the working directory"),
        (Path(os.path.expanduser("~")), "the home folder"),
    ):
        if kept.resolve().is_relative_to(destination.resolve()):
            raise UsageError(
                name,
                expected="a folder that can be removed as a whole",
                got=f"one that holds {what}",
                hint="Choose another path",
            )
    if reason := why_not(destination):
        raise UsageError(
            name,
            expected="an empty folder, or an earlier output of this kind and nothing else",
            got=reason,
            hint="Choose another path, or delete it yourself",
        )


def _locked_sibling(destination: Path, *, folder: bool) -> tuple[Path, int | None]:
    """Make an empty file or folder beside `destination`, locked for as long as this process lives."""
    while True:
        temporary = _sibling(destination, _PARTIAL)
        if folder:
            os.mkdir(temporary)
        else:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        lock = _lock(temporary)
        # Another process that cleans leftovers may have come between the two calls: then make a new one.
        if temporary.exists():
            return temporary, lock
        _unlock(lock)


def _sibling(destination: Path, role: str) -> Path:
    return destination.with_name(f".{destination.name}.{secrets.token_hex(8)}.{role}")


def _clean_leftovers(destination: Path) -> None:
    """Remove the leftovers of killed processes beside `destination`, and restore a folder that they had renamed."""
    pattern = re.compile(rf"\.{re.escape(destination.name)}\.[0-9a-f]{{16}}\.({_PARTIAL}|{_REPLACED})")
    with os.scandir(destination.parent) as entries:
        leftovers = [(Path(entry.path), match[1]) for entry in entries if (match := pattern.fullmatch(entry.name))]
    for leftover, role in leftovers:
        lock = _lock(leftover)
        if lock is None:  # its process is alive, or the file system has no locks to tell by
            continue
        try:
            if role == _REPLACED and not os.path.lexists(destination):
                os.rename(leftover, destination)
            else:
                remove_path(leftover)
        finally:
            _unlock(lock)


def _lock(path: Path) -> int | None:
    """Lock a file or folder until the process ends; None where that cannot be done."""
    if not HAS_LOCKS:  # what a killed process left is then not cleaned
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # gone, a link, or another user's
        return None
    try:
        hold(descriptor)
    except OSError:  # locked by another process, or a file system without locks
        os.close(descriptor)
        return None
    return descriptor


def _unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def _exchange(new: Path, old: Path) -> None:
    """Give `new` the name of `old`; afterwards the old folder, if it still exists, is called `new`."""
    if _rename_exchange(new, old):
        return
    aside = _sibling(old, _REPLACED)
    lock = _lock(old)
    try:
        os.rename(old, aside)
        try:
            os.rename(new, old)
        finally:
            if not os.path.lexists(old):
                os.rename(aside, old)
        remove_path(aside)
    finally:
        _unlock(lock)


def _rename_exchange(first: Path, second: Path) -> bool:
    """Swap two names in one step (renameat2, Linux); False where the system cannot."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if function is None:
        return False
    if function(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(first), None, str(second))


def remove_path(path: Path) -> None:
    """Remove a file or a whole folder; nothing to do if another process was faster."""
    while os.path.lexists(path):
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except FileNotFoundError:
            continue


def sync_tree(folder: Path) -> None:
    """Flush a file, or every file and folder below a folder and itself, to the disk."""
    if folder.is_file():
        _sync(folder)
        return
    for parent, _, names in os.walk(folder, onerror=_raise):
        for name in names:
            if not os.path.islink(os.path.join(parent, name)):
                _sync(Path(parent, name))
        _sync(Path(parent))


def _raise(error: OSError) -> None:
    raise error


def _sync(path: Path) -> None:
    is_folder = path.is_dir()
    if is_folder and not _POSIX:  # Windows can neither open nor flush a folder
        return
    descriptor = os.open(path, os.O_RDONLY if _POSIX else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems do not know how to flush a folder. Any other failure may have lost bytes.
        if not (is_folder and error.errno == errno.EINVAL):
            raise
    finally:
        os.close(descriptor)
