import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from neuraltopic.cli.common.printing import WIDTH
from neuraltopic.cli.common.sweep import interruptible_sweep
from neuraltopic.compare.runner import FITTING
from tests.tiny_corpus import sentences

FAST = ("-k", "3", "--seeds", "2", "--min-df", "1")


@pytest.fixture
def counts_folder(tmp_path):
    folder = tmp_path / "counts"
    folder.mkdir()
    (folder / "vocab.txt").write_text("moon\ngoal\nbread\n")
    sparse.save_npz(folder / "train_bow.npz", sparse.csr_matrix(np.eye(3, dtype=int).repeat(5, 0)))
    return folder


def test_a_table_of_medians(call, corpus, tmp_path, fake_jobs):
    result = call("compare", corpus, "-o", tmp_path / "out", *FAST, "--models", "nmf, nvdm", "--threads", 2)
    assert result.code == 0
    lines = [line.split() for line in result.out.splitlines()]
    assert result.out.splitlines()[0] == "48 training documents, 12 held out, 15 words, 3 labels; * is best"
    assert lines[2] == ["median", "over", "seeds", "nmf", "nvdm"]
    assert ["diversity", "↑", "1.000*", "0.500"] in lines
    assert ["CPU", "s", "↓", "1.5*", "1.5*"] in lines
    assert "fitting and measuring: 4 in" in result.err
    assert result.err.splitlines()[-1] == f"comparison: {tmp_path / 'out'}"
    assert fake_jobs() == [
        f"{model} 3 {seed} topics,bound,completion,labels 2" for model in ("nmf", "nvdm") for seed in (0, 1)
    ]


def test_many_models_are_folded(call, corpus, tmp_path, fake_jobs, monkeypatch):
    monkeypatch.setattr(sys.modules["neuraltopic.cli.compare"], "WIDTH", 40)  # the attribute is the command
    models = "nmf,nvdm,default"
    result = call("compare", corpus, "-o", tmp_path / "out", *FAST, "--models", models, "-q")
    lines = result.out.splitlines()
    assert max(map(len, lines[2:])) <= 40 <= WIDTH
    heads = [line.split()[3:] for line in lines if line.startswith("median")]
    assert heads == [["nmf"], ["nvdm"], ["default"]]


def test_failed_fits_are_reported_last_and_can_be_repeated(call, corpus, tmp_path, fake_jobs):
    arguments = ("compare", corpus, "-o", tmp_path / "out", *FAST, "--models", "sklearn-lda,nmf", "-q")
    result = call(*arguments, "--json")
    assert result.code == 1
    assert result.json["medians"]["nmf"]["diversity"] == 1.0
    assert result.json["medians"]["sklearn-lda"]["diversity"] is None
    assert [failure["seed"] for failure in result.json["failures"]] == [0, 1]
    assert result.err == (
        f"neuraltopic: fits in {tmp_path / 'out'}: expected 4 that finish; got 2 that failed, the first sklearn-lda, "
        f"K = 3, seed 0: sklearn-lda: too many topics. See {tmp_path / 'out' / 'runs'}, and try them again with "
        "--resume.\n"
    )
    assert call(*arguments).code == 2
    assert call(*arguments, "--resume").code == 1
    assert [call.split()[0] for call in fake_jobs()] == ["sklearn-lda"] * 2 + ["nmf"] * 2 + ["sklearn-lda"] * 2
    other = call(*arguments, "--resume", "--seed", 1)
    assert (other.code, other.out) == (2, "")
    assert "--resume: expected seed 0, as when it began; got 1" in other.err
    assert call(*arguments, "--force").code == 1


def test_prepared_counts(call, counts_folder, tmp_path, fake_jobs):
    arguments = ("compare", counts_folder, "-k", 2, "--seeds", 1, "--models", "nmf", "-q")
    assert call(*arguments, "-o", tmp_path / "out", "--held-out", "0.4").code == 0
    assert len(json.loads((tmp_path / "out" / "data" / "data.json").read_text())["words"]) == 3
    for options, said in (
        (("--text", "body"), "--text: expected no value, as it applies only to documents; got 'body'"),
        (("--min-df", "1"), "preprocessing: expected no value, as it applies only to documents"),
        (("--label", "kind"), "label: expected no value, as it applies only to documents"),
        (("--held-out", counts_folder / "vocab.txt"), "--held-out: expected a share"),
        (("--held-out", "1.5"), "--held-out: expected a share above 0 and below 1"),
        (("--texts", "gone.txt"), "gone.txt: expected a text file"),
    ):
        result = call(*arguments, "-o", tmp_path / "other", *options)
        assert result.code in (1, 2)
        assert result.err.count("\n") == 1
        assert said in result.err
        assert not (tmp_path / "other").exists()


def test_held_out_documents_of_their_own(call, corpus, tmp_path, fake_jobs):
    (tmp_path / "new.txt").write_text("\n".join(sentences(9)))
    out = tmp_path / "out"
    assert (
        call("compare", corpus, "-o", out, *FAST, "--models", "nmf", "--held-out", tmp_path / "new.txt", "-q").code == 0
    )
    assert "60 training documents" in (out / "comparison.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--models", "ldaa"), "models: expected some of default, "),
        (("--models", ","), "models: expected each once, at least one; got none"),
        (("--seeds", "0"), "--seeds: expected a whole number of 1 or more"),
        (("--topics", "0"), "--topics: expected a whole number of 1 or more"),
        (("--resume",), "--resume: expected an earlier output"),
        (("--held-out", "gone.txt"), "gone.txt: expected a folder or a file"),
    ],
)
def test_wrong_requests(call, corpus, tmp_path, arguments, said):
    result = call("compare", corpus, "-o", tmp_path / "out", *arguments, "-q")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err
    assert not (tmp_path / "out").exists()


def test_a_missing_package_is_named(call, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("neuraltopic.compare.models.baselines.find_spec", lambda name: None)
    result = call("compare", corpus, "-o", tmp_path / "out", "--models", "tomotopy")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "neuraltopic: model tomotopy: expected the package tomotopy; got none installed. "
        "Run pip install 'neuraltopic[compare]'.\n"
    )


def test_models_that_read_embeddings(call, corpus, tmp_path, fake_jobs, monkeypatch):
    monkeypatch.setattr("neuraltopic.compare.models.baselines.find_spec", lambda name: True)
    np.save(tmp_path / "embeddings.npy", np.eye(60))
    arguments = ("compare", corpus, "-o", tmp_path / "out", *FAST, "--models", "bertopic,nmf", "-q")
    without = call(*arguments)
    assert (without.code, without.out) == (2, "")
    assert without.err == (
        "neuraltopic: model bertopic: expected embeddings of the documents; got none. Give a .npy or Parquet file of "
        "them by --embeddings.\n"
    )
    result = call(*arguments, "--embeddings", tmp_path / "embeddings.npy")
    assert result.code == 0
    assert "bertopic reads embeddings that were made before" in result.out
    assert max(map(len, result.out.splitlines())) <= WIDTH
    page = (tmp_path / "out" / "comparison.md").read_text()
    assert "3 labels, embeddings of 60 numbers." in page
    assert "bertopic, seed 0: 3 topics." in page
    for options, said in (
        (("--embeddings", "gone.npy"), "embeddings gone.npy: expected a .npy or Parquet file; got no such file"),
        (
            ("--held-out-embeddings", tmp_path / "embeddings.npy"),
            "--held-out-embeddings: expected no value, as it applies only to separate held-out documents",
        ),
    ):
        refused = call("compare", corpus, "-o", tmp_path / "other", "--models", "nmf", *options)
        assert (refused.code, refused.err.count("\n")) == (2, 1)
        assert said in refused.err


@pytest.mark.slow
def test_a_real_fit_of_embeddings(call, corpus, tmp_path):
    pytest.importorskip("fastopic", reason="fastopic is not installed: pip install 'neuraltopic[peers]'")
    np.save(tmp_path / "embeddings.npy", np.repeat(np.eye(3), 20, axis=0))  # the folder is read theme by theme
    out = tmp_path / "out"
    arguments = ("--models", "fastopic", "--embeddings", tmp_path / "embeddings.npy", "-q")
    result = call("compare", corpus, "-o", out, *FAST, "--seeds", "1", *arguments)
    assert result.code == 0
    (figures,) = [json.loads(path.read_text())["figures"] for path in (out / "runs").glob("*.json")]
    assert figures["purity"] == figures["precision_at_10"] == 1.0
    assert "perplexity_completion" not in figures


def test_an_interrupted_sweep_says_how_to_resume():
    for reached, said in (
        (None, "interrupted before the first fit"),
        (2, "interrupted after 2 of 6 fits; continue with --resume"),
    ):
        with pytest.raises(KeyboardInterrupt, match=f"^{said}$"), interruptible_sweep(quiet=True) as progress:  # noqa: PT012
            progress("reading", 0, None)
            progress.note("")
            if reached:
                progress(FITTING, reached, 6)
            raise KeyboardInterrupt


@pytest.mark.slow
def test_real_fits_in_processes_of_their_own(call, corpus, tmp_path):
    out = tmp_path / "out"
    result = call("compare", corpus, "-o", out, *FAST, "--seeds", "1", "--models", "nvdm,nmf", "-q")
    assert result.code == 0
    table = pd.read_csv(out / "comparison.csv").pivot(index="metric", columns="model", values="value")
    assert table["nmf"]["purity"] == table["nmf"]["precision_at_10"] == 1.0
    assert table["nvdm"]["probe_accuracy"] == 1.0
    assert table["nmf"]["perplexity_completion"] < 6.0  # five words a theme, and half of a document known
    assert table["nvdm"]["perplexity_bound_corpus"] < 15.0
    assert np.isnan(table["nmf"]["perplexity_bound_corpus"])
    assert not list((out / "runs").glob("*.log"))
    # scikit-learn alone needs no torch, and the memory of a fit is its own.
    assert table["nmf"]["memory_mb"] < table["nvdm"]["memory_mb"]
    page = (out / "comparison.md").read_text()
    assert re.search(r"\*\*nmf\*\* `.*TfidfTransformer.*`, scikit-learn \d", page)
