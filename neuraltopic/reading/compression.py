"""Byte streams of plain and compressed files, whose failures name the file."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from neuraltopic.errors import NeuralTopicError
from neuraltopic.reading.urls import is_remote

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER = 1 << 16
# Compressed bytes given to zstandard at once: it returns all that they expand to.
_ZSTANDARD_PIECE = 1 << 13


class ByteStream(io.BufferedReader):
    """The decompressed bytes of a file; raises NeuralTopicError when they cannot be read.

    Read it with `open_bytes`.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._file = file
        expected, read = _READERS.get(path.suffix.lower(), _plain)(file)
        super().__init__(_Checked(path, expected, read), BUFFER)

    def position(self) -> int:
        """Bytes taken from the disk so far."""
        return self._file.tell()


@contextmanager
def open_bytes(path: Path) -> Iterator[ByteStream]:
    """Open `path`, decompressed where its suffix is .gz, .bz2, .xz or .zst.

    Raises
    ------
    NeuralTopicError
        When it cannot be opened or, while reading, when the archive is truncated or corrupt.
    """
    try:
        file = path.open("rb")
    except _failures(path) as error:
        raise _unreadable(path, "a file that can be read", error) from error
    with file:
        yield ByteStream(path, file)


class _Checked(io.RawIOBase):
    """Turn what a decompressor or the disk raises into an error that names the file."""

    def __init__(self, path: Path, expected: str, read: Callable[[int], bytes]) -> None:
        self._path = path
        self._expected = expected
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        try:
            piece = self._read(len(view))
        except _failures(self._path) as error:
            raise _unreadable(self._path, self._expected, error) from error
        view[: len(piece)] = piece
        return len(piece)


def _failures(path: Path) -> tuple[type[Exception], ...]:
    """What reading may raise: for a remote file any exception, since the packages of object stores have their own."""
    return (Exception,) if is_remote(path) else (OSError, EOFError, zlib.error, lzma.LZMAError)


def _unreadable(path: Path, expected: str, error: Exception) -> NeuralTopicError:
    reason = getattr(error, "strerror", None) or str(error)
    return NeuralTopicError(str(path), expected=expected, got=reason, hint="Check the file, or make or fetch it again")


def _plain(file: BinaryIO) -> tuple[str, Callable[[int], bytes]]:
    return "a file that can be read", file.read


def _gzip(file: BinaryIO) -> tuple[str, Callable[[int], bytes]]:
    return "a whole gzip file", gzip.GzipFile(fileobj=file).read


def _bzip2(file: BinaryIO) -> tuple[str, Callable[[int], bytes]]:
    return "a whole bzip2 file", bz2.BZ2File(file).read


def _xz(file: BinaryIO) -> tuple[str, Callable[[int], bytes]]:
    return "a whole xz file", lzma.LZMAFile(file).read


def _zstandard(file: BinaryIO) -> tuple[str, Callable[[int], bytes]]:
    return "a whole zstandard file", _Zstandard(file).read


class _Zstandard:
    """Frame after frame of a zstandard file.

    zstandard's own `stream_reader` takes the end of a truncated file for the end of the data.
    """

    def __init__(self, file: BinaryIO) -> None:
        import zstandard

        self._file = file
        self._decompressor = zstandard.ZstdDecompressor()
        self._error = zstandard.ZstdError
        self._frame = self._decompressor.decompressobj()
        self._in_frame = False
        self._output = io.BytesIO()

    def read(self, n_bytes: int) -> bytes:
        while not (piece := self._output.read(n_bytes)):
            compressed = self._frame.unused_data or self._file.read(_ZSTANDARD_PIECE)
            if not compressed:
                if self._in_frame:
                    raise EOFError("the file ends inside a zstandard frame")
                return b""
            if self._frame.eof:
                self._frame = self._decompressor.decompressobj()
            try:
                self._output = io.BytesIO(self._frame.decompress(compressed))
            except self._error as error:
                raise EOFError(str(error)) from error
            self._in_frame = not self._frame.eof
        return piece


_READERS = {".gz": _gzip, ".bz2": _bzip2, ".xz": _xz, ".zst": _zstandard}
COMPRESSIONS = tuple(_READERS)
