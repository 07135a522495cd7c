import re
import warnings

import pytest

from neuraltopic.errors import NeuralTopicWarning
from neuraltopic.preprocessing.cleaning.repair import Repair


def mended(text: str) -> str:
    return next(Repair()([text]))


@pytest.mark.parametrize(
    "text", ["I don’t mind the “café” – maybe…", "Größe, naïve, señor", "ёлка и «снег»", "日本語です"]
)
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_text_that_was_decoded_with_a_wrong_encoding_is_decoded_again(text, encoding):
    twice = text.encode().decode("latin-1") if encoding == "latin-1" else text.encode().decode("cp1252", "replace")
    if "\ufffd" not in twice:
        assert mended(twice) == text


@pytest.mark.parametrize("text", ["Ârbol Ã la carte", "CAFÉ €5", "pâté", "I don’t", "ÂME", "naïve – Größe"])
def test_text_in_order_stays_as_it_is(text):
    assert mended(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the coeffi-\ncient of", "the coefficient of"),
        ("the coeffi- \r\n  cient of", "the coefficient of"),
        ("the coeffi\u2010\ncient", "the coefficient"),
        ("die Verwal\u00ad\ntung", "die Verwaltung"),
        ("größ¬\nte", "größte"),
        ("Kolleg*innen, Student:innen, Nutzer_innen", "Kolleginnen, Studentinnen, Nutzerinnen"),
        ("von außen/innen", "von außen/innen"),
        ("Jean-\nPaul", "Jean-\nPaul"),  # a capital begins another word
        ("list:\n-\nitem", "list:\n-\nitem"),
        ("-----\nname", "-----\nname"),
        ("well-known", "well-known"),
    ],
)
def test_words_cut_at_the_end_of_a_line_are_joined(text, expected):
    assert mended(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don ’ t know", "I don’t know"),
        ("I don ' t know", "I don't know"),
        ("I don\ufffdt know", "I don't know"),
        ("the caf\ufffd there", "the caf\ufffd there"),
        ("he said ' that ' s it", "he said ' that's it"),
    ],
)
def test_apostrophes_between_spaces_or_lost_are_put_back(text, expected):
    assert mended(text).replace("’", "'") == expected.replace("’", "'")


def test_notes_count_the_repaired_and_the_damaged_documents():
    repair = Repair()
    list(repair(["donâ€™t", "plain", "Ã©tÃ©", "caf\ufffd"]))
    assert (repair.n_twice_decoded, repair.n_with_replacements) == (2, 1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", NeuralTopicWarning)
        repair.note()
    assert [re.findall(r": (\d+)", str(warning.message)) for warning in said] == [["2"], ["1"]]
