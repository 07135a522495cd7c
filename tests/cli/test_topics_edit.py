"""`neuraltopic topics edit`: the log of a run, and that every command follows it."""

import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from neuraltopic import TopicModel
from neuraltopic.errors import NeuralTopicError
from neuraltopic.runs.documents import open_run
from neuraltopic.runs.editing import open_with_documents
from tests.cli.conftest import FAST
from tests.tiny_corpus import write_corpus

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "edits.jsonl"}


def table(result):
    return pd.read_csv(io.StringIO(result.out))


def test_the_files_of_the_fit_stay_and_every_command_follows(call, run, corpus, tmp_path):
    before = files_of(run)
    documents = table(call("export", run, "documents"))
    assert call("topics", "edit", run, "merge", 0, 2).code == 0
    assert call("topics", "edit", run, "rename", 0, "Two in one").code == 0
    result = call("topics", "edit", run, "junk", 1, "--json")
    assert [topic["flags"] for topic in result.json["topics"]][1].startswith("junk")
    assert files_of(run) == before

    shown = call("topics", run, "--json").json["topics"]
    assert shown[0]["label"] == "Two in one"
    assert call("topics", "show", run, "--json").json["topics"] == shown
    after = table(call("export", run, "documents"))
    into = {0: 0, 1: 1, 2: 0}
    assert after["topic"].tolist() == [into[topic] for topic in documents["topic"]]
    assert set(after["topic_label"][after["topic"] == 0]) == {"Two in one"}
    assert len(table(call("export", run, "topic-words", "--words", 3))) == 6
    assert table(call("export", run, "vectors")).shape == (60, 4)
    assert call("embed", run, corpus, "-o", tmp_path / "vectors", "--json").json["dimensions"] == 3
    figures = call("evaluate", run, corpus, "--per-topic", "--json")
    assert len(figures.json["topics"]) == 2
    assert "3: merge, rename, junk" in call("inspect", run, "--verify").out
    assert [edit["op"] for edit in call("topics", "edit", run, "--json").json["edits"]] == ["merge", "rename", "junk"]
    for _ in range(3):
        assert call("topics", "edit", run, "undo").code == 0
    assert table(call("export", run, "documents")).equals(documents)
    assert "an edit to undo" in call("topics", "edit", run, "undo").err


def test_a_split_reads_the_corpus_of_the_run(call, run, corpus, tmp_path):
    call("topics", "edit", run, "reduce", 1)
    result = call("topics", "edit", run, "split", 0, "--json")
    assert result.code == 0, result.err
    assert len(result.json["topics"]) == 2
    vectors = table(call("export", run, "vectors"))
    assert vectors.shape == (60, 5)
    model = open_run(run)
    np.testing.assert_allclose(model.transform(str(corpus)), vectors.iloc[:, 1:], atol=2e-5)
    listed = table(call("export", run, "documents"))["topic"]
    assert listed.tolist() == model.predict(str(corpus)).tolist()
    assert call("embed", run, corpus, "-o", tmp_path / "out", "--json").json["dimensions"] == 4
    assert np.load(tmp_path / "out" / "vectors.npy").shape == (60, 4)
    assert TopicModel.load(run / "model").get_topic_info().equals(model.get_topic_info())
    elsewhere = write_corpus(tmp_path / "other", 30)
    refused = call("topics", "edit", run, "split", 0, "--corpus", elsewhere)
    assert refused.code == 1
    assert "those that the model was last fitted on" in refused.err


def test_a_relative_corpus_is_found_beside_the_run_from_any_folder(call, run, corpus, tmp_path, monkeypatch):
    facts = json.loads((run / "run.json").read_text())
    facts["corpus"]["name"] = "texts"
    (run / "run.json").write_text(json.dumps(facts))
    shutil.copytree(corpus, tmp_path / "texts")
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    assert call("topics", "edit", run, "split", 1).code == 0
    shutil.rmtree(tmp_path / "texts")
    assert "texts" in call("topics", "edit", run, "split", 0).err


def test_the_table_of_topics_has_given_names_and_what_is_junk(call, run):
    call("topics", "edit", run, "rename", 0, "Two words")
    call("topics", "edit", run, "junk", 1)
    lines = call("topics", run, "--words", 2).out.splitlines()[1:]
    texts = [line.split(maxsplit=3)[3] for line in lines[:2]]
    words = [topic["words"] for topic in call("topics", run, "--words", 2, "--json").json["topics"]]
    assert sorted(texts) == sorted([f"Two words: {words[0]}", f"{words[1]} (junk)"])


def test_an_update_has_the_edits(call, run, tmp_path):
    call("topics", "edit", run, "merge", 0, 2)
    call("topics", "edit", run, "split", 0)
    call("topics", "edit", run, "rename", 1, "Mine")
    new = write_corpus(tmp_path / "new", 66)
    assert call("update", run, new, "-o", tmp_path / "updated", "--quiet").code == 0
    shown = call("topics", tmp_path / "updated", "--json").json["topics"]
    assert shown[1]["label"] == "Mine"
    assert sum(topic["n_documents"] for topic in shown) == 126
    documents = table(call("export", tmp_path / "updated", "documents"))
    assert documents["topic"].tolist() == open_run(tmp_path / "updated").predict(str(new)).tolist()
    assert call("update", run, new, "-o", run, "--force", "--quiet").code == 0
    assert call("topics", run, "--json").json["topics"][1]["label"] == "Mine"


def test_a_run_with_edits_is_not_replaced_by_another_fit(call, run, corpus):
    call("topics", "edit", run, "junk", 0)
    result = call("fit", corpus, "-o", run, *FAST, "--force")
    assert result.code == 2
    assert "edits.jsonl" in result.err


def test_edits_from_a_file(call, run, tmp_path):
    path = tmp_path / "edits.json"
    path.write_text(json.dumps([{"op": "merge", "groups": [[0, 1]]}, {"op": "rename", "labels": {"0": "Both"}}]))
    topics = call("topics", "edit", run, "apply", path, "--json").json["topics"]
    assert topics[0]["label"] == "Both"
    path.write_text(json.dumps([{"op": "undo"}, {"op": "melt"}]))
    assert call("topics", "edit", run, "apply", path).code == 2
    assert len(call("topics", "edit", run, "--json").json["edits"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["merge", "0"], "two topics or more"),
        (["merge", "0", "x"], "topic numbers"),
        (["merge", "0", "3"], "a number from 0 to 2"),
        (["split"], "one topic"),
        (["rename", "0"], "a topic and a name"),
        (["move", "rocket", "0"], "a word, the topic it is in"),
        (["reduce", "4"], "a number from 1 to 3"),
        (["melt"], "one of merge, rename"),
    ],
)
def test_impossible_edits_are_refused(call, run, arguments, message):
    result = call("topics", "edit", run, *arguments)
    assert result.code == 2
    assert message in result.err
    assert not (run / "edits.jsonl").exists()


def test_hierarchy(call, finished):
    rows = call("topics", "hierarchy", finished, "--json").json["hierarchy"]
    assert [row["topics"] for row in rows][-1] == [0, 1, 2]
    assert rows[0]["distance"] <= rows[1]["distance"]
    assert len(call("topics", "hierarchy", finished).out.splitlines()) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-5],
        lambda text: text.replace("neuraltopic-edits", "other"),
        lambda text: text.replace('"schema_version": 1', '"schema_version": 2'),
        lambda text: text.replace('"op": "merge"', '"op": "melt"'),
        lambda text: text.replace('"moments"', '"moment"'),
        lambda text: text + '{"op": "merge", "groups": [[0, 1]]}\n',
        lambda text: text + '{"op": "junk", "topics": [7]}\n',
        lambda text: text + "[]\n",
        lambda text: text.replace('"topics_sha256": "', '"topics_sha256": "0'),
        lambda text: "",
    ],
)
def test_a_damaged_log_is_refused(call, run, damage):
    call("topics", "edit", run, "merge", 0, 2)
    log = run / "edits.jsonl"
    log.write_text(damage(log.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(NeuralTopicError, match=r"edits\.jsonl"):
        open_run(run)
    assert call("topics", run).code == 1


def test_documents_at_hand(run):
    model = open_with_documents(run)
    pd.testing.assert_frame_equal(
        model.get_document_info(), pd.read_parquet(run / "documents.parquet"), check_dtype=False
    )
    assert model.vectors_.tobytes() == np.load(run / "vectors.npy").tobytes()
    model.merge_topics([0, 1])
    assert not (run / "edits.jsonl").exists()
