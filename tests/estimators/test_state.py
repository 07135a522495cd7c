"""What every estimator answers to when it is saved and loaded."""

import json
import warnings

import numpy as np
import pytest

from neuraltopic import Autoencoder, DocumentVAE, ImageVAE, NeuralTopicError, TopicModel, UsageError
from neuraltopic.errors import NeuralTopicWarning
from tests.tiny_corpus import sentences

SHORT = {"max_epochs": 2, "random_state": 3, "device": "cpu"}
COUNTS = np.random.default_rng(0).integers(0, 3, (40, 8)).astype(np.float32)
EMBEDDINGS = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)
VECTORS = np.random.default_rng(2).normal(size=(8, 4)).astype(np.float32)
VECTORS[3] = np.nan
IMAGES = np.random.default_rng(4).random((30, 4, 4)).astype(np.float32)


def seeded():
    return DocumentVAE(3, seed_words={1: [2, 5]}, **SHORT).fit(COUNTS)


def of_given_vectors():
    return DocumentVAE(3, recipe="etm", word_vectors=VECTORS, **SHORT).fit(COUNTS)


# The fitted estimator, and what it says.
ESTIMATORS = {
    "topic_model": (lambda: TopicModel(3, **SHORT).fit(sentences()), lambda model: model.transform(sentences(7))),
    "document_vae": (seeded, lambda model: model.transform(COUNTS)),
    "document_vae_of_axes": (
        lambda: DocumentVAE(2, recipe="nvdm", **SHORT).fit(COUNTS),
        lambda model: model.transform(COUNTS),
    ),
    "document_vae_of_vectors": (of_given_vectors, lambda model: model.transform(COUNTS)),
    "document_vae_of_embeddings": (
        lambda: DocumentVAE(3, recipe="contextual", **SHORT).fit(COUNTS, embeddings=EMBEDDINGS),
        lambda model: model.transform(COUNTS, embeddings=EMBEDDINGS),
    ),
    "image_vae": (
        lambda: ImageVAE(2, hidden=(5,), batch_size=10, **SHORT).fit(IMAGES),
        lambda model: model.transform(IMAGES),
    ),
    "autoencoder": (
        lambda: Autoencoder(2, hidden=[5], corruption="masking", pretrain_epochs=1, **SHORT).fit(COUNTS),
        lambda model: model.inverse_transform(model.transform(COUNTS)),
    ),
}


@pytest.fixture(scope="module", params=ESTIMATORS)
def fitted(request, tmp_path_factory):
    """The estimator, what it is asked, and where it is saved."""
    fit, ask = ESTIMATORS[request.param]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeuralTopicWarning)  # a word without a vector
        model = fit()
    folder = tmp_path_factory.mktemp(request.param) / "model"
    model.save(folder)
    return model, ask, folder


def test_a_loaded_estimator_gives_the_same_bits(fitted):
    model, ask, folder = fitted
    loaded = type(model).load(folder, device="cpu")
    np.testing.assert_array_equal(ask(loaded), ask(model))
    assert type(loaded) is type(model)
    assert loaded.get_params().keys() == model.get_params().keys()


def test_a_loaded_estimator_has_what_the_fitted_one_has(fitted):
    """But for what is of single documents, or of the fit alone."""
    model, _, folder = fitted
    loaded = type(model).load(folder, device="cpu")
    learned = {name for name in vars(model) if name.endswith("_")}
    assert learned - set(vars(loaded)) <= {"ledger_", "vectors_", "topics_", "losses_"}
    for name in sorted(learned & set(vars(loaded))):
        found, expected = getattr(loaded, name), getattr(model, name)
        if isinstance(expected, np.ndarray | int | str | list | type(None)):
            np.testing.assert_equal(found, expected)


def test_a_loaded_estimator_is_saved_unchanged(fitted, tmp_path):
    model, _, folder = fitted
    type(model).load(folder, device="cpu").save(tmp_path / "again")
    for file in folder.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_an_earlier_model_is_replaced_by_force_alone(fitted, tmp_path):
    model, _, _ = fitted
    model.save(tmp_path / "model")
    with pytest.raises(UsageError):
        model.save(tmp_path / "model")
    model.save(tmp_path / "model", force=True)
    (tmp_path / "model" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"mine\.txt"):
        model.save(tmp_path / "model", force=True)


def test_an_estimator_is_not_read_from_the_folder_of_another(fitted):
    model, _, folder = fitted
    for other in (TopicModel, DocumentVAE, ImageVAE, Autoencoder):
        if type(model) is not other:
            with pytest.raises(NeuralTopicError):
                other.load(folder, device="cpu")


@pytest.mark.parametrize("member", ["parameters", "history"])
def test_a_config_without_a_member_is_refused(fitted, tmp_path, member, monkeypatch):
    model, _, _ = fitted
    state = model.to_state()
    del state.objects["config.json"][member]
    monkeypatch.setattr(model, "to_state", lambda: state)
    model.save(tmp_path / "model")
    with pytest.raises(NeuralTopicError, match=r"config\.json"):
        type(model).load(tmp_path / "model", device="cpu")


@pytest.mark.parametrize(
    ("make", "member", "value"),
    [
        (seeded, "share", [0.5, -0.1, 0.6]),
        (seeded, "share", [0.5]),
        (seeded, "n_updates", -1),
        (seeded, "n_documents", 0),
        (ESTIMATORS["autoencoder"][0], "n_features", 0),
        (ESTIMATORS["autoencoder"][0], "n_features", 10**7),
        (ESTIMATORS["autoencoder"][0], "history", [{"epoch": 1}]),
        (ESTIMATORS["autoencoder"][0], "history", [{"stage": "end to end", "epoch": "one"}]),
    ],
)
def test_a_config_of_other_values_is_refused(make, member, value, tmp_path):
    model = make()
    state = model.to_state()
    state.objects["config.json"][member] = value
    model.to_state = lambda: state
    model.save(tmp_path / "model")
    assert json.loads((tmp_path / "model" / "config.json").read_text())[member] == value
    with pytest.raises(NeuralTopicError):
        type(model).load(tmp_path / "model", device="cpu")
