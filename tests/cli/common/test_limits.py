"""Times and amounts of memory as they are typed, and fits that keep to them."""

import time

import pytest
import torch

from neuraltopic import TopicModel
from neuraltopic.cli.common.limits import bytes_of, seconds_of, use_threads
from neuraltopic.errors import UsageError
from neuraltopic.estimators.memory import expected_memory, processes_within
from neuraltopic.preprocessing.settings import Preprocessing
from tests.tiny_corpus import sentences

SETTINGS = Preprocessing(min_df=1, max_df=1.0)


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("30m", 1800.0),
        ("1.5h", 5400.0),
        (" 2H ", 7200.0),
        ("1h30m", 5400.0),
        ("1h 5s", 3605.0),
        (".5m", 30.0),
        (None, None),
    ],
)
def test_times_as_they_are_typed(typed, seconds):
    assert seconds_of(typed) == seconds


@pytest.mark.parametrize("typed", ["", "0", "-3m", "1d", "m", "30m1h", "1h30", "nan"])
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(UsageError, match="--max-time: expected a time above 0, as 90s, 30m or 1h30m"):
        seconds_of(typed)


@pytest.mark.parametrize(
    ("typed", "n_bytes"),
    [("2G", 2**31), ("800m", 800 * 2**20), ("1.5 GiB", 1.5 * 2**30), ("64kB", 2**16), ("1T", 2**40), (None, None)],
)
def test_amounts_of_memory_as_they_are_typed(typed, n_bytes):
    assert bytes_of(typed) == n_bytes


@pytest.mark.parametrize("typed", ["", "0G", "-1G", "2", "2 bytes", "G"])
def test_what_is_no_amount_of_memory_is_refused(typed):
    with pytest.raises(UsageError, match="--memory: expected an amount above 0"):
        bytes_of(typed)


def test_a_fit_that_cannot_keep_to_its_memory_is_refused(call, tmp_path):
    (tmp_path / "corpus.txt").write_text("\n".join(sentences(60)))
    options = ["-k", "3", "--min-df", "1", "--max-df", "1.0", "--epochs", "1"]
    found = call("fit", tmp_path / "corpus.txt", "-o", tmp_path / "run", *options, "--memory", "100M")
    assert found.code == 2
    assert "--memory: expected 557M or more for 60 documents" in found.err
    assert "--vocabulary-size" in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.txt"]
    assert call("fit", tmp_path / "corpus.txt", "-o", tmp_path / "run", *options, "--memory", "2G").code == 0
    dry = call("fit", tmp_path / "corpus.txt", "-o", tmp_path / "other", *options, "--memory", "100M", "--dry-run")
    assert (dry.code, "--memory: expected" in dry.err) == (2, True)


def test_less_memory_has_fewer_processes():
    assert [processes_within(limit, 16) for limit in (None, 2.0**33, 2.0**30, 1.0)] == [16, 16, 2, 1]


def test_the_memory_of_a_million_documents_and_fifty_thousand_words_is_under_two_gibibytes():
    assert 2**30 < expected_memory(1_000_000, 50_000, 100) < 2**31


def test_jobs_are_threads_too():
    before = torch.get_num_threads()
    use_threads(3)
    assert torch.get_num_threads() == 3
    use_threads(None)
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)


def test_a_fit_ends_in_time_and_says_so(tmp_path):
    texts = [f"{text} again" for text in sentences(60)]
    model = TopicModel(3, max_epochs=10_000, patience=10_000, max_seconds=2.0, preprocessing=SETTINGS, random_state=0)
    started = time.monotonic()
    model.fit(texts)
    assert time.monotonic() - started < 60.0
    assert 1 <= model.document_vae_.n_iter_ < 10_000
    assert model.document_vae_.max_seconds == 2.0
    model.save(tmp_path / "model")
    assert TopicModel.load(tmp_path / "model").max_seconds == 2.0


@pytest.mark.parametrize(
    ("name", "value"), [("max_seconds", 0), ("max_seconds", float("nan")), ("n_jobs", 0), ("max_memory", 0)]
)
def test_limits_that_no_fit_could_use_are_refused(name, value):
    with pytest.raises(UsageError, match=name):
        TopicModel(3, **{name: value}).fit(sentences(60))
