import csv
import hashlib
import json

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs.documents import embed, fit_run, open_run
from neuraltopic.runs.folder import Run
from tests.tiny_corpus import sentences


def small(**parameters) -> TopicModel:
    parameters = {"max_epochs": 2, "random_state": 0, "preprocessing": Preprocessing(min_df=1)} | parameters
    return TopicModel(3, **parameters)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [*sentences()[:30], "", *sentences()[30:], sentences()[0], "xylophone 5"]


@pytest.fixture(scope="module")
def run(tmp_path_factory, texts) -> Run[TopicModel]:
    return fit_run(
        small(preprocessing=Preprocessing(min_df=2)),
        open_corpus(texts),
        tmp_path_factory.mktemp("run") / "run",
        command=["a", "b"],
    )


def test_the_folder_holds_what_the_model_says(run, texts):
    names = "documents.parquet ledger.csv model run.json topic_words.csv topics.csv training.jsonl"
    names += " vectors.npy vectors.parquet"
    assert sorted(path.name for path in run.folder.iterdir()) == names.split()
    model = run.model
    topics = pd.read_csv(run.folder / "topics.csv", keep_default_na=False)
    assert topics["words"].tolist() == model.get_topic_info()["words"].tolist()
    words = pd.read_csv(run.folder / "topic_words.csv")
    assert words["word"].tolist() == model.get_topic_words(20)["word"].tolist()
    documents = pd.read_parquet(run.folder / "documents.parquet")
    pd.testing.assert_frame_equal(documents, model.get_document_info(), check_dtype=False)
    history = [json.loads(line) for line in (run.folder / "training.jsonl").read_text().splitlines()]
    assert history == model.document_vae_.history_


def test_the_ledger_has_a_line_for_every_row(run, texts):
    with open(run.folder / "ledger.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [str(number) for number in range(len(texts))]
    assert {row["id"]: row["status"] for row in rows if row["status"] != "kept"} == {
        "30": "empty",
        "61": "duplicate",
        "62": "no word of the vocabulary",
    }


def test_vectors_stand_in_both_files_in_the_order_of_the_rows_kept(run):
    vectors = np.load(run.folder / "vectors.npy", allow_pickle=False)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, run.model.vectors_)
    table = pyarrow.parquet.read_table(run.folder / "vectors.parquet")
    assert str(table.schema.field("vector").type).startswith("fixed_size_list<")
    assert np.array_equal(np.array(table["vector"].to_pylist(), np.float32), vectors)
    assert table["id"].to_pylist() == [str(n) for n in range(61) if n != 30]


def test_the_facts(run):
    facts = json.loads((run.folder / "run.json").read_text())
    assert facts == json.loads(json.dumps(run.facts))
    assert facts["command"] == ["a", "b"]
    assert facts["parameters"]["random_state"] == 0
    assert facts["rows"] == {"kept": 60, "empty": 1, "duplicate": 1, "no word of the vocabulary": 1}
    assert facts["encodings"] == {"utf-8": 63}
    assert facts["sizes"] == {"documents": 60, "words": 15, "topics": 3, "tokens": 420}
    assert {"reading", "counting", "training", "writing"} <= set(facts["seconds"])
    assert facts["peak_memory_bytes"] > 1 << 20
    assert facts["corpus_sha256"] == run.model.corpus_sha256_
    for name, written in facts["files"].items():
        content = (run.folder / name).read_bytes()
        assert written == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert len(facts["files"]) == 7


def test_the_same_request_gives_the_same_bits(run, texts, tmp_path):
    again = fit_run(small(preprocessing=Preprocessing(min_df=2)), open_corpus(texts), tmp_path / "run")
    for name in ("model/weights.safetensors", "vectors.npy", "topics.csv", "documents.parquet"):
        assert (again.folder / name).read_bytes() == (run.folder / name).read_bytes()


def test_an_opened_run_gives_the_vectors_of_the_fit(run, texts):
    for folder in (run.folder, run.folder / "model"):
        vectors = open_run(folder, device="cpu").transform([texts[0], texts[5]])
        np.testing.assert_allclose(vectors, run.model.vectors_[[0, 5]], rtol=1e-4, atol=1e-5)


def test_the_given_model_is_not_changed(tmp_path):
    model = small(random_state=None)
    run = fit_run(model, open_corpus(sentences()), tmp_path / "run")
    assert model.random_state is None
    assert not hasattr(model, "document_vae_")
    assert 0 <= run.facts["parameters"]["random_state"] < 2**31


def test_without_held_out_documents_the_last_epoch_is_the_best(tmp_path):
    run = fit_run(small(validation_fraction=0.0), open_corpus(sentences()), tmp_path / "run")
    assert run.facts["best"]["epoch"] == 2


def test_an_output_that_exists_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "run").mkdir()
    corpus = open_corpus(sentences())
    corpus.__class__ = type("Unread", (corpus.__class__,), {"__iter__": None, "estimate": None})
    with pytest.raises(UsageError, match="does not exist yet"):
        fit_run(small(), corpus, tmp_path / "run")


def test_a_bad_parameter_throws_no_unfinished_fit_away(tmp_path, monkeypatch):
    interrupted(tmp_path, monkeypatch, small())
    with pytest.raises(UsageError, match="max_epochs"):
        fit_run(small(max_epochs=0), open_corpus(sentences()), tmp_path / "run")
    fit_run(small(), open_corpus(sentences()), tmp_path / "run", resume=True)


def test_a_drawn_seed_is_found_again(tmp_path, monkeypatch):
    interrupted(tmp_path, monkeypatch, small(random_state=None))
    request = json.loads((tmp_path / ".run.unfinished" / "request.json").read_text())
    run = fit_run(small(random_state=None), open_corpus(sentences()), tmp_path / "run", resume=True)
    assert run.facts["parameters"]["random_state"] == request["parameters"]["random_state"]


def test_an_interrupted_fit_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    interrupted(tmp_path, monkeypatch, small())
    resumed = fit_run(small(), open_corpus(sentences()), tmp_path / "run", resume=True)
    whole = fit_run(small(), open_corpus(sentences()), tmp_path / "whole")
    assert resumed.facts["resumed"]
    assert "reading" not in resumed.facts["seconds"]
    weights = [(r.folder / "model" / "weights.safetensors").read_bytes() for r in (resumed, whole)]
    assert weights[0] == weights[1]


def test_another_way_of_reading_is_another_request(tmp_path, monkeypatch):
    pd.DataFrame({"a": sentences(), "b": sentences()}).to_csv(tmp_path / "t.csv")
    interrupted(tmp_path, monkeypatch, small(), open_corpus(tmp_path / "t.csv", text="a"))
    with pytest.raises(UsageError, match=r"expected text 'a', as when the fit began; got 'b'"):
        fit_run(small(), open_corpus(tmp_path / "t.csv", text="b"), tmp_path / "run", resume=True)


def test_a_corpus_that_cannot_be_used_leaves_nothing(tmp_path):
    with pytest.raises(NeuralTopicError, match="one per topic"):
        fit_run(small(), open_corpus(sentences()[:2]), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def interrupted(tmp_path, monkeypatch, model, corpus=None):
    from neuraltopic.estimators.checkpoints import Checkpoint

    save = Checkpoint.save

    def save_and_stop(checkpoint, trainer):
        save(checkpoint, trainer)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            fit_run(model, corpus or open_corpus(sentences()), tmp_path / "run")


def test_embedding_in_blocks_gives_the_same(run, texts, tmp_path, monkeypatch):
    stages = []
    embed(run.model, open_corpus(texts), tmp_path / "one")
    monkeypatch.setattr("neuraltopic.runs.documents._EMBEDDED_AT_ONCE", 7)
    ledger = embed(run.model, open_corpus(texts), tmp_path / "many", progress=lambda *said: stages.append(said))
    one, many = (np.load(tmp_path / name / "vectors.npy") for name in ("one", "many"))
    assert one.shape == (63, 3)
    np.testing.assert_allclose(one, many, rtol=1e-4, atol=1e-5)
    assert stages[-1] == ("embedding", 63, 63)
    assert len(ledger) == 63
    # Duplicates, left out of a fit, are documents like any other here.
    kept = [n for n in range(61) if n != 30]
    np.testing.assert_allclose(one[kept], run.model.vectors_, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(one[61], one[0], rtol=1e-4, atol=1e-5)


def test_a_row_that_cannot_be_read_has_no_vector(run, tmp_path):
    embed(run.model, open_corpus([sentences()[0], None, sentences()[1]]), tmp_path / "out")
    table = pyarrow.parquet.read_table(tmp_path / "out" / "vectors.parquet")
    assert table["id"].to_pylist() == ["0", "2"]
    assert np.load(tmp_path / "out" / "vectors.npy").shape == (2, 3)
    ledger = pd.read_csv(tmp_path / "out" / "ledger.csv")
    assert ledger["status"].tolist() == ["kept", "undecodable", "kept"]
