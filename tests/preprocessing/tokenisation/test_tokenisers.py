import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.preprocessing.tokenisation import tokenisers
from neuraltopic.preprocessing.tokenisation.tokenisers import SpacyTokeniser, WordTokeniser


def words(text: str) -> list[str]:
    return next(WordTokeniser()([text]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \n\t ", []),
        ("!?... --- ''' ' ''", []),
        ("One-two, three_four (five)", ["One", "two", "three", "four", "five"]),
        ("don't rock'n'roll", ["don't", "rock'n'roll"]),
        ("'quoted' dogs' 'tis o''clock '''x'''", ["quoted", "dogs", "tis", "o", "clock", "x"]),
        ("don’t l’homme ‘quoted’", ["don’t", "l’homme", "quoted"]),
        ("b2b 1993 3.5 x86", ["b2b", "1993", "3", "5", "x86"]),
        ("naïve Œuvre straße", ["naïve", "Œuvre", "straße"]),
        ("cafe\u0301 bar", ["cafe\u0301", "bar"]),  # decomposed: the accent belongs to the word
        ("हिन्दी में लिखा है", ["हिन्दी", "में", "लिखा", "है"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("اللُّغَةُ العَرَبِيَّة، جميلة", ["اللُّغَةُ", "العَرَبِيَّة", "جميلة"]),
        ("می‌خواهم بروم", ["می‌خواهم", "بروم"]),  # a zero-width non-joiner inside the word
        ("Ο ΣΟΦΟΣ σοφός", ["Ο", "ΣΟΦΟΣ", "σοφός"]),
        ("İstanbul'da ILIK", ["İstanbul'da", "ILIK"]),
        ("love❤️you 👩‍👩‍👧 1️⃣ ok👍🏽", ["love", "you", "1️⃣", "ok"]),
        ("我们喜欢主题模型。很好", ["我们", "喜欢", "主题", "模型", "很好"]),
        ("don´t don`t ‘x’ `y` d‘or", ["don´t", "don't", "x", "y", "d‘or"]),
        ("of\u200bfice of\u2060fice", ["of\u200bfice", "of\u2060fice"]),
        ('ארה"ב ארה״ב "שלום"', ['ארה"ב', "ארה״ב", "שלום"]),
        ('5"x a"b', ["5", "x", "a", "b"]),
        ("co\u00adoperation", ["co\u00adoperation"]),
        ("русский м'який мʼякий", ["русский", "м'який", "мʼякий"]),
        ("\ufeffbom\u200b", ["bom"]),
        ("\ud800lone", ["lone"]),
    ],
)
def test_words_of_many_scripts(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jo.d+x@mail.example.com, now", ["write", "to", "now"]),
        ("<199304.AA1@host.edu> said", ["said"]),
        ("jörg@müller.de schrieb", ["schrieb"]),
        ("@name at user@host", ["name", "at", "user", "host"]),  # no domain, so no address
        ("see http://a.b/c?d=e#f. and", ["see", "and"]),
        ("see (HTTPS://A.B/c) or <ftp://u:p@h.org/x>or", ["see", "or", "or"]),
        ("Www.example.com www.x.org/y WWW.Z.DE wwww.", ["wwww"]),
        ("gopher://old news://x://y", []),
        ("a :// b://", ["a", "b"]),
        ("://x.y and @host.com", ["x.y.", "and", "host", "com"]),
        ("смотри http://пример.рф/путь там", ["смотри", "там"]),
    ],
)
def test_addresses_are_taken_out(text, expected):
    assert words(text) == expected


@given(st.text(st.sampled_from("aZ9' '_-@.:/w\n\x00")) | st.text(st.characters(max_codepoint=127)))
def test_the_fast_path_for_ascii_finds_what_the_pattern_finds(text):
    assert tokenisers.ascii_words(text) == tokenisers._WORD.findall(text)


@given(st.lists(st.text()))
def test_a_text_gives_its_words_alone_or_among_others(texts):
    assert list(WordTokeniser()(texts)) == [words(text) for text in texts]


def test_the_identity_names_the_rule():
    assert WordTokeniser().identity == {"name": "words", "version": "8"}


def test_a_blank_pipeline_gives_its_tokens():
    tokeniser = SpacyTokeniser("blank:en")
    texts = ["I don't know: see www.x.org, a@b.com... $5 snake_case 😀", "", "New York"]
    assert list(tokeniser(texts)) == [
        ["I", "do", "n't", "know", "see", "5", "snake_case"],
        [],
        ["New", "York"],
    ]
    assert tokeniser.identity == {"name": "blank:en", "version": "0.0.0", "compounds": "1"}


@pytest.fixture
def trained(tmp_path):
    """A pipeline on disk whose lemmas come from a rule, with a component that must not run."""
    import spacy
    from spacy.language import Language

    @Language.component("never_run")
    def never_run(document):
        raise AssertionError("only components that lemmas need are run")

    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("attribute_ruler")
    ruler.add([[{"LOWER": "mice"}]], {"LEMMA": "mouse"})
    pipeline.add_pipe("never_run")
    pipeline.meta["version"] = "4.5.6"
    pipeline.to_disk(tmp_path / "pipeline")
    return str(tmp_path / "pipeline")


def test_a_trained_pipeline_gives_lemmas_and_runs_nothing_else(trained):
    tokeniser = SpacyTokeniser(trained)
    assert list(tokeniser(["Mice ran"])) == [["mouse", "ran"]]
    identity = tokeniser.identity
    assert len(identity.pop("sha256")) == 64
    assert identity == {"name": trained, "version": "4.5.6", "compounds": "1"}


def test_a_folder_that_has_changed_is_not_loaded(trained):
    sha256 = SpacyTokeniser(trained).identity["sha256"]
    SpacyTokeniser(trained, sha256=sha256)
    with (Path(trained) / "meta.json").open("a") as file:
        file.write(" ")
    with pytest.raises(NeuralTopicError, match=f"expected the folder of the fit, with the SHA-256 {sha256}; got "):
        SpacyTokeniser(trained, sha256=sha256)
    with pytest.raises(NeuralTopicError, match="got no such folder"):
        SpacyTokeniser(trained + "x", sha256=sha256)


def test_a_text_longer_than_the_pipelines_limit_is_read():
    tokeniser = SpacyTokeniser("blank:en")
    assert tokeniser._nlp.max_length == sys.maxsize


@pytest.mark.parametrize("pipeline", ["en_core_web_none", "blank:qq", "blank:", "/no/such/folder"])
def test_a_pipeline_that_is_not_there_is_a_usage_error(pipeline):
    with pytest.raises(UsageError, match="expected an installed pipeline") as caught:
        SpacyTokeniser(pipeline)
    assert repr(pipeline) in str(caught.value)


@given(st.text(st.sampled_from("ab'\n c\x01é漢\u200b.\r")))
def test_lines_of_a_text_are_cut_as_the_whole(text):
    tokeniser = tokenisers.WordTokeniser()
    whole = tokenisers._SIGNED_WORD.findall(tokeniser.segmentation(text))
    assert tokeniser.words(text) == [form.translate(tokenisers.SHOW) for form in whole]
