import pytest

from neuraltopic.preprocessing.normalisation.clitics import without_clitics


@pytest.mark.parametrize(
    ("language", "form", "word"),
    [
        ("fr", "l'hôpital", "hôpital"),
        ("fr", "qu'hôpital", "hôpital"),
        ("fr", "L'Hôpital", "Hôpital"),
        ("fr", "aujourd'hui", "aujourd'hui"),
        ("fr", "prud'homme", "prud'homme"),
        ("it", "dell'esame", "esame"),
        ("it", "un'aula", "aula"),
        ("ca", "l'home", "home"),
        ("en", "baker's", "baker"),
        ("en", "rider'll", "rider"),
        ("en", "o'clock", "o'clock"),
        ("en", "rock'n'roll", "rock'n'roll"),
        ("en", "l'hôpital", "l'hôpital"),
        ("de", "peter's", "peter"),
        ("tr", "ankara'nın", "ankara"),
        ("uk", "м'який", "м'який"),
        ("ko", "학교에서", "학교"),
        ("ko", "학교는", "학교"),
        ("ko", "나는", "나는"),  # one syllable would be left
        ("ko", "과학", "과학"),
        ("ja", "학교는", "학교는"),
        ("fr", "l'", "l'"),
    ],
)
def test_words_without_what_is_written_together_with_them(language, form, word):
    assert without_clitics(form, language) == word
