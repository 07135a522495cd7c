import io
import json
import os
import re
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from neuraltopic.cli.common.printing import WIDTH
from neuraltopic.reading.readers import StandardInput
from tests.cli.conftest import FAST
from tests.tiny_corpus import sentences, write_corpus


def test_a_fit_prints_its_topics_and_notes_what_it_did(call, corpus, tmp_path):
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["topic", "share", "documents", "words"]
    named = [int(line.split()[0]) for line in lines[1:] if line[4].isdigit()]
    if "not in use: " in lines[-1]:
        named += map(int, lines[-1].partition("not in use: ")[2].split(", "))
    assert sorted(named) == [0, 1, 2]
    assert max(map(len, lines)) <= WIDTH
    notes = result.err.splitlines()
    assert "rows: 60 kept; encodings: utf-8 60" in notes
    assert "fitted: 3 topics, 60 documents, 15 words, 2 epochs" in notes
    assert any(re.fullmatch(r"in use: [0-3] of 3 topics", note) for note in notes)
    assert notes[-2:] == [f"run: {tmp_path / 'run'}", f"report: {tmp_path / 'run' / 'report.html'}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize(
    ("recipe", "chosen", "figure"),
    [
        ("nvdm", "best", "bound"),
        ("replicated_softmax", "best", "annealed importance sampling"),
        ("wlda", "kept", "bound that it does not raise"),
    ],
)
def test_the_note_says_what_the_figure_of_a_recipe_is(call, corpus, tmp_path, recipe, chosen, figure):
    notes = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--recipe", recipe).err.splitlines()
    pattern = rf"{chosen}: epoch [12], -[\d.]+ nats per held-out document \({figure}\)"
    assert any(re.fullmatch(pattern, note) for note in notes), notes


def test_a_fit_as_json_is_one_object(call, corpus, tmp_path):
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--json", "--quiet")
    assert result.err == ""
    said = result.json
    assert [topic["topic"] for topic in said["topics"]] == [0, 1, 2]
    assert sum(topic["share"] for topic in said["topics"]) == pytest.approx(1.0)
    assert said["facts"] == json.loads((tmp_path / "run" / "run.json").read_text())


def test_options_reach_the_settings(call, corpus, tmp_path):
    stop = tmp_path / "stop.txt"
    stop.write_text("rocket\ngoal oven\n")
    options = (
        "--seed",
        "7",
        "--max-df",
        "0.9",
        "--vocabulary-size",
        "9",
        "--stop-words",
        stop,
        "--keep-stop-words",
    )
    options += (
        "--recipe",
        "nvdm",
        "--numbers",
        "--batch-size",
        "10",
        "--learning-rate",
        "0.01",
        "--device",
        "cpu",
        "--phrases",
    )
    said = call("fit", corpus, "-o", tmp_path / "run", *FAST, *options, "--json", "-q").json["facts"]
    settings = said["preprocessing"]
    assert settings["extra_stop_words"] == ["rocket", "goal", "oven"]
    assert (settings["min_df"], settings["max_df"], settings["max_vocabulary"]) == (1, 0.9, 9)
    assert (settings["stop_words"], settings["numbers"], settings["phrases"]) == (False, True, True)
    assert said["parameters"] == {
        "n_components": 3,
        "max_epochs": 2,
        "batch_size": 10,
        "max_seconds": None,
        "learning_rate": 0.01,
        "random_state": 7,
        "device": "cpu",
        "recipe": "nvdm",
        "patience": None,
        "validation_fraction": None,
        "seed_words": None,
        "word_vectors": None,
    }
    assert said["sizes"]["words"] == 9


def test_a_run_with_a_pipeline_in_a_folder_is_opened_again(call, corpus, tmp_path, monkeypatch):
    import spacy

    spacy.blank("en").to_disk(tmp_path / "pipeline")
    monkeypatch.chdir(tmp_path)
    assert call("fit", corpus, "-o", "run", *FAST, "--spacy", "./pipeline", "-q").code == 0
    assert call("topics", "run").code == 0
    monkeypatch.chdir("/")
    assert call("embed", tmp_path / "run", corpus, "-o", tmp_path / "vectors", "-q").code == 0
    (tmp_path / "pipeline" / "meta.json").write_text("{}")
    assert call("topics", tmp_path / "run").code == 0
    result = call("embed", tmp_path / "run", corpus, "-o", tmp_path / "again", "-q")
    assert result.code == 1
    assert "expected the folder of the fit, with the SHA-256" in result.err


def test_columns_of_a_table_are_kept(call, tmp_path):
    frame = pd.DataFrame({"body": sentences(), "key": [f"k{n}" for n in range(60)], "year": range(60)})
    frame.to_csv(tmp_path / "posts.csv", index=False)
    result = call("fit", tmp_path / "posts.csv", "-o", tmp_path / "run", *FAST, "--text", "body", "--id", "key")
    assert result.code == 0
    documents = pd.read_parquet(tmp_path / "run" / "documents.parquet")
    assert documents["id"].tolist() == frame["key"].tolist()
    assert documents["year"].astype(int).tolist() == list(range(60))


def test_standard_input(call, tmp_path, monkeypatch):
    lines = io.TextIOWrapper(io.BytesIO("\n".join(sentences()).encode()))
    monkeypatch.setattr(sys, "stdin", lines)
    result = call("fit", "-", "-o", tmp_path / "run", *FAST, "--json", "-q")
    assert result.json["facts"]["corpus"]["estimate"] is None
    assert np.load(tmp_path / "run" / "vectors.npy").shape == (60, 3)


def test_force_replaces_a_run_and_an_empty_folder(call, corpus, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    (tmp_path / "empty").mkdir()
    before = json.loads((tmp_path / "run" / "run.json").read_text())["finished"]
    for name in ("run", "empty"):
        assert call("fit", corpus, "-o", tmp_path / name, *FAST, "--seed", 1, "--force", "-q").code == 0
        facts = json.loads((tmp_path / name / "run.json").read_text())
        assert facts["parameters"]["random_state"] == 1
        assert facts["finished"] >= before


def test_force_replaces_nothing_else(call, finished, tmp_path):
    documents = write_corpus(tmp_path / "lee", 9)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    shutil.copytree(finished, tmp_path / "noted")
    (tmp_path / "noted" / "notes.txt").touch()
    shutil.copytree(finished / "model", tmp_path / "model")
    before = sorted(tmp_path.rglob("*"))
    for output, said in {
        "lee": "is, holds or lies in what is read",
        "lee/run": "is, holds or lies in what is read",
        ".": "is, holds or lies in what is read",
        "mine": "a folder that is not a run folder",
        "noted": "a run folder that also holds notes.txt",
        "model": "a folder that is not a run folder",
    }.items():
        result = call("fit", documents, "-o", tmp_path / output, *FAST, "--force")
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
        assert said in result.err
    assert sorted(tmp_path.rglob("*")) == before


def test_embed_replaces_only_what_embed_wrote(call, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    documents = write_corpus(tmp_path / "lee", 9)
    before = sorted(tmp_path.rglob("*"))
    for output in ("run", "run/model", "lee", "."):
        result = call("embed", tmp_path / "run", documents, "-o", tmp_path / output, "--force")
        assert (result.code, result.err.count("\n")) == (2, 1)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dry_run_writes_nothing_and_says_what_it_would_do(call, corpus, tmp_path):
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--dry-run")
    assert result.code == 0
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert list(lines) == ["corpus", "documents", "model", "time", "faster", "memory"]
    assert "folder, 60 files" in lines["corpus"]
    assert lines["documents"] == "60; in a sample: utf-8 60"
    said = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--dry-run", "--json").json
    assert (said["corpus"]["n_documents"], said["n_topics"], said["n_epochs"]) == (60, 3, 2)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_does_not_say_what_is_left_to_resume(call, corpus, tmp_path):
    said = "note: the time is that of a whole fit, not of what --resume has left"
    for options, n in ((["--resume"], 1), (["--resume", "-q"], 0), ([], 0)):
        result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--dry-run", *options)
        assert (result.code, result.err.splitlines().count(said)) == (0, n)


def test_a_cache_that_is_a_file_is_refused_by_the_name_of_its_option(call, corpus, tmp_path):
    (tmp_path / "file").write_text("")
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--cache", tmp_path / "file")
    assert result.code == 2
    assert result.err.startswith("neuraltopic: --cache: expected a folder that can be written, or made; got ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_another_corpus_is_not_resumed(call, corpus, tmp_path, monkeypatch):
    stopped(call, corpus, tmp_path, monkeypatch, after=1)
    other = tmp_path / "other.txt"
    other.write_text("some other words\n" * 70)
    result = call("fit", other, "-o", tmp_path / "run", *FAST, "--resume")
    assert result.code == 2
    assert "--resume: expected the corpus as it was when the fit began; got " in result.err
    assert ", which was " in result.err


def test_other_words_of_the_same_length_are_not_resumed(call, tmp_path, monkeypatch):
    """They were, with the texts as they had been."""
    corpus = write_corpus(tmp_path / "corpus")
    stopped(call, corpus, tmp_path, monkeypatch, after=1)
    file = next(path for path in sorted(corpus.rglob("*")) if path.is_file())
    text = file.read_text()
    file.write_text(text[::-1])
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--resume")
    assert result.code == 2
    assert "--resume: expected the corpus as it was when the fit began; got files_sha256 " in result.err
    file.write_text(text)
    assert call("fit", corpus, "-o", tmp_path / "run", *FAST, "--resume").code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_as_it_can_be_read_once(call, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    result = call("fit", tmp_path / "pipe", "-o", tmp_path / "run", *FAST)
    assert result.code == 2
    assert result.err == (
        f"neuraltopic: {tmp_path / 'pipe'}: expected a folder or a file, which can be read more than once; got a pipe "
        "or a device. Give it as standard input, which is called -, or write it to a file first.\n"
    )


def test_a_dry_run_of_a_stream_is_refused(call, tmp_path):
    result = call("fit", "-", "-o", tmp_path / "run", "--dry-run")
    assert (result.code, result.out) == (2, "")


def test_flagged_topics_are_noted(call, corpus, tmp_path, monkeypatch):
    from neuraltopic.estimators.topic_model import TopicModel

    original = TopicModel.get_topic_info

    def flagged(model, *options):
        return original(model, *options).assign(flags=["", "inactive", "repeats 0"])

    monkeypatch.setattr(TopicModel, "get_topic_info", flagged)
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST)
    assert "flagged topics: 1 inactive; 2 repeats 0" in result.err.splitlines()


def test_resume_asks_for_the_same_request(call, corpus, tmp_path, monkeypatch):
    stopped(call, corpus, tmp_path, monkeypatch, after=1)
    other = call("fit", corpus, "-o", tmp_path / "run", "-k", 3, "--epochs", 3, "--min-df", 1, "--resume")
    assert other.code == 2
    assert other.err == (
        "neuraltopic: --resume: expected --epochs 2, as when the fit began; got 3. "
        "Ask for the same again, or start over with --force in place of --resume.\n"
    )
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--resume", "--json")
    assert result.code == 0
    assert "resuming: 2 epochs done" in result.err.splitlines()
    assert result.json["facts"]["resumed"] is True
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_resume_of_nothing(call, corpus, tmp_path):
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--resume")
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_fit_says_where_it_stopped(call, corpus, tmp_path, monkeypatch):
    result = stopped(call, corpus, tmp_path, monkeypatch, after=1)
    assert result.code == 130
    assert result.err.splitlines()[-1] == "neuraltopic: interrupted after epoch 1 of 2; continue with --resume"
    assert result.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == [".run.unfinished"]
    # Without a word it is neither gone on with nor thrown away.
    again = call("fit", corpus, "-o", tmp_path / "run", *FAST)
    assert (again.code, again.out) == (2, "")
    assert again.err == (
        f"neuraltopic: output {tmp_path / 'run'}: expected no unfinished fit of it; got one with 2 epochs done. "
        "Continue with --resume, or start over with --force.\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [".run.unfinished"]
    assert call("fit", corpus, "-o", tmp_path / "run", *FAST, "--force").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_an_interruption_before_the_work_leaves_nothing(call, corpus, tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("neuraltopic.runs.folder.choose_device", interrupt)
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST)
    assert (result.code, result.err) == (130, "neuraltopic: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_standard_input_is_not_compared_on_resume(call, tmp_path, monkeypatch):
    monkeypatch.setattr(StandardInput, "__iter__", lambda corpus: iter([]))
    result = call("fit", "-", "-o", tmp_path / "run", *FAST, "--resume")
    assert result.code == 2


def stopped(call, corpus, tmp_path, monkeypatch, *, after):
    """A fit that Ctrl-C stops once `after` epochs are done."""
    from neuraltopic.estimators.checkpoints import Checkpoint

    save = Checkpoint.save

    def save_and_stop(checkpoint, trainer):
        save(checkpoint, trainer)
        if trainer.epoch > after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        return call("fit", corpus, "-o", tmp_path / "run", *FAST)


def test_a_dry_run_answers_where_the_output_exists(call, corpus, finished):
    result = call("fit", corpus, "-o", finished, *FAST, "--dry-run")
    assert (result.code, result.out.splitlines()[0].split()[0]) == (0, "corpus")
    assert result.err.startswith(f"note: output {finished}: expected a path that does not exist yet")


def test_a_dry_run_refuses_more_topics_than_documents(call, tmp_path):
    documents = write_corpus(tmp_path / "few", 9)
    result = call("fit", documents, "-o", tmp_path / "run", "-k", 10, "--dry-run")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert "expected at least 10" in result.err


def test_a_dry_run_guesses_the_documents_of_a_large_file(call, tmp_path):
    """Too few in the first mebibytes is worth a note, but no refusal: the number is extrapolated."""
    (tmp_path / "a.txt").write_text(("word " * 8000 + "\n") * 100)
    arguments = ("fit", tmp_path / "a.txt", "-o", tmp_path / "run", "--dry-run", "-k")
    result = call(*arguments, 1000)
    assert (result.code, result.err) == (0, "note: a fit needs at least as many documents as topics\n")
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    about, encodings = lines["documents"].split("; in a sample: utf-8 ")
    assert 90 <= int(about.removeprefix("about ")) <= 110
    assert 50 <= int(encodings) < 90
    assert call(*arguments, 50).err == ""


def test_resume_of_a_finished_run(call, corpus, finished):
    result = call("fit", corpus, "-o", finished, *FAST, "--resume")
    assert result.code == 2
    assert result.err.startswith(
        f"neuraltopic: --resume: expected an unfinished fit of {finished}; got a finished run."
    )


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08\x00", b"BZh91AY&SY", b"\x28\xb5\x2f\xfd\x04"])
def test_compressed_standard_input(call, tmp_path, monkeypatch, magic):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(magic + bytes(range(256)))))
    result = call("fit", "-", "-o", tmp_path / "run", *FAST)
    assert result.code == 1
    assert "Decompress it (zcat FILE | neuraltopic fit -)" in result.err


def test_a_table_through_standard_input(call, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"id,body\n1,a b\n")))
    result = call("fit", "-", "-o", tmp_path / "run", *FAST, "--text", "body")
    assert result.code == 2
    assert "a document per line, or JSON or XML" in result.err
    assert "Save a CSV as a file" in result.err


def test_embed_where_no_document_has_a_known_word(call, finished, tmp_path):
    (tmp_path / "new.txt").write_text("xylophone\n\n")
    result = call("embed", finished, tmp_path / "new.txt", "-o", tmp_path / "out")
    assert (result.code, result.out) == (1, "")
    assert "expected a document with a word of the model; got none in 2 rows" in result.err
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_run(call, tmp_path):
    (tmp_path / "words.tsv").touch()
    assert "got a file" in call("topics", tmp_path / "words.tsv").err


def test_a_corpus_is_not_written_twice(call, tmp_path):
    (tmp_path / "lee").mkdir()
    result = call("corpus", "lee", tmp_path / "lee")
    assert result.code == 2
    assert result.err.endswith("Choose another folder, or delete it.\n")


def test_one_is_singular(call, tmp_path):
    (tmp_path / "posts.txt").write_text("\n".join(sentences()))
    said = call("fit", tmp_path / "posts.txt", "-k", 1, "--epochs", 1, "--min-df", 1, "--dry-run").out
    assert "text, 1 file, " in said
    assert "1 topic, about" in said
    assert "1 pass at most" in said
