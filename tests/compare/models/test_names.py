import numpy as np
import pytest
from scipy.special import log_softmax

from neuraltopic.compare.models import names as models
from neuraltopic.compare.models.names import build_model, check_models, check_recipe, known_models
from neuraltopic.compare.models.recipe_model import RecipeModel
from neuraltopic.errors import UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.models.recipes import RECIPES


def test_every_recipe_can_be_compared():
    assert set(RECIPES) < set(known_models())
    assert check_models(("default", "lda", "nmf"), embedded=False) == ("default", "gensim-lda", "nmf")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("ldaa",), "got 'ldaa'"),
        ((), "got none"),
        (("lda", "nmf", "gensim-lda"), "got gensim-lda twice"),
    ],
)
def test_names_that_are_wrong(names, said):
    with pytest.raises(UsageError, match=said):
        check_models(names, embedded=False)


def test_a_baseline_is_asked_for_its_package(monkeypatch):
    asked = []
    monkeypatch.setattr(models, "require_installed", asked.append)
    check_models(("tomotopy", "default"), embedded=False)
    assert asked == ["tomotopy"]


def test_what_reads_embeddings_is_refused_without(monkeypatch):
    monkeypatch.setattr(models, "require_installed", lambda name: None)
    for name in ("bertopic", "fastopic", "contextual", "zeroshot"):
        assert check_models((name,), embedded=True) == (name,)
        with pytest.raises(UsageError, match=f"model {name}: expected embeddings of the documents; got none"):
            check_models((name,), embedded=False)


def test_recipes_of_a_sweep():
    check_recipe("default", embedded=False)
    check_recipe(next(iter(RECIPES)), embedded=True)
    check_recipe("contextual", embedded=True)
    with pytest.raises(UsageError, match="model contextual: expected embeddings of the documents"):
        check_recipe("contextual", embedded=False)
    with pytest.raises(UsageError, match="recipe: expected one of"):
        check_recipe("lda", embedded=True)


@pytest.fixture(scope="module")
def nvdm(data, one_thread):
    model = RecipeModel("nvdm", 3, 0)
    model._vae.set_params(max_epochs=2)
    model.fit(data.train, data.words)
    return model


def test_the_default_is_that_of_a_topic_model():
    assert build_model("default", 3, 5).settings["recipe"] == TopicModel().recipe
    assert build_model("nvdm", 3, 5).settings["random_state"] == 5
    assert build_model("nmf", 3, 5).settings["class"] == "sklearn.decomposition.NMF"


def test_a_recipe_scores_words_by_its_decoder(nvdm, data):
    vectors = nvdm.vectors(data.test)
    log_p = log_softmax(vectors.astype(np.float64) @ nvdm._vae.components_ + nvdm._vae.bias_, axis=1)
    expected = (data.test.to_scipy().toarray() * log_p).sum(1)
    assert nvdm.log_likelihood(vectors, data.test) == pytest.approx(expected, rel=1e-4)
    assert nvdm.bound(data.test) == pytest.approx(nvdm._vae.bound(data.test))
    assert nvdm.word_scores().shape == (3, 15)
    assert nvdm.topics_of(vectors, data.test).tolist() == nvdm._vae.predict(data.test).tolist()


def test_a_recipe_that_takes_embeddings_is_given_them(data, one_thread):
    random = np.random.default_rng(0)
    train, new = (random.standard_normal((len(counts), 4)) for counts in (data.train, data.test))
    model = RecipeModel("contextual", 3, 0)
    assert model.reads_embeddings
    model._vae.set_params(max_epochs=2)
    model.fit(data.train, data.words, train)
    vectors = model.vectors(data.test, new)
    np.testing.assert_array_equal(vectors, model._vae.transform(data.test, embeddings=new))
    np.testing.assert_array_equal(model.bound(data.test, new), model._vae.bound(data.test, embeddings=new))
    # A recipe of counts alone leaves them be.
    alone = RecipeModel("nvdm", 3, 0)
    alone._vae.set_params(max_epochs=1)
    alone.fit(data.train, data.words, train)
    assert not alone.reads_embeddings
    np.testing.assert_array_equal(alone.vectors(data.test, new), alone.vectors(data.test))
