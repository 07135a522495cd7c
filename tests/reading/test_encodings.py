import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.encodings import SAMPLE, Lines, check_encoding, decode, detect

FRENCH = "L'été à Besançon, où l'on dîne près du château, est très agréable."
RUSSIAN = "Все люди рождаются свободными и равными в своем достоинстве и правах. "
POLISH = "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. "
CHINESE = "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。"


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (FRENCH, "utf-8", "utf-8"),
        (FRENCH, "utf-8-sig", "utf-8-sig"),
        (FRENCH, "utf-16", "utf-16"),
        (FRENCH, "utf-32", "utf-32"),
        (FRENCH, "cp1252", "cp1252"),
        ("un café", "latin-1", "cp1252"),
        ("naïve \x81", "latin-1", "latin-1"),
        (RUSSIAN, "cp1251", "cp1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (POLISH * 5, "cp1250", "cp1250"),
        (CHINESE, "gb18030", "gb18030"),
        ("", "utf-8", "utf-8"),
    ],
)
def test_the_encoding_is_found_and_the_text_comes_back(text, written, found):
    assert decode(text.encode(written)) == (text, found, "")


GERMAN = "Die Züge kommen zu spät, und der nächste Zug nach Köln ist wieder überfüllt. "
TURKISH = "Tren geç kaldı ve sonraki tren doluydu; İstanbul’da yağmur başladı. "
GREEK = "Το τρένο άργησε χθες και το επόμενο ήταν γεμάτο. "
HEBREW = "הרכבת איחרה אתמול והבאה הייתה מלאה. "
ARABIC = "تأخر القطار أمس وكان القطار التالي ممتلئا. "
THAI = "รถไฟเมื่อวานมาสายและขบวนถัดไปก็เต็ม "
JAPANESE = "昨日の電車は遅れました。次の電車も満員でした。"
KOREAN = "어제 기차가 늦었고 다음 기차도 만원이었다. "


@pytest.mark.parametrize(
    ("text", "encodings"),
    [
        (FRENCH, "cp1252 mac-roman"),
        (GERMAN, "cp1252 mac-roman cp850"),
        (TURKISH, "cp1254 utf-16-le"),
        (RUSSIAN, "cp1251 koi8-r cp866 iso8859-5 utf-16-le utf-16-be"),
        (GREEK, "cp1253 iso8859-7 utf-16-le"),
        (HEBREW, "cp1255 iso8859-8 utf-16-be"),
        (ARABIC, "cp1256 iso8859-6"),
        (THAI, "tis-620 utf-16-le"),
        (JAPANESE, "cp932 euc-jp iso2022-jp utf-16-le utf-16-be"),
        (KOREAN, "cp949 utf-16-le"),
        (CHINESE, "gb18030 utf-16-be"),
    ],
)
def test_lines_in_older_encodings_are_read(text, encodings):
    lines = [f"{number},{text}" for number in range(3)]
    for encoding in encodings.split():
        data = io.BytesIO("\n".join(lines).encode(encoding))
        assert list(Lines(data, "file.csv")) == [(line, "") for line in lines], encoding


@pytest.mark.parametrize("mark", [b"\xfe\xff", b"\x00\x00\xfe\xff"])
def test_big_endian_marks(mark):
    codec = "utf-16-be" if len(mark) == 2 else "utf-32-be"
    assert decode(mark + "été".encode(codec)).text == "été"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_told_by_its_zeros(encoding):
    assert decode("no mark, é\n".encode(encoding)) == ("no mark, é\n", encoding, "")
    assert detect("a\1".encode(encoding)) is None


def test_other_zeros_mean_binary_unless_an_encoding_is_named():
    data = "我们昨天讨论了 no".encode("utf-16-le")
    assert decode(data) == (None, "", "binary")
    assert decode(data, "utf-16") == ("我们昨天讨论了 no", "utf-16", "")


def test_lines_end_at_a_carriage_return_where_there_is_no_line_feed():
    assert list(Lines(io.BytesIO(b"one\rtwo\r"), "mac.txt")) == [("one", ""), ("two", "")]
    assert list(Lines(io.BytesIO("é\rtwo".encode("utf-16-be")), "mac.txt")) == [("é", ""), ("two", "")]
    assert list(Lines(io.BytesIO(b"one\rtwo\r\n"), "windows.txt")) == [("one\rtwo\r", "")]


def test_a_few_zeros_in_a_text_are_blanks():
    lines = Lines(io.BytesIO(b"the first line\0here\n" * 9), "padded.txt")
    assert list(lines) == [("the first line here", "")] * 9
    with pytest.raises(NeuralTopicError, match="binary data"):
        Lines(io.BytesIO(b"the first line\0here\1\n" * 9), "film.txt")


@pytest.mark.parametrize("encoding", ["iso8859-2", "cp1250"])
def test_the_two_encodings_of_central_europe(encoding):
    text = "Příliš žluťoučký kůň úpěl ďábelské ódy; šest žen šlo přes řeku\n" * 20
    assert decode(text.encode(encoding)) == (text, encoding, "")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\3\4rest", "a zip archive"),
        (b"name".ljust(257, b"\0") + b"ustar", "a tar archive"),
        (b"SQLite format 3\0rest", "a SQLite database"),
        (b"\x80\4\x95rest", "a pickle"),
    ],
)
def test_what_is_no_text_is_named(data, kind):
    with pytest.raises(NeuralTopicError, match=f"expected text; got {kind}"):
        Lines(io.BytesIO(data), "file.csv")


def test_mostly_utf8_is_not_read_as_anything_else():
    data = (CHINESE * 3).encode("utf-8")[:-1]
    assert detect(data) == "utf-8"
    assert detect(data, complete=False) == "utf-8"
    text, encoding, problem = decode(data)
    assert (text, encoding) == (None, "utf-8")
    assert problem.startswith("undecodable: byte 0xe3 at ")
    assert problem.endswith(" is not utf-8")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "UTF8"])
def test_a_mark_is_never_part_of_the_text(encoding):
    assert decode("\ufeffid".encode(), check_encoding(encoding)).text == "id"


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64", "utf\0"])
def test_encodings_that_are_none_are_refused(name):
    with pytest.raises(UsageError, match=r"^encoding: expected a text encoding that Python knows"):
        check_encoding(name)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_text_or_a_reason(data):
    text, _, problem = decode(data)
    assert (text is None) == bool(problem)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be", "cp037"])
@given(lines=st.lists(st.text(st.characters(max_codepoint=255, exclude_characters="\n\r\0\x85"), max_size=9)))
def test_lines_are_those_of_the_text(encoding, lines):
    # U+010A holds a line feed's byte, and must not end a line.
    wide = "" if encoding == "cp037" else "Ċ\u0a0a"
    lines = [line + wide + "." for line in lines]
    read = list(Lines(io.BytesIO("\n".join(lines).encode(encoding)), "stream", encoding))
    assert read == [(line, "") for line in lines]


def test_lines_longer_than_every_buffer():
    lines = ["é" * SAMPLE, "", "b" * 100_000, "c"]
    for encoding in ("utf-8", "utf-16"):
        stream = io.BytesIO("\r\n".join(lines).encode(encoding))
        read = Lines(stream, "stream")
        assert read.encoding == encoding
        assert [(line.removesuffix("\r"), problem) for line, problem in read] == [(line, "") for line in lines]


def test_a_last_line_feed_starts_no_line():
    assert list(Lines(io.BytesIO(b"a\n\nb\n"), "stream")) == [("a", ""), ("", ""), ("b", "")]
    assert list(Lines(io.BytesIO(b""), "stream")) == []


def test_one_bad_line_is_one_problem():
    data = "é\n".encode() * 5 + b"caf\xe9\n" + b"a\0b\n".replace(b"\0", b"") + "é".encode()
    read = list(Lines(io.BytesIO(data), "stream"))
    assert [problem for _, problem in read] == [
        *[""] * 5,
        "undecodable: byte 0xe9 at 3 is not utf-8",
        "",
        "",
    ]
    assert read[5][0] == "caf\ufffd"


def test_a_late_nul_is_a_problem_of_its_line():
    data = b"a" * SAMPLE + b"\nb\0\n"
    *_, last = Lines(io.BytesIO(data), "stream")
    assert last == ("b\0", "binary")


def test_a_binary_stream_is_refused():
    with pytest.raises(NeuralTopicError, match=r"^film.txt: expected text; got binary data"):
        Lines(io.BytesIO(b"\0\1\2"), "film.txt")


@pytest.mark.parametrize("text", ["été", "é", "naïve café über"])
def test_a_few_bytes_are_western(text):
    assert decode(text.encode("latin-1")) == (text, "cp1252", "")


def test_an_unaligned_line_feed_in_utf16_ends_no_line():
    # U+0A41 U+4100 is written 0A 41 41 00 big-endian; U+410A U+0041 holds 0A 00 across two units.
    text = "\u410a\u0041\n\u0a00\u0a41"
    for encoding in ("utf-16-le", "utf-16-be"):
        assert list(Lines(io.BytesIO(text.encode(encoding)), "s", encoding)) == [
            (line, "") for line in text.split("\n")
        ]


def test_the_codes_of_a_terminal_are_not_japanese():
    assert detect(b"Mark@\x1b$@ and more\nof the same\n") == "utf-8"
    assert detect(b"in \x1b$@F|K\\\x1b(J and back\n") == "iso2022_jp_2"
