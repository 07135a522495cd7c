import subprocess
import sys

import pytest

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.languages.stop_words import stop_word_languages, stop_words
from neuraltopic.preprocessing.normalisation.word_rule import Dropped, WordRule
from neuraltopic.preprocessing.settings import Preprocessing


def test_the_lists_are_spacys():
    from spacy.lang.de.stop_words import STOP_WORDS as GERMAN
    from spacy.lang.en.stop_words import STOP_WORDS as ENGLISH

    assert stop_words("en") > ENGLISH
    assert stop_words("en") - ENGLISH > {"dont", "didn", "theyre"}
    assert not stop_words("en") & {"ill", "well", "shell", "hell", "wed", "don"} - ENGLISH
    assert stop_words("de") == GERMAN


def test_every_language_listed_has_words():
    languages = stop_word_languages()
    assert {"en", "de", "hi", "ta", "ar", "el", "tr", "zh"} <= set(languages)
    assert all(stop_words(language) for language in languages)


def test_reading_a_list_does_not_import_spacy():
    code = "import sys; from neuraltopic.preprocessing.languages.stop_words import stop_words; stop_words('en')"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'spacy' not in sys.modules"], check=True)


@pytest.mark.parametrize("language", ["english", "", "../en", "qq"])
def test_an_unknown_language_is_a_usage_error_that_lists_the_known(language):
    with pytest.raises(UsageError, match=r"\(af, am, ar, .*, zh\)"):
        stop_words(language)


def test_contractions_that_change_the_verb_are_stop_words():
    rule = WordRule(Preprocessing(), stop_words("en"), None)
    assert {rule(form) for form in ("won't", "Won’t", "shan't", "ain't", "aint", "y'all")} == {Dropped.STOP_WORD}
