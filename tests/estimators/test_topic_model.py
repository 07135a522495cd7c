"""TopicModel from texts to topics, vectors, tables and back from disk: what is in them, not only their shapes."""

import json
import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from neuraltopic import Preprocessing, TopicModel
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.reading.readers import open_corpus

# Four themes differ along three directions: three topics find three of them.
THEMES = (
    "rocket orbit moon launch shuttle",
    "goal match team league striker",
    "bread flour oven butter yeast",
    "river valley bridge water boat",
)
WORDS = [frozenset(theme.split()) for theme in THEMES]


def sentences(n=80):
    """`n` distinct texts of seven words of a theme, the next theme each, and a number that no vocabulary keeps."""
    texts = []
    for number in range(n):
        words, first = THEMES[number % 4].split(), number % 5
        texts.append(" ".join([*words[first:], *words[: first + 1], words[number % 3], f"n{number}"]))
    return texts


pytestmark = pytest.mark.usefixtures("one_thread")


def small(**parameters):
    # Of the Gaussian recipe, whose tables have closed forms to hold them to; test_recipes.py has the others.
    chosen = {"recipe": "nvdm", "max_epochs": 3, "batch_size": 10, "device": "cpu", "random_state": 0}
    return TopicModel(**{"n_components": 3} | chosen | {"preprocessing": Preprocessing(min_df=2)} | parameters)


def theme_of(row):
    """The theme of a row of `texts`; the empty row 30 stands between the sentences."""
    return (row if row < 30 else row - 1) % 4


@pytest.fixture(scope="module")
def texts():
    """Sentences 0 to 29, an empty row, sentences 30 to 79, a duplicate, no known word, and two that are no text."""
    return [*sentences()[:30], " \n", *sentences()[30:], sentences()[1], "xylophone 5", None, float("nan")]


@pytest.fixture(scope="module")
def model(texts):
    return small(max_epochs=30).fit(texts)


def bits(model, texts):
    weights = [value.numpy().tobytes() for value in model.document_vae_.vae_.state_dict().values()]
    return weights, model.vocabulary_, model.transform(texts).tobytes()


# Topics


def test_topics_are_the_themes(model):
    topics = model.get_topics(5)
    assert sorted(topics) == [0, 1, 2]
    assert {frozenset(word for word, _ in words) for words in topics.values()} < set(WORDS)
    assert len({words[0][0] for words in topics.values()}) == 3
    for words in topics.values():
        assert all(first[1] >= second[1] > 0 for first, second in pairwise(words))


def test_a_topic_is_that_of_the_list_of_topics(model):
    for topic in range(3):
        assert model.get_topic(topic) == model.get_topics()[topic]
        assert model.get_topic(np.int64(topic), top_n=2) == model.get_topics(2)[topic]
    assert len(model.get_topic(0, top_n=1_000)) == 20


def test_weights_are_components_centred_and_shrunk(model):
    R, b = model.components_.astype(float), model.document_vae_.bias_.astype(float)
    n = model.preprocessor_.vocabulary.cf
    expected = (R - (R * softmax(b)).sum(1, keepdims=True)) * n / (n + 30)
    np.testing.assert_allclose(model.word_weights(), expected, rtol=1e-5, atol=1e-6)
    word, weight = model.get_topic(1)[0]
    assert weight == pytest.approx(expected[1].max(), rel=1e-5)
    assert word == model.vocabulary_[expected[1].argmax()]


def test_words_by_another_ranking(model):
    bias, strength = model.document_vae_.bias_, model.statistics_.strength
    p = softmax(bias + strength[:, None] * model.components_, axis=1)
    for topic, words in model.get_topics(4, "probability").items():
        order = np.argsort(-p[topic])[:4]
        assert [word for word, _ in words] == [model.vocabulary_[w] for w in order]
        np.testing.assert_allclose([weight for _, weight in words], p[topic, order], rtol=1e-5)
        assert model.get_topic(topic, 4, "probability") == words
    lists = [" ".join(word for word, _ in words) for words in model.get_topics(4, "probability").values()]
    table, info = model.get_topic_words(4, "probability"), model.get_topic_info(4, "probability")
    assert " ".join(table["word"]) == " ".join(lists)
    assert info["words"].tolist() == lists
    # A topic goes by one name whatever ranks its words.
    default = model.get_topic_info(4)
    assert info.drop(columns="words").equals(default.drop(columns="words"))
    assert table["label"].tolist()[::4] == default["label"].tolist()


def test_a_ranking_that_the_recipe_does_not_have(model):
    with pytest.raises(UsageError, match="needs a z on the simplex"):
        model.get_topics(ranking="explained")
    with pytest.raises(UsageError, match="ranking: expected one of default"):
        model.get_topic_info(ranking="tfidf")


def test_the_table_of_words(model):
    table = model.get_topic_words(4)
    assert table.columns.tolist() == ["topic", "label", "rank", "word", "weight", "frex", "lift"]
    assert table["topic"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert table["rank"].tolist() == [1, 2, 3, 4] * 3
    for topic, words in model.get_topics(4).items():
        own = table[table["topic"] == topic]
        assert list(zip(own["word"], own["weight"], strict=True)) == words
        assert set(own["label"]) == {f"{topic}_" + "_".join(word for word, _ in words[:3])}
    # p(w | topic) over p(w | z = 0), at the strength with which documents carry the topic.
    bias, strength = model.document_vae_.bias_, model.statistics_.strength
    log_p = log_softmax(bias + strength[:, None] * model.components_, axis=1) - log_softmax(bias)
    columns = [model.vocabulary_.index(word) for word in table["word"]]
    np.testing.assert_allclose(table["lift"], np.exp(log_p[table["topic"], columns]), rtol=1e-5)
    assert (table["lift"] > 1).all()
    assert table["frex"].between(0, 1).all()


def test_the_table_of_topics(model, texts):
    table = model.get_topic_info(5)
    assert table.columns.tolist() == [
        "topic", "label", "share", "n_documents", "information", "words", "typical_documents", "flags",
    ]  # fmt: skip
    assert table["words"].tolist() == [" ".join(word for word, _ in model.get_topic(t, 5)) for t in range(3)]
    assert (table["n_documents"] >= 20).all()
    assert table["n_documents"].sum() == 81  # a text that comes twice counts twice
    assert table["share"].sum() == pytest.approx(1)
    of_rows = model.topic_weights(model.vectors_)[model._documents.position[model._documents.position >= 0]]
    assert len(of_rows) == 81
    np.testing.assert_allclose(table["share"], of_rows.mean(0), rtol=1e-5)
    np.testing.assert_allclose(table["information"], model.document_vae_.information_)
    # Lists of ten fill up with what the five words of a theme leave room for, and may share more than half.
    tens = [{word for word, _ in words} for words in model.get_topics(10).values()]
    repeats = [len(tens[topic] & tens[0]) >= 6 for topic in (1, 2)]
    assert [flag == "repeats 0" for flag in table["flags"][1:]] == repeats
    assert table["flags"][0] == ""
    for topic, ids in enumerate(table["typical_documents"]):
        assert ids == model.get_representative_docs(topic)
        assert {WORDS[theme_of(int(id))] for id in ids} == {frozenset(table["words"][topic].split())}


def test_the_table_of_documents(model, texts):
    table = model.get_document_info()
    assert table.columns.tolist() == [
        "row", "id", "status", "detail", "encoding", "n_tokens", "topic", "topic_label", "topic_weight",
    ]  # fmt: skip
    assert table["id"].tolist() == [str(row) for row in range(85)]
    others = {row: status for row, status in enumerate(table["status"]) if status != "kept"}
    assert others == {
        30: "empty", 81: "duplicate", 82: "no word of the vocabulary", 83: "undecodable", 84: "undecodable",
    }  # fmt: skip
    assert table["detail"][81] == "duplicate of 1"
    assert table["detail"][84] == "not text (float nan)"
    labels = model.get_topic_info()["label"]
    topic_words = [frozenset(word for word, _ in words) for words in model.get_topics(5).values()]
    for row in [*range(30), *range(31, 81)]:
        topic = table["topic"][row]
        if WORDS[theme_of(row)] in topic_words:
            assert topic_words[topic] == WORDS[theme_of(row)]
        assert table["topic_label"][row] == labels[topic]
        assert table["n_tokens"][row] == 7
    columns = ["topic", "topic_label", "topic_weight", "n_tokens"]
    assert table.loc[81, columns].tolist() == table.loc[1, columns].tolist()
    for row in (30, 82, 83, 84):
        assert table.loc[row, columns[:3]].isna().all()
        assert table["n_tokens"][row] == 0
    weights = model.topic_weights(model.vectors_)[np.arange(80), model.topics_]
    np.testing.assert_allclose(table["topic_weight"][:30], weights[:30])
    assert table["topic"].fillna(-1).tolist() == model.predict(texts).tolist()


def test_representative_documents_have_the_largest_coordinates(model):
    kept = model.ledger_["id"][model.ledger_["status"] == "kept"].to_numpy()
    for topic in range(3):
        expected = kept[np.argsort(-model.vectors_[:, topic], kind="stable")]
        assert model.get_representative_docs(topic, n=7) == expected[:7].tolist()
        assert model.get_representative_docs(topic, n=1_000) == expected.tolist()


@pytest.mark.parametrize("topic", [-1, 3, 1.5, "0", None])
def test_a_topic_that_is_not_there(model, topic):
    for call in (model.get_topic, model.get_representative_docs):
        with pytest.raises(UsageError, match="topic: expected a number from 0 to 2; got"):
            call(topic)


# Vectors


def test_fit_transform_is_transform_row_for_row(texts):
    model = small()
    vectors = model.fit_transform(texts)
    assert vectors.shape == (85, 3)
    np.testing.assert_allclose(vectors, model.transform(texts), rtol=1e-6, atol=1e-6)
    assert np.array_equal(vectors[[30, 82, 83, 84]], np.zeros((4, 3)))
    assert np.array_equal(vectors[81], vectors[1])
    kept = np.delete(np.arange(85), [30, 81, 82, 83, 84])
    assert np.array_equal(vectors[kept], model.vectors_)


def test_the_same_texts_give_the_same_bits_wherever_they_lie(texts, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    written = [text for text in texts if isinstance(text, str)]
    for number, text in enumerate(written):
        (folder / f"{number:02d}.txt").write_text(text, encoding="utf-8")
    pd.DataFrame({"id": range(len(written)), "text": written}).to_parquet(tmp_path / "texts.parquet")
    expected = bits(small().fit(written), texts)
    for source in (texts, pd.Series(texts), np.array(texts, object), tuple(texts)):
        assert bits(small().fit(source), texts) == expected
    for source in (folder, str(folder), open_corpus(folder), tmp_path / "texts.parquet"):
        assert bits(small().fit(source), texts) == expected
    model = small().fit(written, workspace=tmp_path / "workspace")
    assert bits(model, texts) == expected
    assert isinstance(model.document_vae_.components_, np.ndarray)
    assert bits(small().fit(written, workspace=str(tmp_path / "another")), texts) == expected


def test_topic_weights_of_axes_sum_to_one_and_are_even_where_nothing_is_known(model, texts):
    weights = model.topic_weights(model.transform(texts))
    np.testing.assert_allclose(weights.sum(1), np.ones(85), rtol=1e-6)
    np.testing.assert_allclose(weights[30], [1 / 3] * 3)


def test_perplexity_is_that_of_the_counts(model, texts):
    counts = model.prepare(texts).counts
    for options in ({}, {"per": "corpus"}, {"n_samples": 3, "importance_weighted": True}):
        assert model.perplexity(texts, **options) == model.document_vae_.perplexity(counts, **options)
    assert model.perplexity(texts) < 12  # of 20 words, 5 a theme


words = st.sampled_from([*" ".join(THEMES).split(), "Rocket!", "launch-pad", "naïve", "\x00", "\ud800", "ﬁne"])
rows = st.none() | st.text() | st.lists(words, max_size=12).map(" ".join) | st.just(float("nan"))


@settings(max_examples=40)
@given(documents=st.lists(rows, min_size=1, max_size=8), data=st.data())
def test_wild_texts_in_any_order_give_the_same_rows(model, documents, data):
    vectors = model.transform(documents)
    assert vectors.shape == (len(documents), 3)
    assert np.isfinite(vectors).all()
    order = data.draw(st.permutations(range(len(documents))))
    again = model.transform([documents[d] for d in order])
    np.testing.assert_allclose(again, vectors[order], rtol=1e-5, atol=1e-5)


# A workspace


def test_a_stopped_fit_goes_on_in_its_workspace(texts, tmp_path):
    def stop(stage, done, total):
        if (stage, done) == ("training", 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small().fit(texts, workspace=tmp_path, progress=stop)
    stages = []
    resumed = small().fit(texts, workspace=tmp_path, progress=lambda *said: stages.append(said))
    assert stages[0] == ("training", 2, 3)
    whole = small().fit(texts)
    assert bits(resumed, texts) == bits(whole, texts)
    pd.testing.assert_frame_equal(resumed.get_document_info(), whole.get_document_info())
    pd.testing.assert_frame_equal(resumed.get_topic_info(), whole.get_topic_info())
    assert resumed.corpus_sha256_ == whole.corpus_sha256_


def test_the_workspace_of_another_fit_is_refused(texts, tmp_path):
    small().fit(texts, workspace=tmp_path)
    with pytest.raises(UsageError, match="expected that of a fit of these documents with these settings"):
        small().fit(texts[:40], workspace=tmp_path)
    with pytest.raises(UsageError, match="Name another folder"):
        small(preprocessing=Preprocessing(min_df=3)).fit(texts, workspace=tmp_path)
    with pytest.raises(NeuralTopicError, match="the checkpoint of this fit"):
        small(random_state=1).fit(texts, workspace=tmp_path)


# On disk


def test_a_loaded_model_is_the_saved_one(model, texts, tmp_path):
    model.save(tmp_path / "model")
    loaded = TopicModel.load(tmp_path / "model", device="cpu")
    assert bits(loaded, texts) == bits(model, texts)
    assert loaded.get_topics() == model.get_topics()
    pd.testing.assert_frame_equal(loaded.get_topic_info(), model.get_topic_info())
    pd.testing.assert_frame_equal(loaded.get_topic_words(), model.get_topic_words())
    assert loaded.perplexity(texts) == model.perplexity(texts)
    assert loaded.get_params() == model.get_params()
    assert loaded.corpus_sha256_ == model.corpus_sha256_
    assert loaded.n_documents_ == 81
    assert loaded.document_vae_.history_ == model.document_vae_.history_
    assert np.array_equal(loaded.document_vae_.information_, model.document_vae_.information_)
    # Saved once more it is the same to the byte.
    loaded.save(tmp_path / "again")
    for file in (tmp_path / "model").iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_a_loaded_model_says_that_it_holds_no_documents(model, tmp_path):
    model.save(tmp_path / "model")
    loaded = TopicModel.load(str(tmp_path / "model"))
    for call in (loaded.get_document_info, lambda: loaded.get_representative_docs(0)):
        with pytest.raises(NeuralTopicError, match=r"documents of the fit: .*Read documents.parquet in the run folder"):
            call()


def test_a_folder_that_exists_is_kept_unless_forced(model, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.txt").touch()
    with pytest.raises(UsageError, match="model"):
        model.save(tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["mine.txt"]
    with pytest.raises(UsageError, match="a folder that is not a model folder"):
        model.save(tmp_path / "model", force=True)
    (tmp_path / "model" / "mine.txt").unlink()
    for _ in range(2):
        model.save(tmp_path / "model", force=True)
    assert TopicModel.load(tmp_path / "model").vocabulary_ == model.vocabulary_


def test_parameters_of_numpy_are_saved_as_numbers(texts, tmp_path):
    model = TopicModel(
        np.int64(3),
        max_epochs=np.int32(1),
        learning_rate=np.float32(0.01),
        validation_fraction=np.float32(0.25),
        random_state=np.random.RandomState(0),
        preprocessing=Preprocessing(min_df=2),
    ).fit(texts)
    model.save(tmp_path / "model")
    parameters = json.loads((tmp_path / "model" / "config.json").read_text())["parameters"]
    assert parameters["n_components"] == 3
    assert parameters["validation_fraction"] == 0.25
    assert TopicModel.load(tmp_path / "model").random_state == model.document_vae_.seed_


# Bad input


def test_fewer_documents_than_topics():
    with pytest.raises(
        NeuralTopicError, match=r"expected at least 3 with words of the vocabulary, one per topic; got 2"
    ):
        small(preprocessing=Preprocessing(min_df=1, max_df=1.0)).fit(sentences()[:2])
    with pytest.raises(NeuralTopicError, match=r"at least 2 with words"):
        small(n_components=1, preprocessing=Preprocessing(min_df=1, max_df=1.0)).fit(sentences()[:1])


def test_a_str_is_a_path_and_not_a_document(model):
    with pytest.raises(UsageError, match="documents themselves in a list"):
        small().fit("rocket orbit moon")
    with pytest.raises(UsageError, match="rocket orbit moon: expected a folder or a file"):
        model.transform("rocket orbit moon")


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([], "Pass at least one document"),
        (pd.DataFrame({"one": ["a"], "more": ["b"]}), "got columns one, more"),
        ({"a": "b"}, "Pass list"),
        (iter(["a"]), "Pass list"),
        (np.zeros((2, 2)), "a single column of texts"),
        (None, "a path, a data frame, or a sequence of str"),
        (3, "a path, a data frame, or a sequence of str"),
    ],
    ids=["empty", "frame", "dict", "iterator", "matrix", "None", "int"],
)
def test_what_is_no_sequence_of_texts(model, documents, said):
    for call in (small().fit, model.transform):
        with pytest.raises(UsageError, match=said):
            call(documents)


def test_no_text_at_all():
    for documents in (["", "  "], [None, 3.5], ["the of and", "a"]):
        with pytest.raises(NeuralTopicError):
            small().fit(documents)


def test_bad_parameters_are_named_before_anything_is_read():
    with pytest.raises(UsageError, match="n_components"):
        small(n_components=0).fit("no such folder")


def test_before_the_fit(texts):
    calls = [
        *(
            lambda name=name: getattr(small(), name)(texts)
            for name in ("transform", "predict", "prepare", "perplexity")
        ),
        *(lambda name=name: getattr(small(), name)(0) for name in ("get_topic", "get_representative_docs", "save")),
        *(lambda name=name: getattr(small(), name)() for name in ("get_topics", "get_topic_words", "get_topic_info")),
        *(lambda name=name: getattr(small(), name)() for name in ("get_document_info", "get_feature_names_out")),
        lambda: small().topic_weights(np.zeros((1, 3))),
    ]
    for call in calls:
        with pytest.raises(NotFittedError):
            call()


# As part of scikit-learn


# parametrize_with_checks leaves out all but the first of these for an estimator whose input is text.
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_mixin_order,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
    ],
    ids=lambda check: check.__name__,
)
def test_is_a_scikit_learn_estimator(check):
    check("TopicModel", TopicModel(n_components=2, max_epochs=1))


def test_a_clone_has_the_parameters_and_nothing_learned(model, texts):
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "document_vae_")
    assert copy.set_params(max_epochs=1).max_epochs == 1
    assert clone(copy).fit(texts).document_vae_.n_iter_ == 1


def test_a_fit_changes_no_parameter_and_forgets_the_last_fit(texts):
    model = small(max_epochs=1)
    before = model.get_params()
    model.fit(texts[:40]).set_params(n_components=2).fit(texts)
    assert model.get_params() == before | {"n_components": 2}
    assert bits(model, texts) == bits(small(n_components=2, max_epochs=1).fit(texts), texts)


def test_a_pickled_model_is_the_same(model, texts):
    assert bits(pickle.loads(pickle.dumps(model)), texts) == bits(model, texts)


def test_the_output_can_be_a_table(model, texts):
    vectors = model.transform(texts)
    table = pickle.loads(pickle.dumps(model)).set_output(transform="pandas").transform(texts)
    assert table.columns.tolist() == model.get_feature_names_out().tolist() == [f"topicmodel{k}" for k in range(3)]
    assert np.array_equal(table.to_numpy(), vectors)
    series = pd.Series(texts, index=[f"d{row}" for row in range(85)])
    with sklearn.config_context(transform_output="pandas"):
        table = model.transform(series)
        assert table.index.tolist() == series.index.tolist()
        fitted = small(max_epochs=30).fit(texts)
        assert np.array_equal(fitted.vectors_, model.vectors_)
        pd.testing.assert_frame_equal(fitted.get_topic_info(), model.get_topic_info())
        # To rounding: the fit infers the 80 documents that it keeps, `transform` the 83 rows that are text.
        fitted = small(max_epochs=30).fit_transform(texts).to_numpy()
        np.testing.assert_allclose(fitted[:30], vectors[:30], rtol=1e-6, atol=1e-6)


def test_at_the_head_of_a_pipeline(texts):
    written = sentences()
    from sklearn.linear_model import LogisticRegression

    pipeline = make_pipeline(small(max_epochs=30), LogisticRegression())
    labels = [d % 4 for d in range(80)]
    assert pipeline.fit(written, labels).score(written, labels) == 1.0


@pytest.mark.slow
def test_real_news(tmp_path):
    """The Lee corpus: 300 articles of 2001."""
    from neuraltopic.corpora import write_corpus

    write_corpus("lee", tmp_path / "lee")
    model = TopicModel(10, random_state=0, device="cpu", preprocessing=Preprocessing(min_df=3)).fit(tmp_path / "lee")
    assert model.vectors_.shape == (293, 10)  # seven are there twice
    themes = [frozenset(word for word, _ in words) for words in model.get_topics(20).values()]
    for together in ({"israeli", "palestinian"}, {"test", "cricket"}, {"afghanistan", "taliban"}):
        assert any(together <= theme for theme in themes), (together, themes)
    assert model.perplexity(tmp_path / "lee") < len(model.vocabulary_) / 2


def test_preprocessing_of_another_type_is_named():
    with pytest.raises(UsageError, match=r"preprocessing: expected a Preprocessing, or None; got dict\."):
        TopicModel(preprocessing={"min_df": 3}).fit(["a text"])


def test_documents_of_another_type_are_named():
    with pytest.raises(NeuralTopicError, match=r"not text \(float 1.5\)"):
        TopicModel(2).fit([1.5, 2.5])


def test_score_is_minus_the_log_of_the_corpus_perplexity(model, texts):
    assert model.score(texts) == pytest.approx(-np.log(model.perplexity(texts, per="corpus")))
