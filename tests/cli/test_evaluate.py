"""`neuraltopic evaluate`."""

import json

import pandas as pd
import pytest

from neuraltopic.cli import main
from neuraltopic.cli.common.printing import WIDTH
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.topics.diversity import diversity
from neuraltopic.topics.words.ranking import top_words
from tests.cli.conftest import FAST
from tests.tiny_corpus import sentences, write_corpus


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("held_out") / "themes", 30)


def test_help(call):
    assert "\n  evaluate " in call("--help").out
    assert call("evaluate", "--help").out.startswith("Usage: neuraltopic evaluate [OPTIONS] {RUN} {HELD_OUT}")


def test_a_table(call, finished, held_out):
    result = call("evaluate", finished, held_out)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["metric", "value", "95%", "interval", "n", "meaning"]
    assert max(map(len, lines)) <= WIDTH
    metrics = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert {"npmi", "diversity", "perplexity_completion", "purity", "probe_accuracy", "precision_at_10"} <= {*metrics}
    assert f"words counted in: {held_out}; the rest measured on: {held_out}" in result.err
    assert "left out" not in result.err
    assert call("evaluate", finished, held_out, "-q") == (0, result.out, "")


def test_json(call, finished, held_out, corpus):
    said = call("evaluate", finished, held_out, "--reference", corpus, "--json").json
    assert (said["run"], said["held_out"], said["reference"]) == (str(finished), str(held_out), str(corpus))
    values = {figure["metric"]: figure for figure in said["figures"]}
    assert values["probe_accuracy"]["n"] == 30
    assert values["perplexity_bound_corpus"]["low"] < values["perplexity_bound_corpus"]["value"]
    assert [topic["topic"] for topic in said["topics"]] == [0, 1, 2]
    assert said["notes"] == []


def test_another_ranking(call, finished, held_out, corpus):
    said = call("evaluate", finished, held_out, "--ranking", "energies", "--words", 5, "--json").json
    assert said["ranking"] == "energies"
    values = {figure["metric"]: figure["value"] for figure in said["figures"]}
    model = TopicModel.load(finished / "model", device="cpu")
    assert values["diversity"] == pytest.approx(diversity(top_words(model.components_, 5)))
    refused = call("evaluate", finished, held_out, "--ranking", "best")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--ranking: expected one of" in refused.err


@pytest.mark.parametrize("suffix", ["csv", "json", "md", "tex", "parquet"])
def test_files(call, finished, held_out, tmp_path, suffix):
    path = tmp_path / f"figures.{suffix}"
    result = call("evaluate", finished, held_out, "-o", path, "-q")
    assert (result.code, result.out, result.err) == (0, "", "")
    if suffix == "csv":
        frame = pd.read_csv(path)
        assert list(frame)[:5] == ["metric", "value", "low", "high", "n"]
        assert frame["value"].notna().all()
    if suffix == "json":
        assert json.loads(path.read_text())[0]["metric"] == "npmi"
    assert path.stat().st_size > 100
    refused = call("evaluate", finished, held_out, "-o", path)
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert call("evaluate", finished, held_out, "-o", path, "--force", "-q").code == 0


def test_a_line_a_topic(call, finished, held_out, tmp_path):
    result = call("evaluate", finished, held_out, "--per-topic", "-q")
    head, *lines = result.out.splitlines()
    assert head.split()[:3] == ["topic", "npmi", "npmi_document"]
    assert [line.split()[0] for line in lines] == ["0", "1", "2"]
    assert all(line.split()[-1].startswith(f"{topic}_") for topic, line in enumerate(lines))
    call("evaluate", finished, held_out, "--per-topic", "-q", "-o", tmp_path / "topics.csv")
    assert list(pd.read_csv(tmp_path / "topics.csv"))[:3] == ["topic", "label", "npmi"]


def test_stability_against_other_runs(call, finished, held_out, corpus, tmp_path):
    assert main(["fit", str(corpus), "-o", str(tmp_path / "other"), *FAST, "--seed", "1", "-q"]) == 0
    said = call("evaluate", finished, held_out, "--against", finished, "--against", tmp_path / "other", "--json").json
    (stability,) = [figure for figure in said["figures"] if figure["metric"] == "stability"]
    assert 0.5 < stability["value"] <= 1.0  # one of the two is the run itself
    assert stability["meaning"].endswith("(2 other models)")


def test_a_model_folder_says_what_it_lacks(call, finished, held_out):
    result = call("evaluate", finished / "model", held_out)
    assert result.code == 0
    assert "left out: probe_accuracy and precision_at_10: there are no vectors of the fit" in result.err
    assert "probe_accuracy" not in result.out


def test_labels_of_a_column(call, finished, tmp_path):
    frame = pd.DataFrame({"body": sentences(12), "title": "x", "kind": ["a", "b", "c"] * 4})
    frame.to_csv(tmp_path / "new.csv", index=False)
    arguments = ("evaluate", finished, tmp_path / "new.csv", "--text", "body")
    result = call(*arguments, "--label", "kind")
    assert (result.code, "kmeans_nmi" in result.out) == (0, True)
    assert "no vectors of the fit with a 'kind'" in result.err
    assert "no column 'label'" in call(*arguments).err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("gone",), 2, "gone: expected a folder or a file"),
        (("new.txt", "--label", "kind"), 2, "label: expected a column"),
        (("new.txt", "--reference", "gone"), 2, "gone: expected a folder or a file"),
        (("new.txt", "-o", "figures.xls"), 2, "the suffix '.xls'"),
        (("new.txt", "--against", "gone"), 2, "gone: expected a run folder"),
        (("new.txt", "--words", "0"), 2, "--words"),
        (("other.txt",), 1, "a document with a word of the model"),
    ],
)
def test_one_line(call, finished, tmp_path, monkeypatch, arguments, code, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.txt").write_text("\n".join(sentences(6)))
    (tmp_path / "other.txt").write_text("xylophone\n")
    result = call("evaluate", finished, *arguments, "-q")
    assert (result.code, result.out, result.err.count("\n")) == (code, "", 1)
    assert said in result.err


def test_a_run_that_is_not_there(call, held_out, tmp_path):
    result = call("evaluate", tmp_path / "gone", held_out, "-q")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
