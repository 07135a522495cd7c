"""The content of the files of a corpus, by which it is known again."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


def files_sha256(path: Path) -> str:
    """SHA-256 of a file, or of the files of a folder with their places in it, except hidden ones.

    A file without a folder may be moved, if its suffix stays. One that cannot be read counts by its place alone.
    """
    digest = hashlib.sha256()
    for name, file in _files(path):
        digest.update(f"{name}\0{_sha256(file)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _sha256(file: Path) -> str:
    try:
        with open(file, "rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """The files of a corpus, by their path in it, in order."""
    if path.is_file():
        yield path.suffix, path
        return
    for folder, folders, names in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            file = Path(folder) / name
            if file.is_file():
                yield file.relative_to(path).as_posix(), file
