"""Fits that are done once, fail alone and go on; the jobs are a script that fits nothing."""

import json
import os

import pytest

from neuraltopic.compare.jobs import Job, main, run_job
from neuraltopic.compare.runner import Bench
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.runs.workspace import locked

JOBS = [Job("nmf", 3, 0), Job("nmf", 3, 1)]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path / "out", "a test", ("a.csv",), {"models": ["nmf"], "seed": 0})


def run(bench, data, jobs=JOBS, **options):
    options = {"threads": 2, "resume": False, **options}
    return bench.run(lambda: data, jobs, ("topics", "bound"), **options)


def test_each_job_once_in_order(bench, data, fake_jobs):
    said = []
    results = run(bench, data, progress=lambda *stage: said.append(stage))
    assert fake_jobs() == ["nmf 3 0 topics,bound 2", "nmf 3 1 topics,bound 2"]
    assert [(result["seed"], result["figures"]["cpu_seconds"]) for result in results] == [(0, 1.0), (1, 2.0)]
    assert said == [("fitting and measuring", done, 2) for done in range(3)]
    assert bench.data().sizes() == data.sizes()
    assert sorted(path.name for path in (bench.folder / "runs").iterdir()) == ["nmf-k3-seed0.json", "nmf-k3-seed1.json"]


def test_what_is_finished_stays(bench, data, fake_jobs):
    run(bench, data, JOBS[:1])
    (result,) = (bench.folder / "runs").iterdir()
    before = result.stat().st_mtime_ns
    result.with_suffix(".log").touch()  # as a stop leaves it between the end of a job and the next

    def not_again():
        raise AssertionError("the documents are counted once")

    results = bench.run(not_again, JOBS, ("topics", "bound"), threads=1, resume=True)
    assert fake_jobs() == ["nmf 3 0 topics,bound 2", "nmf 3 1 topics,bound 1"]
    assert [result["seed"] for result in results] == [0, 1]
    assert result.stat().st_mtime_ns == before
    assert not list(result.parent.glob("*.log"))


def test_a_job_that_fails_stops_no_other_and_is_tried_again(bench, data, fake_jobs):
    jobs = [Job("sklearn-lda", 3, 0), Job("gensim-lda", 3, 0), Job("nmf", 3, 0)]
    results = run(bench, data, jobs)
    assert [result.get("error") for result in results] == ["sklearn-lda: too many topics.", "killed by signal 9", None]
    assert results[0]["model"] == "sklearn-lda"
    assert (bench.folder / "runs" / "sklearn-lda-k3-seed0.log").read_text().startswith("something\n")
    run(bench, data, jobs, resume=True)
    assert [call.split()[0] for call in fake_jobs()] == [job.model for job in jobs] + ["sklearn-lda", "gensim-lda"]


def test_a_job_without_a_result(bench, data, tmp_path, monkeypatch):
    (tmp_path / "quiet.py").write_text("import sys; sys.exit(3)")
    monkeypatch.setattr("neuraltopic.compare.runner._COMMAND", ("python", str(tmp_path / "quiet.py")))
    assert run(bench, data, JOBS[:1])[0]["error"] == "ended with code 3, saying nothing"


def test_an_interruption_ends_the_job(bench, data, fake_jobs, monkeypatch):
    killed = []

    class Waiting:
        def __init__(self, *arguments, **options):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def wait(self):
            raise KeyboardInterrupt

        def kill(self):
            killed.append(self)

    monkeypatch.setattr("subprocess.Popen", Waiting)
    with pytest.raises(KeyboardInterrupt):
        run(bench, data)
    assert len(killed) == 1


def test_another_request_is_refused(bench, data, fake_jobs):
    with pytest.raises(UsageError, match="resume: expected an earlier output"):
        bench.check(resume=True, force=False, source=None)
    run(bench, data)
    bench.check(resume=True, force=False, source=None)
    other = Bench(bench.folder, "a test", (), {"models": ["nmf", "lda"], "seed": 0})
    with pytest.raises(UsageError, match=r"resume: expected models \['nmf'\], as when it began; got \['nmf', 'lda'\]"):
        other.check(resume=True, force=False, source=None)
    with pytest.raises(UsageError, match="resume: expected format"):
        Bench(bench.folder, "another test", (), {}).check(resume=True, force=False, source=None)


def test_only_its_own_folder_is_replaced(bench, data, fake_jobs, tmp_path):
    run(bench, data)
    with pytest.raises(UsageError, match="expected a path that does not exist yet"):
        bench.check(resume=False, force=False, source=None)
    bench.check(resume=False, force=True, source=None)
    (bench.folder / "a.csv").touch()
    run(bench, data, JOBS[:1])
    assert sorted(os.listdir(bench.folder)) == ["data", "request.json", "runs"]
    (bench.folder / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"a folder of a test that also holds notes\.txt"):
        bench.check(resume=False, force=True, source=None)
    with pytest.raises(UsageError, match="a folder that is not a folder of another test"):
        Bench(bench.folder, "another test", (), {}).check(resume=False, force=True, source=None)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(UsageError, match="a folder that is not"):
        Bench(tmp_path / "mine", "a test", (), {}).check(resume=False, force=True, source=None)
    with pytest.raises(UsageError, match="is, holds or lies in what is read"):
        bench.check(resume=False, force=True, source=bench.folder / "data")


def test_documents_that_cannot_be_used_leave_nothing(bench):
    def refuse():
        raise NeuralTopicError("documents", expected="some", got="none", hint="Give some")

    with pytest.raises(NeuralTopicError, match="documents: expected some"):
        bench.run(refuse, JOBS, ("topics",), threads=1, resume=False)
    assert not bench.folder.exists()


def test_two_at_once_are_kept_apart(bench, data, fake_jobs):
    with locked(bench.folder), pytest.raises(UsageError, match="one that is being worked on"):
        run(bench, data)
    assert fake_jobs() == []


def test_a_job_writes_what_it_measured(data, tmp_path):
    data.save(tmp_path / "data")
    (tmp_path / "runs").mkdir()
    result = run_job(tmp_path, Job("nmf", 3, 1), ("topics", "bound", "completion", "labels"))
    assert json.loads((tmp_path / "runs" / "nmf-k3-seed1.json").read_text()) == result
    assert (result["model"], result["n_components"], result["seed"]) == ("nmf", 3, 1)
    assert [len(words) for words in result["topics"]] == [10, 10, 10]
    figures = result["figures"]
    assert 0 <= figures["cpu_seconds"] < 60
    assert figures["memory_mb"] > 10
    assert figures["diversity"] == len({word for words in result["topics"] for word in words}) / 30
    assert {"npmi", "c_v", "perplexity_completion", "precision_at_10"} < set(figures)
    assert "perplexity_bound_corpus" not in figures
    assert set(result["versions"]) == {"scikit-learn"}


def test_the_command_of_a_job(data, tmp_path, capsys, monkeypatch):
    data.save(tmp_path / "data")
    (tmp_path / "runs").mkdir()
    assert main([str(tmp_path), "nmf", "3", "0", "topics"]) == 0
    figures = json.loads((tmp_path / "runs" / "nmf-k3-seed0.json").read_text())["figures"]
    of_topics = {"npmi", "npmi_document", "c_v", "diversity", "live_topics"}
    assert set(figures) == {"cpu_seconds", "wall_seconds", "memory_mb", *of_topics}

    def refuse(*arguments):
        raise NeuralTopicError("training", expected="a finite bound", got="nan", hint="Try less")

    monkeypatch.setattr("neuraltopic.compare.jobs.build_model", refuse)
    assert main([str(tmp_path), "nvdm", "3", "0", "topics"]) == 1
    assert capsys.readouterr().err == "training: expected a finite bound; got nan. Try less.\n"
