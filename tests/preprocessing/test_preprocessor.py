import json
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.preprocessing import preprocessor as preprocessing
from neuraltopic.preprocessing.cleaning.plain_text import PlainText
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.languages.stop_words import stop_words
from neuraltopic.preprocessing.ledger.ledger import Status
from neuraltopic.preprocessing.normalisation.word_rule import Dropped, WordRule
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.tokenisation import token_stream
from neuraltopic.preprocessing.tokenisation.tokenisers import WordTokeniser
from neuraltopic.preprocessing.vocabulary import learning
from neuraltopic.preprocessing.vocabulary.phrases import PHRASE_MIN_COUNT
from neuraltopic.preprocessing.vocabulary.vocabulary import document_limits
from neuraltopic.reading.rows import Row

ALL = {"min_df": 1, "max_df": 1.0, "min_length": 1}


def rows(*texts: str | None) -> list[Row]:
    return [
        Row(f"d{number}", text, {"n": number}, "latin-1", "" if text is not None else "binary")
        for number, text in enumerate(texts)
    ]


def table(preprocessor: Preprocessor, counts: Counts) -> list[dict[str, int]]:
    """Each row of the counts as a dict from word to count."""
    words = preprocessor.vocabulary.words
    return [
        {words[word]: int(n) for word, n in zip(row.indices, row.data, strict=True)}
        for row in (counts.slice(d, d + 1) for d in range(len(counts)))
    ]


def test_a_small_corpus_by_hand():
    preprocessor = Preprocessor(Preprocessing(min_df=2, max_df=0.75))
    prepared = preprocessor.fit_transform(
        rows(
            "The cat sat. The CAT ran!",
            "A cat, a dog: dog.",
            None,
            "Dog and cat sat",
            "  \n",
            "A cat in 1993",
        )
    )
    # cat is in 4 of 4 documents, more than 0.75; ran in one.
    assert preprocessor.vocabulary.words == ("dog", "sat")
    assert preprocessor.vocabulary.df.tolist() == [2, 2]
    assert preprocessor.vocabulary.cf.tolist() == [3, 2]
    assert table(preprocessor, prepared.counts) == [{"sat": 1}, {"dog": 2}, {"dog": 1, "sat": 1}]
    assert prepared.position.tolist() == [0, 1, -1, 2, -1, -1]
    assert prepared.position.dtype == np.int64
    ledger = prepared.ledger
    assert ledger.ids == ["d0", "d1", "d2", "d3", "d4", "d5"]
    assert ledger.statuses == [
        Status.KEPT,
        Status.KEPT,
        Status.UNDECODABLE,
        Status.KEPT,
        Status.EMPTY,
        Status.NO_WORD,
    ]
    assert ledger.details == ["", "", "binary", "", "", ""]
    assert ledger.encodings == ["latin-1"] * 6
    assert ledger.n_tokens.tolist() == [1, 2, 0, 2, 0, 0]
    assert ledger.to_frame()["n"].tolist() == [0, 1, 2, 3, 4, 5]
    assert preprocessor.state()["n_documents"] == 4


def test_duplicates_are_counted_once_and_point_at_the_first():
    preprocessor = Preprocessor(Preprocessing(min_df=1, max_df=1.0))
    prepared = preprocessor.fit_transform(rows("cat dog", "xx", " cat dog\n", "dog cat", "xx ", "Cat dog"))
    assert prepared.ledger.statuses == [
        Status.KEPT,
        Status.NO_WORD,
        Status.DUPLICATE,
        Status.KEPT,
        Status.DUPLICATE,
        Status.KEPT,
    ]
    assert prepared.ledger.details == ["", "", "duplicate of d0", "", "duplicate of d1", ""]
    assert prepared.position.tolist() == [0, -1, 0, 1, -1, 2]
    assert prepared.ledger.n_tokens.tolist() == [2, 0, 2, 2, 0, 2]
    assert preprocessor.vocabulary.df.tolist() == [3, 3]


def test_transform_gives_every_readable_row_its_counts():
    preprocessor = Preprocessor(Preprocessing(min_df=1, max_df=1.0))
    preprocessor.fit_transform(rows("cat dog", "dog"))
    prepared = preprocessor.transform(rows("dog bird dog", None, "", "bird", "dog bird dog", "Cat"))
    assert table(preprocessor, prepared.counts) == [{"dog": 2}, {}, {}, {"dog": 2}, {"cat": 1}]
    assert prepared.position.tolist() == [0, -1, 1, 2, 3, 4]
    assert prepared.ledger.statuses == [
        Status.KEPT,
        Status.UNDECODABLE,
        Status.EMPTY,
        Status.NO_WORD,
        Status.KEPT,
        Status.KEPT,
    ]
    assert prepared.ledger.n_tokens.tolist() == [2, 0, 0, 0, 2, 1]


def test_token_blocks_keep_the_order_of_the_words_that_are_counted():
    preprocessor = Preprocessor(Preprocessing(**ALL, phrases=True))
    preprocessor.fit_transform(rows(*[f"the new york taxi w{number}" for number in range(PHRASE_MIN_COUNT)]))
    others = rows("Taxi, new york! A taxi", None, "", "unheard of")
    (block,) = preprocessor.token_blocks(others)
    words = [preprocessor.vocabulary.words[column] for column in block.tokens]
    assert words == ["taxi", "new_york", "taxi"]
    assert block.bounds.tolist() == [0, 3, 3, 3]
    assert np.array_equal(np.diff(block.bounds), preprocessor.transform(others).counts.totals())
    with pytest.raises(NeuralTopicError, match="Call fit_transform first"):
        next(Preprocessor().token_blocks(others))


def test_transform_of_no_rows_is_empty():
    preprocessor = Preprocessor(Preprocessing(**ALL))
    preprocessor.fit_transform(rows("cat"))
    prepared = preprocessor.transform([])
    assert prepared.counts.shape == (0, 1)
    assert len(prepared.position) == len(prepared.ledger) == 0


def test_words_of_many_scripts_are_counted():
    preprocessor = Preprocessor(Preprocessing(**ALL, stop_words=False))
    texts = ["café CAFE\u0301 हिन्दी தமிழ்", "العَرَبِيَّة ΣΟΦΟΣ σοφος İstanbul istanbul 😀", "don’t Don't 我们"]
    prepared = preprocessor.fit_transform(rows(*texts))
    assert table(preprocessor, prepared.counts) == [
        {"café": 2, "हिन्दी": 1, "தமிழ்": 1},
        {"العربية": 1, "σοφος": 2, "istanbul": 2},
        {"don't": 2, "我们": 1},
    ]


def test_extra_stop_words_and_numbers():
    settings = Preprocessing(**ALL, stop_words=False, extra_stop_words=("CAT",), numbers=True)
    preprocessor = Preprocessor(settings)
    preprocessor.fit_transform(rows("The cat, 1993"))
    assert preprocessor.vocabulary.words == ("1993", "the")


def test_max_vocabulary_keeps_the_words_in_most_documents():
    preprocessor = Preprocessor(Preprocessing(**ALL, max_vocabulary=2, stop_words=False))
    preprocessor.fit_transform(rows("a b c", "b c d", "c d d d"))
    assert preprocessor.vocabulary.words == ("c", "b")


def test_lemmas_are_counted_as_one_word():
    pytest.importorskip("simplemma")
    preprocessor = Preprocessor(Preprocessing(**ALL, lemmas=True))
    prepared = preprocessor.fit_transform(rows("topic topics", "models modelling"))
    assert table(preprocessor, prepared.counts)[0] == {"topic": 2}
    assert preprocessor.state()["libraries"].keys() == {"regex", "spacy", "simplemma"}


# Phrases


def phrase_rows(*rest: str) -> list[Row]:
    return rows(*[f"new york w{letter}" for letter in "abcdefghijkl"], *rest)


def test_words_in_phrases_lose_those_occurrences():
    preprocessor = Preprocessor(Preprocessing(min_df=1, max_df=1.0, phrases=True))
    filler = [" ".join(f"{a}{b}x" for b in "abcdefghijklmnopqrst") for a in "abcdefghij"]
    prepared = preprocessor.fit_transform(phrase_rows("new new, York york", "new", "new the york", "york new", *filler))
    vocabulary = preprocessor.vocabulary
    assert (vocabulary.df[vocabulary.index["new_york"]], vocabulary.cf[vocabulary.index["new_york"]]) == (
        13,
        13,
    )
    counted = table(preprocessor, prepared.counts)
    assert counted[0] == {"new_york": 1}  # "wa" is too short
    assert counted[12:16] == [
        {"new": 1, "new_york": 1, "york": 1},  # across a comma, not across a word
        {"new": 1},
        {"new": 1, "york": 1},  # a stop word stands between
        {"new": 1, "york": 1},
    ]
    assert vocabulary.df[vocabulary.index["new"]] == 4
    assert vocabulary.df[vocabulary.index["york"]] == 3
    assert preprocessor.state()["phrases"] == [["new", "york"]]


@pytest.mark.filterwarnings("ignore:.*(left out|no word of the vocabulary)")
def test_a_phrase_that_is_not_kept_is_not_joined():
    settings = Preprocessing(min_df=1, max_df=12, phrases=True)
    preprocessor = Preprocessor(settings)
    filler = [" ".join(f"{a}{b}x" for b in "abcdefghijklmnopqrst") for a in "abcdefghij"]
    texts = phrase_rows("new york", *filler)  # the phrase is in 13 documents, and so are its words then
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "PAIRS_A_PASS", 50)  # and the pairs are counted in several passes
        preprocessor.fit_transform(texts)
    assert not {"new", "york", "new_york"} & set(preprocessor.vocabulary.words)
    assert preprocessor.state()["phrases"] == []
    assert preprocessor.vocabulary.df.max() <= 12


@pytest.mark.filterwarnings("ignore:.*(left out|no word of the vocabulary)")
def test_a_phrase_is_recognised_even_where_its_words_are_not_counted():
    filler = [" ".join(f"{a}{b}x" for b in "abcdefghijklmnopqrst") for a in "abcdefghij"]
    preprocessor = Preprocessor(Preprocessing(min_df=PHRASE_MIN_COUNT, max_df=1.0, phrases=True))
    preprocessor.fit_transform(phrase_rows(*filler))
    assert preprocessor.vocabulary.words == ("new_york",)
    again = Preprocessor.from_state(json.loads(json.dumps(preprocessor.state())))
    assert table(again, again.transform(rows("In New York, new york new")).counts) == [{"new_york": 2}]


# Properties

wild = st.text(st.characters() | st.sampled_from("aAbB cC'’\u0301İß@.:/"), max_size=60)


@pytest.mark.filterwarnings(
    'ignore:(repaired documents|in . of . documents "_"|language en. most):neuraltopic.errors.NeuralTopicWarning'
)
@given(st.lists(wild, min_size=1, max_size=8), st.booleans(), st.randoms(use_true_random=False))
def test_any_text_is_counted_the_same_in_fit_transform_alone_and_in_any_order(texts, lowercase, random):
    chosen = Preprocessing(**ALL, lowercase=lowercase, numbers=True, language="en")
    preprocessor = Preprocessor(chosen)
    rule = WordRule(chosen, stop_words("en"), None)
    try:
        fitted = preprocessor.fit_transform(rows(*texts))
    except NeuralTopicError:
        words = [rule(form) for forms in WordTokeniser()(PlainText()(texts)) for form in forms]
        assert all(isinstance(word, Dropped) for word in words)
        return
    transformed = preprocessor.transform(rows(*texts))
    shown = {key: word for word, key in preprocessor.state()["keys"].items()}
    expected = [
        Counter(word for form in forms if (word := shown.get(rule(form), rule(form))) in preprocessor.vocabulary)
        for forms in WordTokeniser()(PlainText()(texts))
    ]
    assert table(preprocessor, transformed.counts) == expected
    at_fit = table(preprocessor, fitted.counts)
    for row, position in enumerate(fitted.position):
        assert (at_fit[position] if position >= 0 else {}) == expected[row]
    for row, text in enumerate(texts):
        assert table(preprocessor, preprocessor.transform(rows(text)).counts) == [expected[row]]
    order = random.sample(range(len(texts)), len(texts))
    permuted = preprocessor.transform(rows(*[texts[row] for row in order]))
    assert table(preprocessor, permuted.counts) == [expected[row] for row in order]
    other = Preprocessor(chosen)
    other.fit_transform(rows(*[texts[row] for row in order]))
    assert other.vocabulary.words == preprocessor.vocabulary.words
    assert other.vocabulary.df.tolist() == preprocessor.vocabulary.df.tolist()


ALPHABET = ["red", "green", "blue", "the", "4x"]


@given(st.lists(st.lists(st.sampled_from(ALPHABET), max_size=12).map(" ".join), min_size=1), st.integers(1, 40))
def test_with_phrases_the_df_and_cf_are_those_of_the_counts(texts, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neuraltopic.preprocessing.vocabulary.phrases.PHRASE_MIN_COUNT", 2)
        patch.setattr("neuraltopic.preprocessing.vocabulary.phrases.PHRASE_MIN_NPMI", 0.0)
        patch.setattr(token_stream, "BLOCK_TOKENS", block)
        patch.setattr(preprocessing, "FORMS_HELD", 2)
        preprocessor = Preprocessor(Preprocessing(min_df=2, max_df=1.0, max_vocabulary=4, phrases=True))
        try:
            fitted = preprocessor.fit_transform(rows(*texts))
        except NeuralTopicError:
            return
        transformed = preprocessor.transform(rows(*texts))
    assert fitted.counts.document_frequency().tolist() == preprocessor.vocabulary.df.tolist()
    assert fitted.counts.word_totals().tolist() == preprocessor.vocabulary.cf.tolist()
    at_fit, again = table(preprocessor, fitted.counts), table(preprocessor, transformed.counts)
    assert [at_fit[p] if p >= 0 else {} for p in fitted.position] == again
    assert fitted.ledger.n_tokens.tolist() == transformed.ledger.n_tokens.tolist()


# A stream, against scikit-learn


def stream(n_rows: int):
    """Rows made as they are asked for, over 3,000 words with Zipf's frequencies."""
    generator = np.random.default_rng(3)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyzäéð"))
    lexicon = np.unique(["".join(generator.choice(letters, generator.integers(1, 9))) for _ in range(3_000)])
    for number in range(n_rows):
        words = lexicon[generator.zipf(1.2, 60) % len(lexicon)]
        yield Row(str(number), f"{number} " + ", ".join(words), {})


@pytest.mark.filterwarnings("ignore:.*(left out|no word of the vocabulary)")
def test_a_stream_gives_the_vocabulary_and_the_cells_of_count_vectorizer(tmp_path, monkeypatch):
    from sklearn.feature_extraction.text import CountVectorizer

    monkeypatch.setattr(token_stream, "BLOCK_TOKENS", 10_000)
    preprocessor = Preprocessor(Preprocessing(max_vocabulary=10**6, min_df=3, max_df=0.3))
    prepared = preprocessor.fit_transform(stream(2_000), workspace=tmp_path)
    listed = stop_words("en")
    theirs = CountVectorizer(
        analyzer=lambda text: [
            word
            for word in text.replace(",", "").lower().split()
            if len(word) >= 3 and not word.isdigit() and word not in listed
        ],
        min_df=3,
        max_df=0.3,
    )
    expected = theirs.fit_transform(row.text for row in stream(2_000))
    names = theirs.get_feature_names_out()
    assert set(preprocessor.vocabulary.words) == set(names)
    assert len(names) > 500
    order = [preprocessor.vocabulary.index[name] for name in names]
    assert (prepared.position >= 0).all()
    assert (prepared.counts.to_scipy()[:, order] != expected).nnz == 0


@pytest.mark.filterwarnings("ignore:.*(left out|no word of the vocabulary)")
def test_memory_does_not_grow_with_the_rows_but_for_the_ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(token_stream, "BLOCK_TOKENS", 10_000)
    peaks = []
    for n_rows in (500, 4_000):
        tracemalloc.start()
        Preprocessor(Preprocessing()).fit_transform(stream(n_rows), workspace=tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 3,500 rows more are 3.3 MB of text and 840 kB of token numbers; what stays of a row is its ledger entry.
    assert (peaks[1] - peaks[0]) / 3_500 < 600


def test_a_workspace_keeps_the_counts_on_disk_and_nothing_else(tmp_path):
    preprocessor = Preprocessor(Preprocessing(**ALL))
    prepared = preprocessor.fit_transform(rows("cat dog", "dog"), workspace=tmp_path / "new")
    assert isinstance(prepared.counts.indices, np.memmap)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["counts"]
    assert Counts.open(tmp_path / "new" / "counts").shape == (2, 2)


@pytest.mark.parametrize("workspace", [True, False])
def test_the_temporary_files_go_even_when_the_reading_fails(tmp_path, monkeypatch, workspace):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken():
        yield Row("1", "cat", {})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Preprocessor().fit_transform(broken(), workspace=tmp_path if workspace else None)
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_in_stages():
    told = []
    settings = Preprocessing(**ALL, phrases=True)
    preprocessor = Preprocessor(settings)
    texts = [f"cat {'x' * number}" for number in range(1, 301)]
    preprocessor.fit_transform(rows(*texts), progress=lambda *what: told.append(what))
    assert told == [
        ("reading", 256, None),
        ("reading", 300, 300),
        ("phrases", 300, 300),
        ("counting", 300, 300),
    ]
    told.clear()
    preprocessor.transform(rows(*texts[:2]), progress=lambda *what: told.append(what))
    assert told == [("reading", 2, 2), ("counting", 2, None)]


# State


def test_a_preprocessor_survives_json():
    preprocessor = Preprocessor(Preprocessing(language="de", min_df=1, max_df=1.0))
    fitted = preprocessor.fit_transform(rows("Der Hund und die Katze", "Hund"))
    state = json.loads(json.dumps(preprocessor.state()))
    again = Preprocessor.from_state(state)
    assert again.settings == preprocessor.settings
    assert again.state() == state
    transformed = again.transform(rows("Der Hund und die Katze", "Hund"))
    assert table(again, transformed.counts) == table(preprocessor, fitted.counts)


def test_transform_goes_by_the_stop_words_of_the_fit(monkeypatch):
    preprocessor = Preprocessor(Preprocessing(**ALL))
    preprocessor.fit_transform(rows("the cat"))
    monkeypatch.setattr(
        "neuraltopic.preprocessing.languages.language_choice.stop_words", lambda language: pytest.fail("read again")
    )
    assert len(Preprocessor.from_state(preprocessor.state()).transform(rows("the cat")).counts) == 1


@pytest.fixture
def state():
    preprocessor = Preprocessor(Preprocessing(**ALL))
    preprocessor.fit_transform(rows("new york", "york"))
    return {**preprocessor.state(), "words": ["new_york", "york"], "phrases": [["new", "york"]]}


def test_the_state_that_the_next_test_spoils_is_good(state):
    assert Preprocessor.from_state(state).state() == state


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("settings", 3, "settings: expected names and values"),
        ("words", "ab", "words: expected a list of words"),
        ("words", ["a", "a"], "words: expected distinct words"),
        ("words", ["", "a"], "words: expected distinct words"),
        ("words", [], "words: expected distinct words"),
        ("stop_words", [1], "stop_words: expected a list of words"),
        ("df", [1.0, 2.0], "df: expected a list of whole numbers"),
        ("cf", [True, 2], "cf: expected a list of whole numbers"),
        ("df", [1], "df and cf: expected one number per word"),
        ("df", [3, 1], "df and cf: expected 0 < df"),
        ("df", [0, 1], "df and cf: expected 0 < df"),
        ("cf", [2**63, 2], "df and cf: expected 0 < df"),
        ("n_documents", "2", "n_documents: expected a whole number"),
        ("n_documents", 1, "df and cf: expected 0 < df"),
        ("phrases", {}, "phrases: expected pairs of words"),
        ("phrases", [["new"]], "phrases: expected pairs of words"),
        ("phrases", [["new", "york"]] * 2, "phrases: expected pairs that make words"),
        ("phrases", [["old", "york"]], "phrases: expected pairs that make words"),
        ("tokeniser", {"name": 1}, "tokeniser: expected names and versions"),
        ("libraries", [], "libraries: expected names and versions"),
    ],
)
def test_a_spoilt_state_is_refused(state, name, value, message):
    with pytest.raises(NeuralTopicError, match=message):
        Preprocessor.from_state({**state, name: value})


def test_a_state_with_a_part_missing_is_refused(state):
    for name in state.keys() - {"pruned", "keys"}:  # which an earlier version did not write
        with pytest.raises(NeuralTopicError, match=f"{name}: expected to be there"):
            Preprocessor.from_state({key: value for key, value in state.items() if key != name})


def test_a_spoilt_setting_is_named(state):
    with pytest.raises(UsageError, match="min_df: expected 1 document or more"):
        Preprocessor.from_state({**state, "settings": {"min_df": 0}})


def test_another_tokeniser_is_refused(state):
    preprocessor = Preprocessor.from_state({**state, "tokeniser": {"name": "words", "version": "0"}})
    with pytest.raises(NeuralTopicError, match=r"expected words 0, .*; got words 8"):
        preprocessor.transform(rows("york"))


def test_a_pipeline_of_spacy_cuts_the_text():
    preprocessor = Preprocessor(Preprocessing(**ALL, spacy_pipeline="blank:en"))
    prepared = preprocessor.fit_transform(rows("I don't like New-York cats", "cats"))
    assert table(preprocessor, prepared.counts) == [{"like": 1, "new": 1, "york": 1, "cats": 1}, {"cats": 1}]
    assert preprocessor.state()["tokeniser"] == {"name": "blank:en", "version": "0.0.0", "compounds": "1"}


# What cannot be done


def test_before_the_fit_there_is_no_vocabulary():
    for use in (lambda p: p.vocabulary, lambda p: p.transform([]), lambda p: p.state()):
        with pytest.raises(NeuralTopicError, match="Call fit_transform first"):
            use(Preprocessor())


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "expected at least one with text; got 0 rows"),
        ([None, " "], "expected at least one with text; got 2 rows: 1 empty, 1 undecodable"),
        (["...", "😀"], "got 0 distinct forms, all dropped: none to begin with"),
        (["the 1993", "ab"], "3 distinct forms, all dropped: 1 stop words, 1 with digits, 1 too short"),
    ],
)
def test_when_nothing_is_left_the_error_says_why(texts, message):
    with pytest.raises(NeuralTopicError, match=message):
        Preprocessor().fit_transform(rows(*texts))


def test_lemmas_that_there_are_not_are_found_before_anything_is_read():
    with pytest.raises(UsageError, match="a table of lemmas"):
        Preprocessor(Preprocessing(language="ta", lemmas=True)).fit_transform(pytest.fail("read") for _ in range(1))


# What is lost, copied and split


def test_each_rule_says_how_many_tokens_it_removed():
    preprocessor = Preprocessor(Preprocessing(min_df=2, max_df=0.75))
    texts = ["The cat sat on a dog 12 ab", "the cat ran at 13", "A cat and the dog", "sat cat cat dog"]
    losses = preprocessor.fit_transform(rows(*texts)).losses
    assert losses is not None
    assert losses.to_dict() == {
        "tokens": 22,
        "removed": {
            "with digits": 2,
            "stop words": 8,
            "too short or too long": 1,
            "in too few documents": 1,
            "in too many documents": 5,
            "beyond the vocabulary size": 0,
        },
        "documents": 4,
        "without_word": 1,
        "markup": {},
    }
    kept = preprocessor.vocabulary.cf.sum()
    assert kept + sum(losses.removed.values()) == losses.tokens


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        ("ab12 cd34 soup", {}, "67% of the tokens .* with digits .*; numbers=True keeps"),
        ("ox ax soup", {}, "67% .* too short or too long .*; a lower min_length"),
        ("the and of to in soup", {}, "83% of the tokens are stop words; stop_words=False"),
    ],
)
def test_large_losses_are_told_with_the_option_that_keeps(text, settings, said):
    settings = {"min_df": 1, "max_df": 1.0, "keep_duplicates": True, **settings}
    with pytest.warns(NeuralTopicWarning, match=said):
        Preprocessor(Preprocessing(**settings)).fit_transform(rows(*[text] * 100))


def test_documents_without_a_word_are_told():
    texts = ["soup bread"] * 15 + ["of the"] * 5 + ["bread soup and more of this and that for all of us"] * 20
    settings = Preprocessing(min_df=1, max_df=1.0, keep_duplicates=True)
    with pytest.warns(NeuralTopicWarning, match="5 of 40 documents have no word of the vocabulary, and no topic"):
        Preprocessor(settings).fit_transform(rows(*texts))


def test_duplicates_may_be_documents():
    preprocessor = Preprocessor(Preprocessing(**ALL, keep_duplicates=True))
    prepared = preprocessor.fit_transform(rows("cat dog", "cat dog", "dog"))
    assert prepared.ledger.statuses == [Status.KEPT] * 3
    assert prepared.position.tolist() == [0, 1, 2]
    assert preprocessor.vocabulary.df.tolist() == [3, 2]


@pytest.mark.parametrize("split", [None, "paragraphs"])
@pytest.mark.parametrize("phrases", [True, False])
def test_words_of_an_answer_that_many_gave_are_not_rare(split, phrases):
    others = [
        f"{first} {second} soup {number}" for number, first in enumerate("abcdefghij") for second in ("bread", "butter")
    ]
    answers = ["prices rose again"] * 300 + [f"{other} {other}" for other in others * 5]
    preprocessor = Preprocessor(Preprocessing(language="en", split=split, phrases=phrases))
    prepared = preprocessor.fit_transform(rows(*answers))
    assert {"prices", "rose"} <= set(preprocessor.vocabulary.words)
    assert int((prepared.position >= 0).sum()) == len(answers)
    assert preprocessor.vocabulary.df[preprocessor.vocabulary.index["prices"]] == 1


LONG = "\n\n".join(["Heading", "cat dog " * 10, "bird fish " * 10, "short end"])


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("paragraphs", [{"heading": 1, "cat": 10, "dog": 10}, {"bird": 10, "fish": 10, "short": 1, "end": 1}]),
        (22, [{"heading": 1, "cat": 10, "dog": 10}, {"bird": 10, "fish": 10, "short": 1, "end": 1}]),
        (1000, [{"heading": 1, "cat": 10, "dog": 10, "bird": 10, "fish": 10, "short": 1, "end": 1}]),
    ],
)
def test_topics_are_learnt_from_passages_and_documents_are_their_sums(split, expected):
    preprocessor = Preprocessor(Preprocessing(min_df=1, max_df=1.0, stop_words=False, split=split))
    prepared = preprocessor.fit_transform(rows(LONG, "", "owl " * 3))
    assert prepared.passages is not None
    table_of = table(preprocessor, prepared.passages.counts)
    total = sum((Counter(row) for row in expected), Counter())
    if split != 22:
        assert table_of == [*expected, {"owl": 3}]
    assert sum((Counter(row) for row in table_of[:-1]), Counter()) == total
    assert table(preprocessor, prepared.counts) == [dict(total), {"owl": 3}]
    assert prepared.passages.document.tolist() == [0] * len(expected) + [1]
    assert prepared.position.tolist() == [0, -1, 1]
    np.testing.assert_allclose(
        prepared.passages.weights(np.array([2.0, 1.0])), [*[2 / len(expected)] * len(expected), 1.0]
    )
    again = preprocessor.transform(rows(LONG))
    assert again.passages is None
    assert table(preprocessor, again.counts) == [dict(total)]


def test_few_long_documents_are_told_of_passages():
    long = [f"The {animal} and the others are in the house with a garden. " * 200 for animal in ("cat", "dog", "owl")]
    with pytest.warns(NeuralTopicWarning, match=r"3 documents of 2,400 tokens are few .*; split=paragraphs"):
        Preprocessor(Preprocessing(max_df=1.0)).fit_transform(rows(*long))


@pytest.mark.parametrize(("n", "fewest", "most"), [(1, 1, 1), (10, 1, 9), (60, 3, 54), (99, 4, 89), (100, 5, 50)])
def test_limits_fit_the_number_of_documents(n, fewest, most):
    found = document_limits(Preprocessing(), n)
    assert (found[0], int(found[1])) == (fewest, most)
    assert document_limits(Preprocessing(min_df=5, max_df=0.5), n) == (5, 0.5 * n)


# Words that are cut before, and other ways to cut


def test_pretokenised_texts_are_taken_as_they_are():
    preprocessor = Preprocessor(Preprocessing(**ALL, pretokenised=True, extra_stop_words=("x",)))
    prepared = preprocessor.fit_transform(rows("machine_learning The ab12 x 猫", "The <p> http://x.org"))
    assert set(preprocessor.vocabulary.words) == {"machine_learning", "The", "ab12", "猫", "<p>", "http://x.org"}
    assert prepared.counts.totals().tolist() == [4, 3]
    again = Preprocessor.from_state(json.loads(json.dumps(preprocessor.state())))
    assert again.columns_of(["machine_learning"]) == preprocessor.columns_of(["machine_learning"]) != [()]
    assert again.transform(rows("machine_learning")).counts.totals().tolist() == [1]


def test_a_pattern_cuts_words():
    preprocessor = Preprocessor(Preprocessing(**ALL, token_pattern=r"<(\w+)>"))
    preprocessor.fit_transform(rows("<cat> dog <bird>"))
    assert preprocessor.vocabulary.words == ("bird", "cat")
    again = Preprocessor.from_state(json.loads(json.dumps(preprocessor.state())))
    assert again.transform(rows("<cat> <cat>")).counts.totals().tolist() == [2]


@pytest.mark.parametrize("pattern", ["(", "(a)(b)", "a*"])
def test_a_bad_pattern_is_refused(pattern):
    with pytest.raises(UsageError, match=r"token_pattern=.*expected a regular expression that matches a word"):
        Preprocessor(Preprocessing(token_pattern=pattern)).require_available()


def test_underscores_that_are_cut_are_told():
    texts = ["machine_learning and data", "neural_network and data"] * 3
    with pytest.warns(NeuralTopicWarning, match='in 2 of 2 documents "_" joins words.*; pretokenised=True keeps'):
        Preprocessor(Preprocessing(**ALL)).fit_transform(rows(*texts))


def test_words_that_the_fit_pruned_are_not_unknown():
    preprocessor = Preprocessor(Preprocessing(min_df=2, max_df=1.0))
    texts = ["soup bread rare", "soup bread"]
    preprocessor.fit_transform(rows(*texts))
    assert preprocessor.transform(rows(*texts)).n_unknown == 0
    again = Preprocessor.from_state(json.loads(json.dumps(preprocessor.state())))
    assert again.transform(rows("soup rare newcomer rare")).n_unknown == 1
    without = {key: value for key, value in preprocessor.state().items() if key != "pruned"}
    assert Preprocessor.from_state(without).transform(rows("soup rare newcomer rare")).n_unknown == 3


def test_a_model_of_the_first_rule_for_words_keeps_it():
    preprocessor = Preprocessor(Preprocessing(**ALL, stop_words=False))
    preprocessor.fit_transform(rows("covid net div org example soup net c"))
    state = preprocessor.state()
    new = ("segmenter", "pretokenised", "keep_markup", "keep_duplicates", "token_pattern", "split")
    settings = {name: value for name, value in state["settings"].items() if name not in new}
    settings |= {"language": "en", "lemmas": False}
    earlier = {key: state[key] for key in state.keys() - {"pruned", "languages", "segmenter", "normalisation"}}
    earlier |= {"settings": settings, "tokeniser": {"name": "words", "version": "1"}}
    text = "<div> example.org https://x.org/a,soup covid-19 .net c++ 汤https://x.org汤"
    found = Preprocessor.from_state(earlier).transform(rows(text)).counts
    columns = Preprocessor.from_state(earlier).vocabulary.words
    counted = {columns[i]: int(n) for i, n in zip(found.indices, found.data, strict=True)}
    assert counted == {"div": 1, "example": 1, "org": 1, "covid": 1, "net": 1, "c": 1}
