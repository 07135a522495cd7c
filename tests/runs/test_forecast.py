import time

import pytest
import torch

from neuraltopic.corpora import write_corpus
from neuraltopic.errors import UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs import forecast
from neuraltopic.runs.documents import fit_run
from neuraltopic.runs.forecast import estimate_fit, expected_words, fit_operations
from tests.tiny_corpus import sentences


def test_operations_grow_with_what_they_should():
    multiply_adds, exponentials = fit_operations(1000, 2000, 10, 40, 50)
    assert fit_operations(2000, 2000, 10, 40, 100) == (2 * multiply_adds, 2 * exponentials)
    assert fit_operations(1000, 4000, 10, 40, 50)[1] == 2 * exponentials
    assert fit_operations(1000, 2000, 20, 40, 50)[1] == exponentials
    assert fit_operations(1, 1, 1, 3, 0) == (4 * 3 + 9 + 3500, 2 * 3 + 5)
    assert fit_operations(1, 5, 2, 3, 0)[0] == 10 * (4 * 3 + 9) + 4 * 3500
    assert fit_operations(5, 1, 1, 3, 4) == (4 * 9 + 5 * (9 + 3500), 2 * 9 + 5 * 5)


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


def test_the_forecast_follows_the_batch_size():
    """Smaller batches make as many updates in fewer epochs."""
    corpus = open_corpus(sentences())
    settings = Preprocessing(min_df=1)
    for batch_size in (None, 5):
        said = estimate_fit(corpus, TopicModel(3, batch_size=batch_size, preprocessing=settings))
        vae = TopicModel(3, batch_size=batch_size).check_parameters()
        assert said.n_epochs == vae.schedule().resolve(57).max_epochs
    assert said.n_epochs == 84


def test_a_spacy_pipeline_reads_slowly(tmp_path, monkeypatch):
    monkeypatch.setattr(forecast, "matmul_rate", lambda seconds: 1e15)
    monkeypatch.setattr(forecast, "exp_rate", lambda seconds: 1e15)
    (tmp_path / "a.txt").write_text("word\n" * 1_200_000)
    quick, slow = (
        estimate_fit(open_corpus(tmp_path / "a.txt"), TopicModel(preprocessing=Preprocessing(spacy_pipeline=name)))
        for name in (None, "blank:en")
    )
    reading = 6e6 / forecast._READ_BYTES_A_SECOND
    assert slow.seconds - quick.seconds == pytest.approx(99 * reading, rel=0.01)


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
@pytest.mark.usefixtures("one_thread")
def test_the_forecast_of_a_real_fit(tmp_path):
    write_corpus("docstrings", tmp_path / "docs", packages=("numpy", "scipy", "sklearn"))
    model = TopicModel(50, max_epochs=3, random_state=0, device="cpu")
    corpus = open_corpus(tmp_path / "docs")
    said = estimate_fit(corpus, model)
    start = time.perf_counter()
    run = fit_run(model, corpus, tmp_path / "run")
    took = time.perf_counter() - start
    assert 1 / 3 < said.seconds / took < 3, (said.seconds, took)
    assert 1 / 3 < said.memory_bytes / run.facts["peak_memory_bytes"] < 3
    assert 0.5 < said.n_words / run.facts["sizes"]["words"] < 2
