"""Opening a file of untrusted origin."""

import io
import os
import stat
from pathlib import Path

from neuraltopic.errors import NeuralTopicError


def open_regular(path: str | os.PathLike[str]) -> io.FileIO:
    """Open a regular file for reading, in binary and without a buffer; refuse links, devices and pipes.

    The caller closes it. Hard links are accepted.

    Raises
    ------
    NeuralTopicError
        There is no such file, it is no regular file, or it may not be read.
    """
    path = Path(path)
    if path.is_symlink():  # said here for the message; O_NOFOLLOW below leaves no moment to slip a link in
        raise _not_regular(path, "a symbolic link")
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):  # as far as the system has them
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise NeuralTopicError(
            str(path),
            expected="a file that can be read",
            got=error.strerror or str(error),
            hint="Check the path and its permissions",
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular(path, "a folder, a pipe or a device")
    return io.FileIO(descriptor, "rb")


def _not_regular(path: Path, got: str) -> NeuralTopicError:
    return NeuralTopicError(str(path), expected="a regular file", got=got, hint="Put a copy of the file itself there")
