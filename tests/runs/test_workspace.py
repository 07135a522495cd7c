import contextlib
import os

import pytest

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.runs.facts import model_folder_of
from neuraltopic.runs.workspace import (
    clear_finished,
    locked,
    mark_finished,
    open_workspace,
    unfinished_request,
    workspace_of,
)

REQUEST = {"parameters": {"k": 3, "rate": 0.1}, "words": ["a"], "seed": 0}


def stop(output, *, error=KeyboardInterrupt, leave=()):
    with pytest.raises(BaseException) as raised:  # noqa: PT011  its kind is compared below
        work(output, error, leave)
    assert raised.value is error or raised.type is error


def work(output, error, leave):
    with open_workspace(output, REQUEST, resume=False) as folder:
        for name in leave:
            (folder / name).touch()
        raise error


def test_it_is_next_to_the_output_and_removed_at_the_end(tmp_path):
    with open_workspace(tmp_path / "run", REQUEST, resume=False) as folder:
        assert folder == tmp_path / ".run.unfinished" == workspace_of(tmp_path / "run")
        assert unfinished_request(tmp_path / "run") == REQUEST
        (folder / "counts").mkdir()
        (folder / "counts" / "data").touch()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, RuntimeError])
def test_what_stops_the_work_leaves_it(tmp_path, error):
    stop(tmp_path / "run", error=error, leave=["counts"])
    with open_workspace(tmp_path / "run", REQUEST, resume=True) as folder:
        assert sorted(os.listdir(folder)) == ["counts", "request.json"]


def test_without_resume_it_starts_empty(tmp_path):
    stop(tmp_path / "run", leave=["counts"])
    with open_workspace(tmp_path / "run", REQUEST, resume=False) as folder:
        assert os.listdir(folder) == ["request.json"]


@pytest.mark.parametrize(
    ("leave", "said"),
    [("preparation.json", "documents counted, no epoch done"), ("checkpoint.safetensors", "a damaged checkpoint")],
)
def test_what_is_worth_going_on_with_is_thrown_away_by_force_alone(tmp_path, leave, said):
    stop(tmp_path / "run", leave=[leave])
    with pytest.raises(UsageError, match=said), open_workspace(tmp_path / "run", REQUEST, resume=False):
        pass
    assert (tmp_path / ".run.unfinished" / leave).exists()
    with open_workspace(tmp_path / "run", REQUEST, resume=False, force=True) as folder:
        assert os.listdir(folder) == ["request.json"]


@pytest.mark.parametrize(("leave", "left"), [([], []), (["checkpoint.safetensors"], [".run.unfinished"])])
def test_a_refusal_leaves_it_only_when_an_epoch_is_done(tmp_path, leave, left):
    stop(tmp_path / "run", error=NeuralTopicError("corpus", expected="a", got="b", hint="c"), leave=leave)
    assert os.listdir(tmp_path) == left


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({**REQUEST, "seed": 1}, "expected seed 0, as when the fit began; got 1"),
        ({**REQUEST, "parameters": {"k": 4, "rate": 0.1}}, "expected k 3"),
        (
            {**REQUEST, "corpus": {"n": 3}},
            "expected the corpus as it was when the fit began; got n 3, which was None",
        ),
        ({**REQUEST, "words": ["b"]}, r"expected words \['a'\]"),
        ({**REQUEST, "more": 1}, "expected more the default"),
        ({key: REQUEST[key] for key in ("seed", "words")}, "expected k 3.*got the default"),
    ],
)
def test_another_request_is_refused_and_what_differs_named(tmp_path, other, said):
    stop(tmp_path / "run")
    with pytest.raises(UsageError, match=said), open_workspace(tmp_path / "run", other, resume=True):
        pass
    assert unfinished_request(tmp_path / "run") == REQUEST


def test_a_request_is_the_same_as_it_comes_back_from_json(tmp_path):
    stop(tmp_path / "run")
    with open_workspace(tmp_path / "run", {**REQUEST, "words": ("a",)}, resume=True):
        pass


def test_nothing_to_go_on_with(tmp_path):
    with (
        pytest.raises(UsageError, match="an unfinished fit"),
        open_workspace(tmp_path / "run", REQUEST, resume=True),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_request_that_is_no_object_is_none(tmp_path):
    stop(tmp_path / "run")
    (tmp_path / ".run.unfinished" / "request.json").write_text("[]")
    assert unfinished_request(tmp_path / "run") is None


def test_one_at_a_time(tmp_path):
    with open_workspace(tmp_path / "run", REQUEST, resume=False):
        for resume in (False, True):
            with (
                pytest.raises(UsageError, match="worked on"),
                open_workspace(tmp_path / "run", REQUEST, resume=resume),
            ):
                pass
        assert unfinished_request(tmp_path / "run") == REQUEST


def test_a_folder_that_was_removed_while_we_waited_for_it(tmp_path, monkeypatch):
    import fcntl

    def remove(descriptor, operation):
        workspace_of(tmp_path / "run").rmdir()

    monkeypatch.setattr(fcntl, "flock", remove)
    with (
        pytest.raises(UsageError, match="worked on"),
        open_workspace(tmp_path / "run", REQUEST, resume=False),
    ):
        pass


def left_behind(output, run_json):
    """What a kill leaves between the run being in place and the workspace being removed."""
    folder = workspace_of(output)
    folder.mkdir()
    (folder / "request.json").write_text("{}")
    output.mkdir()
    (output / "run.json").write_text(run_json)
    mark_finished(folder, output / "run.json")
    return folder


def test_the_workspace_of_a_run_that_is_in_place_is_cleared_by_whatever_reads_the_run(tmp_path):
    folder = left_behind(tmp_path / "run", "{}")
    assert model_folder_of(tmp_path / "run") == tmp_path / "run" / "model"
    assert not folder.exists()


def test_it_is_cleared_before_a_fit_into_the_same_output_looks_for_it(tmp_path):
    left_behind(tmp_path / "run", "{}")
    with pytest.raises(UsageError, match="unfinished fit"), open_workspace(tmp_path / "run", REQUEST, resume=True):
        pass
    assert not workspace_of(tmp_path / "run").exists()


def test_the_workspace_of_another_fit_into_the_same_output_stays(tmp_path):
    """One that was to replace the run, and was killed before it did."""
    folder = left_behind(tmp_path / "run", "{}")
    (tmp_path / "run" / "run.json").write_text('{"of": "the run before"}')
    clear_finished(tmp_path / "run")
    assert folder.exists()


def test_one_that_is_worked_on_stays(tmp_path):
    folder = left_behind(tmp_path / "run", "{}")
    with locked(folder):
        clear_finished(tmp_path / "run")
        assert (folder / "request.json").exists()


@pytest.mark.parametrize("n_removed", range(6))
def test_a_kill_while_it_is_removed_leaves_nothing_for_ever(tmp_path, monkeypatch, n_removed):
    """Five things are removed: the request, a file, a folder, the mark, and the workspace itself."""
    folder = left_behind(tmp_path / "run", "{}")
    (folder / "checkpoint").touch()
    (folder / "counts").mkdir()
    left = iter(range(n_removed))

    def until_killed(operation):
        def operate(*arguments, **keywords):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return operation(*arguments, **keywords)

        return operate

    with monkeypatch.context() as patch:
        for owner, name in ((os, "unlink"), (os, "rmdir")):
            patch.setattr(owner, name, until_killed(getattr(owner, name)))
        with contextlib.suppress(KeyboardInterrupt):
            clear_finished(tmp_path / "run")
    clear_finished(tmp_path / "run")
    assert not folder.exists()
