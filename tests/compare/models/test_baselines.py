"""Each baseline of counts against the mixture it claims to be, on counts of three themes."""

import numpy as np
import pytest

from neuraltopic.compare.figures import top_topic_words
from neuraltopic.compare.models import baselines, mixture_baseline
from neuraltopic.compare.models.baselines import BASELINES, require_installed
from neuraltopic.compare.models.count_baselines import NMF
from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.counts import Counts
from tests.tiny_corpus import THEMES

# What the compiled part of tomotopy says as it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
INSTALLED = ["gensim-lda", "sklearn-lda", "nmf", *(["tomotopy"] if baselines.find_spec("tomotopy") else [])]


class Fixed(mixture_baseline.Mixture):
    """Two topics of three words."""

    def topic_probabilities(self):
        return np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])

    def fit(self, counts, words):
        pass

    def vectors(self, counts):
        return np.zeros((len(counts), 2))


def test_the_likelihood_of_a_mixture_by_hand(monkeypatch):
    monkeypatch.setattr(mixture_baseline, "_TILE", 3)  # a document at a time
    counts = Counts.from_scipy(np.array([[1, 2, 0], [0, 0, 4], [0, 0, 0]]))
    found = Fixed(2, 0).log_likelihood(np.array([[3.0, 1.0], [0.0, 0.0], [1.0, 0.0]]), counts)
    first = np.log(0.375) + 2 * np.log(0.75 * 0.5 + 0.25 * 0.25)
    assert found == pytest.approx([first, 4 * np.log(0.375), 0.0], rel=1e-12)


def test_a_word_of_no_probability_costs_the_least_one():
    counts = Counts.from_scipy(np.array([[0, 0, 1]]))
    assert Fixed(2, 0).log_likelihood(np.array([[1.0, 0.0]]), counts) == pytest.approx([np.log(1e-12)])


@pytest.fixture(scope="module")
def fitted(data):
    models = {}
    for name in INSTALLED:
        models[name] = BASELINES[name](3, 0)
        models[name].fit(data.train, data.words)
    return models


@pytest.mark.parametrize("name", INSTALLED)
def test_a_baseline_finds_the_themes(fitted, data, name):
    model = fitted[name]
    assert model.topic_probabilities().shape == (3, 15)
    assert model.topic_probabilities().sum(1) == pytest.approx(np.ones(3), abs=1e-5)
    vectors = model.vectors(data.test)
    assert vectors.shape == (12, 3)
    # Five words of a theme each: the first five of a topic are one theme, if the fit found it.
    themes = {frozenset(theme.split()) for theme in THEMES}
    found = {frozenset(data.words[word] for word in row[:5]) for row in top_topic_words(model)}
    assert len(found & themes) >= 1 if name == "gensim-lda" else found == themes
    if name != "nmf":
        assert vectors.sum(1) == pytest.approx(np.ones(12), abs=1e-5)
    log_likelihood = model.log_likelihood(vectors, data.test)
    assert np.exp(-log_likelihood.sum() / data.test.totals().sum()) < 15.0


@pytest.mark.parametrize("name", INSTALLED)
def test_vectors_do_not_depend_on_when_they_are_asked_for(fitted, data, name):
    if name == "tomotopy":
        pytest.skip("its sampler goes on from where it was")
    assert np.array_equal(fitted[name].vectors(data.test), fitted[name].vectors(data.test))


def test_nmf_is_its_reconstruction(fitted, data):
    model = fitted["nmf"]
    assert isinstance(model, NMF)
    vectors = model.vectors(data.test)
    product = vectors @ model.word_scores()
    p = product / product.sum(1, keepdims=True)
    expected = (data.test.to_scipy().toarray() * np.log(np.maximum(p, 1e-12))).sum(1)
    assert model.log_likelihood(vectors, data.test) == pytest.approx(expected, rel=1e-9)


def test_tomotopy_and_words_it_has_not_seen(data):
    pytest.importorskip("tomotopy")
    counts = Counts.from_scipy(np.array([[3, 1, 0], [1, 2, 0], [2, 2, 0]]))
    model = BASELINES["tomotopy"](2, 0)
    model.fit(counts, ["moon", "goal", "bread"])
    assert model.topic_probabilities()[:, 2].tolist() == [0.0, 0.0]
    prior = np.asarray(model._model.alpha, np.float64)
    assert model.vectors(Counts.from_scipy(np.array([[0, 0, 5]])))[0] == pytest.approx(prior / prior.sum())
    assert model.vectors(counts).sum(1) == pytest.approx(np.ones(3))


def test_a_package_that_is_missing(monkeypatch):
    monkeypatch.setattr(baselines, "find_spec", lambda name: None)
    require_installed("nmf")
    with pytest.raises(
        NeuralTopicError, match=r"model tomotopy: expected the package tomotopy; .*neuraltopic\[compare\]"
    ):
        require_installed("tomotopy")
