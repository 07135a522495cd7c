"""Text of zip archives of XML: EPUB, OpenDocument and PowerPoint, by the standard library alone."""

import io
import posixpath
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from zipfile import ZipFile

_CONTAINER = "META-INF/container.xml"  # names the package of an EPUB
_RIGHTS = ("META-INF/rights.xml", "META-INF/sinf.xml")  # only in books that are locked
_SLIDE = re.compile(r"ppt/slides/slide(\d+)\.xml")
_BLANKS = {"br": " ", "line-break": " ", "s": " ", "tab": " "}


def book_pages(data: bytes) -> list[bytes] | None:
    """The pages of an EPUB in the order of reading, as XHTML, without the contents; None if the book is locked."""
    with ZipFile(io.BytesIO(data)) as archive:
        if not set(_RIGHTS).isdisjoint(archive.namelist()):
            return None
        container = ElementTree.fromstring(archive.read(_CONTAINER))
        package = next(each.attrib["full-path"] for each in container.iter() if _tag(each) == "rootfile")
        items = list(ElementTree.fromstring(archive.read(package)).iter())
        files = {
            each.attrib["id"]: posixpath.normpath(
                posixpath.join(posixpath.dirname(package), unquote(each.attrib["href"]))
            )
            for each in items
            if _tag(each) == "item"
            and "html" in each.attrib.get("media-type", "")
            and "nav" not in each.attrib.get("properties", "").split()
        }
        spine = [each.attrib["idref"] for each in items if _tag(each) == "itemref"]
        return [archive.read(files[id]) for id in spine if id in files]


def open_document_text(data: bytes) -> str:
    """The headings and paragraphs of a text or a presentation of OpenDocument, a line each."""
    with ZipFile(io.BytesIO(data)) as archive:
        return "\n".join(paragraphs_of(archive.read("content.xml"), ("h", "p")))


def slide_texts(data: bytes) -> list[str]:
    """The text of each slide of PowerPoint, a line for each paragraph."""
    with ZipFile(io.BytesIO(data)) as archive:
        found = {int(match[1]): match[0] for match in map(_SLIDE.fullmatch, archive.namelist()) if match}
        return ["\n".join(paragraphs_of(archive.read(found[number]), ("p",))) for number in sorted(found)]


def paragraphs_of(xml: bytes, tags: Sequence[str]) -> Iterator[str]:
    """The text of each element of these names, without that of such elements inside it, which come after it."""
    for element in ElementTree.fromstring(xml).iter():
        if _tag(element) in tags:
            text = "".join(_pieces(element, tags)).strip()
            if text:
                yield text


def _pieces(element: Element, tags: Sequence[str]) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if _tag(child) in _BLANKS:
            yield _BLANKS[_tag(child)]
        elif _tag(child) not in tags:
            yield from _pieces(child, tags)
        yield child.tail or ""


def _tag(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
