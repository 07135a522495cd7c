"""The text of a file that is one document but not plain text: Word, books, PDF, HTML, e-mail, subtitles and others."""

import importlib
import io
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePath
from typing import Any

from neuraltopic.errors import UsageError, install_hint
from neuraltopic.reading.encodings import Decoded, check_encoding, decode

XML = (".xml", ".rss", ".atom")
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_HEAD = 4096  # bytes of HTML that may name its encoding
# The time of a cue in SubRip and WebVTT, and in YouTube's format.
_CUE_TIME = re.compile(r"^[\d:.,]+ --> [\d:.,]+.*$|^\d+:\d\d:\d\d\.\d+,\d+:\d\d:\d\d\.\d+\s*$", re.MULTILINE)
# Before each line the frames of MicroDVD, and the times of LRC, whose other brackets name the song.
_LINE_TIME = re.compile(r"\{\d+\}\{\d+\}|(?:\[\d+:\d+(?:[.:]\d+)?\])+")
_STYLE = re.compile(r"\{[a-zA-Z]:[^{}]*\}|<\d+:\d+(?:[.:]\d+)?>")
_CUE_TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
_STYLED_BREAK = re.compile(r"\\[Nnh]")
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}")
NOTEBOOK = ".ipynb"
_TEXT_CELLS = ("markdown", "heading")
_NO_TEXT = "script, style, noscript, template, head"
_BLOCKS = (
    "address, article, aside, blockquote, br, caption, dd, div, dl, dt, fieldset, figcaption, figure, footer, form, "
    "h1, h2, h3, h4, h5, h6, header, hr, li, main, nav, ol, option, p, pre, section, table, td, th, tr, ul"
)


def read_document(data: bytes, suffix: str, encoding: str | None = None) -> Decoded:
    """The text of the content of a file, by its suffix; the problem names what is missing or wrong."""
    try:
        with _quiet():
            return READERS[suffix](data, encoding)
    except UsageError as error:
        return Decoded(None, "", str(error))
    # Files from any program: their readers fail in many ways, and a failure affects one file only.
    except Exception as error:
        return Decoded(None, "", f"unreadable: {type(error).__name__} {error}".strip()[:200])


def library(module: str, package: str) -> Any:
    """Import the library that reads a kind of file.

    Raises
    ------
    UsageError
        When it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError(
            package, expected="an installed package, to read this file", got="no such package", hint=INSTALL
        ) from error


INSTALL = install_hint("files")


def suffix_of(name: str) -> str:
    """The suffix of a file, in lower case."""
    return PurePath(name).suffix.lower()


def html_text(markup: str, *, is_message: bool = False) -> str:
    """The title and the text of a page: a line for each block, without scripts and styles.

    In a message the lines of quotations begin with ">", as in plain text, by which quoted replies are known.

    Raises
    ------
    UsageError
        When selectolax is not installed.
    """
    page = library("selectolax.lexbor", "selectolax").LexborHTMLParser(markup)
    title = page.css_first("title")
    heading = title.text() if title is not None else ""
    for node in page.css(_NO_TEXT):
        node.decompose()
    for node in page.css(_BLOCKS):
        node.insert_before("\n")
        node.insert_after("\n")
    for node in page.css("a + a, button, nav a"):
        node.insert_before(" ")
    for node in page.css("blockquote") if is_message else ():
        quoted = filter(str.strip, node.text().split("\n"))
        node.replace_with("\n" + "".join(f"> {line}\n" for line in quoted))
    lines = [" ".join(line.split()) for line in f"{heading}\n{page.root.text() if page.root else ''}".split("\n")]
    return "\n".join(filter(None, lines))


def rich_text(markup: str) -> str:
    """The text of RTF.

    Raises
    ------
    UsageError
        When striprtf is not installed.
    """
    text: str = library("striprtf.striprtf", "striprtf").rtf_to_text(markup, errors="replace")
    return text


def message_text(message: Any) -> str:
    """The subject and the body of an e-mail, the plain-text one if there are several; attachments are left out.

    Raises
    ------
    UsageError
        When the body is HTML only, and selectolax is not installed.
    """
    body = message.get_body(("plain", "html"))
    content = "" if body is None else body.get_content()
    if body is not None and body.get_content_subtype() == "html":
        content = html_text(content, is_message=True)
    return header_text(message["subject"]) + "\n\n" + content.replace("\r\n", "\n")


def header_text(value: object) -> str:
    """A header of an e-mail as text; bytes that are not UTF-8 become U+FFFD."""
    text = "" if value is None else str(value)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _html(data: bytes, encoding: str | None) -> Decoded:
    named = _CHARSET.search(data[:_HEAD])
    decoded = Decoded(None, "")
    if encoding is None and named:
        with suppress(UsageError):  # an unknown name: the encoding is detected
            decoded = decode(data, check_encoding(named[1].decode("ascii")))
    if decoded.text is None:
        decoded = decode(data, encoding)
    return decoded if decoded.text is None else Decoded(html_text(decoded.text), decoded.encoding)


def _xml(data: bytes, encoding: str | None) -> Decoded:
    from xml.etree import ElementTree

    from neuraltopic.reading.formats.xml_elements import text_of

    decoded = decode(data, encoding)
    return decoded if decoded.text is None else decoded._replace(text=text_of(ElementTree.fromstring(decoded.text)))


def _email(data: bytes, encoding: str | None) -> Decoded:
    import email
    import email.policy

    message = email.message_from_bytes(data, policy=email.policy.default)
    text = message_text(message).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return Decoded(text, "utf-8")


def _apple_mail(data: bytes, encoding: str | None) -> Decoded:
    """A message after its number of bytes in the first line; what Mail writes below it is left out."""
    size, _, rest = data.partition(b"\n")
    return _email(rest[: int(size)] if size.strip().isdigit() else data, encoding)


def _word(data: bytes, encoding: str | None) -> Decoded:
    document = library("docx", "python-docx").Document(io.BytesIO(data))
    return Decoded("\n".join(_paragraphs(document)), "utf-8")


def _paragraphs(part: Any) -> Iterator[str]:
    """Paragraphs of a document or a cell in their order, those of tables among them."""
    for block in part.iter_inner_content():
        if hasattr(block, "rows"):
            for row in block.rows:
                seen: list[Any] = []
                for cell in row.cells:
                    if cell._tc not in seen:  # a merged cell is given once for each column
                        seen.append(cell._tc)
                        yield from _paragraphs(cell)
        else:
            yield block.text


def _pdf(data: bytes, encoding: str | None) -> Decoded:
    reader = library("pypdf", "pypdf").PdfReader(io.BytesIO(data))
    text = "\n".join(page.extract_text() for page in reader.pages)
    if not text.strip():
        return Decoded(None, "", "no text in the PDF: pictures of pages need character recognition first")
    return Decoded(text.encode("utf-8", "replace").decode("utf-8"), "utf-8")


def _book(data: bytes, encoding: str | None) -> Decoded:
    from neuraltopic.reading.formats.zipped_documents import book_pages

    pages = book_pages(data)
    if pages is None:
        return Decoded(None, "", "a book that is locked by its publisher (DRM)")
    texts = [html_text(page.decode("utf-8", "replace")) for page in pages]
    return Decoded("\n".join(filter(None, texts)), "utf-8")


def _open_document(data: bytes, encoding: str | None) -> Decoded:
    from neuraltopic.reading.formats.zipped_documents import open_document_text

    return Decoded(open_document_text(data), "utf-8")


def _slides(data: bytes, encoding: str | None) -> Decoded:
    from neuraltopic.reading.formats.zipped_documents import slide_texts

    slides = slide_texts(data)
    return Decoded("\n".join(filter(None, slides)), "utf-8") if slides else Decoded(None, "", "no slides in it")


def _rich_text(data: bytes, encoding: str | None) -> Decoded:
    # RTF is ASCII, and declares how other characters are written.
    return Decoded(rich_text(data.decode("latin-1")), "ascii")


def _subtitles(data: bytes, encoding: str | None) -> Decoded:
    """The spoken text, one line per cue, without numbers, times, tags and lines repeated from the cue before."""
    decoded = decode(data, encoding)
    if decoded.text is None:
        return decoded
    lines: list[str] = []
    for cue in re.split(r"\r?\n\s*\r?\n", decoded.text):
        time = _CUE_TIME.search(cue)
        if time:
            spoken = [_CUE_TAG.sub("", line).strip() for line in cue[time.end() :].splitlines()]
            lines.append(" ".join(line for line in spoken if line and line not in lines[-2:]))
    return Decoded("\n".join(filter(None, lines)), decoded.encoding)


def _timed_text(data: bytes, encoding: str | None) -> Decoded:
    """The spoken text of TTML, one line per paragraph, without lines repeated from those before."""
    from neuraltopic.reading.formats.zipped_documents import paragraphs_of

    decoded = decode(data, encoding)
    if decoded.text is None:
        return decoded
    lines: list[str] = []
    for paragraph in paragraphs_of(data, ("p",)):
        spoken = " ".join(paragraph.split())
        if spoken not in lines[-2:]:
            lines.append(spoken)
    return Decoded("\n".join(lines), decoded.encoding)


def _timed_lines(data: bytes, encoding: str | None) -> Decoded:
    """The text of MicroDVD or LRC, whose lines begin with their time."""
    decoded = decode(data, encoding)
    if decoded.text is None:
        return decoded
    timed = [(line, _LINE_TIME.match(line)) for line in map(str.strip, decoded.text.splitlines())]
    spoken = [_STYLE.sub("", line[time.end() :]).replace("|", " ").strip() for line, time in timed if time]
    if not spoken and decoded.text.strip():
        return Decoded(None, "", "no line that begins with its time, as subtitles of this kind do")
    return Decoded("\n".join(filter(None, spoken)), decoded.encoding)


def _styled_subtitles(data: bytes, encoding: str | None) -> Decoded:
    """The spoken text of SubStation Alpha, one line per event, without comments, drawings and styles."""
    decoded = decode(data, encoding)
    if decoded.text is None:
        return decoded
    lines: list[str] = []
    columns = ["text"]
    for line in decoded.text.splitlines():
        kind, _, values = line.partition(":")
        if kind.strip().lower() == "format":  # the last one is that of the events
            columns = [name.strip().lower() for name in values.split(",")]
        elif kind.strip().lower() == "dialogue" and "text" in columns:
            text = dict(zip(columns, values.split(",", len(columns) - 1), strict=False)).get("text", "")
            spoken = " ".join(_STYLED_BREAK.sub(" ", _CUE_TAG.sub("", text)).split())
            if spoken and spoken not in lines[-2:] and not _DRAWING.search(text):
                lines.append(spoken)
    return Decoded("\n".join(lines), decoded.encoding)


def _notebook(data: bytes, encoding: str | None) -> Decoded:
    """The text cells of a Jupyter notebook, with a blank line between them; code and what it prints are left out."""
    decoded = decode(data, encoding)
    if decoded.text is None:
        return decoded
    notebook = json.loads(decoded.text)
    sheets = [notebook, *notebook.get("worksheets", ())]  # those of notebooks before 2015
    cells = [cell for sheet in sheets for cell in sheet.get("cells", ())]
    texts = ["".join(cell.get("source", "")) for cell in cells if cell.get("cell_type") in _TEXT_CELLS]
    if cells and not "".join(texts).strip():
        return Decoded(None, "", "no text in the notebook: all of its cells are code, which is left out")
    return Decoded("\n\n".join(texts), decoded.encoding)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the messages of libraries about unusual files."""
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


READERS: dict[str, Callable[[bytes, str | None], Decoded]] = {
    ".docx": _word,
    ".odt": _open_document,
    ".odp": _open_document,
    ".pptx": _slides,
    ".epub": _book,
    ".pdf": _pdf,
    ".html": _html,
    ".htm": _html,
    ".xhtml": _html,
    **dict.fromkeys(XML, _xml),
    ".eml": _email,
    ".emlx": _apple_mail,
    ".mht": _email,
    ".mhtml": _email,
    ".rtf": _rich_text,
    ".srt": _subtitles,
    ".vtt": _subtitles,
    ".sbv": _subtitles,
    ".ttml": _timed_text,
    ".sub": _timed_lines,
    ".lrc": _timed_lines,
    ".ass": _styled_subtitles,
    ".ssa": _styled_subtitles,
    NOTEBOOK: _notebook,
}
