"""Spellings of one word in whole documents, with the language found or given, with dictionary forms and without."""

import pytest

from neuraltopic.preprocessing.languages.lemmas import has_lemmas
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.rows import Row

SENTENCES = {
    "ar": (
        "ذهب الطلاب إلى المكتبة في الصباح",
        "قرأت المعلمة قصة جديدة للأطفال",
        "وصل القطار متأخرا إلى المدينة",
    ),
    "fa": (
        "دانش‌آموزان صبح به مدرسه می‌روند",
        "معلم برای بچه‌ها داستان تازه‌ای خواند",
        "قطار دیر به شهر رسید و باران می‌بارید",
    ),
    "he": (
        "התלמידים הלכו בבוקר לספרייה הגדולה",
        "המורה קראה לילדים סיפור חדש",
        "הרכבת הגיעה באיחור אל העיר",
    ),
    "en": (
        "the students went there in the morning",
        "a teacher was reading to the children",
        "it came late because of the rain",
    ),
    "ja": (
        "学生たちは朝早く図書館へ行きました",
        "先生は子どもたちに新しい話を読んだ",
        "電車は雨のために遅れて町に着いた",
    ),
    "el": (
        "οι μαθητές πήγαν το πρωί στη βιβλιοθήκη",
        "η δασκάλα διάβασε στα παιδιά μια ιστορία",
        "το τρένο έφτασε αργά στην πόλη",
    ),
    "ru": (
        "ученики пошли утром в большую библиотеку",
        "учительница читала детям новую книгу",
        "поезд опоздал из-за сильного дождя",
    ),
    "de": (
        "die Schüler gingen am Morgen in das Museum",
        "die Lehrerin hat den Kindern vorgelesen",
        "der Zug kam wegen des Regens zu spät",
    ),
}


@pytest.mark.parametrize("lemmas", [False, True, None])
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("ar", "كتاب كتـــاب كِتَابٌ"),
        ("fa", "کتاب كتاب"),
        ("fa", "یک يك"),
        ("he", 'ארה"ב ארה״ב'),
        ("he", "שלום שָׁלוֹם"),
        ("en", "file ﬁle"),
        ("en", "office oﬃce"),
        ("en", "Tokyo Ｔｏｋｙｏ"),
        ("ja", "カタカナ ｶﾀｶﾅ"),
        ("el", "οδός ΟΔΌΣ οδόσ"),
        ("ru", "ёлка елка"),
        ("de", "Straße STRASSE"),
        ("de", "Straßen STRASSEN Strassen STRAßEN STRAẞEN"),
        ("de", "Fußballs FUSSBALLS Fussballs"),
    ],
)
def test_a_word_has_one_column_whatever_its_spelling(language, forms, given, lemmas):
    if lemmas and not has_lemmas(language):
        pytest.skip("there is no table of lemmas")
    spellings = forms.split()
    texts = [f"{sentence} {spelling}" for sentence in SENTENCES[language] for spelling in spellings]
    settings = Preprocessing(
        language=language if given else "auto", lemmas=lemmas, min_df=1, max_df=1.0, min_length=1, stop_words=False
    )
    preprocessor = Preprocessor(settings)
    counts = preprocessor.fit_transform([Row(str(n), text, {}) for n, text in enumerate(texts)]).counts
    assert preprocessor.languages[0].code == language
    by_default = has_lemmas(language) and language != "en"
    assert preprocessor.languages[0].lemmas is (by_default if lemmas is None else lemmas)
    (columns,) = {*preprocessor.columns_of(spellings)}
    assert preprocessor.vocabulary.cf[list(columns)].tolist() == [len(texts)]
    assert len(counts) == len(texts)
