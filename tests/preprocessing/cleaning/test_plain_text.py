import binascii
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.preprocessing.cleaning.plain_text import PlainText
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser

TEXT = st.lists(
    st.sampled_from("ab <>/&;=[]#@.:\n-\"'词语")
    | st.sampled_from(["<p>", "&amp;", "[b]", "[/b]", "=20", "http://", "From: a\nTo: b\n\n", "\n> ", "wrote:\n"])
).map("".join)


def words(text: str) -> str:
    """The words of the prose of a text, with one blank between them."""
    return " ".join(next(WordTokeniser()([PlainText().of(text)])))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<div class="post" style="margin:0px"><p class="MsoNormal">One</p><br />\n<b>two</b></div>', "One two"),
        ('<a href="/thread.php?id=7" target="_blank" rel="nofollow">more</a><img src="/a.png" alt="avatar"/>', "more"),
        (
            "soup&nbsp;and&#32;bread &amp; &quot;butter&quot; &rsquo;til we don&#39;t&hellip;",
            "soup and bread butter til we don't",
        ),
        ("&lt;p&gt;twice &amp;mdash; escaped&lt;/p&gt;", "twice escaped"),
        ("broken &nbsp and nbsp; left", "broken and left"),
        ("<![CDATA[some <b>data</b>]]>", "some data"),
        ("<p>kept</p><script>var x = 1;</script><style>p {}</style><!-- gone -->", "kept"),
        ("the <script> tag swallows nothing", "the script tag swallows nothing"),
        ("<jats:p>An abstract.</jats:p>", "An abstract"),
        ("x < 5 and y > 3; a <enter> key, AT&T", "x 5 and y 3 a enter key AT&T"),
        ("if a<b and c>d then", "if a b and c d then"),
    ],
)
def test_html_and_entities(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[b]bold[/b] and [color=red]red[/color]", "bold and red"),
        ("[quote author=me link=topic=1.msg2#msg2]said[/quote] [url=http://x.org/y]link[/url]", "said link"),
        ("[img]http://x.org/a.png[/img] [list][*]one[*]two[/list]", "one two"),
        ("array[i] = [b] and [s]ic", "array i b and s ic"),  # nothing is closed
    ],
)
def test_bbcode(text, expected):
    assert words(text) == expected


def test_blocks_of_code_and_targets_of_links_are_no_prose():
    text = "# Soup\n\nSee [the docs](https://x.org/a), boil.\n\n```python\nreturn self\n```\n\n| salt | water |\n"
    assert words(text) == "Soup See the docs boil salt water"
    assert words("```\nonly code\n```") == "only code"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "''Rye'' is [[Sourdough|sour]] and [[bread]]; see [[Bread: a history]].",
            "Rye is sour and bread see Bread a history",
        ),
        ("[[File:a.jpg|thumb|An [[oven]]]] Rye{{cite web|url=x|title={{T}}}} [[x]]<ref name=a>Smith</ref>", "Rye x"),
        ("{{name}} array [[0, 1]] = [[], [2]]", "array 0 1 2"),
        ("{{name}} a[0] = [b]", "name a 0 b"),  # no links
        (r"\section{Bread} The \textbf{oven} is $x^2 + y$ \emph{hot}~\cite[p. 3]{smith2010}", "Bread The oven is hot"),
        (r"\begin{itemize} \item salt \end{itemize} \[ e = mc^2 \] of 5\%", "salt of 5"),
        (r"It costs $5 and $6 in C:\temp\bread", "It costs 5 and 6 in C temp bread"),
        ("![an oven](oven.png) and [rye](rye/page.html#top) (see f(x))", "an oven and rye see f x"),
        ("\x1b[31mred\x1b[0m bread", "red bread"),
    ],
)
def test_wikis_latex_and_terminals(text, expected):
    assert words(text) == expected
    assert " ".join(next(WordTokeniser()(PlainText()([text])))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "---\ntitle: 'Rye bread'\nlayout: post\ntags: [a, b]\ndate: 2020-01-01\n---\n\nThe soup",
            "Rye bread The soup",
        ),
        ("---\r\nlayout: post\r\ntags:\r\n  - oven\r\n- x\r\n---\r\nThe soup", "The soup"),
        ("---\nAnn said no.\n---\nThe soup", "Ann said no The soup"),
        ("---\nlayout: post\n---\n", "layout post"),
        ("---\nBob: hello\nand no rule after it", "Bob hello and no rule after it"),
    ],
)
def test_front_matter_of_pages(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            r"Schr{\"o}dinger, Erd\H{o}s, Ho{\v{r}}ava, Poincar\'{e} and Fran\c{c}ois",
            "Schrödinger Erdős Hořava Poincaré and François",
        ),
        (
            r"na\"{\i}ve Garc\'{\i}a, Stra{\ss}e, S{\o}ren, \L{}ukasz, \AA ngstr{\"o}m",
            "naïve García Straße Søren Łukasz Ångström",
        ),
        (r"\emph{caf\'e} of M\"uller, \`a la carte, ma\~nana", "café of Müller à la carte mañana"),
        (r"M\"uller and Se\~nor H\^otel", "Müller and Señor Hôtel"),
        (r"She said \"all\" of it isn\'t O\'Neil\'s", "She said all of it isn't O'Neil's"),
        (r"Python\'s re: \d{3}\.com or C:\temp\new", "Python s re 3 com or C"),
        (
            "\\documentclass{article} % no word\n\\begin{document}\nRye of 5\\% is % sour\ngood.\n\\end{document}",
            "Rye of 5 is good",
        ),
        (r"\begin{align*} a &= b \end{align*} bread \begin{verbatim} x = 1 \end{verbatim}", "bread"),
        (r"About 50% of \emph{rye} is good, 20% sour", "About 50 of rye is good 20 sour"),
    ],
)
def test_letters_blocks_and_comments_of_latex(text, expected):
    assert words(text) == expected


HEADERS = "From: Ann <a@x.org>\nSubject: Re: =?utf-8?q?Caf=C3=A9?=\n soup\nDate: Mon, 1 Jan 2024\nX-Mailer: Thing 7\n\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEADERS + "Hello soup", "Re Café soup Hello soup"),
        (HEADERS + "On Monday Bob wrote:\n> old words\n>> older\n\nNew words\n-- \nAnn\n", "Re Café soup New words"),
        ("Thanks.\n\nOn Mon, 3 May 2020 at 10:00, Bob <b@x.org>\nwrote:\n\n> old\n", "Thanks"),
        ("In article <1@x.org> bob@y.edu (Bob) writes:\n>old\nNew", "New"),
        ("Danke.\n\nAm 3. Mai schrieb Bob:\n> alt\n", "Danke"),
        ("Yes.\n\n-----Original Message-----\nFrom: B\nSent: Monday\nTo: A\nSubject: X\n\nold", "Yes"),
        ("Yes.\n\nFrom: B <b@x.org>\nSent: Monday, 3 May\nTo: A\nSubject: RE: X\n\nold", "Yes"),
        ("Oui.\n\nDe : B\nDe: B\nEnvoyé: lundi\nÀ: A\nObjet: X\n\nvieux", "Oui De B"),
        ("Ja.\n\nVon: B\nGesendet: Montag\nAn: A\nBetreff: X\n\nalt", "Ja"),
        ("> only a quotation\n> of two lines", "only a quotation of two lines"),
        ("A poem:\n> not a reply", "A poem not a reply"),
        ("Name: Ann\nAge: 7\n\nNo message", "Name Ann Age 7 No message"),
        ("Subject: one header", "Subject one header"),
    ],
)
def test_messages_without_headers_quotations_and_signatures(text, expected):
    assert words(text) == expected


def test_bodies_in_parts_and_transfer_encodings():
    part = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {}\n\n{}\n"
    printable = part.format("quoted-printable", "Soup caf=C3=A9 bak=\ning")
    in_base64 = part.format("base64", "U291cCBhbmQgYnJlYWQ=")
    html = "Content-Type: text/html\n\n<p>markup</p>\n"
    top = 'From: a@x.org\nSubject: Lunch\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="b"\n\n'
    assert words(f"{top}--b\n{printable}--b\n{html}--b--\n") == "Lunch Soup café baking"
    assert words(f"--b\n{in_base64}--b\n{html}--b--\n") == "Soup and bread"


@pytest.mark.parametrize("text", ["Crème brûlée, déjà vu: naïve café", "Größe, Übung, schöne Straßen"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_quoted_printable_without_a_header(text, encoding):
    assert PlainText().of(quopri.encodestring(text.encode(encoding)).decode("ascii")).strip() == text
    assert PlainText().of("x=3 and y=20 and z=ab") == "x=3 and y=20 and z=ab"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://example.org/a,then bake bread", "see then bake bread"),
        ("[guide](https://example.org/page)and more text", "guide and more text"),
        ("https://en.wikipedia.org/wiki/Bread_(food) rises", "rises"),
        ("今天天气很好https://t.cn/A6abc我们去公园散步吧", "今天 天气 很好 我们 去 公园 散步 吧"),
        ("（参考https://example.org/x）苹果和香蕉", "参考 苹果 和 香蕉"),
        ("联系a@b.com谢谢，www.x.com谢谢", "联系 谢谢 谢谢"),
        ("ราคาhttps://x.co/aไทย", "ราคา ไทย"),
        ("https://x.com를 보세요", "를 보세요"),
        ("смотри http://пример.рф/путь там", "смотри там"),
        ("<a href='https://example.org/x'>click here</a> for soup", "click here for soup"),
        ('{"url":"https://example.org/x","text":"hello bread"}', "url text hello bread"),
        ("www.example.org/page|next|column words", "next column words"),
        ("看这个example.com推荐 見て:example.org/a。", "看 这个 推荐 見 て"),
        ("naïveexample.com", "naïveexample com"),
        ("example.org/path and sub.domain.co.uk, bit.ly/3xY via pic.twitter.com/ab", "and via"),
        ("mailto:someone@example.org wrote", "wrote"),
        ("https:// example.org bread, http:www.abc.com", "bread"),
        ("ratio a://b bread", "ratio bread"),
        ("@user hello #BreadBaking @sunny_22x: hi 感谢@小明 今天", "hello BreadBaking hi 感谢 今天"),
        ("user@host is at home.In the end.it was", "user host is at home In the end it was"),
        ("ASP.NET and node.js", "ASP.NET and node.js"),
    ],
)
def test_addresses_domains_and_handles(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great :smile: job :thumbs_up: :+1::tada: é", "Great job é"),
        ("at 10:30:45 std::vector a:b:c note: this", "at 10 30 45 std vector a b c note this"),
        ("See :ref:`the guide` and :py:class:`Model`.", "See the guide and Model"),
        (
            ".. note:: Take care\n   of it.\n\n.. code-block:: python\n\n   import os\n\nThe end.",
            "Take care of it The end",
        ),
        (".. code:: c\n\n   int x;", "c int x"),
    ],
)
def test_names_between_colons_and_directives(text, expected):
    assert words(text) == expected


def test_rich_text_and_links_side_by_side():
    assert words(r"{\rtf1\ansi{\fonttbl\f0 Arial;}\f0\fs24 Too \b late\b0  again\par}") == "Too late again"
    assert words("<p><a href='/'>Home</a><a href='/in'>Log in</a> <i>dog</i>s</p>") == "Home Log in dogs"


def test_what_was_found_is_counted():
    plain = PlainText()
    texts = ["<p>x</p>", "[b]x[/b] &amp; <i>y</i>", "clean", HEADERS + "hi\n"]
    list(plain(texts))
    assert plain.found == {"HTML tags and entities": 2, "BBCode": 1, "e-mail headers": 1}
    keeping = PlainText(keep=True)
    assert list(keeping(texts)) == texts
    assert not keeping.found


@given(TEXT)
def test_any_text_has_prose_and_plain_words_stay(text):
    assert isinstance(PlainText().of(text), str)
    assert PlainText().of("bread and butter\n\n" + text).startswith("bread and butter")


@pytest.mark.parametrize("around", [("bread", "and butter"), ("", "and butter"), ("bread", "")])
def test_uuencoded_files_are_no_prose(around):
    data = bytes(range(256)) * 2 + b"x"
    lines = [binascii.b2a_uu(data[start : start + 45]).decode() for start in range(0, len(data), 45)]
    for end in ("\n", "\r\n"):
        body = "".join(["begin 644 picture.gif\n", *lines, "`\n", "end"]).replace("\n", end)
        plain = PlainText()
        assert plain.of(f"{around[0]}\n{body}\n{around[1]}").split() == " ".join(around).split()
        assert plain.found == {"uuencoded files": 1}
    assert PlainText().of("one\n" + "M" * 61 + "\ntwo").split() == ["one", "M" * 61, "two"]


def test_the_licence_of_a_book_is_no_part_of_it():
    book = (
        "The Project Gutenberg eBook of Trains\n\nThis eBook is for anyone.\n\n"
        "*** START OF {0} PROJECT GUTENBERG EBOOK TRAINS ***\n\nThe train was late.\n\n"
        "*** END OF {0} PROJECT GUTENBERG EBOOK TRAINS ***\n\nDonations are welcome."
    )
    cleaner = PlainText()
    texts = [book.format("THE"), book.format("THIS"), "*** START OF THE PROJECT GUTENBERG EBOOK ***", "A *** B"]
    assert [text.split() for text in cleaner(texts)] == [
        *[["The", "train", "was", "late."]] * 2,
        texts[2].split(),
        texts[3].split(),
    ]
    assert cleaner.found["licences of e-books"] == 2
