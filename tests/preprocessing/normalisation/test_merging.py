import pytest

from neuraltopic.preprocessing.normalisation.merging import merged
from neuraltopic.preprocessing.normalisation.word_rule import WordRule
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser
from neuraltopic.reading.rows import Row


@pytest.mark.parametrize(
    ("language", "forms", "key"),
    [
        ("vi", "hoà hòa HOÀ Hòa", "hòa"),
        ("vi", "thuỷ thủy", "thủy"),
        ("vi", "khoẻ khỏe", "khỏe"),
        ("vi", "kỹ kĩ", "kỹ"),
        ("vi", "tiếng tie\u0302\u0301ng tie\u0301\u0302ng", "tiếng"),
        ("vi", "đó ðó", "đó"),
        ("ur", "ہے هے ھے", "ہے"),
        ("ur", "یہاں يهاں یھاں", "یہاں"),
        ("ur", "مرحلہ مرحلۂ مرحله", "مرحلہ"),
        ("ckb", "کوردستان كوردستان", "کوردستان"),
        ("ckb", "ئێمە ئێمه ئێمه\u200c", "ئێمە"),
        ("ku", "هەموو ھەموو هه\u200cموو", "هەموو"),
        ("ps", "ګټه گټه", "ګټه"),
        ("fa", "می\u200cخواهم میخواهم", "میخواهم"),
        ("fa", "خانه خانۀ خانهٔ", "خانه"),
        ("ar", "أحمد احمد إحمد آحمد ٱحمد", "احمد"),
        ("ar", "مدرسة مدرسه", "مدرسه"),
        ("ar", "مستشفى مستشفي مستشفی", "مستشفي"),
        ("th", "น้ำ น้\u0e4dา น\u0e4d้า นำ\u0e49", "น้ำ"),
        ("th", "แม่ เเม่", "แม่"),
        ("lo", "ນ້ຳ ນ້\u0ecdາ ນ\u0ecd້າ", "ນ້ຳ"),
        ("lo", "ໜັງສື ຫນັງສື", "ໜັງສື"),
        ("km", "កោ ក\u17c1\u17b6", "កោ"),
        ("my", "ဦး ဥ\u102dး ဥ\u102eး", "ဦး"),
        ("my", "ဝါ \u1040ါ", "ဝါ"),
        ("hi", "क्या क्\u200dया क्\u200cया", "क्या"),
        ("hi", "हिन्दी हिंदी", "हिंदी"),
        ("hi", "मुम्बई मुंबई", "मुंबई"),
        ("hi", "बाज़ार बाजार", "बाजार"),
        ("hi", "पहुँच पहुंच", "पहुंच"),
        ("mr", "दऱ्या दर\u094d\u200dया", "दऱ्या"),
        ("bn", "হঠাৎ হঠাত্\u200d", "হঠাৎ"),
        ("ml", "അവൻ അവന്\u200d", "അവൻ"),
        ("ml", "എന്റെ എന്\u200dറെ എൻ്റെ", "എന്റെ"),
        ("si", "ශ්\u200dරී ශ්රී", "ශ්රී"),
        ("am", "ሀገር ሐገር ኀገር", "ሀገር"),
        ("en", "encyclopædia encyclopaedia ENCYCLOPÆDIA", "encyclopaedia"),
        ("fr", "cœur coeur CŒUR", "coeur"),
        ("de", "Straße Strasse STRASSE STRAẞE", "strasse"),
        ("tr", "IŞIK ışık", "ışık"),
        ("tr", "İzmir izmir I\u0307zmir", "izmir"),
        ("hr", "džep DŽEP \u01c6ep \u01c5ep \u01c4EP", "džep"),
        ("hr", "Đuro Ðuro", "đuro"),
        ("ca", "col·legi co\u0140legi col\u2219legi", "col·legi"),
        ("el", "οδός ΟΔΟΣ ΟΔΌΣ οδόσ", "οδος"),
        ("el", "άνθρωπος ΑΝΘΡΩΠΟΣ Ἄνθρωπος", "ανθρωπος"),
        ("he", "ארה\"ב ארה״ב ארה''ב ארה׳׳ב", 'ארה"ב'),
        ("yi", "ייִד ײִד", "ייד"),
    ],
)
def test_the_spellings_of_a_word_have_one_key(language, forms, key):
    rule = WordRule(Preprocessing(min_length=1), [], None, language)
    cut = [form for text in forms.split(" ") for form in next(iter(WordTokeniser()([text])))]
    assert [rule(form) for form in cut] == [key] * len(forms.split(" "))


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("vi", "quý quy"),
        ("vi", "toán toàn"),
        ("fr", "côté côte"),
        ("da", "ære aere"),
        ("de", "Müller Mueller"),
        ("ur", "بھی بہی"),
        ("hi", "लड़का लडका"),
        ("bn", "র\u200d্যা র্যা"),
        ("tr", "ılık ilik"),
        ("ar", "كتاب كتب"),
        ("he", "עו״ד עוד"),
        ("en", "resume résumé"),
    ],
)
def test_two_words_stay_two(language, forms):
    rule = WordRule(Preprocessing(min_length=1), [], None, language)
    assert len({rule(form) for form in forms.split(" ")}) == 2


def test_a_spelling_of_one_language_is_left_to_it():
    assert merged("هە", "ar") == "هە"
    assert merged("hoà", "fr") == "hoà"


@pytest.fixture
def greek():
    texts = ["ο δρόμος και ο ΔΡΟΜΟΣ", "δρόμος θάλασσα", "ΘΑΛΑΣΣΑ και θάλασσα", "Straße δρόμος", "strasse", "Straße"]
    preprocessor = Preprocessor(Preprocessing(min_df=1, max_df=1.0, language="el"))
    return preprocessor, preprocessor.fit_transform([Row(str(n), text, {}) for n, text in enumerate(texts)])


def test_a_vocabulary_shows_the_most_frequent_spelling(greek):
    preprocessor, prepared = greek
    assert dict(zip(preprocessor.vocabulary.words, preprocessor.vocabulary.cf.tolist(), strict=True)) == {
        "δρόμος": 4,
        "straße": 3,
        "θάλασσα": 3,
    }
    assert len(prepared.counts) == 6


def test_a_saved_vocabulary_counts_every_spelling(greek):
    preprocessor, _ = greek
    opened = Preprocessor.from_state(preprocessor.state())
    row = opened.transform([Row("a", "ΔΡΟΜΟΣ δρόμος STRASSE straße θαλασσα", {})]).counts.slice(0, 1)
    assert {opened.vocabulary.words[column]: n for column, n in zip(row.indices, row.data.tolist(), strict=True)} == {
        "δρόμος": 2,
        "straße": 2,
        "θάλασσα": 1,
    }
    index = opened.vocabulary.index
    assert opened.columns_of(["ΔΡΟΜΟΣ", "θάλασσα"]) == [(index["δρόμος"],), (index["θάλασσα"],)]
    assert opened.unknown_words("ΔΡΟΜΟΣ βουνό βουνό") == {"βουνο": 2}


def test_a_phrase_is_shown_in_the_spelling_of_its_words(monkeypatch):
    monkeypatch.setattr("neuraltopic.preprocessing.vocabulary.phrases.PHRASE_MIN_COUNT", 2)
    monkeypatch.setattr("neuraltopic.preprocessing.vocabulary.phrases.PHRASE_MIN_NPMI", 0.0)
    settings = Preprocessing(min_df=1, max_df=1.0, phrases=True, language="de", lemmas=False)
    texts = ["breite Straße", "breite Straße heute", "breite Strasse morgen", "Haus", "Garten und Haus"]
    preprocessor = Preprocessor(settings)
    preprocessor.fit_transform([Row(str(n), text, {}) for n, text in enumerate(texts)])
    assert "breite_straße" in preprocessor.vocabulary.words
    opened = Preprocessor.from_state(preprocessor.state())
    column = opened.vocabulary.index["breite_straße"]
    assert opened.transform([Row("a", "breite STRASSE", {})]).counts.slice(0, 1).indices.tolist() == [column]
