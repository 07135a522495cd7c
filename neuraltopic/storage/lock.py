"""One writer of a folder at a time."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from neuraltopic.errors import UsageError
from neuraltopic.storage.file_locks import HAS_LOCKS, hold


@contextlib.contextmanager
def only_writer(path: Path, *, thing: str, expected: str) -> Iterator[None]:
    """Hold the lock of a file or folder that is there; on a system without such locks nothing happens.

    Parameters
    ----------
    path : Path
    thing, expected : str
        What the error names, and what it should be, such as "an index that nobody is changing".

    Raises
    ------
    UsageError
        When another holds it, in this process or another.
    """
    if not HAS_LOCKS:
        yield
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        try:
            hold(descriptor)
        except BlockingIOError as error:
            raise UsageError(
                thing, expected=expected, got="one that another process is changing", hint="Wait for it to end"
            ) from error
        except OSError:
            # A file system without locks, as some network ones are for folders.
            pass
        yield
    finally:
        os.close(descriptor)
