"""`neuraltopic update`: what it prints, what it refuses, and that it goes on after a kill."""

import json
import os
import signal
import subprocess

import pytest

from neuraltopic.cli import main
from tests.cli.test_process import COMMAND, LONG, after_an_epoch, digest
from tests.tiny_corpus import sentences, write_corpus


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    path = tmp_path_factory.mktemp("later") / "later.txt"
    path.write_text("\n".join(sentences(90)[60:]), encoding="utf-8")
    return path


def test_update_writes_a_run_that_other_commands_read(call, finished, later, tmp_path):
    done = call("update", finished, later, "-o", tmp_path / "new", "--json")
    assert done.code == 0
    assert "rows: 30 kept" in done.err
    assert "unknown to the vocabulary: 0.0% of the words\n" in done.err
    facts = done.json["facts"]
    assert facts["command"][0] == "neuraltopic"
    assert facts["parent"]["documents"] == 60
    assert [topic["topic"] for topic in done.json["topics"]] == [0, 1, 2]
    assert sum(topic["n_documents"] for topic in done.json["topics"]) == 90
    shown = call("inspect", tmp_path / "new")
    assert "fitted on 90 documents with 1 update; the last fit in 2 epochs" in shown.out
    assert "update of  a model of " in shown.out
    assert call("topics", tmp_path / "new").out.startswith("topic   share")
    assert call("embed", tmp_path / "new", later, "-o", tmp_path / "vectors", "--quiet").code == 0
    assert call("inspect", tmp_path / "new", "--json").json["model"]["updates"][0]["n_documents"] == 30


def test_many_unknown_words_are_noted_with_what_to_do(call, finished, tmp_path):
    path = tmp_path / "unknown.txt"
    path.write_text("rocket zither\nxylophone trombone goal\n", encoding="utf-8")
    done = call("update", finished, path, "-o", tmp_path / "new")
    assert done.code == 0
    assert "unknown to the vocabulary: 60.0% of the words\n" in done.err
    assert "note: 60% of the words of the new documents are unknown to the fit; fit again" in done.err
    assert "Warning" not in done.err
    assert done.out.startswith("topic   share")
    quiet = call("update", finished, path, "-o", tmp_path / "new", "--force", "--quiet", "--seed", "3")
    assert (quiet.code, quiet.err) == (0, "")
    assert json.loads((tmp_path / "new" / "run.json").read_text())["parameters"]["random_state"] == 3


def test_a_dry_run_reads_and_writes_nothing(call, finished, later, tmp_path):
    done = call("update", finished, later, "-o", tmp_path / "new", "--dry-run", "--json")
    assert done.code == 0
    assert (done.json["n_topics"], done.json["n_words"], done.json["n_epochs"]) == (3, 15, 2)
    assert done.json["corpus"]["n_documents"] == 30
    assert "15 words" in call("update", finished, later, "-o", tmp_path / "new", "--dry-run").out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("{run}", "{later}", "-o", "{run}"), "expected a path that does not exist yet"),
        (("{run}", "{later}", "-o", "{run}/new"), "expected a folder outside the run; got a folder inside it"),
        (("{run}", "{later}", "-o", "{later}/new", "--force"), "expected a folder apart from the data"),
        (("{later}", "{later}", "-o", "new"), "expected a run folder or a model folder; got a file"),
        (("{run}", "gone", "-o", "new"), "gone: expected"),
        (("{run}", "{later}", "-o", "new", "--resume"), "--resume: expected an unfinished fit of new"),
        (("{run}", "{later}"), "Missing option '--output'"),
    ],
)
def test_what_is_refused_is_refused_in_one_line(call, finished, later, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    done = call("update", *(argument.format(run=finished, later=later) for argument in arguments))
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_killed_update_goes_on_to_the_same_bits(tmp_path, later):
    corpus = write_corpus(tmp_path / "corpus")
    assert main(["fit", str(corpus), "-o", str(tmp_path / "run"), *LONG]) == 0

    def update(output, *more):
        return ["update", str(tmp_path / "run"), str(later), "-o", str(output), "--quiet", "--no-report", *more]

    assert main(update(tmp_path / "whole")) == 0
    with subprocess.Popen([*COMMAND, *update(tmp_path / "new")], stderr=subprocess.PIPE, text=True) as process:
        after_an_epoch(process, tmp_path / "new")
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "new").exists()
    assert main(update(tmp_path / "new", "--resume")) == 0
    assert digest(tmp_path / "new") == digest(tmp_path / "whole")
    assert sorted(os.listdir(tmp_path)) == ["corpus", "new", "run", "whole"]
