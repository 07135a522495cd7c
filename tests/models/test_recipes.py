"""Every recipe, on a corpus of three themes that share no word: it finds them, saves, loads and repeats itself."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax

from neuraltopic import DocumentVAE, Preprocessing, TopicModel
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.models.recipes import DEFAULT_RECIPE, RECIPES, find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.documents.document_assignment import DocumentAssignment
from neuraltopic.topics.documents.document_metric import energy_covariance
from neuraltopic.topics.interpretation import TopicWords
from neuraltopic.topics.words.ranking import top_words

pytestmark = pytest.mark.slow

THEMES = (
    "rocket orbit moon launch shuttle satellite planet comet",
    "goal match team league striker referee stadium penalty",
    "bread flour oven butter yeast dough sugar recipe",
)
# Those that take embeddings are in test_contextual.py.
COUNTS_ALONE = [name for name, recipe in RECIPES.items() if not recipe.takes("embeddings")]
SIMPLEX = [name for name in COUNTS_ALONE if RECIPES[name].interpretation.needs_explained]


def texts(n=240):
    random = np.random.default_rng(0)
    words = [theme.split() for theme in THEMES]
    return [" ".join([*random.choice(words[d % 3], 12), *random.choice(["report", "letter"], 2)]) for d in range(n)]


@pytest.fixture(scope="module", params=COUNTS_ALONE)
def model(request):
    settings = Preprocessing(min_df=2, max_df=1.0)
    parameters = {"preprocessing": settings, "max_epochs": 60, "random_state": 0, "device": "cpu"}
    return TopicModel(3, recipe=request.param, **parameters).fit(texts())


def test_each_theme_is_a_topic_and_each_document_in_that_of_its_theme(model):
    if model.recipe not in SIMPLEX:
        pytest.skip("three themes that exclude one another differ along two axes of a Gaussian, or by two units")
    of_theme = [model.topics_[d::3] for d in range(3)]
    topics = [np.bincount(topic, minlength=3).argmax() for topic in of_theme]
    assert sorted(topics) == [0, 1, 2]
    assert min((topic == own).mean() for topic, own in zip(of_theme, topics, strict=True)) > 0.9
    for theme, topic in zip(THEMES, topics, strict=True):
        assert {word for word, _ in model.get_topic(topic, 6)} <= set(theme.split())


def test_a_saved_model_gives_the_same_results(model, tmp_path):
    model.save(tmp_path / "model")
    loaded = TopicModel.load(tmp_path / "model", device="cpu")
    some = [*texts(9), "xylophone", ""]
    np.testing.assert_array_equal(loaded.transform(some), model.transform(some))
    vectors = model.transform(some)
    np.testing.assert_array_equal(loaded.topic_weights(vectors), model.topic_weights(vectors))
    np.testing.assert_array_equal(loaded.predict(some), model.predict(some))
    assert loaded.get_topics() == model.get_topics()
    np.testing.assert_array_equal(loaded.get_topic_words()["frex"], model.get_topic_words()["frex"])


def test_a_document_alone_is_what_it_is_among_others(model):
    some = [*texts(12), ""]
    alone = np.concatenate([model.transform([text]) for text in some])
    # 16 epsilons of float32, for vectors of order 1 and the two or three layers of an encoder.
    np.testing.assert_allclose(alone, model.transform(some), rtol=0, atol=2e-6)


def test_a_row_of_which_nothing_is_known_has_the_vector_of_an_empty_document(model):
    vectors = model.transform(["", "xylophone", None, "rocket orbit"])
    np.testing.assert_array_equal(vectors[:3], np.tile(model.document_vae_.empty_document_vector(), (3, 1)))
    if model.recipe in SIMPLEX:
        np.testing.assert_allclose(model.topic_weights(vectors[:3]), 1 / 3, rtol=1e-5)
    else:
        of_empty = RECIPES[model.recipe].interpretation.empty_document(3)
        np.testing.assert_array_equal(model.document_vae_.latents(vectors[:3]), np.tile(of_empty, (3, 1)))
    assert np.abs(vectors[3] - vectors[0]).max() > 0.05


def test_bounds_order_and_beat_the_unigram(model):
    """The importance-weighted bound is the tighter, and both know more than the frequencies of the words."""
    some = texts(60)
    counts = model.prepare(some).counts
    bound = model.document_vae_.bound(counts, n_samples=100).mean()
    tighter = model.document_vae_.bound(counts, n_samples=100, importance_weighted=True).mean()
    totals = counts.word_totals()
    unigram = float(totals @ np.log(totals / totals.sum())) / len(some)
    assert unigram < bound < tighter + 0.5


def test_same_seed_same_bits(model):
    counts = model.prepare(texts()).counts
    again = DocumentVAE(3, recipe=model.recipe, max_epochs=2, random_state=1, device="cpu")
    first, second = (again.fit_transform(counts) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", SIMPLEX)
def test_weights_and_shares_are_read_off_what_the_decoder_saw_and_sum_to_one(name):
    """z is read off the vectors, in whatever metric these are."""
    counts = np.random.default_rng(0).poisson(0.5, (60, 20))
    vae = DocumentVAE(4, recipe=name, max_epochs=2, random_state=0)
    vectors = vae.fit_transform(counts)
    weights = vae.document_weights(vectors)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(1), 1.0, rtol=1e-5)
    mean, _ = vae.posterior(counts)
    latents = vae.vae_.latent.transform(torch.from_numpy(mean)).detach().numpy()
    np.testing.assert_allclose(vae.latents(vectors), latents, atol=1e-6)
    interpretation = RECIPES[name].interpretation
    topics = TopicWords(vae.components_, vae.bias_, covariance=energy_covariance(vae.components_, vae.bias_))
    np.testing.assert_allclose(interpretation.shares(latents, topics).mean(0), vae.share_, rtol=1e-4)
    np.testing.assert_allclose(weights, interpretation.shares(latents, topics), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_interpretations_that_rank_by_what_topics_explain_have_a_responsibility_prior(name):
    interpretation, z = RECIPES[name].interpretation, np.full((2, 3), 1 / 3)
    assert (interpretation.responsibility_prior(z, z, np.ones(len(z))) is not None) == interpretation.needs_explained


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_nothing_is_read_at_the_power_that_the_decoder_sees(name):
    """z of even shares."""
    recipe = RECIPES[name]
    vae = recipe.compose(7, 3, 5)
    assert getattr(recipe.interpretation, "power", 1.0) == getattr(vae.latent, "power", 1.0)
    if isinstance(vae.latent, LogisticNormal):
        np.testing.assert_allclose(
            recipe.interpretation.empty_document(3), vae.latent.transform(torch.zeros(3)), rtol=1e-5
        )


def test_the_default_lists_documents_by_shares_and_words_and_the_others_by_shares():
    counts = np.random.default_rng(0).poisson(0.5, (60, 20))
    counts[7] = 0
    for name in (DEFAULT_RECIPE, "prodlda"):
        vae = DocumentVAE(4, recipe=name, max_epochs=2, random_state=0)
        vectors = vae.fit_transform(counts)
        shares = vae.document_weights(vectors)
        expected = shares.argmax(1)
        if name == DEFAULT_RECIPE:
            whole = Counts.from_scipy(counts)
            assignment = DocumentAssignment.of(shares, whole, 0.25)
            np.testing.assert_allclose(vae.assignment_.words, assignment.words, rtol=1e-3, atol=1e-3)
            expected = assignment.topics(shares, whole, 0.25)
            assert expected[7] == assignment.documents.argmax()
        assert vae.predict(counts).tolist() == vae.topics_of(counts, vectors).tolist() == expected.tolist()
        with pytest.raises(NeuralTopicError, match=r"vectors: expected one for each of the 60 documents; got 59\."):
            vae.topics_of(counts, vectors[1:])


def test_latents_are_read_off_lists_and_tables_and_not_off_what_no_transform_gave():
    counts = np.random.default_rng(0).poisson(0.5, (60, 20))
    vae = DocumentVAE(4, max_epochs=2, random_state=0).fit(counts)
    vectors = vae.transform(counts)
    expected = vae.document_weights(vectors)
    for given in (vectors.tolist(), pd.DataFrame(vectors)):
        np.testing.assert_allclose(vae.document_weights(given), expected, rtol=1e-5)
    for wrong in (vectors[0], vectors[:, :3], vectors[None]):
        with pytest.raises(
            NeuralTopicError, match=r"vectors: expected one row per document, of 4 numbers; got an array of"
        ):
            vae.latents(wrong)
    with pytest.raises(NeuralTopicError, match=r"vectors: expected finite numbers; got nan in row 7\."):
        vae.document_weights(np.where(np.arange(60)[:, None] == 7, np.nan, vectors))


def test_typical_documents_of_the_default_are_those_of_most_of_the_topic():
    settings = Preprocessing(min_df=2, max_df=1.0)
    model = TopicModel(3, preprocessing=settings, random_state=0, max_epochs=2).fit(texts(60))
    kept = model.ledger_["id"][model.ledger_["status"] == "kept"].to_numpy()
    latents = model.document_vae_.latents(model.vectors_)
    for topic in range(3):
        expected = kept[np.argsort(-latents[:, topic], kind="stable")].tolist()
        assert model.get_representative_docs(topic, n=9) == expected[:9]
        assert model.statistics_.typical[topic] == tuple(expected[:5])


def test_vectors_of_the_default_are_as_far_apart_as_their_words_are_expected_differently():
    """Where energies are close, without what all topics have, so are the vectors, beside the distance of z itself."""
    counts = np.random.default_rng(0).poisson(0.5, (60, 20))
    vae = DocumentVAE(4, max_epochs=2, random_state=0)
    v = vae.fit_transform(counts).astype(np.float64)
    z = vae.latents(v)
    unigram = softmax(vae.bias_.astype(np.float64))
    own = vae.components_ - vae.components_.mean(0)
    centred = own - (own @ unigram)[:, None]
    unit = (unigram * centred**2).sum(1).mean()
    expected = np.square(z[0] - z[1]).sum() + (unigram * ((z[0] - z[1]) @ centred) ** 2).sum() / unit
    assert np.square(v[0] - v[1]).sum() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", SIMPLEX)
def test_what_topics_explain_adds_up_to_the_documents_with_the_word(name):
    counts = np.random.default_rng(0).poisson(0.5, (60, 20))
    vae = DocumentVAE(4, recipe=name, max_epochs=2, random_state=0).fit(counts)
    np.testing.assert_allclose(vae.explained_.sum(0), (counts > 0).sum(0), rtol=1e-5)
    assert top_words(vae.word_weights(counts.sum(0)), 5).shape == (4, 5)


def test_an_unknown_recipe_is_refused_with_those_there_are():
    with pytest.raises(
        UsageError, match="nvdm, semi_amortised_prodlda, contextual, zeroshot, prodlda, nvlda, gsm, etm"
    ):
        find_recipe("lda")


def test_a_recipe_is_found_by_its_former_name():
    assert find_recipe("refined_prodlda") is RECIPES["semi_amortised_prodlda"]


def test_a_search_by_cosines_ranks_an_empty_document_last(model):
    documents = texts(12)
    vectors = model.transform([*documents, ""]).astype(np.float64)
    nothing, others = vectors[-1], vectors[:-1]
    assert np.linalg.norm(nothing) < 2e-6
    np.testing.assert_array_less(np.abs(others @ nothing), 1e-5)
    if model.recipe in SIMPLEX:
        lengths = np.linalg.norm(others, axis=1)
        unrelated = (others @ others.T / np.outer(lengths, lengths)).min(1)
        to_nothing = others @ nothing / (lengths * np.linalg.norm(nothing))
        assert to_nothing.max() < min(0.0, unrelated.min())


def test_the_shapes_of_the_default_need_no_compiler():
    """Loading a model composes its network on the meta device, where a logarithm imports torch's compiler: a second of
    each search."""
    code = "find_recipe(DEFAULT_RECIPE).compose(9, 3, None); assert 'torch._dynamo' not in sys.modules"
    imports = "import sys, torch; from neuraltopic.models.recipes import DEFAULT_RECIPE, find_recipe"
    subprocess.run([sys.executable, "-c", f"{imports}; torch.set_default_device('meta'); {code}"], check=True)
