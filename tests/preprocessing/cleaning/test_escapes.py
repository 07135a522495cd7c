import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.preprocessing.cleaning.escapes import without_escapes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"b'So tired \xf0\x9f\x98\xb4, don\xe2\x80\x99t go'", "So tired 😴, don’t go"),
        (r"""b"It is Ann's caf\xc3\xa9" """, "It is Ann's café"),
        (r"b'cut off caf\xc3'", "cut off caf\ufffd"),
        (r"caf\u00e9 opens", "café opens"),
        (r"soup \ud83d\ude00 today", "soup 😀 today"),
        (r"It rains.\nIt pours", "It rains.\nIt pours"),
        (r"first\r\nsecond", "first\n\nsecond"),
        (r"The room was clean\nThe staff was late", "The room was clean\nThe staff was late"),
        (r"Das Zimmer\nÜber dem Hof", "Das Zimmer\nÜber dem Hof"),
        (r"it was fine\tI slept", "it was fine I slept"),
        (r"one line \n another one", "one line \n another one"),
        (r"first line\nsecond line\nthird line", "first line\nsecond line\nthird line"),
        (r"she said \"soup\" twice", 'she said "soup" twice'),
    ],
)
def test_escapes_become_what_they_stand_for(text, expected):
    assert without_escapes(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        r"in C:\new\temp, \\server\notes",
        r"the limit \nu and \tau.\alpha of \emph{x}",
        r"dir\notes",
        r"open dir\notes\temp now",
        r"in C:\temp and D:\new folders",
        r"we set \nu and \tau to zero",
        r"the \nabla of a \theta field",
        r"b'not closed \xc3",
        r"the regex \d+\n matches",
        "no backslash, b'a'",
    ],
)
def test_other_backslashes_stay(text):
    assert without_escapes(text) == text


@given(st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"])))
def test_what_python_writes_of_bytes_is_read_back(text):
    assert without_escapes(repr(text.encode())) == (text if "\\" in repr(text.encode()) else repr(text.encode()))


@given(st.text())
def test_any_text_gives_a_text(text):
    without_escapes(text).encode("utf-8", "surrogatepass")
