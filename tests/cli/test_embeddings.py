"""`--embeddings FILE` from fit over resume to embed and evaluate: the file's facts, one answer, every refusal."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from neuraltopic.estimators.checkpoints import Checkpoint
from neuraltopic.reading.vectors.embedding_files import EmbeddingFile
from neuraltopic.runs.documents import open_run
from tests.cli.conftest import FAST
from tests.tiny_corpus import sentences

C = 4
CONTEXTUAL = (*FAST, "--recipe", "contextual", "--device", "cpu")


def embedded(n, seed=0):
    """A point near one of three for each of the sentences."""
    rng = np.random.default_rng(seed)
    return (np.eye(3, C)[np.arange(n) % 3] + 0.2 * rng.standard_normal((n, C))).astype(np.float32)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Documents with ids, their embeddings in input order and by id in another, and held-out documents."""
    folder = tmp_path_factory.mktemp("data")
    for name, n, seed in (("train", 60, 0), ("new", 12, 1)):
        ids = [f"{name}-{d}" for d in range(n)]
        texts = sentences(n)
        if name == "new":
            texts[3] = "xylophone"
        labels = [("space", "sport", "kitchen")[d % 3] for d in range(n)]
        pd.DataFrame({"id": ids, "text": texts, "label": labels}).to_csv(folder / f"{name}.csv", index=False)
        values = embedded(n, seed)
        np.save(folder / f"{name}.npy", values)
        order = np.random.default_rng(2).permutation(n)
        frame = pd.DataFrame({"id": [ids[d] for d in order], "vector": list(values[order])})
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def fitted(data, tmp_path_factory):
    from neuraltopic.cli import main

    folder = tmp_path_factory.mktemp("runs") / "run"
    arguments = ["fit", data / "train.csv", "-o", folder, *CONTEXTUAL, "--embeddings", data / "train.npy", "-q"]
    assert main([str(argument) for argument in arguments]) == 0
    return folder


def test_the_run_names_the_file(fitted, data):
    facts = json.loads((fitted / "run.json").read_text())
    path = data / "train.npy"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts["embeddings"] == {"file": str(path), "sha256": digest, "shape": [60, C]}
    assert facts["parameters"]["recipe"] == "contextual"


def test_rows_in_order_and_rows_by_id_give_the_same_fit(call, fitted, data, tmp_path):
    by_id = ("--embeddings", data / "train.parquet")
    assert call("fit", data / "train.csv", "-o", tmp_path / "run", *CONTEXTUAL, *by_id, "-q").code == 0
    weights = [(run / "model" / "weights.safetensors").read_bytes() for run in (fitted, tmp_path / "run")]
    assert weights[0] == weights[1]


def test_embed_gives_what_the_model_says_of_words_and_embedding(call, fitted, data, tmp_path):
    for name in ("new.npy", "new.parquet"):
        arguments = ("embed", fitted, data / "new.csv", "--embeddings", data / name, "-o", tmp_path / name)
        assert call(*arguments, "-q").code == 0
    vectors = np.load(tmp_path / "new.npy" / "vectors.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "new.parquet" / "vectors.npy"), vectors)
    model = open_run(fitted, device="cpu")
    expected = model.transform(data / "new.csv", embeddings=EmbeddingFile(data / "new.npy"))
    np.testing.assert_allclose(vectors, expected, rtol=1e-5)
    # The document without a known word is not that of nothing.
    assert np.abs(vectors[3] - model.document_vae_.empty_document_vector()).max() > 1e-3
    assert pd.read_csv(tmp_path / "new.npy" / "ledger.csv")["status"][3] == "no word of the vocabulary"


def test_documents_of_no_known_word_at_all_can_be_embedded(call, fitted, data, tmp_path):
    (tmp_path / "other.txt").write_text("xylophone\nvibraphone\n")
    np.save(tmp_path / "e.npy", embedded(2))
    arguments = ("embed", fitted, tmp_path / "other.txt", "--embeddings", tmp_path / "e.npy", "-o", tmp_path / "out")
    assert call(*arguments, "-q").code == 0
    assert np.ptp(np.load(tmp_path / "out" / "vectors.npy"), axis=0).max() > 1e-4


def test_what_embed_writes_can_be_embeddings_itself(call, fitted, data, tmp_path):
    beside = ("--embeddings", data / "train.npy")
    assert call("embed", fitted, data / "train.csv", *beside, "-o", tmp_path / "v", "-q").code == 0
    again = ("--embeddings", tmp_path / "v" / "vectors.parquet")
    arguments = ("fit", data / "train.csv", "-o", tmp_path / "run", *FAST, "--recipe", "zeroshot", *again)
    said = call(*arguments, "-q", "--json").json
    assert said["facts"]["embeddings"]["shape"] == [60, 3]


def test_evaluate_leaves_completion_out_and_says_why(call, fitted, data):
    result = call("evaluate", fitted, data / "new.csv", "--embeddings", data / "new.parquet", "--json")
    said = result.json
    metrics = [figure["metric"] for figure in said["figures"]]
    assert {"perplexity_bound_corpus", "perplexity_iw_document", "purity", "probe_accuracy"} <= set(metrics)
    assert "perplexity_completion" not in metrics
    assert any("an embedding has seen the half that is to be predicted" in note for note in said["notes"])
    model = open_run(fitted, device="cpu")
    (bound,) = [figure for figure in said["figures"] if figure["metric"] == "perplexity_bound_corpus"]
    expected = model.perplexity(data / "new.csv", embeddings=EmbeddingFile(data / "new.npy"), per="corpus")
    assert bound["value"] == pytest.approx(expected, rel=1e-5)


def test_a_stopped_fit_goes_on_with_the_same_file_alone(call, fitted, data, tmp_path, monkeypatch):
    save = Checkpoint.save

    def save_and_stop(checkpoint, trainer):
        save(checkpoint, trainer)
        raise KeyboardInterrupt

    def fit(file, *options):
        return call("fit", data / "train.csv", "-o", tmp_path / "run", *CONTEXTUAL, "--embeddings", file, *options)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        assert fit(data / "train.npy").code == 130
    refused = fit(data / "train.parquet", "--resume")
    assert refused.code == 2
    assert "--resume: expected embeddings.file" in refused.err
    assert fit(data / "train.npy", "--resume", "-q").code == 0
    weights = [(run / "model" / "weights.safetensors").read_bytes() for run in (fitted, tmp_path / "run")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        (
            "fit",
            ("--recipe", "contextual"),
            "embeddings: expected a row per document, which the recipe contextual takes",
        ),
        ("fit", ("--recipe", "zeroshot", "--dry-run"), "which the recipe zeroshot takes"),
        ("fit", ("--embeddings", "train.npy"), "embeddings: expected none with the recipe"),
        ("fit", ("--recipe", "contextual", "--embeddings", "gone.npy"), "embeddings gone.npy: expected"),
        (
            "fit",
            ("--recipe", "contextual", "--embeddings", "new.npy"),
            "expected 60 rows, one per input document",
        ),
        ("fit", ("--recipe", "contextual", "--embeddings", "new.parquet"), "none for 'train-0' and 59 others"),
        ("embed", (), "which the recipe contextual takes"),
        ("embed", ("--embeddings", "wide.npy"), "expected 4 dimensions, as earlier embeddings have; got 5"),
        ("evaluate", (), "which the recipe contextual takes"),
        ("evaluate", ("--embeddings", "nan.npy"), "NaN or infinity in row 2"),
    ],
)
def test_one_line(call, fitted, data, tmp_path, monkeypatch, command, options, said):
    monkeypatch.chdir(data)
    np.save("wide.npy", np.zeros((60, 5)))
    nan = embedded(60)
    nan[1] = np.nan
    np.save("nan.npy", nan)
    arguments = ["train.csv", *options]
    arguments = [command, *arguments, *FAST] if command == "fit" else [command, fitted, *arguments]
    output = () if command == "evaluate" else ("-o", tmp_path / "out")
    result = call(*arguments, *output, "-q")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err
    assert not (tmp_path / "out").exists()
