"""Prepared corpora that a later fit finds again, by their content and the settings."""

import shutil
import warnings

import numpy as np
import pandas as pd
import pytest

from neuraltopic.errors import NeuralTopicWarning, UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.preparation import prepare
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
    prepare(open_corpus(sentences()), Preprocessor(SETTINGS), workspace=folder, progress=None)
    return folder


def keep(cache, corpus, settings, workspace):
    cache.make()
    calls = []
    with cache.keeping(corpus, settings, workspace, lambda *call: calls.append(call)) as forward:
        forward("training", 0, 3)
    assert calls == [("training", 0, 3)]


def empty(folder):
    folder.mkdir()
    return folder


def test_what_is_kept_is_found_by_content_options_and_settings(tmp_path, corpus, cache):
    keep(cache, corpus, SETTINGS, prepared(tmp_path / "w"))
    assert cache.take(corpus, SETTINGS, empty(tmp_path / "a")) == len(sentences())
    assert len(Counts.open(tmp_path / "a" / "counts")) == len(Counts.open(tmp_path / "w" / "counts"))
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
    keep(cache, open_corpus(tmp_path / "a.txt"), SETTINGS, prepared(tmp_path / "w"))
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    assert cache.take(open_corpus(tmp_path / "b.txt"), SETTINGS, empty(tmp_path / "a"))
    (tmp_path / "b.txt").write_text("some other words\n" * 9)
    assert not cache.take(open_corpus(tmp_path / "b.txt"), SETTINGS, empty(tmp_path / "c"))


def test_lists_and_pipelines_are_not_kept(tmp_path, corpus, cache):
    workspace = prepared(tmp_path / "w")
    keep(cache, open_corpus(sentences()), SETTINGS, workspace)
    keep(cache, corpus, Preprocessing(spacy_pipeline="blank:en"), workspace)
    assert list(cache.folder.iterdir()) == []


def test_a_fit_that_is_stopped_in_training_leaves_its_corpus_in_the_cache(tmp_path, corpus, cache, monkeypatch):
    def stop(stage, done, total):
        if stage == "training":
            raise KeyboardInterrupt

    model = TopicModel(3, max_epochs=2, preprocessing=SETTINGS, device="cpu", random_state=0)
    with pytest.raises(KeyboardInterrupt):
        fit_run(model, corpus, tmp_path / "stopped", cache=cache.folder, progress=stop)
    monkeypatch.setattr(Preprocessor, "fit_transform", None)
    calls = []
    run = fit_run(model, corpus, tmp_path / "run", cache=cache.folder, progress=lambda *call: calls.append(call))
    assert calls[0] == ("reading the cache", len(sentences()), len(sentences()))
    assert len(run.model.ledger_) == len(sentences())


def test_a_second_fit_is_told_what_the_first_was_told(tmp_path, cache):
    """That a row has more values than there are columns is seen by reading it alone."""
    lines = ["id;text", *(f"{n};{sentence}" for n, sentence in enumerate(sentences())), "x;some;more values"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    said = []
    for name in "xyz":
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            fit(open_corpus(tmp_path / "a.csv"), tmp_path / name, cache)
        said.append({str(warning.message) for warning in shown})
    assert any("more values than there are columns" in note for note in said[0]), said[0]
    assert said[1] == said[2] == said[0]


@pytest.mark.parametrize("notes", ["{", "{}", "[1]"])
def test_damaged_notes_are_made_again(tmp_path, corpus, cache, notes):
    keep(cache, corpus, SETTINGS, prepared(tmp_path / "w"))
    (kept,) = cache.folder.iterdir()
    (kept / "notes.json").write_text(notes)
    with pytest.warns(NeuralTopicWarning, match="is damaged .* prepared again"):
        assert not cache.take(corpus, SETTINGS, empty(tmp_path / "a"))
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["counts", "ledger.parquet", "position.npy", PREPARATION, "notes.json"])
@pytest.mark.parametrize("missing", [True, False])
def test_what_is_damaged_is_prepared_again(tmp_path, corpus, cache, name, missing):
    first = fit(corpus, tmp_path / "first", cache)
    (kept,) = cache.folder.iterdir()
    part = sorted((kept / name).iterdir())[0] if name == "counts" else kept / name
    part.unlink()  # the file may have another name in a workspace
    if not missing:
        part.write_bytes(b"{")
    with pytest.warns(NeuralTopicWarning, match="is damaged .* prepared again"):
        second = fit(corpus, tmp_path / "second", cache)
    assert second.facts["corpus_sha256"] == first.facts["corpus_sha256"]
    assert [folder.name for folder in cache.folder.iterdir()] == [kept.name]
    third = fit(corpus, tmp_path / "third", cache)
    pd.testing.assert_frame_equal(third.model.ledger_, first.model.ledger_)


def test_a_cache_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path, corpus):
    (tmp_path / "file").write_text("not a folder")
    for name, said in (("file", "File exists"), ("file/below", "Not a directory")):
        with pytest.raises(UsageError, match=f"cache: expected a folder that can be written, or made; got .*{said}"):
            fit(corpus, tmp_path / "run", PreparationCache(tmp_path / name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "file"]


def test_what_changes_while_it_is_read_is_not_kept_as_what_it_becomes(tmp_path, corpus, cache):
    cache.make()
    with cache.keeping(corpus, SETTINGS, prepared(tmp_path / "w"), lambda *_: None) as forward:
        (tmp_path / "corpus" / "more.txt").write_text("read later")
        forward("training", 0, 1)
    assert not cache.take(open_corpus(tmp_path / "corpus"), SETTINGS, empty(tmp_path / "a"))


def test_passages_are_kept_too(tmp_path, cache):
    """A second fit learned from whole documents."""
    (tmp_path / "a.txt").write_text("".join(" ".join(sentences()[n : n + 6]) + "\n" for n in range(40)))
    model = TopicModel(3, max_epochs=2, preprocessing=Preprocessing(min_df=1, split=5), device="cpu", random_state=0)
    runs = [fit_run(model, open_corpus(tmp_path / "a.txt"), tmp_path / name, cache=cache.folder) for name in "xy"]
    assert runs[0].model.components_.tobytes() == runs[1].model.components_.tobytes()
    (kept,) = cache.folder.iterdir()
    shutil.rmtree(kept / "passages")  # as an earlier version left it
    with pytest.warns(NeuralTopicWarning, match="is damaged"):
        again = fit_run(model, open_corpus(tmp_path / "a.txt"), tmp_path / "z", cache=cache.folder)
    assert again.model.components_.tobytes() == runs[0].model.components_.tobytes()


def test_a_cache_that_cannot_be_written_later_stops_no_fit(tmp_path, corpus, cache):
    def full(stage, done, total):
        if stage == "reading" and cache.folder.is_dir():
            shutil.rmtree(cache.folder)
            cache.folder.write_text("no folder any more")

    model = TopicModel(3, max_epochs=2, preprocessing=SETTINGS, device="cpu", random_state=0)
    with pytest.warns(NeuralTopicWarning, match="cache: nothing was kept: "):
        run = fit_run(model, corpus, tmp_path / "run", cache=cache.folder, progress=full)
    assert len(run.model.ledger_) == len(sentences())
