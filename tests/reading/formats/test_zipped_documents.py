"""Books, texts and slides that are zip archives of XML."""

import io
import zipfile

import pytest

from neuraltopic.errors import NeuralTopicError
from neuraltopic.reading.formats.document_files import read_document
from neuraltopic.reading.readers import open_corpus

CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
BOOK = """<package xmlns="http://www.idpf.org/2007/opf"><manifest>
<item id="two" href="text/b.xhtml" media-type="application/xhtml+xml"/>
<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
<item id="cover" href="c.svg" media-type="image/svg+xml"/>
<item id="one" href="text/z%20a.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="cover"/><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/></spine></package>"""
CHAPTER = '<html xmlns="http://www.w3.org/1999/xhtml"><head><style>p {{}}</style></head><body>{}</body></html>'
OFFICE = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>{}</office:text></office:body>'
    "</office:document-content>"
)
SLIDE = '<p:sld xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="p">{}</p:sld>'
EPUB = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": BOOK,
    "OEBPS/nav.xhtml": CHAPTER.format("<a>Contents</a>"),
    "OEBPS/text/b.xhtml": CHAPTER.format("<p>It was caf&eacute; <b>la</b>te.</p>"),
    "OEBPS/text/z a.xhtml": CHAPTER.format("<h1>One</h1><p>The train</p>"),
}
ODT = {
    "content.xml": OFFICE.format(
        "<text:h>One</text:h><text:p>The<text:s/>train<text:note><text:note-body><text:p>a note</text:p>"
        "</text:note-body></text:note></text:p><text:p>was<text:line-break/>l<text:span>ate</text:span></text:p>"
    )
}
PPTX = {
    f"ppt/slides/slide{number}.xml": SLIDE.format(
        f"<a:p><a:r><a:t>slide </a:t></a:r><a:r><a:t>{number}</a:t></a:r></a:p>"
    )
    for number in (10, 2, 1)
}


def archive(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("suffix", "files", "text"),
    [
        (".epub", EPUB, "One\nThe train\nIt was café late."),
        (".odt", ODT, "One\nThe train\na note\nwas late"),
        (".odp", ODT, "One\nThe train\na note\nwas late"),
        (".pptx", PPTX, "slide 1\nslide 2\nslide 10"),
    ],
)
def test_the_text_of_an_archive(tmp_path, suffix, files, text):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(archive(files))
    assert [(row.id, row.text, row.problem) for row in open_corpus(path)] == [(path.name, text, "")]


@pytest.mark.parametrize("suffix", [".epub", ".odt", ".pptx"])
def test_an_archive_that_is_none_costs_itself_alone(suffix):
    assert read_document(b"PK\x03\x04 cut", suffix).problem == "unreadable: BadZipFile File is not a zip file"
    found = read_document(archive({"other.txt": "x"}), suffix)
    assert found.text is None
    assert found.problem.startswith("unreadable: " if suffix != ".pptx" else "no slides")


def test_a_locked_book_is_named(tmp_path):
    (tmp_path / "a.epub").write_bytes(archive(EPUB | {"META-INF/encryption.xml": "<encryption/>"}))
    assert read_document((tmp_path / "a.epub").read_bytes(), ".epub").problem == ""
    locked = archive(EPUB | {"META-INF/rights.xml": "<rights/>"})
    assert read_document(locked, ".epub").problem == "a book that is locked by its publisher (DRM)"


def test_another_archive_is_refused_by_what_it_is(tmp_path):
    (tmp_path / "a.zip").write_bytes(archive({"a.txt": "x"}))
    with pytest.raises(NeuralTopicError, match=r"got a zip archive\. Unpack it"):
        list(open_corpus(tmp_path / "a.zip"))
