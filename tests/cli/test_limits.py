"""Times as they are typed, and fits that end in time."""

import time

import pytest
import torch

from neuraltopic import TopicModel
from neuraltopic.cli.limits import seconds_of, use_threads
from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.settings import Preprocessing
from tests.tiny_corpus import sentences

SETTINGS = Preprocessing(min_df=1, max_df=1.0)


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("90", 90.0), ("90s", 90.0), ("30m", 1800.0), ("1.5h", 5400.0), (" 2H ", 7200.0), (None, None)],
)
def test_times_as_they_are_typed(typed, seconds):
    assert seconds_of(typed) == seconds


@pytest.mark.parametrize("typed", ["", "0", "-3m", "1d", "m", "1h30m", "nan"])
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(UsageError, match="--max-time: expected a time above 0"):
        seconds_of(typed)


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


@pytest.mark.parametrize(("name", "value"), [("max_seconds", 0), ("max_seconds", float("nan")), ("n_jobs", 0)])
def test_limits_that_no_fit_could_use_are_refused(name, value):
    with pytest.raises(UsageError, match=name):
        TopicModel(3, **{name: value}).fit(sentences(60))
