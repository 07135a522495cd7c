"""XML: rows of the elements that repeat, or one document."""

import io
import sys
import warnings

import pytest

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.reading.readers import open_corpus


def read(path, **options):
    """Rows and notes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", NeuralTopicWarning)
        rows = list(open_corpus(path, **options))
    return rows, [str(warning.message).partition(": ")[2] for warning in caught]


def write(tmp_path, content, name="a.xml"):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


ITEMS = "\n".join(
    f"<item><title>Title {n}</title><description><![CDATA[<p>Bread &amp; salt {n}</p>]]></description>"
    f"<dc:creator>Ann</dc:creator><category>a</category><category>b</category><guid>g{n}</guid></item>"
    for n in range(5)
)
FEED = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>News</title><link>http://x.org</link>
{ITEMS}</channel></rss>"""


def test_the_items_of_a_feed_are_rows(tmp_path):
    rows, notes = read(write(tmp_path, FEED, "a.rss"), text="description", id="guid")
    assert [(row.id, row.text) for row in rows] == [(f"g{n}", f"<p>Bread &amp; salt {n}</p>") for n in range(5)]
    assert rows[3].metadata == {"title": "Title 3", "creator": "Ann", "category": "a\nb"}
    assert notes == ["each element rss/channel/item is a row"]
    with pytest.warns(NeuralTopicWarning):
        assert open_corpus(tmp_path / "a.rss", text="title").estimate().n_documents == 5
    with pytest.raises(UsageError, match=r"got columns title, description, creator, category, guid"):
        read(tmp_path / "a.rss")


def test_attributes_are_columns(tmp_path):
    posts = "".join(f'<row Id="{n}" Score="{n * 7}" Body="&lt;p&gt;soup {n}&lt;/p&gt;" />\n' for n in range(9))
    rows, _ = read(write(tmp_path, f"<posts>{posts}</posts>"))
    assert [(row.id, row.text, row.metadata) for row in rows[:2]] == [
        ("0", "<p>soup 0</p>", {"Score": "0"}),
        ("1", "<p>soup 1</p>", {"Score": "7"}),
    ]


def test_the_text_of_a_page_in_a_dump(tmp_path):
    pages = "".join(
        f"<page><title>T{n}</title><id>{n}</id><revision><id>{n}9</id><text bytes='4' xml:space='preserve'>wiki {n}"
        "</text></revision></page>"
        for n in range(3)
    )
    dump = (
        "<mediawiki xmlns='http://www.mediawiki.org/x'><siteinfo><namespaces><namespace key='1'>Talk</namespace>"
        f"<namespace key='2'>User</namespace></namespaces></siteinfo>{pages}</mediawiki>"
    )
    rows, notes = read(write(tmp_path, dump))
    assert [(row.id, row.text) for row in rows] == [("0", "wiki 0"), ("1", "wiki 1"), ("2", "wiki 2")]
    assert rows[0].metadata == {"title": "T0", "revision": {"id": "09", "text.bytes": "4", "text.space": "preserve"}}
    assert notes == ["each element mediawiki/page is a row"]


def test_fields_that_are_named_by_an_attribute(tmp_path):
    dump = "".join(f'<row><field name="n">{n}</field><field name="body">soup {n}</field></row>' for n in range(4))
    rows, _ = read(write(tmp_path, f"<resultset>{dump}</resultset>"))
    assert [(row.text, row.metadata) for row in rows[:2]] == [("soup 0", {"n": "0"}), ("soup 1", {"n": "1"})]


def test_the_paragraphs_of_a_text_are_rows_with_the_elements_among_their_words(tmp_path):
    body = "".join(f"<p>The <hi>{n}th</hi> loaf,<lb/> of rye</p>" for n in range(4))
    document = f"<TEI><teiHeader><title>Bread</title></teiHeader><text><body>{body}</body></text></TEI>"
    rows, notes = read(write(tmp_path, document))
    assert [row.text for row in rows] == [f"The {n}th loaf, of rye" for n in range(4)]
    assert notes == ["each element TEI/text/body/p is a row"]


def test_a_file_without_repeated_elements_is_one_document(tmp_path):
    rows, notes = read(write(tmp_path, "<a><title>Bread</title><body>Flour and <b>salt</b></body></a>"))
    assert [row.text for row in rows] == ["Bread\nFlour and salt"]
    assert notes == []


def test_files_of_a_folder_are_a_document_each(tmp_path):
    write(tmp_path, FEED, "corpus/b.xml")
    write(tmp_path, "<a><p>x</p><p>y <i>z</i></p></a>", "corpus/a.xml")
    write(tmp_path, "<a><p>x</a>", "corpus/broken.xml")
    rows, _ = read(tmp_path / "corpus")
    assert [row.id for row in rows] == ["a.xml", "b.xml", "broken.xml"]
    assert rows[0].text == "x\ny z"
    assert rows[1].text.startswith("News\nhttp://x.org\nTitle 0\n")
    assert rows[2].problem.startswith("unreadable: ParseError mismatched tag")


def test_the_declared_encoding_is_the_one(tmp_path):
    head, text = "<?xml version='1.0' encoding='{}'?>\n", "".join(f"<d>žluťoučký kůň {n}</d>" for n in range(3))
    for encoding in ("iso-8859-2", "utf-8", "utf-16"):
        content = (head.format(encoding) + f"<c>{text}</c>").encode(encoding)
        assert read(write(tmp_path, content))[0][1].text == "žluťoučký kůň 1"
    # One that is wrong is not believed.
    content = head.format("ascii") + f"<c>{text}</c>"
    assert read(write(tmp_path, content))[0][1].text == "žluťoučký kůň 1"


def test_xml_through_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FEED.encode())))
    with pytest.warns(NeuralTopicWarning, match="each element rss/channel/item is a row"):
        assert [row.text for row in open_corpus("-", text="title")] == [f"Title {n}" for n in range(5)]


def test_rows_beyond_the_beginning_are_read(tmp_path):
    rows, _ = read(write(tmp_path, "<c>" + "\n".join(f"<d>{'soup ' * 20}{n}</d>" for n in range(15_000)) + "</c>"))
    assert len(rows) == 15_000
    assert rows[-1].text.endswith("soup 14999")


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("<c><d>x</d>\n<d>y & z</d></c>", r"not well-formed \(invalid token\): line 2"),
        ("<c><d>x</d><d>y</d>", "no element found"),
        ("<c><d>x&nbsp;y</d></c>", "undefined entity"),
    ],
)
def test_broken_xml_is_refused(tmp_path, content, got):
    with pytest.raises(NeuralTopicError, match=rf"a\.xml: expected well-formed XML; got {got}"):
        read(write(tmp_path, content))


def test_bad_bytes_cost_their_row_alone(tmp_path):
    rows, _ = read(write(tmp_path, b"<c><d>a</d>\n<d>caf\xe9</d>\n<d>b</d></c>"), encoding="utf-8")
    assert [(row.text, row.problem) for row in rows] == [
        ("a", ""), (None, "undecodable: byte 0xe9 at 6 is not utf-8"), ("b", ""),
    ]  # fmt: skip
