"""Prepared corpora that a later fit finds again, by their content and the settings."""

import numpy as np
import pandas as pd
import pytest

from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.preprocessor import Preprocessor
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import open_corpus
from neuraltopic.runs.documents import fit_run
from neuraltopic.runs.preparation_cache import PreparationCache
from neuraltopic.storage.formats import PREPARATION
from tests.tiny_corpus import sentences, write_corpus

SETTINGS = Preprocessing(min_df=1)


@pytest.fixture
def corpus(tmp_path):
    return open_corpus(write_corpus(tmp_path / "corpus"))


@pytest.fixture
def cache(tmp_path):
    return PreparationCache(tmp_path / "cache")


def fit(corpus, output, cache, n_components=3):
    model = TopicModel(n_components, max_epochs=2, preprocessing=SETTINGS, device="cpu", random_state=0)
    return fit_run(model, corpus, output, cache=cache.folder)


def test_a_second_fit_counts_nothing_and_ends_on_the_same_bits(tmp_path, corpus, cache, monkeypatch):
    first = fit(corpus, tmp_path / "first", cache)
    monkeypatch.setattr(Preprocessor, "fit_transform", None)
    second = fit(open_corpus(tmp_path / "corpus"), tmp_path / "second", cache)
    assert (
        np.load(tmp_path / "second" / "vectors.npy").tobytes() == np.load(tmp_path / "first" / "vectors.npy").tobytes()
    )
    pd.testing.assert_frame_equal(first.model.ledger_, second.model.ledger_)
    assert first.facts["corpus_sha256"] == second.facts["corpus_sha256"]
    assert len(fit(corpus, tmp_path / "third", cache, n_components=4).model.components_) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "corpus", "first", "second", "third"]


def prepared(folder):
    folder.mkdir()
    (folder / "counts").mkdir()
    for name in ("counts/data.npy", "ledger.parquet", "position.npy", PREPARATION):
        (folder / name).write_text(name)
    return folder


def empty(folder):
    folder.mkdir()
    return folder


def test_what_is_kept_is_found_by_content_options_and_settings(tmp_path, corpus, cache):
    cache.keep(corpus, SETTINGS, prepared(tmp_path / "w"))
    assert cache.take(corpus, SETTINGS, empty(tmp_path / "a"))
    assert (tmp_path / "a" / "counts" / "data.npy").read_text() == "counts/data.npy"
    assert not cache.take(corpus, Preprocessing(min_df=2), empty(tmp_path / "b"))
    latin = open_corpus(tmp_path / "corpus", encoding="latin-1")
    assert not cache.take(latin, SETTINGS, empty(tmp_path / "c"))
    (tmp_path / "corpus" / ".hidden").write_text("not read")
    assert cache.take(corpus, SETTINGS, empty(tmp_path / "d"))
    (tmp_path / "corpus" / "more.txt").write_text("read")
    assert not cache.take(corpus, SETTINGS, empty(tmp_path / "e"))
    assert list((tmp_path / "e").iterdir()) == []


def test_a_file_that_was_moved_is_the_same_and_one_that_was_changed_is_not(tmp_path, cache):
    (tmp_path / "a.txt").write_text("some words\n" * 9)
    cache.keep(open_corpus(tmp_path / "a.txt"), SETTINGS, prepared(tmp_path / "w"))
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    assert cache.take(open_corpus(tmp_path / "b.txt"), SETTINGS, empty(tmp_path / "a"))
    (tmp_path / "b.txt").write_text("some other words\n" * 9)
    assert not cache.take(open_corpus(tmp_path / "b.txt"), SETTINGS, empty(tmp_path / "c"))


def test_lists_and_pipelines_are_not_kept(tmp_path, corpus, cache):
    workspace = prepared(tmp_path / "w")
    cache.keep(open_corpus(sentences()), SETTINGS, workspace)
    cache.keep(corpus, Preprocessing(spacy_pipeline="blank:en"), workspace)
    assert not cache.folder.exists()
