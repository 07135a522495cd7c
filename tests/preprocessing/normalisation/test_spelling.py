import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.preprocessing.normalisation.spelling import spelt
from neuraltopic.preprocessing.normalisation.word_rule import WordRule
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser


@pytest.mark.parametrize(
    ("language", "forms", "word"),
    [
        ("ar", "كتاب كتـــاب كِتَابٌ", "كتاب"),
        ("ar", "إسلام اسلام", "اسلام"),
        ("ar", "ﻛﺘﺎﺏ كتاب کتاب", "كتاب"),
        ("fa", "کتاب كتاب", "کتاب"),
        ("fa", "یک يك", "یک"),
        ("ur", "کتاب كتاب", "کتاب"),
        ("he", 'ארה"ב ארה״ב ארה”ב', 'ארה"ב'),
        ("he", "צה'ל צה׳ל", "צה'ל"),
        ("he", "שלום שָׁלוֹם", "שלום"),
        ("en", "file ﬁle ＦＩＬＥ 𝗳𝗶𝗹𝗲 f\u0336i\u0336l\u0336e\u0336", "file"),
        ("en", "office oﬃce of\u200bfice of\u2060fice of\u00adfice \ufeffoffice", "office"),
        ("en", "Tokyo Ｔｏｋｙｏ", "tokyo"),
        ("fr", "œuvre oeuvre Œuvre", "oeuvre"),
        ("ja", "カタカナ ｶﾀｶﾅ", "カタカナ"),
        ("ja", "ガラス ｶﾞﾗｽ カ\u3099ラス", "ガラス"),
        ("el", "οδός ΟΔΌΣ οδόσ", "οδος"),
        ("ru", "ёлка елка Ёлка е\u0308лка", "елка"),
        ("ru", "замок за\u0301мок", "замок"),
        ("uk", "йод и\u0306од", "йод"),
        ("de", "Straße STRASSE Strasse", "strasse"),
        ("ro", "știință ştiinţă", "știință"),
        ("th", "น้ำ น้ํา", "น้ำ"),
        ("vi", "tiếng ti\u0065\u0302\u0301ng", "tiếng"),
        ("hi", "क़लम \u0915\u093cलम", "कलम"),
    ],
)
def test_forms_of_one_word_are_one_word(language, forms, word):
    rule = WordRule(Preprocessing(min_length=1), [], None, language)
    cut = [form for text in forms.split(" ") for form in next(iter(WordTokeniser()([text])))]
    assert [rule(form) for form in cut] == [word] * len(forms.split(" "))


@pytest.mark.parametrize(
    ("language", "form"),
    [
        ("es", "año"),
        ("fr", "côté"),
        ("ar", "ة"),
        ("fa", "می\u200cخواهم"),
        ("hi", "हिन्दी"),
        ("th", "ทำ"),
        ("ko", "한국"),
    ],
)
def test_marks_that_distinguish_words_are_kept(language, form):
    assert spelt(form, language) == form


@given(st.text(max_size=12), st.sampled_from(["en", "ar", "fa", "he", "ru", "th", "tr", "ro", "ur", "ckb", "vi", "mr"]))
def test_a_spelling_is_its_own_spelling(form, language):
    once = spelt(form, language)
    assert spelt(once, language) == once
