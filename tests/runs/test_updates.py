"""A run that goes on from another: a folder of its own, which says where it comes from."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from neuraltopic.core.training import Trainer
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs.documents import fit_run, open_run
from neuraltopic.runs.facts import read_run_facts
from neuraltopic.runs.updates import update_run
from tests.tiny_corpus import sentences

pytestmark = pytest.mark.usefixtures("one_thread")

LATER = sentences(90)[60:]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    model = TopicModel(3, max_epochs=4, random_state=0, preprocessing=Preprocessing(min_df=1), device="cpu")
    return fit_run(model, open_corpus(sentences()), tmp_path_factory.mktemp("run") / "run")


def files(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "run.json"}


def update(run, output, texts=LATER, **options):
    return update_run(run.folder, open_corpus(texts), output, device="cpu", **options)


def test_the_folder_holds_the_new_documents_and_names_the_run_before(run, tmp_path):
    before = files(run.folder)
    updated = update(run, tmp_path / "new", ["", *LATER, LATER[0], "zither"], command=["a", "b"])
    assert files(run.folder) == before
    assert {path.name for path in updated.folder.iterdir()} == {path.name for path in run.folder.iterdir()}
    facts = json.loads((updated.folder / "run.json").read_text())
    manifest = (run.folder / "model" / "manifest.json").read_bytes()
    assert facts["parent"] == {
        "corpus": "<list of 60 documents>",
        "corpus_sha256": [run.facts["corpus_sha256"]],
        "documents": 60,
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
    }
    assert facts["corpus"]["name"] == "<list of 33 documents>"
    assert facts["corpus_sha256"] not in facts["parent"]["corpus_sha256"]
    assert facts["rows"] == {"empty": 1, "kept": 30, "duplicate": 1, "no word of the vocabulary": 1}
    assert facts["sizes"]["documents"] == 30
    # Of the copy's words too; the one unknown is the zither.
    assert facts["unknown_share"] == pytest.approx(1 / (1 + facts["sizes"]["tokens"]))
    assert np.load(updated.folder / "vectors.npy").shape == (30, 3)
    documents = pd.read_parquet(updated.folder / "documents.parquet")
    assert documents["status"].tolist() == ["empty", *["kept"] * 30, "duplicate", "no word of the vocabulary"]
    model = read_run_facts(updated.folder, verify=True)["model"]
    assert model["documents"] == 91  # one of the new texts comes twice
    assert model["updates"] == [{"corpus_sha256": facts["corpus_sha256"], "n_documents": 31}]


def test_it_is_partial_fit_and_can_be_gone_on_from(run, tmp_path):
    first = update(run, tmp_path / "first", LATER[:10])
    second = update(first, tmp_path / "second", LATER[10:])
    model = open_run(run.folder, device="cpu").partial_fit(LATER[:10]).partial_fit(LATER[10:])
    loaded = open_run(second.folder, device="cpu")
    assert loaded.components_.tobytes() == model.components_.tobytes()
    assert len(second.facts["parent"]["corpus_sha256"]) == 2
    assert second.facts["parent"]["documents"] == 70


def test_a_model_folder_is_gone_on_from_too(run, tmp_path):
    updated = update_run(run.folder / "model", open_corpus(LATER), tmp_path / "new", device="cpu")
    assert updated.facts["parent"]["corpus"] is None
    assert files(updated.folder) == files(update(run, tmp_path / "other").folder)


def test_the_seed_is_that_of_the_fit_or_another(run, tmp_path):
    assert update(run, tmp_path / "same").facts["parameters"]["random_state"] == 0
    other = update(run, tmp_path / "other", random_state=7)
    assert other.facts["parameters"]["random_state"] == 7
    assert files(other.folder) != files(tmp_path / "same")


def test_the_run_itself_is_replaced_by_force_alone(run, tmp_path):
    there = update(run, tmp_path / "there")
    with pytest.raises(UsageError, match="does not exist yet"):
        update(there, there.folder, LATER[:5])
    again = update(there, there.folder, LATER[:5], force=True)
    assert again.facts["parent"]["documents"] == 90
    assert open_run(there.folder, device="cpu").n_documents_ == 95


def test_an_output_in_the_run_is_refused(run):
    with pytest.raises(UsageError, match="a folder outside the run; got a folder inside it"):
        update(run, run.folder / "new", force=True)


def test_what_cannot_be_used_leaves_nothing_behind(run, tmp_path):
    with pytest.raises(NeuralTopicError, match="a word of the model; got none"):
        update(run, tmp_path / "new", ["zither", "xylophone"])
    with pytest.raises(UsageError, match="expected a run folder or a model folder"):
        update_run(tmp_path / "none", open_corpus(LATER), tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_update_goes_on_to_the_same_bits_and_for_the_same_run_alone(run, tmp_path, monkeypatch):
    run_epoch = Trainer.run_epoch

    def stop_after_two(trainer):
        if trainer.epoch == 2:
            raise KeyboardInterrupt
        run_epoch(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run_epoch", stop_after_two)
        with pytest.raises(KeyboardInterrupt):
            update(run, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == [".new.unfinished"]
    whole = update(run, tmp_path / "whole")
    with pytest.raises(UsageError, match="parent"):
        update(whole, tmp_path / "new", resume=True)
    resumed = update(run, tmp_path / "new", resume=True)
    assert resumed.facts["resumed"] is True
    assert files(resumed.folder) == files(whole.folder)
