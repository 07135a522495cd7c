"""BERTopic and FASTopic themselves, on three themes; skipped where neuraltopic[peers] is not installed."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import sparse

from neuraltopic.compare.figures import top_topic_words
from neuraltopic.compare.models.baselines import BASELINES
from neuraltopic.errors import NeuralTopicError
from tests.tiny_corpus import THEMES

NAMES = ("bertopic", "fastopic")


def made(name, n_components=3, seed=0):
    # Not in the constructor, that what the packages say of one another as they are imported is no error.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip(name, reason=f"{name} is not installed: pip install 'neuraltopic[peers]'")
    return BASELINES[name](n_components, seed)


def fit(model, data):
    model.fit(data.train, data.words, data.train_embeddings)
    return model


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(name, embedded, one_thread):
    return fit(made(name), embedded)


@pytest.mark.slow
def test_it_finds_the_themes(fitted, embedded):
    themes = {frozenset(theme.split()) for theme in THEMES}
    assert {frozenset(embedded.words[word] for word in row[:5]) for row in top_topic_words(fitted)} == themes
    assert fitted.topic_probabilities().shape == (3, 15)
    assert fitted.topic_probabilities().sum(1) == pytest.approx(np.ones(3), abs=1e-6)
    topics = fitted.vectors(embedded.test, embedded.test_embeddings).argmax(1).tolist()
    assert len(set(zip(topics, embedded.test_labels, strict=True))) == 3


@pytest.mark.slow
def test_the_seed_is_all_that_is_drawn_from(fitted, name, embedded, tmp_path):
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    np.save(tmp_path / "train.npy", embedded.train_embeddings)
    mapped = replace(embedded, train_embeddings=np.load(tmp_path / "train.npy", mmap_mode="r"))  # as a job has them
    again = fit(made(name), mapped)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    assert np.array_equal(again.word_scores(), fitted.word_scores())
    one, other = (model.vectors(embedded.test, embedded.test_embeddings) for model in (again, fitted))
    assert np.array_equal(one, other)


@pytest.mark.slow
def test_c_tf_idf_is_that_of_our_counts(embedded, one_thread):
    model = fit(made("bertopic"), embedded)
    topics = np.asarray(model._model.topics_)
    dense = embedded.train.to_scipy().toarray()
    counts = np.stack([dense[topics == topic].sum(0) for topic in range(3)])  # (K, V)
    weights = np.log1p(int(counts.sum(1).mean()) / counts.sum(0))
    assert model.word_scores() == pytest.approx(counts / counts.sum(1, keepdims=True) * weights, rel=1e-6)
    assert model.notes == ["3 topics", "0% of the training documents in none of them"]


@pytest.mark.slow
def test_outliers_are_no_topic(embedded):
    model = made("bertopic")
    rows = sparse.csr_matrix(np.array([[9.0, 9.0], [1.0, 3.0], [0.0, 0.0]]))

    def stub(topics):
        return lambda **options: SimpleNamespace(
            fit=lambda texts, embeddings: None, topics_=topics, c_tf_idf_=rows[: len(set(topics))]
        )

    model._class = stub([-1, 0, 1, 0])
    fit(model, embedded)
    assert model.topic_probabilities().tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert model.notes == ["2 topics", "25% of the training documents in none of them"]
    model._class = stub([-1, -1])
    with pytest.raises(NeuralTopicError, match="bertopic: expected a cluster of documents; got outliers alone"):
        fit(model, embedded)


def test_no_model_of_language_is_loaded(name):
    model = made(name)
    assert model.reads_embeddings
    assert set(model.packages) >= {name}
