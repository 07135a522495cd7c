"""TopicModel on documents as people hold them: copies, long ones, lists of words, data frames."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from neuraltopic import Preprocessing, TopicModel
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.reading.readers import open_corpus
from tests.tiny_corpus import THEMES, sentences

pytestmark = pytest.mark.usefixtures("one_thread")
SETTINGS = Preprocessing(language="en", min_df=1, max_df=1.0)


def small(**parameters):
    chosen = {"max_epochs": 3, "batch_size": 10, "device": "cpu", "random_state": 0, "preprocessing": SETTINGS}
    return TopicModel(**{"n_components": 3} | chosen | parameters)


def test_shares_and_counts_are_of_rows_and_learning_is_from_one_copy():
    texts = sentences()
    once = small().fit(texts)
    copied = small().fit([*texts, *[texts[0]] * 40])
    np.testing.assert_array_equal(copied.components_, once.components_)
    assert (once.n_documents_, copied.n_documents_) == (60, 100)
    weights = copied.topic_weights(copied.vectors_)
    expected = (weights.sum(0) + 40 * weights[0]) / 100
    np.testing.assert_allclose(copied.statistics_.share, expected, rtol=1e-6)
    assert copied.statistics_.n_documents.sum() == 100
    topic = copied.topics_[0]
    assert copied.statistics_.n_documents[topic] == once.statistics_.n_documents[topic] + 40
    info = copied.get_document_info()
    assert info["detail"][60:].tolist() == ["duplicate of 0"] * 40
    assert (info["topic"][60:] == topic).all()


def test_every_copy_may_be_learnt_from():
    texts = [*sentences(), *[sentences()[0]] * 40]
    settings = Preprocessing(language="en", min_df=1, max_df=1.0, keep_duplicates=True)
    model = small(preprocessing=settings).fit(texts)
    assert model.vectors_.shape == (100, 3)
    assert model.n_documents_ == model.statistics_.n_documents.sum() == 100


def test_long_documents_are_split_to_learn_from_and_are_whole_again():
    books = ["\n\n".join(sentence * 4 for sentence in sentences()[part::6]) for part in range(6)]
    settings = Preprocessing(language="en", min_df=1, max_df=1.0, split="paragraphs")
    model = small(preprocessing=settings).fit(books)
    assert model.vectors_.shape == (6, 3)
    assert model.n_documents_ == 6
    np.testing.assert_allclose(model.vectors_, model.transform(books), atol=1e-5)
    assert len(model.get_document_info()) == 6
    found = {frozenset(word for word, _ in words) for words in model.get_topics(5).values()}
    assert found == {frozenset(theme.split()) for theme in THEMES}
    assert model.statistics_.n_documents.sum() == 6
    model.partial_fit([book.replace("n", "") for book in books])
    assert model.n_documents_ == 12
    with pytest.raises(UsageError, match="split: expected none with embeddings"):
        small(recipe="contextual", preprocessing=settings).fit(books, embeddings=np.zeros((6, 2), np.float32))


def test_too_few_documents_are_told_of_passages():
    with pytest.raises(NeuralTopicError, match=r"split long ones \(split=paragraphs\)"):
        small().fit(sentences()[:2])


def test_lists_of_words_are_the_documents():
    documents = [[word.replace("rocket", "moon_rocket") for word in text.split()] for text in sentences()]
    model = small().fit(documents)
    assert "moon_rocket" in model.vocabulary_
    assert "n0" in model.vocabulary_  # taken as it is
    assert model.transform([["moon_rocket", "orbit"]]).shape == (1, 3)
    np.testing.assert_array_equal(model.transform(["moon_rocket orbit"]), model.transform([["moon_rocket", "orbit"]]))
    with pytest.raises(
        UsageError, match="phrases: expected no value, as it applies only to texts that are not tokenised"
    ):
        small(preprocessing=Preprocessing(phrases=True)).fit(documents)


def test_a_data_frame_and_its_index():
    frame = pd.DataFrame({"review": sentences(), "stars": range(60)}, index=[f"r{n}" for n in range(60)])
    model = small().fit(frame, text="review")
    info = model.get_document_info()
    assert info.index.equals(frame.index)
    assert info["stars"].tolist() == list(range(60))
    np.testing.assert_array_equal(frame.assign(topic=info["topic"])["topic"], model.topics_)
    np.testing.assert_array_equal(model.transform(frame, text="review"), model.transform(frame["review"]))
    assert model.predict(frame[:3], text="review").shape == (3,)
    assert small().fit(frame["review"]).get_document_info().index.equals(frame.index)
    with pytest.raises(UsageError, match="text: expected no value, as the columns of a Corpus"):
        small().fit(open_corpus(sentences()), text="review")


def test_a_table_with_a_column_of_another_name_by_its_path(tmp_path):
    path = tmp_path / "reviews.csv"
    pd.DataFrame({"title": ["x y"] * 60, "review": sentences()}).to_csv(path, index=False)
    assert small().fit_transform(path, text="review").shape == (60, 3)


def test_settings_of_preprocessing_are_parameters_of_a_grid():
    search = GridSearchCV(small(), {"preprocessing__min_df": [1, 2], "n_components": [2]}, cv=2, error_score="raise")
    search.fit(sentences())
    assert search.best_params_["preprocessing__min_df"] in (1, 2)
    model = small().set_params(preprocessing__min_df=4, n_components=5)
    assert (model.preprocessing.min_df, model.preprocessing.max_df, model.n_components) == (4, 1.0, 5)
    assert model.get_params()["preprocessing__min_df"] == 4
    assert "preprocessing__min_df" not in model.get_params(deep=False)
    with pytest.raises(ValueError, match="a setting 'min_dff'"):
        model.set_params(preprocessing__min_dff=4)


def test_an_update_with_the_documents_of_the_fit_is_noted_and_its_words_are_known():
    settings = Preprocessing(language="en", min_df=3, max_df=1.0)
    texts = [f"{text} {'abcdefghij'[n % 10]}rare{n // 10 * 'x'}" for n, text in enumerate(sentences())]
    model = small(preprocessing=settings).fit(texts)
    with pytest.warns(NeuralTopicWarning, match="these are the documents of the fit or of an earlier update"):
        model.partial_fit(texts)
    assert model.unknown_share_ == 0.0
    model.partial_fit([f"{text} newcomer" for text in sentences()])
    assert 0.05 < model.unknown_share_ < 0.2
