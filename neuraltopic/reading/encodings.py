"""Find the encoding of bytes, and decode them whole or line by line."""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from neuraltopic.errors import NeuralTopicError, UsageError

SAMPLE = 1 << 20  # bytes an encoding is judged by
_CHUNK = 1 << 16
_LEGACY_SAMPLE = 1 << 16  # the time of chardet grows with the size of the sample

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
_DECOMPRESS = "Decompress it (zcat FILE | neuraltopic fit -), or end the name of a file in "
_UNPACK = "Unpack it, and give the file or the folder"
_NOT_TEXT = (
    ("gzip data", re.compile(rb"\x1f\x8b\x08"), _DECOMPRESS + ".gz"),
    ("bzip2 data", re.compile(rb"BZh[1-9]1AY&SY"), _DECOMPRESS + ".bz2"),
    ("xz data", re.compile(rb"\xfd7zXZ\x00"), _DECOMPRESS + ".xz"),
    ("zstandard data", re.compile(rb"\x28\xb5\x2f\xfd"), _DECOMPRESS + ".zst"),
    ("a zip archive", re.compile(rb"PK\x03\x04"), _UNPACK + "; a spreadsheet must be called .xlsx or .ods"),
    (
        "a file of Office before 2007",
        re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "Save it as .docx, .xlsx or text",
    ),
    ("a tar archive", re.compile(rb".{257}ustar", re.DOTALL), _UNPACK),
    ("a SQLite database", re.compile(rb"SQLite format 3\0"), "Export the table as CSV"),
    ("a pickle", re.compile(rb"\x80[\2-\5][\x95}\]c(]"), "Save it as CSV, JSON or Parquet: a pickle can run code"),
)
# Bytes of UTF-16 that decide whether text without a mark is in it, and the share of zeros in the higher ones of its
# pairs: those of letters of Latin alphabets, blanks and line ends. With fewer, so many characters are needed, all of
# them those of texts, and bytes that no other text has.
_WIDE_SAMPLE, _WIDE_SHARE, _WIDE_CHARACTERS = 1 << 12, 0.4, 16
_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})  # categories: control, unassigned, private, surrogates
# Control characters that no text has, and the share of zeros up to which a text has them by some fault of a program.
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x19\x1c-\x1f]")
_FEW_ZEROS = 0.05
_HIGH = re.compile(rb"[\x80-\xff]+")
_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]{0,99}?encoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")
_LETTERS = re.compile(rb"[A-Za-z]+")
# Japanese in ISO-2022-JP, whose bytes are all ASCII: it goes back to ASCII before its line ends (RFC 1468).
_JAPANESE = re.compile(rb"\x1b\$[@B(][^\r\n]*?\x1b\([BJ]")
# (bytes above ASCII, their share of the letters) that a guess needs. With fewer, a Western text looks like
# any other single-byte encoding, and most are in that of Windows.
_EVIDENCE = ((8, 0.0), (4, 0.03))
# EBCDIC gives letters to bytes that are control codes elsewhere, and so fits any few bytes.
_NEVER_GUESSED = ("cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140")
# In place of a guess what holds all its characters, and more that texts have.
_LARGER = {
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
}


class Decoded(NamedTuple):
    """A text, or None and the problem."""

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

    A byte-order mark decides; zeros in every other place mean UTF-16; another NUL byte means binary; then the encoding
    that XML declares, if the data can be decoded with it; then strict UTF-8; then UTF-8 again if most of what is not
    ASCII is UTF-8, so that one bad byte does not turn a whole corpus into mojibake; then an older encoding. `complete`
    says that `data` does not stop in the middle of a file.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if b"\0" in data:
        return None if complete and len(data) % 2 else _wide_encoding(data)
    declared = _DECLARED.match(data)
    if declared:
        with suppress(UnicodeError, LookupError):
            encoding = codecs.lookup(declared[1].decode("ascii")).name
            codecs.getincrementaldecoder(encoding)().decode(data, final=complete)
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=complete)
    except UnicodeDecodeError:
        return "utf-8" if _mostly_utf8(data) else _older_encoding(data)
    if _JAPANESE.search(data):
        with suppress(UnicodeDecodeError):
            codecs.getincrementaldecoder("iso2022_jp_2")().decode(data, final=complete)
            return "iso2022_jp_2"
    return "utf-8"


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a byte-order mark, detected by zeros in every other byte; None for other data."""
    sample = data[: min(_WIDE_SAMPLE, len(data) // 2 * 2)]
    zeros = [sample[start::2].count(0) / max(1, len(sample) // 2) for start in (0, 1)]
    for encoding, high, low in (("utf-16-le", zeros[1], zeros[0]), ("utf-16-be", zeros[0], zeros[1])):
        if len(sample) > 2 and high > 0:
            with suppress(UnicodeDecodeError):
                text = sample.decode(encoding)
                if high >= _WIDE_SHARE and low == 0:
                    return None if _CONTROL.search(text.encode("utf-8")) else encoding
                if _CONTROL.search(sample) and _is_text(text):
                    return encoding
    return None


def _is_text(text: str) -> bool:
    """Whether there are many characters, and all of them those of texts."""
    if len(text) < _WIDE_CHARACTERS:
        return False
    return not any(unicodedata.category(character) in _NO_TEXT for character in set(text) - set("\t\n\r"))


def _has_few_zeros(data: bytes) -> bool:
    """Whether zeros are the only fault of a text."""
    return data.count(0) <= _FEW_ZEROS * len(data) and _CONTROL.search(data) is None


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
    guess = "cp1252"
    if any(n_high >= least and share >= least_share for least, least_share in _EVIDENCE):
        import chardet

        found = chardet.detect(sample, exclude_encodings=_NEVER_GUESSED, compat_names=False)["encoding"]
        guess = codecs.lookup(found or guess).name
        guess = "cp1252" if _alike(sample, guess, "cp1252") else _LARGER.get(guess, guess)
    if guess == "cp1252":
        try:
            data.decode(guess)
        except UnicodeDecodeError:
            return "latin-1"
    return guess


def _alike(data: bytes, one: str, other: str) -> bool:
    """Whether data is the same text in two encodings."""
    try:
        return data.decode(one) == data.decode(other)
    except UnicodeDecodeError:
        return False


def decode(data: bytes, encoding: str | None = None) -> Decoded:
    """Decode one whole document, strictly, with `encoding` or the detected one."""
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
    decoded. A line ends at a line feed, and a carriage return before it stays; where there is no line feed, at a
    carriage return. NUL bytes count as spaces if they are few and the only fault of the text.

    Parameters
    ----------
    stream : binary file object
    name : str
        What the errors call it.
    encoding : str or None
        None to detect it in the first mebibyte.

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
        for kind, start_of, hint in _NOT_TEXT:
            if start_of.match(head):
                raise NeuralTopicError(name, expected="text", got=kind, hint=hint)
        found = encoding or detect(head, complete=len(head) < SAMPLE)
        self._blanks_zeros = found is None and _has_few_zeros(head)
        if self._blanks_zeros:
            found = detect(head.replace(b"\0", b""), complete=len(head) < SAMPLE)
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
        ends = "\n", "\r"
        shown = self.head.decode(self._codec, "replace")
        self._newline = ends["\n" not in shown and "\r" in shown].encode(self._codec)

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
            if self._blanks_zeros:
                return text.replace("\0", " "), ""
            problem = "binary"
        return text, problem
