"""Each way to get it wrong: the exit code, one line that says what, and nothing written."""

import os

import pytest

from neuraltopic.errors import NeuralTopicError
from tests.cli.conftest import FAST
from tests.tiny_corpus import sentences


@pytest.fixture
def bad(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "film.txt").write_bytes(bytes(range(256)) * 64)
    (tmp_path / "few.txt").write_text("\n".join(sentences(3)[:2]))
    (tmp_path / "posts.csv").write_text("id,title,body\n1,a,b\n2,c,d\n")
    (tmp_path / "posts.txt").write_text("\n".join(sentences()))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "nothing").touch()
    (tmp_path / "taken").mkdir()
    return tmp_path


CASES = {
    "missing path": (2, ["gone"], "gone: expected a folder or a file; got No such file or directory. Check the path."),
    "empty folder": (2, ["empty"], "empty"),
    "binary file": (1, ["film.txt"], "film.txt"),
    "no such column": (2, ["posts.csv", "--text", "story"], "'story'"),
    "text in two columns": (2, ["posts.csv"], "title"),
    "K of 0": (2, ["posts.txt", "-k", "0"], "--topics: expected a whole number of 1 or more; got 0"),
    "K of nothing": (2, ["posts.txt", "-k", "many"], "'--topics'"),
    "too few documents": (1, ["few.txt"], "one per topic"),
    "vocabulary pruned to nothing": (1, ["posts.txt", "--min-df", "50"], "--min-df"),
    "output exists": (2, ["posts.txt", "-o", "taken"], "taken: expected a path that does not exist yet"),
    "output in no folder": (2, ["posts.txt", "-o", "no/where"], "no/where"),
    "epochs of 0": (2, ["posts.txt", "--epochs", "0"], "--epochs"),
    "bad min_df": (2, ["posts.txt", "--min-df", "few"], "--min-df: expected a number of documents"),
    "bad max_df": (2, ["posts.txt", "--max-df", "1.5"], "--max-df"),
    "unknown language": (2, ["posts.txt", "--language", "xx-yy"], "language"),
    "unknown encoding": (2, ["posts.txt", "--encoding", "klingon"], "klingon"),
    "unknown device": (2, ["posts.txt", "--device", "abacus"], "abacus"),
    "unknown language, dry run": (2, ["posts.txt", "--language", "xx-yy", "--dry-run"], "language"),
    "no pipeline, dry run": (2, ["posts.txt", "--spacy", "no_such", "--dry-run"], "spaCy pipeline 'no_such'"),
    "empty stop words": (2, ["posts.txt", "--stop-words", "nothing"], "expected at least one word"),
    "no stop words": (2, ["posts.txt", "--stop-words", "gone"], "stop words gone"),
    "stop words of bytes": (2, ["posts.txt", "--stop-words", "bytes"], "stop words bytes"),
    "unknown option": (2, ["posts.txt", "--topix", "3"], "--topix"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line(call, bad, monkeypatch, case):
    code, arguments, said = CASES[case]
    monkeypatch.chdir(bad)
    before = sorted(bad.rglob("*"))
    output = () if "-o" in arguments else ("-o", "run")
    result = call("fit", *FAST, *arguments, *output, "--quiet")
    assert (result.code, result.out) == (code, "")
    (line,) = result.err.splitlines()
    assert line.startswith("neuraltopic: ")
    assert said in line
    assert sorted(bad.rglob("*")) == before


def test_a_command_that_is_not_there(call):
    result = call("fitt")
    assert result.code == 2
    assert result.err.startswith("neuraltopic: No such command 'fitt'")
    assert result.err.count("\n") == 1


def test_a_command_without_what_it_needs(call):
    assert call("fit") == (2, "", "neuraltopic: Missing argument 'PATH'. Try 'neuraltopic fit --help'.\n")


def test_a_traceback_for_those_who_ask(call, tmp_path):
    result = call("fit", tmp_path / "gone", "--debug")
    assert result.code == 2
    assert result.err.startswith("Traceback")
    assert result.err.splitlines()[-1].startswith("neuraltopic: ")


def test_a_full_disk(call, corpus, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, os.strerror(28), str(tmp_path / "run"))

    monkeypatch.setattr("neuraltopic.runs.documents.write_vectors", full)
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--quiet")
    said = f"neuraltopic: {tmp_path / 'run'}: expected room on the disk; got No space left on device. "
    assert result == (1, "", f"{said}Free some, or choose another disk.\n")
    # The training is not lost.
    monkeypatch.undo()
    assert call("fit", corpus, "-o", tmp_path / "run", *FAST, "--quiet", "--resume").code == 0


@pytest.mark.parametrize("command", ["topics", "inspect"])
@pytest.mark.parametrize("what", ["gone", "empty", "film.txt"])
def test_what_is_no_run(call, bad, monkeypatch, command, what):
    monkeypatch.chdir(bad)
    result = call(command, what)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"neuraltopic: {what}: expected a run folder or a model folder")
    assert result.err.count("\n") == 1


def test_a_folder_that_may_not_be_written(call, corpus, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, os.strerror(13), str(tmp_path / ".run.0123456789abcdef.partial" / "a.csv"))

    monkeypatch.setattr("neuraltopic.runs.documents.write_vectors", refuse)
    result = call("fit", corpus, "-o", tmp_path / "run", *FAST, "--quiet")
    said = f"neuraltopic: {tmp_path / 'run' / 'a.csv'}: expected a path that may be read or written; "
    assert (result.code, result.out) == (1, "")
    assert result.err == f"{said}got Permission denied. Choose another or allow it.\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(5, "Input/output error", "data/a.csv"),
            "data/a.csv: expected a path that can be read or written; got Input/output error. "
            "Check the path and the disk, and try again.",
        ),
        (
            OSError("timed out"),
            "input and output: expected a path that can be read or written; got timed out. "
            "Check the path and the disk, and try again.",
        ),
    ],
)
def test_other_refusals_of_the_system(call, corpus, tmp_path, monkeypatch, error, said):
    def refuse(*arguments, **options):
        raise error

    monkeypatch.setattr("neuraltopic.reading.readers._check_exists", refuse)
    assert call("fit", corpus, "-o", tmp_path / "run", *FAST, "--quiet") == (1, "", f"neuraltopic: {said}\n")


def test_no_doubled_full_stop():
    assert str(NeuralTopicError("a", expected="b", got="c.", hint="Try d.")) == "a: expected b; got c. Try d."
