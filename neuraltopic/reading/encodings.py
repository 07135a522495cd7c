"""Find the encoding of bytes, and decode them whole or line by line."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from neuraltopic.errors import NeuralTopicError, UsageError

SAMPLE = 1 << 20  # bytes an encoding is judged by
_CHUNK = 1 << 16
_LEGACY_SAMPLE = 1 << 16  # charset-normalizer's time grows with what it is shown

# UTF-32 first: its little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ORDERS = {
    "utf-16": ((codecs.BOM_UTF16_BE, "utf-16-be"), (b"", "utf-16-le")),
    "utf-32": ((codecs.BOM_UTF32_BE, "utf-32-be"), (b"", "utf-32-le")),
    "utf-8-sig": ((b"", "utf-8"),),
}
_COMPRESSED = (
    ("gzip", ".gz", re.compile(rb"\x1f\x8b\x08")),
    ("bzip2", ".bz2", re.compile(rb"BZh[1-9]1AY&SY")),
    ("zstandard", ".zst", re.compile(rb"\x28\xb5\x2f\xfd")),
)
_HIGH = re.compile(rb"[\x80-\xff]+")
_LETTERS = re.compile(rb"[A-Za-z]+")
# (bytes above ASCII, their share of the letters) that a guess needs. With fewer, a Western text looks like
# any other single-byte encoding; a text of few bytes in another script is told by their share.
_EVIDENCE = ((16, 0.03), (4, 0.3))
# EBCDIC gives letters to bytes that are control codes elsewhere, and so fits any few bytes.
_NEVER_GUESSED = ["cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"]


class Decoded(NamedTuple):
    """A text, or None and the problem that stands in its place."""

    text: str | None
    encoding: str
    problem: str = ""


def check_encoding(encoding: str) -> str:
    """Refuse an encoding that Python cannot read text with; return it as Python spells it.

    Raises
    ------
    UsageError
        When it is unknown or no text encoding.
    """
    try:
        "\n".encode(encoding)
        return codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise UsageError(
            "encoding",
            expected="a text encoding that Python knows, as utf-8, cp1252 or shift_jis",
            got=repr(encoding),
            hint="Leave it out to have it found",
        ) from error


def detect(data: bytes, *, complete: bool = True) -> str | None:
    """Name the encoding of `data`, or None for binary data.

    A byte-order mark decides; a NUL byte without one means binary; then strict UTF-8; then UTF-8 again if
    most of what is not ASCII is UTF-8, so that one bad byte does not turn a whole corpus into mojibake; then
    an older encoding. `complete` says that `data` does not stop in the middle of a file.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if b"\0" in data:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=complete)
    except UnicodeDecodeError:
        return "utf-8" if _mostly_utf8(data) else _older_encoding(data)
    return "utf-8"


def _mostly_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    undecodable = len(re.findall("[\udc80-\udcff]", text))
    return len(re.findall("[^\x00-\x7f]", text)) > 2 * undecodable


def _older_encoding(data: bytes) -> str:
    first = next(_HIGH.finditer(data)).start()  # there is one, or it would be UTF-8
    start = max(0, first - _LEGACY_SAMPLE // 2)
    sample = data[start : start + _LEGACY_SAMPLE]
    n_high = sum(map(len, _HIGH.findall(sample)))
    share = n_high / (n_high + sum(map(len, _LETTERS.findall(sample))))
    if any(n_high >= least and share >= least_share for least, least_share in _EVIDENCE):
        from charset_normalizer import from_bytes

        guess = from_bytes(sample, cp_exclusion=_NEVER_GUESSED).best()
        if guess is not None and "cp1252" not in guess.could_be_from_charset:
            return codecs.lookup(guess.encoding).name
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def decode(data: bytes, encoding: str | None = None) -> Decoded:
    """Decode one whole document, strictly, with `encoding` or the one found in it."""
    found = encoding or detect(data)
    if found is None:
        return Decoded(None, "", "binary")
    codec, start = _codec(found, data)
    return _decode_strictly(data[start:], codec, found)


def _codec(encoding: str, head: bytes) -> tuple[str, int]:
    """Name the codec for what follows the byte-order mark, and give the length of the mark."""
    orders = _ORDERS.get(encoding, ((b"", encoding),))
    codec = next(codec for mark, codec in orders if head.startswith(mark))
    try:
        mark = "\ufeff".encode(codec)
    except UnicodeEncodeError:
        mark = b""
    return codec, len(mark) if mark and head.startswith(mark) else 0


def _decode_strictly(data: bytes, codec: str, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(codec), encoding)
    except UnicodeDecodeError as error:
        place = f"byte 0x{data[error.start]:02x} at {error.start:,}"
        return Decoded(None, encoding, f"undecodable: {place} is not {encoding}")


class Lines:
    """The lines of a stream without their ends, decoded one by one; read once.

    Iterating gives pairs of a line and its problem; the line of a problem has U+FFFD where it could not be
    decoded. A line ends at a line feed; a carriage return before it stays.

    Parameters
    ----------
    stream : binary file object
    name : str
        What the errors call it.
    encoding : str or None
        None to have it found in the first mebibyte.

    Attributes
    ----------
    encoding : str
        The one in use.
    head : bytes
        The first mebibyte, after the byte-order mark.

    Raises
    ------
    NeuralTopicError
        When the stream is binary.
    """

    def __init__(self, stream: BinaryIO, name: str, encoding: str | None = None) -> None:
        head = stream.read(SAMPLE)
        for kind, suffix, start_of in _COMPRESSED:
            if start_of.match(head):
                raise NeuralTopicError(
                    name,
                    expected="text",
                    got=f"{kind} data",
                    hint=f"Decompress it (zcat FILE | neuraltopic fit -), or end the name of a file in {suffix}",
                )
        found = encoding or detect(head, complete=len(head) < SAMPLE)
        if found is None:
            raise NeuralTopicError(
                name,
                expected="text",
                got="binary data",
                hint="Convert it, or name its encoding if it is text",
            )
        self.encoding = found
        self._codec, start = _codec(found, head)
        self.head = head[start:]
        self._stream = stream
        self._newline = "\n".encode(self._codec)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        unfinished: list[bytes] = []
        for chunk in self._chunks():
            first, *others = self._split(chunk)
            unfinished.append(first)
            for other in others:
                yield self._decode(b"".join(unfinished))
                unfinished = [other]
        last = b"".join(unfinished)
        if last:
            yield self._decode(last)

    def _chunks(self) -> Iterator[bytes]:
        # Every chunk but the last holds whole code units, as UTF-32's four bytes divide both sizes and marks.
        for start in range(0, len(self.head), _CHUNK):
            yield self.head[start : start + _CHUNK]
        while chunk := self._stream.read(_CHUNK):
            yield chunk

    def _split(self, chunk: bytes) -> list[bytes]:
        width = len(self._newline)
        if width == 1:
            return chunk.split(self._newline)
        lines, start, found = [], 0, chunk.find(self._newline)
        while found >= 0:
            if found % width:  # the end of one code unit and the start of the next
                found = chunk.find(self._newline, found + 1)
                continue
            lines.append(chunk[start:found])
            start = found + width
            found = chunk.find(self._newline, start)
        return [*lines, chunk[start:]]

    def _decode(self, line: bytes) -> tuple[str, str]:
        text, _, problem = _decode_strictly(line, self._codec, self.encoding)
        if text is None:
            text = line.decode(self._codec, "replace")
        elif "\0" in text:
            problem = "binary"
        return text, problem
