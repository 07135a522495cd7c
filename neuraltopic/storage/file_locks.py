"""Locks of files and folders between processes, where the system has them."""

import sys

HAS_LOCKS = sys.platform != "win32"


def hold(descriptor: int) -> None:
    """Hold an open file or folder for this process until the descriptor is closed; nothing on Windows.

    Raises
    ------
    BlockingIOError
        When another descriptor holds it, in this process or another.
    OSError
        When the file system has no locks, as some network ones have none for folders.
    """
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
