import pytest

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.languages.language_names import language_code, language_name
from neuraltopic.preprocessing.languages.stop_words import stop_word_languages


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de-DE", "de"),
        ("de_AT.UTF-8", "de"),
        ("german", "de"),
        ("Deutsch", "de"),
        ("deu", "de"),
        ("zh_CN", "zh"),
        ("zh-Hant", "zh"),
        ("pt-BR", "pt"),
        ("hr", "hr"),
        ("no", "nb"),
        ("iw", "he"),
        ("sw", "sw"),
        ("Georgian", "ka"),
        ("khm", "km"),
        ("ancient greek", "grc"),
        ("Cantonese", "zh"),
        ("simplified chinese", "zh"),
        ("Brazilian Portuguese", "pt"),
        ("AUTO", "auto"),
    ],
)
def test_languages_are_known_by_codes_locales_and_names(written, code):
    assert language_code(written) == code


@pytest.mark.parametrize("written", ["", "qq", "klingon", "-de", "../en"])
def test_what_names_no_language_is_refused(written):
    with pytest.raises(UsageError, match="such as de, de-DE or german"):
        language_code(written)


def test_every_language_with_a_list_is_known_by_its_code():
    assert [language_code(code) for code in stop_word_languages()] == list(stop_word_languages())
    assert language_name("sw") == "Swahili"
    assert language_name("xx") == "xx"
