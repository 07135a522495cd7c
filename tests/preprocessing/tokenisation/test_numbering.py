"""Texts that go by arrays give the forms and the counts that they give one by one."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from neuraltopic.preprocessing.cleaning import plain_text
from neuraltopic.preprocessing.cleaning.addresses import without_addresses, without_names
from neuraltopic.preprocessing.cleaning.marks import marked
from neuraltopic.preprocessing.cleaning.messages import without_replies
from neuraltopic.preprocessing.cleaning.plain_text import PlainText
from neuraltopic.preprocessing.cleaning.repair import Repair
from neuraltopic.preprocessing.cleaning.signs import signs_of
from neuraltopic.preprocessing.normalisation.technical_words import with_signs_hidden
from neuraltopic.preprocessing.tokenisation import numbering
from neuraltopic.preprocessing.tokenisation.cutter import Cutter
from neuraltopic.preprocessing.tokenisation.numbering import AsciiWords
from neuraltopic.preprocessing.tokenisation.token_stream import FormIds, numbered
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser

# What the steps look for, whole and in pieces, beside what only looks like it.
PIECES = [
    *("word", "Word", "a", "A", "s", "t", "the", "F", "9", "1990", "internationalisation", "electroencephalographic"),
    *(" ", " ", " ", "  ", "\n", "\r\n", "\t", "\0", ".", ",", ":", ";", "-", "--", "'", "''", '"', "!", "(", ")", "/"),
    *("-\n", "- \n", "-  \r\n", "-- \n", " ' s ", " ` t ", "`", "```", "~~~", "|", "\x01", "\x04", "^", "*"),
    *("<", ">", "<b>", "</b>", "&", "&amp;", "amp;", "nbsp;", "rsquo;", "[b]", "[/b]", "](", "](http://x)", "_", "_a_"),
    *("http", "http:", "https:/", "HTTP:", "mailto:", "://", "://x", "www.", "WWW.3x", "@", "@a.b", "@one"),
    *(".com", ".de", ".co.uk/x", ".xy/z", ".net", "asp.net", "node.js", ".JS", "U.S.", "e.g.", "c++", "c#", "++", "#"),
    *("covid-19", "HLA-B27", "F-16", "-19", "-B2", "From: a", "Subject: b", "To:", "Date:", "\nX-Y: z\n"),
    *("writes:\n>", "On Monday Ann wrote:", ">", "\n> ", "=", "=3D", "=20", "-Original Message-", "- forwarded by\n"),
    *("Kolleg*innen", "*innen", ":innen", "\\n", "\\u00e9", "b'\\xc3\\xa9'"),
    *("é", "don’t", "ß", "日本語", "\u200b", "\ufffd", "ﬁ", "Ã©"),
]
texts = st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), max_size=8)


@given(texts)
@example(["http:", "ps:", "a. b", "x'y", "now. So", "www. x", "re: it", "re: it\nto: me"])
def test_a_text_without_marks_is_left_as_it_is_and_counted_nowhere(texts):
    for text, is_marked in zip(texts, marked(texts), strict=True):
        plain, tokeniser = PlainText(), WordTokeniser()
        if not is_marked:
            assert list(plain.repair([plain.of(text)])) == [text]
            assert tokeniser.prepared(text, signs_of(text)) == text
            assert (plain.found, plain.joined) == ({}, 0)


@given(texts)
def test_texts_are_cleaned_together_as_they_are_one_by_one(texts):
    together, alone = PlainText(), PlainText()
    repair = Repair()
    assert list(together(texts)) == list(repair(map(alone.of, texts)))
    assert (together.found, together.joined) == (alone.found, alone.joined)
    assert together.repair.n_twice_decoded == repair.n_twice_decoded


ALL_SIGNS = "\\{[*:__:+:-:::]```~~~[[<&;[/\x1b--='-\n` \x01\x02\x03\x04\x05++#.@://>"


@given(texts)
@example(["\\begin{é}", ":é_: re:", "a.é", "écolewww.3", "é*innen", ".. été::"])
def test_a_rule_whose_signs_are_not_in_a_text_leaves_it_as_it_is(texts):
    for text in texts:
        signs = signs_of(text)
        for _, clean, telling in (*plain_text._BEFORE, *plain_text._AFTER):
            if not any(sign in signs for sign in telling):
                assert clean(text) == text
        for rule in (without_addresses, without_names, with_signs_hidden, Repair().mended):
            assert rule(text, signs) == rule(text, ALL_SIGNS)
        for message in (False, True):
            assert without_replies(text, signs, message=message) == without_replies(text, ALL_SIGNS, message=message)


def test_signs_are_ascii_and_stops_count_within_words():
    assert signs_of("See (1) the cat. It's well-known: a\nb") == "'-:\n"
    assert (signs_of("Été. See 3.5."), signs_of("Été. See b.c, 3.5.")) == ("", "....")
    assert signs_of("日本語://x。 \ud800") == "://"


def test_prose_has_no_marks():
    prose = "It's 3.5 percent (or so): the cat; the dog - \"both\" - and now. What a well-known story, isn't it?"
    assert marked([prose, prose + " U.S.", prose + "é"]) == [False, True, True]


def numbers(blocks):
    blocks = list(blocks)
    tokens = np.concatenate([block.tokens for block in blocks])
    assert all(block.bounds[0] == 0 and block.bounds[-1] == len(block.tokens) for block in blocks)
    return tokens.tolist(), np.concatenate([np.diff(block.bounds) for block in blocks]).tolist()


@given(texts.filter(bool), st.booleans())
def test_the_forms_and_their_numbers_are_those_of_the_tokeniser(texts, all_by_arrays):
    tokeniser, at_once, one_by_one = WordTokeniser(), FormIds(), FormIds()
    held, numbering._WORTH_IT = numbering._WORTH_IT, 0 if all_by_arrays else numbering._WORTH_IT
    try:
        found = numbers(Cutter(tokeniser).numbered([texts[:3], texts[3:]] if texts[3:] else [texts], at_once))
    finally:
        numbering._WORTH_IT = held
    assert found == numbers(numbered(tokeniser(texts), one_by_one))
    assert list(at_once) == list(one_by_one)


def test_words_that_share_a_place_in_the_table_or_are_long_stay_apart(monkeypatch):
    monkeypatch.setattr(numbering, "_SLOT_BITS", 2)
    monkeypatch.setattr(numbering, "_FEWEST_WORDS", 5)
    words = [f"{letter * length}{n}" for letter in "ab" for length in (1, 7, 8, 9, 15, 16, 17, 30) for n in range(3)]
    text = " ".join(words * 3)
    ids = FormIds()
    block = AsciiWords(ids)([text, "", text])
    assert list(ids) == words
    assert block.tokens.tolist() == list(range(len(words))) * 6
    assert np.diff(block.bounds).tolist() == [3 * len(words), 0, 3 * len(words)]


def test_numbers_start_afresh_when_the_forms_are_cleared():
    ids = FormIds()
    words = AsciiWords(ids)
    assert words(["one two one"]).tokens.tolist() == [0, 1, 0]
    ids.clear()
    assert words(["two three two"]).tokens.tolist() == [0, 1, 0]
    assert list(ids) == ["two", "three"]
