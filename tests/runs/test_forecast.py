import json
import os
import statistics
import subprocess
import sys

import pytest
import torch

from neuraltopic.corpora import write_corpus
from neuraltopic.errors import UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs import forecast
from neuraltopic.runs.forecast import estimate_fit, expected_words
from tests.tiny_corpus import sentences


def test_the_factorisation_grows_with_what_it_should():
    seconds = forecast.factorisation_seconds(1000, 2000, 10, 50, 1e9)
    assert seconds == pytest.approx(60 * 2 * 2 * (2 * 1000 * 50 * 10 + 3000 * 100) / 0.2e9)
    assert forecast.factorisation_seconds(100_000, 2000, 10, 50, 1e9) == forecast.factorisation_seconds(
        10**6, 2000, 10, 50, 1e9
    )


def test_random_documents_have_no_more_words_than_asked_for():
    counts = forecast.random_counts(50, 400, 30)
    assert counts.shape == (50, 400)
    assert counts.totals().tolist() == [30.0] * 50
    frequency = counts.word_totals()
    assert frequency[:20].sum() > 4 * frequency[200:220].sum()


def test_what_is_timed_is_the_time_of_a_document():
    """A larger vocabulary takes longer, in updates and in inference."""
    small, large = (forecast.network_seconds("semi_amortised_prodlda", V, 10, 64, 20) for V in (500, 20_000))
    assert 0 < small[0] < large[0]
    assert 0 < small[1] < large[1]


def test_more_processes_cut_a_long_corpus_sooner():
    sample = forecast.Sample(characters=1000.0, tokens=50.0, read=1e-5, cut=1e-4)
    assert forecast.reading_seconds(sample, 100, 4) == pytest.approx(100 * (1e-5 + 1.6e-4))
    assert forecast.reading_seconds(sample, 10**6, 4) == pytest.approx(10**6 * (1e-5 + 1e-4 / 4 + 0.6e-4))


@pytest.mark.parametrize(("n_bytes", "words"), [(13_782_007, 15_108), (12_626_195, 7_510), (360_083, 1_241)])
def test_the_vocabulary_expected_of_real_corpora(n_bytes, words):
    guess = expected_words(n_bytes, 1000, Preprocessing(max_vocabulary=10**6))
    assert 0.5 < guess / words < 2.0


def test_the_vocabulary_follows_the_settings():
    assert expected_words(10**8, 10**4, Preprocessing()) == 10_000
    whole, share = Preprocessing(min_df=50), Preprocessing(min_df=0.005)
    assert expected_words(10**6, 10**4, whole) == expected_words(10**6, 10**4, share)
    assert expected_words(10**6, 10**4, whole) < expected_words(10**6, 10**4, Preprocessing())
    assert expected_words(0, 1, Preprocessing()) == 1


def test_the_forecast_of_a_list():
    model = TopicModel(3, max_epochs=7, preprocessing=Preprocessing(min_df=1))
    said = estimate_fit(open_corpus(sentences()), model)
    assert (said.n_topics, said.n_epochs, said.corpus.n_documents) == (3, 7, 60)
    assert said.to_dict()["corpus"]["kind"] == "list"


def test_the_forecast_keeps_to_the_time_limit(monkeypatch):
    """Training ends after three quarters of what is left when topics have their start."""
    monkeypatch.setattr(forecast, "network_seconds", lambda *_: (10.0, 1e-3))
    corpus, settings = open_corpus(sentences()), Preprocessing(min_df=1)
    free = estimate_fit(corpus, TopicModel(3, max_epochs=7, preprocessing=settings))
    assert free.stages["training"] == pytest.approx(7 * 60 * 10.0)
    assert free.faster.endswith("or a limit (--max-time)")
    limited = estimate_fit(corpus, TopicModel(3, max_epochs=7, preprocessing=settings, max_seconds=1000.0))
    before = limited.stages["reading"] + limited.stages["starting"] - forecast._START_SECONDS
    assert limited.stages["training"] == pytest.approx(0.75 * (1000.0 - before))
    assert limited.faster.endswith("or a lower limit (--max-time)")
    late = estimate_fit(corpus, TopicModel(3, max_epochs=7, preprocessing=settings, max_seconds=1e-9))
    assert late.stages["training"] == 0.0


def test_the_forecast_follows_the_batch_size():
    """Smaller batches make as many updates in fewer epochs."""
    corpus = open_corpus(sentences())
    settings = Preprocessing(min_df=1)
    for batch_size in (None, 5):
        said = estimate_fit(corpus, TopicModel(3, batch_size=batch_size, preprocessing=settings))
        vae = TopicModel(3, batch_size=batch_size).check_parameters()
        assert said.n_epochs == vae.schedule().resolve(57).max_epochs
    assert said.n_epochs == 84


def test_a_slow_tokeniser_is_seen_in_the_sample(tmp_path):
    (tmp_path / "a.txt").write_text("".join(f"some words of {number:06}\n" for number in range(3000)))
    corpus = open_corpus(tmp_path / "a.txt")

    def cut(pipeline):
        # Four to five times as slow; the median of three, because a pause of the machine falls on one of them.
        samples = [forecast.read_sample(corpus, Preprocessing(spacy_pipeline=pipeline)) for _ in range(3)]
        assert all(sample.characters == 20.0 for sample in samples)
        return statistics.median(sample.cut for sample in samples)

    assert cut("blank:en") > 2 * cut(None)


def test_bad_parameters_are_refused():
    with pytest.raises(UsageError, match="n_components"):
        estimate_fit(open_corpus(sentences()), TopicModel(0))


@pytest.fixture
def one_thread():
    """On a busy machine threads that wait for one another make any clock unreliable."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*joins words:neuraltopic.errors.NeuralTopicWarning")
@pytest.mark.usefixtures("one_thread")
def test_the_forecast_of_a_real_fit(tmp_path):
    write_corpus("docstrings", tmp_path / "docs", packages=("numpy", "scipy", "sklearn"))
    model = TopicModel(50, max_epochs=3, random_state=0, device="cpu")
    corpus = open_corpus(tmp_path / "docs")
    said = estimate_fit(corpus, model)
    # In a process of its own, whose memory is the fit's, and by CPU time: other work on the machine is not in it.
    before = os.times()
    command = [
        "fit",
        str(tmp_path / "docs"),
        "-o",
        str(tmp_path / "run"),
        "-k",
        "50",
        "--epochs",
        "3",
        "--device",
        "cpu",
    ]
    options = ["--no-report", "--jobs", "1", "--quiet"]
    subprocess.run([sys.executable, "-m", "neuraltopic", *command, *options], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    took = after.children_user + after.children_system - before.children_user - before.children_system
    facts = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert 1 / 3 < said.seconds / took < 3, (said.stages, facts["seconds"])
    assert 1 / 3 < said.memory_bytes / facts["peak_memory_bytes"] < 3
    assert 0.5 < said.n_words / facts["sizes"]["words"] < 2
