"""TopicModel.partial_fit: the vocabulary stays, what it does not know is told, and a saved model goes on alike."""

import shutil
import warnings

import numpy as np
import pytest

from neuraltopic import Preprocessing, TopicModel
from neuraltopic.core.training import Trainer
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.storage.manifest import write_manifest
from neuraltopic.storage.strict_json import read_json, write_json
from tests.golden.make import HERE
from tests.tiny_corpus import sentences

pytestmark = pytest.mark.usefixtures("one_thread")

FIRST, LATER = sentences(90)[:60], sentences(90)[60:]


def small(**parameters):
    chosen = {"max_epochs": 20, "random_state": 0, "preprocessing": Preprocessing(min_df=2), "device": "cpu"}
    return TopicModel(3, **chosen | parameters)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted") / "model"
    small().fit(FIRST).save(folder)
    return folder


def fitted(folder):
    return TopicModel.load(folder, device="cpu")


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_chunks_give_the_same_bits_with_and_without_a_save_in_between(folder, tmp_path):
    model = small().partial_fit(FIRST)
    model.save(tmp_path / "0")
    assert content(tmp_path / "0") == content(folder)
    loaded = fitted(folder)
    for number, chunk in enumerate((LATER[:10], LATER[10:]), start=1):
        model.partial_fit(chunk)
        loaded.partial_fit(chunk)
        for updated, name in ((model, f"{number} in one go"), (loaded, f"{number} loaded")):
            updated.save(tmp_path / name)
        assert content(tmp_path / f"{number} in one go") == content(tmp_path / f"{number} loaded")
        loaded = fitted(tmp_path / f"{number} loaded")
    assert loaded.document_vae_.n_updates_ == 2
    assert [update["n_documents"] for update in loaded.updates_] == [10, 20]
    assert loaded.n_documents_ == loaded.document_vae_.n_documents_ == 90


def test_vocabulary_counts_and_statistics_are_of_all_documents(folder):
    model = fitted(folder).partial_fit(LATER)
    whole = small(max_epochs=1).fit([*FIRST, *LATER])
    assert sorted(model.vocabulary_) == sorted(whole.vocabulary_)
    order = [whole.vocabulary_.index(word) for word in model.vocabulary_]
    assert model.preprocessor_.vocabulary.cf.tolist() == whole.preprocessor_.vocabulary.cf[order].tolist()
    assert model.preprocessor_.vocabulary.df.tolist() == whole.preprocessor_.vocabulary.df[order].tolist()
    assert model.preprocessor_.state()["n_documents"] == 90
    info = model.get_topic_info()
    assert info["n_documents"].sum() == 90
    np.testing.assert_allclose(info["share"], model.document_vae_.share_)
    np.testing.assert_allclose(info["information"], model.document_vae_.information_)


def test_topics_keep_their_numbers_and_documents_are_the_new_ones(folder):
    model = fitted(folder)
    before = {topic: {word for word, _ in words} for topic, words in model.get_topics(5).items()}
    model.partial_fit(LATER[::3])  # one theme
    assert {topic: {word for word, _ in words} for topic, words in model.get_topics(5).items()} == before
    assert len(model.get_document_info()) == len(model.vectors_) == 10
    np.testing.assert_allclose(model.transform(LATER[::3]), model.vectors_, rtol=1e-4, atol=1e-5)


def test_what_the_vocabulary_does_not_know_is_counted_by_hand(folder):
    model = fitted(folder)
    # Stop words and numbers are no words; the fourth text repeats the first, the fifth has nothing known.
    texts = ["the rocket and the orbit 5", "rocket xylophone", "", "the rocket and the orbit 5", "zither"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NeuralTopicWarning, match=r"40% of the words of the new documents .*; fit again"):
            model.partial_fit(texts)
    assert model.unknown_share_ == pytest.approx(2 / 5)  # of rocket, orbit, rocket, xylophone, zither
    assert model.ledger_["status"].tolist() == ["kept", "kept", "empty", "duplicate", "no word of the vocabulary"]
    assert len(model.vectors_) == 2
    assert model.updates_[-1]["n_documents"] == 3  # with the repeated one
    fitted(folder).partial_fit([*texts, "goal match team"])  # a quarter


def test_parameters_set_after_the_fit_count(folder):
    model = fitted(folder).set_params(max_epochs=2, random_state=5).partial_fit(LATER)
    assert model.document_vae_.n_iter_ == 2
    assert model.document_vae_.seed_ == 5


def test_what_no_update_can_use_is_refused_and_leaves_the_model(folder):
    model = fitted(folder)
    before = model.components_.tobytes()
    for change, said in (
        ({"recipe": "nvdm"}, "recipe: expected semi_amortised_prodlda, as in the fit"),
        ({"n_components": 4}, "expected 3"),
    ):
        with pytest.raises(UsageError, match=said):
            fitted(folder).set_params(**change).partial_fit(LATER)
    with pytest.raises(NeuralTopicError, match="expected at least one with a word of the model; got none"):
        model.partial_fit(["zither", "xylophone"])
    assert model.components_.tobytes() == before
    assert model.n_documents_ == 60


def test_a_model_of_before_there_were_updates_loads_and_says_why_it_cannot_go_on():
    model = TopicModel.load(HERE / "model-v1", device="cpu")
    assert model.updates_ == []
    with pytest.raises(NeuralTopicError, match=r"earlier version of neuraltopic.* Fit it again"):
        model.partial_fit(["rocket orbit"])


@pytest.mark.parametrize(
    "updates",
    [
        [{"corpus_sha256": "", "n_documents": 0}],
        [{"corpus_sha256": "", "n_documents": 60}],
        [{"corpus_sha256": ""}],
        ["an update"],
        {},
    ],
)
def test_updates_that_cannot_be_are_refused(folder, tmp_path, updates):
    copied = shutil.copytree(folder, tmp_path / "model")
    config = read_json(copied / "config.json", 1 << 20)
    write_json(copied / "config.json", config | {"updates": updates})
    manifest = read_json(copied / "manifest.json", 1 << 20)
    (copied / "manifest.json").unlink()
    write_manifest(copied, kind=manifest["format"], schema_version=manifest["schema_version"], extra={})
    with pytest.raises(NeuralTopicError, match=r"config\.json: expected"):
        fitted(copied)


def test_a_stopped_update_goes_on_from_its_workspace_and_no_other(folder, tmp_path, monkeypatch):
    run_epoch = Trainer.run_epoch

    def stop_after_two(trainer):
        if trainer.epoch == 2:
            raise KeyboardInterrupt
        run_epoch(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run_epoch", stop_after_two)
        with pytest.raises(KeyboardInterrupt):
            fitted(folder).partial_fit(LATER, workspace=tmp_path)
    with pytest.raises(UsageError, match="that of a fit of these documents"):
        fitted(folder).partial_fit(LATER[1:], workspace=tmp_path)
    with pytest.raises(UsageError, match="that of a fit of these documents"):
        fitted(folder).partial_fit(LATER).partial_fit(LATER, workspace=tmp_path)
    resumed = fitted(folder).partial_fit(LATER, workspace=tmp_path)
    whole = fitted(folder).partial_fit(LATER)
    assert resumed.components_.tobytes() == whole.components_.tobytes()
    assert resumed.vectors_.tobytes() == whole.vectors_.tobytes()
    assert resumed.unknown_share_ == whole.unknown_share_ == 0.0
