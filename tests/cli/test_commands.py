import io
import json
import shutil
import threading

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

import neuraltopic
from neuraltopic.cli.common.printing import WIDTH, readable_bytes
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs.documents import fit_run
from tests.tiny_corpus import sentences, write_corpus


def test_help_and_version(call):
    assert call("--version") == (0, f"neuraltopic {neuraltopic.__version__}\n", "")
    assert call() == call("--help")
    of_runs = ("fit", "topics", "export", "embed", "inspect", "evaluate")
    for command in (*of_runs, "corpus", "compare", "choose-k", "images"):
        assert f"\n  {command} " in call().out
        assert call(command, "--help").out.startswith(f"Usage: neuraltopic {command} ")


def test_the_command_line_runs_in_any_thread(call):
    codes = []
    thread = threading.Thread(target=lambda: codes.append(call("--version").code))
    thread.start()
    thread.join()
    assert codes == [0]


def test_topics(call, finished):
    result = call("topics", finished, "--words", 3)
    assert (result.code, result.err) == (0, "")
    said = call("topics", finished, "--json").json["topics"]
    shares = [topic["share"] for topic in said]
    unused = [topic["topic"] for topic in said if "unused" in topic["flags"]]
    used = sorted(set(range(3)) - set(unused), key=lambda topic: -shares[topic])
    heading, *lines = result.out.splitlines()
    assert heading.split() == ["topic", "share", "documents", "words"]
    if unused:
        assert lines.pop() == f"{len(unused)} of 3 topics are not in use: {', '.join(map(str, unused))}"
    assert [len(line.split()) for line in lines] == [6] * len(used)
    assert [int(line.split()[0]) for line in lines] == used
    assert all(len(topic["words"].split()) == 10 for topic in said)


def test_words_by_another_ranking(call, finished):
    model = TopicModel.load(finished / "model")
    expected = [" ".join(word for word, _ in words) for words in model.get_topics(4, "lift").values()]
    said = call("topics", finished, "--words", 4, "--ranking", "lift", "--json").json["topics"]
    assert [topic["words"] for topic in said] == expected
    result = call("export", finished, "topics", "--words", 4, "--ranking", "lift")
    assert pd.read_csv(io.StringIO(result.out))["words"].tolist() == expected
    result = call("export", finished, "topic-words", "--words", 4, "--ranking", "lift")
    table = pd.read_csv(io.StringIO(result.out))
    assert " ".join(table["word"][:4]) == expected[0]
    np.testing.assert_allclose(table["weight"], table["lift"])
    result = call("topics", finished, "--ranking", "tfidf")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert "--ranking: expected one of default, energies" in result.err


def test_long_word_lists_are_folded(call, finished):
    lines = call("topics", finished, "--words", 15).out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) > 4


def test_topics_of_a_model_folder(call, finished):
    assert call("topics", finished / "model").out == call("topics", finished).out


@pytest.mark.parametrize("table", ["topics", "topic-words", "documents", "vectors"])
def test_export_writes_csv_to_stdout(call, finished, table):
    result = call("export", finished, table)
    assert (result.code, result.err) == (0, "")
    frame = pd.read_csv(io.StringIO(result.out))
    assert len(frame) == {"topics": 3, "topic-words": 30, "documents": 60, "vectors": 60}[table]


def test_exported_vectors_are_those_of_the_run(call, finished, tmp_path):
    call("export", finished, "vectors", "-o", tmp_path / "vectors.parquet")
    frame = pd.read_parquet(tmp_path / "vectors.parquet")
    assert list(frame) == ["id", "z0", "z1", "z2"]
    assert np.array_equal(frame[["z0", "z1", "z2"]].to_numpy(), np.load(finished / "vectors.npy"))


def test_the_suffix_names_the_format_and_a_format_overrides_it(call, finished, tmp_path):
    call("export", finished, "topic-words", "-o", tmp_path / "words.jsonl", "--words", 2)
    lines = (tmp_path / "words.jsonl").read_text().splitlines()
    assert [json.loads(line)["rank"] for line in lines] == [1, 2] * 3
    call("export", finished, "topics", "-o", tmp_path / "topics.txt", "-f", "md")
    assert (tmp_path / "topics.txt").read_text().startswith("|")


def test_export_does_not_overwrite(call, finished, tmp_path):
    (tmp_path / "t.csv").write_text("mine")
    result = call("export", finished, "topics", "-o", tmp_path / "t.csv")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert (tmp_path / "t.csv").read_text() == "mine"
    assert call("export", finished, "topics", "-o", tmp_path / "t.csv", "--force").code == 0
    assert (tmp_path / "t.csv").read_text().startswith("topic,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("themes",), "table: expected one of topics, topic-words, documents, vectors"),
        (("topics", "-f", "xls"), "format: expected one of csv"),
        (("topics", "-o", "topics.xls"), "suffix '.xls'"),
    ],
)
def test_export_of_the_unknown(call, finished, arguments, said):
    result = call("export", finished, *arguments)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err


def test_a_model_folder_has_no_documents(call, finished):
    result = call("export", finished / "model", "documents")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "holds nothing of the documents" in result.err


def test_embed(call, finished, tmp_path):
    lines = [sentences()[4], "", "xylophone", sentences()[4]]
    (tmp_path / "new.txt").write_text("\n".join(lines))
    result = call("embed", finished, tmp_path / "new.txt", "-o", tmp_path / "out", "--json")
    assert result.code == 0
    assert result.json["rows"]["kept"] == 2
    assert result.json["dimensions"] == 3
    assert result.err.splitlines()[-1] == f"vectors: {tmp_path / 'out'}"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "ledger.csv",
        "vectors.npy",
        "vectors.parquet",
    ]
    vectors = np.load(tmp_path / "out" / "vectors.npy")
    table = pyarrow.parquet.read_table(tmp_path / "out" / "vectors.parquet")
    assert table["id"].to_pylist() == ["1", "2", "3", "4"]
    assert table["status"].to_pylist() == ["kept", "empty", "no word of the vocabulary", "kept"]
    assert np.array_equal(np.array(table["vector"].to_pylist(), np.float32), vectors)
    np.testing.assert_allclose(vectors[[1, 0]], vectors[[2, 3]], rtol=1e-5, atol=1e-6)
    known = np.load(finished / "vectors.npy")[list(pd.read_csv(finished / "ledger.csv")["id"]).index("sport/04.txt")]
    np.testing.assert_allclose(vectors[0], known, rtol=1e-4, atol=1e-4)
    assert call("embed", finished, tmp_path / "new.txt", "-o", tmp_path / "out").code == 2
    assert call("embed", finished, tmp_path / "new.txt", "-o", tmp_path / "out", "--force", "-q") == (
        0,
        "",
        "",
    )


def test_inspect(call, finished):
    result = call("inspect", finished)
    assert (result.code, result.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert lines["run"] == str(finished)
    assert lines["model"].startswith("semi_amortised_prodlda, 3 topics, 15 words, fitted on 60 documents in 2 epochs")
    assert lines["rows"] == "60 kept; utf-8 60"
    assert lines["checked"] == "sizes: as written; contents not read (--verify compares their SHA-256)"
    assert "sizes and SHA-256: as written\n" in call("inspect", finished, "--verify").out
    assert call("inspect", finished / "model").out.startswith("model      ")
    assert call("inspect", finished, "--json").json["run"]["sizes"]["tokens"] == 60 * 7


def test_inspect_counts_one_of_each(call, tmp_path):
    model = TopicModel(1, recipe="nvdm", max_epochs=1, preprocessing=Preprocessing(min_df=1))
    fit_run(model, open_corpus(write_corpus(tmp_path / "documents")), tmp_path / "run")
    said = "model      nvdm, 1 topic, 15 words, fitted on 60 documents in 1 epoch by neuraltopic"
    assert said in call("inspect", tmp_path / "run").out


def test_inspect_of_a_run_that_was_tampered_with(call, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    del facts["rows"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    result = call("inspect", tmp_path / "run")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert "KeyError 'rows'" in result.err


def test_corpus(call, tmp_path):
    listed = call("corpus", "--list")
    assert [line.split()[0] for line in listed.out.splitlines()] == [
        "docstrings",
        "lee",
        "newsgroups",
        "mnist",
    ]
    result = call("corpus", "lee", tmp_path / "lee")
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines()[-1] == f"300 documents: {tmp_path / 'lee'}"
    assert len(list((tmp_path / "lee").iterdir())) == 300


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "got neither"),
        (("lee",), "got no folder"),
        (("nothing", "x"), "expected one of docstrings"),
        (("lee", "x", "--subset", "train"), "'subset'"),
    ],
)
def test_corpus_refuses(call, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    result = call("corpus", *arguments)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3000 << 30, "3,000.0 GiB"),
    ],
)
def test_readable_bytes(count, said):
    assert readable_bytes(count) == said
