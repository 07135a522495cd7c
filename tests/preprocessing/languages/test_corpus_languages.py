"""Documents in their own languages: detection, stop words and lemmas by document, corpora of several languages."""

import itertools
import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning
from neuraltopic.preprocessing.languages import detection
from neuraltopic.preprocessing.languages.stop_words import stop_words
from neuraltopic.preprocessing.ledger.ledger import Status
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.tokenisation import token_stream
from neuraltopic.reading.rows import Row

ALL = {"min_df": 1, "max_df": 1.0}
GERMAN = (
    [
        "Wir haben gestern lange über {} und {} gesprochen.",
        "Sie fragten, ob der {} mit einem {} kommen würde.",
        "Ohne {} geht es auch, wenn man sich nur etwas mehr Zeit für die {} nimmt.",
    ],
    [
        "Backofen",
        "Butter",
        "Knoblauch",
        "Zwiebel",
        "Pfanne",
        "Messer",
        "Galaxie",
        "Komet",
        "Planet",
        "Teleskop",
        "Krater",
        "Rakete",
    ],
)
SPANISH = (
    [
        "Ayer hablamos mucho de {} y también de {}.",
        "Preguntaron si el {} vendría con una {}.",
        "Pero hay que ver que con el {} muchos están ahora sin {}.",
    ],
    [
        "horno",
        "mantequilla",
        "cebolla",
        "cuchillo",
        "sopa",
        "receta",
        "telescopio",
        "galaxia",
        "planeta",
        "eclipse",
        "cohete",
        "luna",
    ],
)
ENGLISH = (
    [
        "We talked about the {} and the {} before they came.",
        "There was a {} next to the {}, and that is why.",
        "They asked whether this {} or the {} would be here.",
    ],
    [
        "oven",
        "butter",
        "garlic",
        "onion",
        "knife",
        "soup",
        "galaxy",
        "comet",
        "planet",
        "telescope",
        "crater",
        "rocket",
    ],
)
SWAHILI = (
    [
        "Tulizungumza kuhusu {} na {} kwa muda wa siku nzima.",
        "Walisema kwamba {} ya kijiji na {} ya mji ni nzuri.",
        "Katika {} ya wilaya hiyo kuna {} kwa ajili ya watu wote.",
    ],
    [
        "shule",
        "hospitali",
        "barabara",
        "soko",
        "benki",
        "kanisa",
        "daraja",
        "mto",
        "mlima",
        "shamba",
        "samaki",
        "nyumba",
    ],
)
CHINESE = (
    ["我们昨天讨论了{}和{}，后来大家都说很重要。", "他们认为{}比{}更好，但是没有人知道为什么。"],
    ["面粉", "黄油", "大蒜", "洋葱", "望远镜", "星系", "轨道", "彗星"],
)
JAPANESE = (
    ["昨日は{}と{}について話しました。", "私たちは{}がないので{}を使います。"],
    ["小麦粉", "バター", "玉ねぎ", "包丁", "望遠鏡", "銀河", "彗星", "惑星"],
)
ARABIC = (
    ["تحدثنا أمس عن {} و {} في هذا المكان.", "هل هذا {} أفضل من {} الذي كان هنا؟"],
    ["خبز", "زبدة", "بصل", "سكين", "كوكب", "قمر", "تلسكوب", "صاروخ"],
)
PERSIAN = (
    ["ما دیروز در مورد {} و {} با هم صحبت کردیم.", "آیا این {} از آن {} که اینجا بود بهتر است؟"],
    ["نان", "کره", "پیاز", "چاقو", "سیاره", "ماه", "تلسکوپ", "موشک"],
)
RUSSIAN = (
    ["Мы вчера долго говорили про {} и {} с ними.", "Они спросили, будет ли этот {} там, где был {}."],
    ["хлеб", "масло", "чеснок", "нож", "планета", "комета", "луна", "ракета"],
)
UKRAINIAN = (
    ["Ми вчора довго говорили про {} та {} із ними.", "Вони запитали, чи буде цей {} там, де був {}."],
    ["хліб", "олія", "часник", "ніж", "планета", "комета", "місяць", "ракета"],
)
KHMER = (
    ["យើងបាននិយាយអំពី{}និង{}នៅក្នុងភូមិ។", "នេះគឺជា{}ដែលមាន{}របស់យើង។"],
    ["សាលា", "មន្ទីរពេទ្យ", "ផ្សារ", "ធនាគារ", "ទន្លេ", "ភ្នំ", "ត្រី", "ផ្ទះ"],
)


def texts(of: tuple[list[str], list[str]], n: int, seed: int = 0) -> list[str]:
    generator = random.Random(seed)
    frames, words = of
    return [
        f"{number} " + " ".join(generator.choice(frames).format(*generator.sample(words, 2)) for _ in range(2))
        for number in range(n)
    ]


def rows(documents: list[str]) -> list[Row]:
    return [Row(str(number), text, {}) for number, text in enumerate(documents)]


def fitted(documents: list[str], **settings) -> Preprocessor:
    preprocessor = Preprocessor(Preprocessing(**{**ALL, **settings}))
    preprocessor.fit_transform(rows(documents))
    return preprocessor


@pytest.mark.parametrize(
    ("code", "of"),
    [
        ("de", GERMAN),
        ("es", SPANISH),
        ("en", ENGLISH),
        ("zh", CHINESE),
        ("ja", JAPANESE),
        ("ar", ARABIC),
        ("fa", PERSIAN),
        ("ru", RUSSIAN),
        ("uk", UKRAINIAN),
    ],
)
@pytest.mark.parametrize("n", [4, 60])
def test_one_language_is_found_and_its_stop_words_are_dropped(code, of, n):
    preprocessor = fitted(texts(of, n))
    first = preprocessor.languages[0]
    assert (first.code, first.n_documents, first.source) == (code, n, "list")
    assert not set(preprocessor.vocabulary.words) & stop_words(code)
    assert all(language.n_documents == 0 for language in preprocessor.languages[1:])


def test_each_document_of_a_mixed_corpus_is_in_its_own_language():
    documents = texts(GERMAN, 90) + texts(SPANISH, 60) + texts(ENGLISH, 30) + texts(CHINESE, 20) + texts(ARABIC, 10)
    preprocessor = Preprocessor(Preprocessing(**ALL, lemmas=False))
    prepared = preprocessor.fit_transform(rows(documents))
    assert {language.code: language.n_documents for language in preprocessor.languages} == {
        "de": 90,
        "es": 60,
        "en": 30,
        "zh": 20,
        "ar": 10,
    }
    assert prepared.ledger.counts()[Status.KEPT] == 210
    words = preprocessor.vocabulary.words
    for start, stop, code in ((0, 90, "de"), (90, 150, "es"), (150, 180, "en"), (180, 200, "zh"), (200, 210, "ar")):
        found = {words[column] for column in prepared.counts.slice(start, stop).indices}
        assert found, code
        assert not found & stop_words(code), code


def test_a_word_is_a_stop_word_in_the_documents_of_its_language_alone():
    german = [
        *texts(GERMAN, 40),
        "Die Kinder haben mit dem Vater über die Hunde und den Winter gesprochen, und sie war da",
    ]
    english = [*texts(ENGLISH, 40), "They said that children die in the war, and that is what they were afraid of"]
    preprocessor = Preprocessor(Preprocessing(**ALL, lemmas=False))
    prepared = preprocessor.fit_transform(rows(german + english))
    words = preprocessor.vocabulary.words
    last_german = {words[column] for column in prepared.counts.slice(40, 41).indices}
    last_english = {words[column] for column in prepared.counts.slice(81, 82).indices}
    assert last_german == {"kinder", "vater", "hunde", "winter", "gesprochen"}
    assert last_english == {"said", "children", "die", "war", "afraid"}


def test_fit_transform_and_transform_agree_for_each_document_alone_and_after_saving(monkeypatch):
    monkeypatch.setattr(token_stream, "BLOCK_TOKENS", 100)
    documents = texts(GERMAN, 30) + texts(SPANISH, 20) + texts(CHINESE, 10)
    preprocessor = Preprocessor(Preprocessing(**ALL, phrases=True))
    at_fit = preprocessor.fit_transform(rows(documents)).counts.to_scipy().toarray()
    again = Preprocessor.from_state(json.loads(json.dumps(preprocessor.state())))
    assert again.state() == preprocessor.state()
    together = again.transform(rows(documents)).counts.to_scipy().toarray()
    alone = np.vstack([again.transform(rows([text])).counts.to_scipy().toarray() for text in documents])
    assert np.array_equal(at_fit, together)
    assert np.array_equal(at_fit, alone)


pieces = st.sampled_from(texts(GERMAN, 6) + texts(SPANISH, 6) + texts(CHINESE, 4) + ["der el", "", "42", "die и el"])


@given(st.lists(pieces, min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_documents_changes_nothing(documents, generator):
    try:
        preprocessor = fitted(documents)
    except NeuralTopicError:
        return
    shuffled = generator.sample(documents, len(documents))
    other = fitted(shuffled)
    assert other.state()["languages"] == preprocessor.state()["languages"]
    assert other.vocabulary.words == preprocessor.vocabulary.words
    assert other.vocabulary.cf.tolist() == preprocessor.vocabulary.cf.tolist()


def test_words_to_look_up_may_be_of_any_language_of_the_corpus():
    preprocessor = fitted(texts(GERMAN, 30) + texts(SPANISH, 20), lemmas=False)
    index = preprocessor.vocabulary.index
    assert preprocessor.columns_of(["Galaxie", "LUNA", "von"]) == [(index["galaxie"],), (index["luna"],), ()]


def test_words_without_function_words_are_taken_for_english():
    preprocessor = fitted(["galaxy comet nebula", "qwix zarp blen florp", "Rosa Parks Roma Paris", "oven soup"])
    assert [language.code for language in preprocessor.languages] == ["en"]


def test_a_named_language_is_that_of_all_documents():
    preprocessor = fitted(texts(GERMAN, 20), language="de-DE")
    (language,) = preprocessor.languages
    assert (language.code, language.script, language.n_documents) == ("de", "any", 20)


def test_a_named_language_that_does_not_fit_is_noted():
    with pytest.warns(NeuralTopicWarning, match="language en: most documents look German; try language de"):
        fitted(texts(GERMAN, 20), language="en")


@pytest.mark.parametrize(("code", "of"), [("sw", SWAHILI), ("km", KHMER)])
@pytest.mark.parametrize("language", ["auto", "named"])
def test_function_words_of_a_language_without_a_list_are_found_in_the_corpus(code, of, language):
    with pytest.warns(NeuralTopicWarning, match="has no list of single stop words: the .* most common words"):
        preprocessor = fitted(texts(of, 120), language="auto" if language == "auto" else code)
    found = preprocessor.languages[0]
    assert (found.code, found.source) == (code, "corpus")
    function_words = {"sw": {"na", "ya", "kwa"}, "km": {"យើង"}}[code]
    assert function_words <= set(found.stop_words)
    assert not set(of[1]) & set(found.stop_words)
    assert not function_words & set(preprocessor.vocabulary.words)


def test_a_list_of_phrases_is_replaced_by_the_function_words_of_the_corpus():
    frames = ["{} và {} là của những người dân ở đây.", "Các {} và {} đã được nói đến là một việc."]
    vietnamese = (frames, ["nước", "nhà", "cây", "xe", "cá", "trường", "rừng", "sông", "núi", "biển"])
    with pytest.warns(NeuralTopicWarning, match="Vietnamese has no list of single stop words"):
        preprocessor = fitted(texts(vietnamese, 120), language="vi", numbers=False)
    assert {"và", "là", "của", "những"} <= set(preprocessor.languages[0].stop_words)
    # Words of two letters, of which the list has some, are syllables like others.
    assert set(vietnamese[1]) <= set(preprocessor.vocabulary.words)
    with pytest.warns(NeuralTopicWarning, match="of the tokens are stop words"):  # by the list, for want of documents
        few = fitted(texts(vietnamese, 10), language="vi")
    assert few.languages[0].source == "list"


def test_a_small_corpus_of_a_language_without_a_list_keeps_its_words_with_a_note():
    with pytest.warns(NeuralTopicWarning, match="Khmer has no list of stop words: name them"):
        preprocessor = fitted(texts(KHMER, 10))
    assert preprocessor.languages[0].source == "none"


def test_lemmas_are_for_short_texts_of_inflected_languages():
    short, long = texts(GERMAN, 30), [" ".join(texts(GERMAN, 5, seed)) for seed in range(30)]
    assert fitted(short).languages[0].lemmas
    assert not fitted(long).languages[0].lemmas
    assert not fitted(texts(ENGLISH, 30)).languages[0].lemmas
    assert fitted(texts(ENGLISH, 30), lemmas=True).languages[0].lemmas
    assert not fitted(short, lemmas=False).languages[0].lemmas
    assert "backöfen" not in fitted(["Wir haben die Backöfen und den Backofen, aber nicht mehr."]).vocabulary.words


def test_the_sample_is_of_the_whole_corpus(monkeypatch):
    monkeypatch.setattr(detection, "_SAMPLE", 8)
    sizes = itertools.cycle([1, 7, 300, 2])
    numbers = map(str, range(1_000))
    batches = iter(lambda: list(itertools.islice(numbers, next(sizes))), [])
    sample = detection.Sample(batches)
    assert sum(map(len, sample)) == 1_000
    numbers = [int(text) for text in sample.kept]
    assert 4 <= len(numbers) <= 8
    assert set(np.diff(numbers)) == {128}
    assert numbers[0] == 0
    assert numbers[-1] >= 1_000 - 2 * 128


def test_no_short_document_is_left_without_a_word_by_the_default_threshold():
    documents = (
        texts(GERMAN, 60)
        + ["Wir haben uns gestern sehr über den Regenbogen gefreut"] * 1
        + [f"Sie haben mir nicht gesagt, was das {word} ist" for word in ("Zebra", "Zebra ", "Nashorn", "Krokodil")]
    )
    preprocessor = Preprocessor()
    prepared = preprocessor.fit_transform(rows(documents))
    assert prepared.ledger.counts()[Status.NO_WORD] == 0
    added = {"zebra", "nashorn", "krokodil"}
    assert added <= set(preprocessor.vocabulary.words)
    assert preprocessor.vocabulary.words == tuple(
        sorted(
            preprocessor.vocabulary.words,
            key=lambda word: (-preprocessor.vocabulary.df[preprocessor.vocabulary.index[word]], word),
        )
    )
    asked = Preprocessor(Preprocessing(min_df=6, max_df=0.5))
    assert asked.fit_transform(rows(documents)).ledger.counts()[Status.NO_WORD] == 5


def test_the_unknown_words_of_a_text_are_those_of_its_language():
    preprocessor = fitted(texts(GERMAN, 30) + texts(SPANISH, 30), lemmas=False)
    assert preprocessor.unknown_words("Wir haben mit dem Zebra und der Galaxie gesprochen") == {"zebra": 1}
    assert preprocessor.unknown_words("Ayer hablamos mucho de la galaxia y también de l'or") == {"l'or": 1}


def test_japanese_titles_are_told_by_their_kana():
    titles = ["ラーメンの作り方", "東京の美味しいラーメン屋", "カメラレビュー", "お弁当"]
    languages = fitted([title + "一" * n for n in range(3) for title in titles]).languages
    assert (languages[0].code, languages[0].n_documents) == ("ja", 12)
    languages = fitted(["拉面的做法", "东京好吃的拉面店", "相机评测", "便当の店和很多中文字在这里"]).languages
    assert (languages[0].code, languages[0].n_documents) == ("zh", 4)


def test_short_answers_are_looked_at_together():
    answers = [
        f"{word} {rest}"
        for word in ("Essen", "Service", "Zimmer", "Preis")
        for rest in ("zu kalt", "war gut", "nicht da")
    ]
    fit = fitted([*answers, "The room was cold and the food was too."])
    assert fit.languages[0].code == "de"
    assert not {"war", "nicht"} & set(fit.vocabulary.words)
    urdu = ["کھانا بہت اچھا تھا لیکن سروس سست تھی", "ہوٹل صاف تھا مگر شور بہت تھا", "ٹرین ہر روز دیر سے آتی ہے"]
    assert fitted(urdu).languages[0].code == "ur"


def test_single_letters_are_no_function_words():
    """In Yoruba three of them are."""
    assert fitted(["0", "1", "J", "00", "A: À"], min_length=1).languages[0].code == "en"


LATIN = dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)) | {
    **{"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"},
}
RUSSIAN = [
    "Поезд из Москвы опять опоздал на два часа, и мы ждали его на вокзале.",
    "Новый закон о школах вступит в силу в начале следующего года.",
    "Учёные нашли в озере остатки очень старой деревянной лодки.",
    "Вчера вечером наша команда выиграла последнюю игру сезона.",
    "Цены на хлеб и молоко выросли почти во всех городах страны.",
    "Больница купила новое оборудование для лечения детей.",
]
ARABIZI = [
    "kifak el yom ya 7abibi shu 3am ta3mel",
    "ana ray7 3al beit hala2 ma3 sadi2i",
    "mafi shi jdid kel shi tamem 7amdella",
    "ya3ni shu badak menni bokra ba3ed el dohor",
    "el akl kteer tayeb 3andkon bel mat3am",
    "ma ba3ref lesh ma radd 3layi mbere7",
]


def test_a_language_that_most_documents_do_not_look_like_is_unsure():
    transliterated = ["".join(LATIN.get(c, c) for c in text.lower()) for text in RUSSIAN]
    for documents in (ARABIZI, transliterated):
        assert fitted(documents).languages[0].unsure
    for documents in (RUSSIAN, texts(ENGLISH, 30), texts(GERMAN, 30), texts(SPANISH, 30)):
        assert not any(language.unsure for language in fitted(documents).languages)
    keywords = [f"{word} train station platform ticket price late bus" for word in ("big", "old", "new", "red", "dark")]
    assert not any(language.unsure for language in fitted(keywords).languages)


def test_a_state_without_unsure_is_of_an_earlier_version():
    state = fitted(texts(GERMAN, 30)).state()
    for language in state["languages"]:
        del language["unsure"]
    assert not Preprocessor.from_state(state).languages[0].unsure
