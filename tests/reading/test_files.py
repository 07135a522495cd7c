"""Spreadsheets, Word, PDF, HTML and mail; folders that hold tables."""

import csv
import datetime
import gzip
import json
import mailbox
import sys
import warnings
import zipfile

import docx
import openpyxl
import pandas as pd
import pytest

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.preprocessing.cleaning.messages import without_replies
from neuraltopic.preprocessing.cleaning.signs import signs_of
from neuraltopic.reading.formats.document_files import html_text, read_document
from neuraltopic.reading.readers import open_corpus


def read(path, **options):
    """Rows and notes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", NeuralTopicWarning)
        rows = list(open_corpus(path, **options))
    return rows, [str(warning.message).partition(": ")[2] for warning in caught]


# Spreadsheets


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_an_excel_file_is_its_rows(tmp_path):
    day = datetime.datetime(2021, 3, 4)
    rows = [["ID", "Text", "day", "n"], [1, "a é\nb", day, 2.5], [None] * 4, [2, "c", day, None], [3, None, day, 1]]
    path = workbook(tmp_path / "a.xlsx", Sheet=rows, Empty=[])
    found, notes = read(path)
    assert [(row.id, row.text, row.line, row.problem) for row in found] == [
        ("1", "a é\nb", 2, ""), ("2", "c", 4, ""), ("3", "", 5, ""),
    ]  # fmt: skip
    assert found[0].metadata == {"day": "2021-03-04", "n": "2.5"}
    assert notes == []
    assert open_corpus(path).estimate().n_documents == 3
    assert open_corpus(path).estimate().kind == "sheet"


def test_the_sheet_is_the_one_with_the_text(tmp_path):
    notes_sheet = [["what", "who"], ["x", "y"]]
    table = [["Survey of 2021"], ["text", "n"], ["a b", 1], ["c d", 2]]
    found, notes = read(workbook(tmp_path / "a.xlsx", About=notes_sheet, Data=table))
    assert [row.text for row in found] == ["a b", "c d"]
    assert notes == ["of its sheets Data is read, not About", "the first line is left out, as a title"]
    sums = [["mean", 1.5]]
    assert [row.text for row in read(workbook(tmp_path / "s.xlsx", Sums=sums, Data=table[1:]))[0]] == ["a b", "c d"]
    other = [["text", "stars"], ["e f", 1]]
    with pytest.raises(UsageError, match="several with the same columns; got the sheets A, B with different columns"):
        read(workbook(tmp_path / "b.xlsx", A=table, B=other))
    assert [row.text for row in read(tmp_path / "b.xlsx", id="stars")[0]] == ["e f"]
    with pytest.raises(UsageError, match=r"c\.xlsx, sheet About: expected a column 'text'.* got columns what, who"):
        read(workbook(tmp_path / "c.xlsx", About=notes_sheet))
    with pytest.raises(NeuralTopicError, match="expected a sheet with rows; got none"):
        read(workbook(tmp_path / "d.xlsx", Empty=[]))


def test_sheets_with_the_same_columns_are_all_read(tmp_path):
    first, second = [["text", "n"], ["a b", 1], ["c d", 2]], [["n", "text"], [3, "e f"]]
    path = workbook(tmp_path / "a.xlsx", **{"2019": first, "Notes": [["x"]], "2020": second})
    found, notes = read(path, text="text")
    assert [(row.id, row.text, row.metadata) for row in found] == [
        ("2019:1", "a b", {"sheet": "2019", "n": "1"}),
        ("2019:2", "c d", {"sheet": "2019", "n": "2"}),
        ("2020:1", "e f", {"sheet": "2020", "n": "3"}),
    ]
    assert notes == ["the sheets 2019, 2020 have the same columns, and all are read, not Notes"]
    assert [row.id for row in read(path, text="text", id="n")[0]] == ["2019:1", "2019:2", "2020:3"]


def test_an_open_document_spreadsheet(tmp_path):
    def row(*cells):
        cells = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in cells
        )
        return f"<table:table-row>{cells}</table:table-row>"

    names = ("office", "table", "text")
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name='S'>"
        f"{row('id', 'text')}{row('x', 'a é b')}{row('y', 'c')}"
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    assert [(row.id, row.text) for row in read(tmp_path / "a.ods")[0]] == [("x", "a é b"), ("y", "c")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_lines_that_are_called_a_spreadsheet_are_a_table(tmp_path, encoding):
    (tmp_path / "a.xls").write_bytes("id\ttext\r\nx\tA café.\r\ny\tA soup.\r\n".encode(encoding))
    assert [(row.id, row.text) for row in read(tmp_path / "a.xls")[0]] == [("x", "A café."), ("y", "A soup.")]


def test_the_kind_of_a_spreadsheet_is_told_by_what_is_in_it(tmp_path):
    workbook(tmp_path / "a.xlsx", Sheet=[["id", "text"], ["x", "A café."]]).rename(tmp_path / "a.xls")
    assert [(row.id, row.text) for row in read(tmp_path / "a.xls")[0]] == [("x", "A café.")]
    (tmp_path / "b.xls").write_text("<html><body><table><tr><td>text</td></tr></table></body></html>")
    with pytest.raises(UsageError, match=r"expected a spreadsheet; got HTML or XML\. Open it in Excel, and save it as"):
        read(tmp_path / "b.xls")


def test_a_spreadsheet_that_is_none(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"PK no archive")
    with pytest.raises(NeuralTopicError, match=r"a\.xlsx: expected a whole spreadsheet; got "):
        read(tmp_path / "a.xlsx")
    (tmp_path / "a.xlsx.gz").write_bytes(gzip.compress(b"x"))
    with pytest.raises(UsageError, match="expected a spreadsheet, uncompressed; got a compressed file"):
        open_corpus(tmp_path / "a.xlsx.gz")


# Documents


def pdf(text):
    """A page with a line of text, or without."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode() if text else b""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)
    return data + b"xref\n0 6\n0000000000 65535 f \n" + table + end


MAIL = (
    "From: A <a@example.org>\nSubject: =?utf-8?q?Caf=C3=A9?=\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n"
    "MIME-Version: 1.0\nContent-Type: {}; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n{}\n"
)
PAGE = """<!DOCTYPE html><html><head><title>The title</title><style>p {{}}</style></head><body><script>var x</script>
<p>one <b>bo</b>ld</p><p>two &eacute;<br>three</p><ul><li>x</li><li>y</li></ul>{}</body></html>"""


@pytest.fixture
def documents(tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    word = docx.Document()
    word.add_paragraph("first é")
    table = word.add_table(1, 2)
    table.cell(0, 0).text = "left"
    table.cell(0, 1).text = "right"
    word.add_paragraph("last")
    word.save(folder / "a.docx")
    (folder / "b.pdf").write_bytes(pdf("a line of text"))
    (folder / "c.html").write_text(PAGE.format(""), encoding="utf-8")
    (folder / "d.eml").write_text(MAIL.format("text/plain", "gr=C3=B6=\n=C3=9Fe"))
    (folder / "e.eml").write_text(MAIL.format("text/html", "<p>a</p><p>b</p>"))
    (folder / "f.txt").write_text("plain")
    return folder


def test_a_folder_of_documents_of_all_kinds(documents):
    (documents / "g.html.gz").write_bytes(gzip.compress(b"<p>packed"))
    assert [(row.id, row.text, row.problem) for row in read(documents)[0]] == [
        ("a.docx", "first é\nleft\nright\nlast", ""),
        ("b.pdf", "a line of text", ""),
        ("c.html", "The title\none bold\ntwo é\nthree\nx\ny", ""),
        ("d.eml", "Café\n\ngröße\n", ""),
        ("e.eml", "Café\n\na\nb", ""),
        ("f.txt", "plain", ""),
        ("g.html.gz", "packed", ""),
    ]


def test_a_file_that_is_one_document_is_a_row(documents):
    (row,) = read(documents / "a.docx")[0]
    assert (row.id, row.text) == ("a.docx", "first é\nleft\nright\nlast")
    with pytest.raises(UsageError, match="text: expected no value, as it applies only to tables"):
        open_corpus(documents / "b.pdf", text="body")


def test_a_short_sheet_about_the_others_is_left_out_and_told(tmp_path):
    table = [["id", "answer", "n"], *([str(n), f"Soup number {n}.", n] for n in range(9))]
    about = [["About this file"], ["Survey of 2024"]]
    found, notes = read(workbook(tmp_path / "a.xlsx", Notes=about, North=table, South=table))
    assert [row.text for row in found] == [f"Soup number {n}." for n in range(9)] * 2
    assert notes == ["the sheets North, South have the same columns, and all are read, not Notes"]


def test_merged_cells_above_the_header_name_groups_of_columns(tmp_path):
    table = [["id", "age", "first", "second"], *([n, 30, f"The soup of {n}.", f"The train of {n}."] for n in range(9))]
    groups = ["Person", None, "Answers", None]
    found, notes = read(workbook(tmp_path / "a.xlsx", Data=[groups, *table]), text="first")
    assert [(row.id, row.text) for row in found] == [(str(n), f"The soup of {n}.") for n in range(9)]
    assert found[3].metadata == {"age": "30", "second": "The train of 3."}
    assert notes == ["the first line is left out, as a title"]


@pytest.mark.parametrize(
    ("encoding", "meta"),
    [("latin-1", "<meta charset=iso-8859-1>"), ("cp1251", '<META http-equiv=x content="text/html; charset=cp1251">'),
     ("utf-8", "<meta charset='klingon'>"), ("utf-16", "")],
)  # fmt: skip
def test_the_encoding_of_a_page_is_the_one_it_names(tmp_path, encoding, meta):
    text = "Привет мир" if encoding == "cp1251" else "größe é"
    (tmp_path / "a.htm").write_bytes(f"<html>{meta}<p>{text}".encode(encoding))
    assert read(tmp_path / "a.htm")[0][0].text == text


def test_html_keeps_words_whole_and_blocks_apart():
    markup = "<div>a<div>b</div>c</div>wo<i>r</i>d<table><tr><td>x</td><td>y</td></table>"
    assert html_text(markup) == "a\nb\nc\nword\nx\ny"
    assert html_text("") == ""


def test_a_document_that_cannot_be_read_costs_itself_alone(documents):
    (documents / "a.docx").write_bytes(b"no archive")
    (documents / "b.pdf").write_bytes(b"%PDF-1.4 cut")
    (documents / "c.html").unlink()
    (documents / "d.eml").write_bytes(b"")
    (documents / "scan.pdf").write_bytes(pdf(""))
    found = {row.id: (row.text, row.problem) for row in read(documents)[0]}
    assert found["a.docx"][1].startswith("unreadable: ")
    assert found["b.pdf"][1].startswith("unreadable: ")
    assert found["d.eml"] == ("\n\n", "")
    assert found["scan.pdf"] == (None, "no text in the PDF: pictures of pages need character recognition first")
    assert found["f.txt"] == ("plain", "")


@pytest.mark.parametrize(
    ("module", "package", "file"),
    [("docx", "python-docx", "a.docx"), ("pypdf", "pypdf", "b.pdf"), ("selectolax.lexbor", "selectolax", "c.html"),
     ("selectolax.lexbor", "selectolax", "e.eml")],
)  # fmt: skip
def test_the_ledger_names_the_package_that_is_not_installed(documents, monkeypatch, module, package, file):
    monkeypatch.setitem(sys.modules, module, None)
    (row,) = [row for row in read(documents)[0] if row.id == file]
    assert row.text is None
    said = (
        "expected an installed package, to read this file; got no such package. Run pip install 'neuraltopic[files]'."
    )
    assert row.problem == f"{package}: {said}"


def test_a_spreadsheet_needs_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(UsageError, match=r"python-calamine: expected an installed package.*'neuraltopic\[files\]'"):
        read(workbook(tmp_path / "a.xlsx", S=[["text"], ["a"]]))


# Mailboxes


def test_a_mailbox_is_its_messages(tmp_path):
    box = mailbox.mbox(tmp_path / "a.mbox")
    for content in (
        MAIL.format("text/plain", "one"),
        MAIL.format("text/html", "<p>t=C3=BCr</p>"),
        "no: mail\n\n\udce9",
    ):
        box.add(mailbox.mboxMessage(content.encode("utf-8", "surrogateescape")))
    box.close()
    found, _ = read(tmp_path / "a.mbox")
    assert [(row.id, row.text) for row in found] == [
        ("1", "Café\n\none\n"),
        ("2", "Café\n\ntür"),
        ("3", "\n\n\ufffd\n"),
    ]
    assert found[0].metadata == {
        "subject": "Café", "from": "A <a@example.org>", "date": "Mon, 01 Jan 2024 00:00:00 +0000",
    }  # fmt: skip
    assert open_corpus(tmp_path / "a.mbox").estimate().n_documents == 3


def test_quoted_replies_of_html_are_those_of_plain_text(tmp_path):
    reply = (
        '<div dir=3D"ltr">The train<br>was late.</div><br><div class=3D"gmail_quote">On Mon, Jan 1, 2024 Bob wrote:<br>'
        "<blockquote>Soup? <blockquote>Bread!</blockquote><p>Wine.</p></blockquote></div>"
    )
    (tmp_path / "a.eml").write_text(MAIL.format("text/html", reply))
    (tmp_path / "a.html").write_text("<p>He wrote:</p><blockquote>Soup</blockquote>")
    [mail, page] = read(tmp_path)[0]
    lines = ["The train", "was late.", "On Mon, Jan 1, 2024 Bob wrote:", "> Soup?", "> Bread!", "> Wine."]
    assert mail.text.split("\n")[2:] == lines
    assert page.text == "He wrote:\nSoup"
    cleaned = without_replies(mail.text, signs_of(mail.text), message=False)
    assert cleaned.split() == ["Café", "The", "train", "was", "late."]


# Folders of tables


def table(path, rows, head=("id", "text", "n")):
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def test_a_folder_with_one_table_is_that_table(tmp_path):
    table(tmp_path / "data" / "reviews.csv", [("x", "a, b", 1), ("y", "c", 2)])
    (tmp_path / "data" / "README.md").write_text("about")
    (tmp_path / "data" / "_SUCCESS").touch()
    found, notes = read(tmp_path / "data", text="text")
    assert [(row.id, row.text, row.metadata) for row in found] == [("x", "a, b", {"n": "1"}), ("y", "c", {"n": "2"})]
    assert notes == ["README.md, _SUCCESS: not read, as the folder holds tables"]
    estimate = open_corpus(tmp_path / "data").estimate()
    assert (estimate.kind, estimate.n_files, estimate.n_documents) == ("csv", 1, 2)


def test_a_folder_of_tables_of_the_same_columns_is_all_of_them(tmp_path):
    folder = tmp_path / "data"
    table(folder / "part-0.csv", [("x", "a, b", 1)])
    table(folder / "part-1.csv", [("x", "c", 2), ("y", "d", 3)])
    pd.DataFrame({"id": ["x"], "text": ["e"], "n": [4]}).to_parquet(folder / "part-2.parquet")
    (folder / "part-3.json").write_text('[{"id": 1, "text": "f", "n": 5}]')
    assert [(row.id, row.text) for row in read(folder)[0]] == [
        ("part-0.csv:x", "a, b"), ("part-1.csv:x", "c"), ("part-1.csv:y", "d"), ("part-2.parquet:x", "e"),
        ("part-3.json:1", "f"),
    ]  # fmt: skip
    assert open_corpus(folder).estimate().n_documents == 5


def test_tables_of_other_columns_are_refused(tmp_path):
    folder = tmp_path / "data"
    table(folder / "a.csv", [("x", "a, b", 1)])
    table(folder / "b.csv", [("x", "a, b", 1)], head=("id", "text", "year"))
    with pytest.raises(
        NeuralTopicError, match=r"b\.csv: expected besides the text, the columns of a\.csv: n; got year"
    ):
        read(folder)


def test_a_table_among_documents_is_no_document(tmp_path):
    folder = tmp_path / "data"
    table(folder / "labels.csv", [("x", "a", 1)])
    for number in range(5):
        (folder / f"{number}.txt").write_text("one")
    assert [(row.id, row.text, row.problem) for row in read(folder)[0]] == [
        *((f"{number}.txt", "one", "") for number in range(5)),
        ("labels.csv", None, "a table among documents: give its path to read its rows"),
    ]


def test_a_few_files_beside_a_table_are_about_it(tmp_path):
    folder = tmp_path / "data"
    table(folder / "answers.csv", [("x", "a, b", 1)])
    for name in ("codebook.pdf", "make.py", "Makefile", "notes.txt"):
        (folder / name).write_text("about")
    rows, notes = read(folder)
    assert [row.text for row in rows] == ["a, b"]
    assert notes == ["Makefile, codebook.pdf, make.py, notes.txt: not read, as the folder holds tables"]


def test_an_export_of_slack_is_its_messages(tmp_path):
    (tmp_path / "general").mkdir()
    for day, text in enumerate(("The train was late.", "A good soup."), start=1):
        message = {"type": "message", "user": "U1", "text": text, "ts": "1.0"}
        (tmp_path / "general" / f"2024-01-0{day}.json").write_text(json.dumps([message], indent=4))
    (tmp_path / "users.json").write_text('[{"id": "U1", "name": "ann"}]')
    (tmp_path / "channels.json").write_text('[{"id": "C1", "name": "general"}]')
    rows, notes = read(tmp_path)
    assert [(row.id, row.text) for row in rows] == [
        ("general/2024-01-01.json:1", "The train was late."),
        ("general/2024-01-02.json:1", "A good soup."),
    ]
    assert notes == ["channels.json, users.json: not read, as the folder holds tables"]


def test_rich_text_is_its_text():
    found = read_document(rb"{\rtf1\ansi\ansicpg1252{\fonttbl\f0 Arial;}\f0 caf\'e9 {\b bold}\par 5 \u8364?}", ".rtf")
    assert found.text == "café bold\n5 €"


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (
            ".srt",
            "1\n00:00:01,000 --> 00:00:02,000\n<i>The train</i>\nis late\n\n"
            "2\n00:00:02,000 --> 00:00:03,500\n{\\an8}1984\n",
        ),
        (
            ".vtt",
            "WEBVTT\n\nNOTE by hand\n\n00:01.000 --> 00:02.000 align:start\n<v Ann>The train\nis late</v>\n\n"
            "b\n00:02.000 --> 00:03.500\n1984\n",
        ),
        (
            ".ass",
            "[Script Info]\nTitle: trains\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n"
            "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
            "Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not shown\n"
            "Dialogue: 0,0:00:01.00,0:00:02.00,Default,Ann,0,0,0,,{\\i1}The train{\\i0}\\Nis late\n"
            "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}\n"
            "Dialogue: 1,0:00:01.00,0:00:02.00,Default,Ann,0,0,0,,The train is late\n"
            "Dialogue: 0,0:00:02.00,0:00:03.50,Default,,0,0,0,,1984\n",
        ),
        (
            ".ssa",
            "[Events]\r\nFormat: Marked, Start, End, Text\r\n"
            "Dialogue: Marked=0,0:00:01.00,0:00:02.00,The train\\his late\r\n"
            "Dialogue: Marked=0,0:00:02.00,0:00:03.50,1984\r\n",
        ),
        (".sbv", "0:00:01.000,0:00:02.000\nThe train\nis late\n\n0:00:02.000,0:00:03.500\n1984\n"),
        (
            ".ttml",
            '<tt xmlns="http://www.w3.org/ns/ttml"><head><styling/></head><body><div>'
            '<p begin="1s">The <span>train</span><br/>is late</p>\n'
            '<p begin="2s">The train is late</p><p begin="3s">1984</p></div></body></tt>',
        ),
        (".sub", "{10}{30}{y:i}The train|is late\n{31}{40}1984\n"),
        (".lrc", "[ar:Ann]\n[00:01.00]The <00:01.50>train is late\n[00:02.00][00:09.00]1984\n"),
    ],
)
def test_subtitles_are_what_is_said(suffix, content):
    assert read_document(content.encode(), suffix).text == "The train is late\n1984"


def notebook(*cells):
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": [{"cell_type": k, "source": s} for k, s in cells]})


def test_notebooks_are_their_text_cells(tmp_path):
    (tmp_path / "a.ipynb").write_text(
        notebook(("markdown", ["# Trains\n", "They are late."]), ("code", "import rail"), ("markdown", "The *end*"))
    )
    (tmp_path / "b.ipynb").write_text(notebook(("code", ["print(1)"])))
    old = {"worksheets": [{"cells": [{"cell_type": "heading", "source": ["Old"]}]}], "nbformat": 3}
    (tmp_path / "c.ipynb").write_text(json.dumps(old))
    (tmp_path / "d.ipynb").write_text("{ not JSON")
    rows, notes = read(tmp_path)
    assert [row.text for row in rows] == ["# Trains\nThey are late.\n\nThe *end*", None, "Old", None]
    assert rows[1].problem == "no text in the notebook: all of its cells are code, which is left out"
    assert rows[3].problem.startswith("unreadable: JSONDecodeError")
    assert notes == ["of notebooks (.ipynb) the text is read; code and what it prints are left out"]


def test_scripts_that_hold_data_are_tables_among_documents(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("a train")
    (tmp_path / "tweets.js").write_text('window.YTD.tweets.part0 = [ {"tweet": {"full_text": "late"}} ]')
    (tmp_path / "code.js").write_text("const a = [1, 2];")
    rows, _ = read(tmp_path)
    problems = {row.id: row.problem for row in rows if row.problem}
    assert problems == {"tweets.js": "a table among documents: give its path to read its rows"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_message_of_apple_mail_ends_before_its_property_list(tmp_path, end):
    message = MAIL.format("text/plain", "gr=C3=B6=\n=C3=9Fe").encode()
    for number in range(5):
        content = f"{len(message)}      {end}".encode() + message + b"<?xml version='1.0'?><plist><dict/></plist>"
        (tmp_path / f"{number}.emlx").write_bytes(content)
    assert [row.text for row in open_corpus(tmp_path)] == ["Café\n\ngröße\n"] * 5


def test_a_description_in_json_beside_a_table_is_no_table(tmp_path):
    (tmp_path / "data.csv").write_text("id,text\na,A soup.\nb,A train.\n")
    (tmp_path / "meta.json").write_text('{"licence": "none"}')
    found, notes = read(tmp_path)
    assert [row.text for row in found] == ["A soup.", "A train."]
    assert notes == ["meta.json: not read, as the folder holds tables"]
    (tmp_path / "data.csv").rename(tmp_path / "metadata.json")
    (tmp_path / "metadata.json").write_text('[{"text": "A pan."}, {"text": "A pot."}]')
    (tmp_path / "meta.json").unlink()
    assert [row.text for row in read(tmp_path)[0]] == ["A pan.", "A pot."]
