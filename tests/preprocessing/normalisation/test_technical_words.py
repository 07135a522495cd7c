import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.preprocessing.cleaning.signs import signs_of
from neuraltopic.preprocessing.normalisation.technical_words import is_name, with_signs_hidden
from neuraltopic.preprocessing.normalisation.word_rule import Dropped, WordRule
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser


def words(text: str) -> list[str]:
    return next(WordTokeniser()([text]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C++, c++17 and notepad++; a+b", ["C++", "c++17", "and", "notepad++", "a", "b"]),
        ("c# F# (C#) #12 x##", ["c#", "F#", "C#", "12", "x"]),
        (".net .NET ASP.NET node.js end.net", [".net", ".NET", "ASP.NET", "node.js", "end.net"]),
        ("U.S. u.s U.S.A, e.g. a.out P.O.Box", ["U.S.", "u.s.", "U.S.A.", "e.g.", "a", "out", "P", "O", "Box"]),
        ("covid-19 SARS-CoV-2, mid-1990s IL-6", ["covid-19", "SARS-CoV-2", "mid-1990s", "IL-6"]),
        ("HLA-B27 F-16 AB-1234-X", ["HLA-B27", "F-16", "AB-1234-X"]),
        ("555-1212 20-year-old 3-4 one-two", ["555", "1212", "20", "year", "old", "3", "4", "one", "two"]),
        ("AT&T, R&D (M&A) a&b A&b Q&As", ["AT&T", "R&D", "M&A", "a", "b", "A", "b", "Q", "As"]),
        (
            "e-mail E-Mails T-shirt x-ray U-Bahn a-la the-end",
            ["e-mail", "E-Mails", "T-shirt", "x-ray", "U-Bahn", "a", "la", "the", "end"],
        ),
        ("l'e-mail re-e-mail", ["l'e", "mail", "re", "e", "mail"]),
        ("naïve c++ l’homme COVID-19", ["naïve", "c++", "l’homme", "COVID-19"]),
        ("a\x01b c++", ["a", "b", "c++"]),
    ],
)
def test_words_with_signs_stay_whole(text, expected):
    assert words(text) == expected


@given(st.text(st.sampled_from("ab'cCe +#.-&19\x01")))
def test_both_ways_to_cut_agree(text):
    assert words(text) == [word for word in words(text + " é") if word != "é"]


@given(st.text(st.sampled_from("abC \n,!")))
def test_plain_text_is_left_as_it_is(text):
    assert with_signs_hidden(text, signs_of(text)) is text


def test_names_with_digits_and_short_names_are_kept():
    rule = WordRule(Preprocessing(), ["e.g."], None)
    found = [rule(form) for form in ("covid-19", "BRCA1", "TP53", "brca1", "1990s", "F-16", "C#", "c", "E.g.", "U.S.")]
    number, length = Dropped.NUMBER, Dropped.LENGTH
    kept = ["covid-19", "brca1", "tp53", number, number, number, "c#", length, Dropped.STOP_WORD, "u.s."]
    assert found == kept
    assert not is_name("a-1")


def test_names_of_a_digit_and_a_letter_and_influenza():
    rule = WordRule(Preprocessing(), [], None)
    assert [rule(form) for form in ("3D", "3d", "5G", "H1N1", "B2B", "mp3", "MP3")] == [
        *("3d", "3d", "5g", "h1n1", "b2b", "mp3", "mp3"),
    ]
    assert [rule(form) for form in ("b2b", "A3B", "x86", "mp34")] == [Dropped.NUMBER] * 4
    assert {rule(form) for form in ("G9V", "1D9", "7G", "5g", "B8F")} == {Dropped.NUMBER}


def test_abbreviations_go_with_the_stop_words():
    rows = Preprocessor(Preprocessing(min_df=1, max_df=1.0))
    from neuraltopic.reading.rows import Row

    rows.fit_transform([Row("a", "e.g. C++ at 9 a.m. in the U.S.", {})])
    assert rows.vocabulary.words == ("c++", "u.s.")
