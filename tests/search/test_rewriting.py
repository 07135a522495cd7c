"""Several segments written as one: the same documents to the bit, in memory that does not grow with them."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from neuraltopic.search import SearchIndex, directions, indexing, rewriting, segments
from neuraltopic.search.directions import complete_directions, learn_embedding_topics
from neuraltopic.search.rewriting import rewrite
from neuraltopic.search.segments import open_segment
from neuraltopic.topics.retrieval.document_set import Postings
from tests.tiny_corpus import sentences

C = 384


def build(folder, model, n_documents, n_dimensions=C):
    texts = (sentences() * (n_documents // 60 + 1))[:n_documents]
    embeddings = np.random.default_rng(0).standard_normal((n_documents, n_dimensions)).astype(np.float32)
    return SearchIndex.build(folder, model, texts, embeddings=embeddings)


def written_as_one(index, folder, *, anew=False):
    folder.mkdir()
    n_documents = rewrite(folder, index.segments, index.model, anew=anew, progress=None)
    if index.generation.embedding_topics is not None:
        complete_directions(folder, index._embedding_topics)
    shape = n_documents, index.generation.n_words, index.generation.n_topics
    of_nothing = index.model.document_vae_.empty_document_vector()
    return open_segment(folder, shape, index.generation.n_dimensions, of_nothing, None)


@pytest.mark.parametrize("at_once", [4, 1000])
def test_the_documents_are_the_same_to_the_bit(model, tmp_path, monkeypatch, at_once):
    """Of three segments with documents that were deleted, one of them without a word."""
    index = build(tmp_path / "index", model, 30, 5)
    rng = np.random.default_rng(1)
    for number, texts in enumerate((["moon", "", "zebra", "goal butter"], ["rocket orbit"])):
        frame = pd.DataFrame({"id": [f"{9 - number}{row}x" for row in range(len(texts))], "text": texts})
        index = index.add(frame, embeddings=rng.standard_normal((len(texts), 5)).astype(np.float32))
    index = index.delete(["3", "29", "91x"])
    monkeypatch.setattr(rewriting, "_AT_ONCE", at_once)
    monkeypatch.setattr(segments, "_ENTRIES", at_once)
    found = written_as_one(index, tmp_path / "one")
    kept = [(segment, row) for segment in index.segments for row in np.flatnonzero(segment.live)]
    assert len(found) == len(kept) == len(index) == 32
    for place, (segment, row) in enumerate(kept):
        assert found.ids[place] == segment.ids[row]
        assert found.texts[place] == segment.texts[row]
        assert found.vectors[place].tolist() == segment.vectors[row].tolist()
        assert found.documents.directions[place].tolist() == segment.documents.directions[row].tolist()
        assert found.documents.embeddings[place].tolist() == segment.documents.embeddings[row].tolist()
        assert found.topics[place] == segment.topics[row]
    assert [found.ids[place] for place in found.id_order] == sorted(found.ids)
    expected = Postings.of(found.documents.counts)
    for name in ("bounds", "documents", "counts"):
        assert getattr(found.documents.postings, name).tolist() == getattr(expected, name).tolist()


def test_postings_of_nothing(model, tmp_path):
    index = SearchIndex.build(tmp_path / "index", model, ["zebra", "giraffe"])
    found = written_as_one(index, tmp_path / "one")
    assert found.documents.counts.nnz == 0
    assert found.documents.postings.bounds.tolist() == [0] * (index.generation.n_words + 1)


def test_fields_of_other_types_and_other_columns(model, tmp_path, monkeypatch):
    parts = [
        {"id": ["a", "b"], "text": ["rocket moon"] * 2, "year": [2015.0, None], "size": [1, 2]},
        {"id": ["c", "d"], "text": ["bread oven"] * 2, "year": ["2016", "spring"], "size": [0.5, 3.0], "new": [1, 2]},
    ]
    index = SearchIndex.build(tmp_path / "index", model, pd.DataFrame(parts[0])).add(pd.DataFrame(parts[1]))
    monkeypatch.setattr(rewriting, "_AT_ONCE", 1)
    fields = written_as_one(index, tmp_path / "one").fields()
    assert [None if pd.isna(year) else year for year in fields["year"]] == ["2015", None, "2016", "spring"]
    assert fields["size"].tolist() == [1.0, 2.0, 0.5, 3.0]
    assert fields["n_tokens"].tolist() == [2, 2, 2, 2]
    assert fields["new"].isna().tolist() == [True, True, False, False]


def peak_of(function):
    """Most bytes that Python and numpy have allocated meanwhile, above those before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("anew", [False, True])
def test_memory_does_not_grow_with_embeddings(model, tmp_path, monkeypatch, anew):
    """A document has 1,536 bytes of embeddings, and less than 60 remain: its place in the order of ids, and so on."""
    for module in (rewriting, indexing, directions):
        monkeypatch.setattr(module, "_AT_ONCE", 100)
    monkeypatch.setattr(segments, "_ENTRIES", 1000)
    peaks = []
    for n_documents in (1000, 4000):
        index = build(tmp_path / f"index-{n_documents}", model, n_documents)
        written_as_one(index, tmp_path / f"warm-{n_documents}", anew=anew)
        folder = tmp_path / f"one-{n_documents}"
        folder.mkdir()

        def as_one(index=index, folder=folder):
            rewrite(folder, index.segments, model, anew=anew, progress=None)
            learn_embedding_topics([folder], folder / "map.npy")

        peaks.append(peak_of(as_one))
    assert (peaks[1] - peaks[0]) / 3000 < 60
