"""Embeddings in an index: kept through every change, compared with queries, and never lost in silence."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from neuraltopic import Preprocessing, TopicModel, UsageError
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.vectors.embedding_models import EmbeddingModel, EmbeddingsByModel
from neuraltopic.search import SearchIndex
from neuraltopic.search import directions as index_directions
from neuraltopic.topics.retrieval.document_set import directions, unit_rows
from tests.reading.vectors.test_embedding_models import static_model  # noqa: F401  # a fixture
from tests.tiny_corpus import sentences


def by_model(folder, corpus):
    return EmbeddingsByModel(EmbeddingModel(folder, device="cpu"), corpus)


def corpus_of(texts, folder, name="texts.txt"):
    (folder / name).write_text("\n".join(texts) + "\n")
    return open_corpus(str(folder / name))


@pytest.fixture(scope="module")
def shared(model, static_model, tmp_path_factory):  # noqa: F811
    """An index of the themes, embedded by a model of six words, that tests only read."""
    folder = tmp_path_factory.mktemp("embedded")
    corpus = corpus_of(sentences(), folder)
    return SearchIndex.build(folder / "index", model, corpus, embeddings=by_model(static_model, corpus))


@pytest.fixture
def index(shared, tmp_path):
    shutil.copytree(shared.folder, tmp_path / "index")
    return SearchIndex.open(tmp_path / "index")


def scores(answer):
    return {hit.id: hit.score for hit in answer.hits}


def embedding_topics(index):
    return np.load(index.folder / index.generation.embedding_topics)


def kept(index):
    return np.concatenate([segment.documents.embeddings[segment.live] for segment in index.segments])


def test_by_embeddings_the_score_is_the_standardised_cosine(shared, static_model):  # noqa: F811
    encode = EmbeddingModel(static_model).encode
    cosines = encode(sentences()).astype(float) @ encode(["rocket bread"])[0].astype(float)
    answer = shared.answer("rocket bread", 60, by="embeddings")
    expected = (cosines - cosines.mean()) / cosines.std()
    assert [scores(answer)[str(d + 1)] for d in range(60)] == pytest.approx(expected.tolist(), abs=1e-5)
    assert all(hit.embedding == pytest.approx(hit.score, abs=1e-9) for hit in answer.hits)


@pytest.mark.parametrize("query", ["rocket to the moon", "zebra", "rocket zebra"])
def test_parts_sum_to_the_score(shared, query):
    answer = shared.answer(query, 60)
    for hit in answer.hits:
        total = sum(hit.words.values()) + sum(hit.topics.values()) + hit.embedding
        assert total == pytest.approx(hit.score, abs=1e-12)
    assert (answer.hits[0].embedding > 0.0) == (query != "zebra")
    table = shared.search(query, 60)
    assert table["embedding"].tolist() == [hit.embedding for hit in answer.hits]


def test_by_embeddings_no_word_is_unknown(shared):
    answer = shared.answer("zebra rocket", 3, by="embeddings")
    assert (answer.notes, answer.unknown) == ((), {})
    assert shared.answer("zebra rocket", 3).notes == ("zebra is not in the vocabulary",)


@pytest.mark.parametrize("query", ["", " \n"])
def test_a_query_of_nothing_finds_nothing(shared, query):
    """Though a model has an embedding of no words."""
    answer = shared.answer(query)
    assert (answer.hits, answer.notes) == ((), ("no word of the query is in the vocabulary",))
    with pytest.raises(UsageError, match="embedding of the query"):
        shared.answer(query, by="embeddings")


def test_a_document_as_the_query_has_its_own_embedding(shared, static_model):  # noqa: F811
    embeddings = EmbeddingModel(static_model).encode(sentences()).astype(float)
    like = scores(shared.answer(like="1", n=60, by="embeddings"))
    order = sorted(range(1, 60), key=lambda d: (-round(float(embeddings[d] @ embeddings[0]), 4), str(d + 1)))
    assert list(like) == [str(d + 1) for d in order]


def test_embeddings_of_a_file_need_those_of_the_query(model, shared, static_model, tmp_path):  # noqa: F811
    encode = EmbeddingModel(static_model).encode
    plain = SearchIndex.build(tmp_path / "plain", model, sentences())
    index = SearchIndex.build(tmp_path / "index", model, sentences(), embeddings=7.0 * encode(sentences()))
    assert index.generation.embedder is None
    without = index.answer("rocket", 60)
    assert scores(index.answer("rocket", by="words")) == scores(plain.answer("rocket", by="words"))
    assert all(hit.embedding == 0.0 for hit in without.hits)
    (note,) = without.notes
    assert note.startswith("the query has no embedding: words and topics answer")
    assert not plain.answer("rocket").notes
    assert not index.answer("rocket", by="words").notes
    assert not index.answer("rocket", by="topics").notes
    assert not index.answer("rocket", embedding=encode(["rocket"])[0]).notes
    with pytest.raises(UsageError, match="embedding of the query: expected a vector, or the model"):
        index.answer("rocket", by="embeddings")
    with pytest.raises(UsageError, match="embeddings: expected"):
        index.answer("rocket", embedding=np.ones(3))
    # Lengths of vectors do not matter, of documents and of queries.
    given = index.answer("rocket", 60, embedding=3.0 * encode(["rocket"])[0])
    expected = {str(int(id) - 1): score for id, score in scores(shared.answer("rocket", 60)).items()}
    assert scores(given) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(UsageError, match="without embeddings"):
        plain.answer("rocket", by="embeddings")
    with pytest.raises(UsageError, match="expected an index with embeddings"):
        SearchIndex.open(tmp_path / "plain", embed_with=static_model)


def test_added_documents_are_embedded_by_the_same_model(index, shared, model, static_model, tmp_path):  # noqa: F811
    new = corpus_of(["rocket orbit launch", "flour and bread"], tmp_path, "new.txt")
    with pytest.raises(UsageError, match="a row per document"):
        index.add(new)
    other = tmp_path / "other"
    shutil.copytree(static_model, other)
    (other / "README.md").write_text("changed")
    with pytest.raises(UsageError, match="expected the model of the index"):
        index.add(new, embeddings=by_model(other, new))
    assert sorted(path.name for path in index.folder.iterdir() if "segment" in path.name) == ["segment-1"]
    with pytest.warns(NeuralTopicWarning, match="their ids are new.txt:1"):
        added = index.add(new, embeddings=by_model(static_model, new))
    assert len(added) == 62
    assert kept(added)[60:] == pytest.approx(EmbeddingModel(static_model).encode(["rocket orbit launch", "bread"]))
    whole = corpus_of([*sentences(), "rocket orbit launch", "flour and bread"], tmp_path, "whole.txt")
    at_once = SearchIndex.build(tmp_path / "whole", model, whole, embeddings=by_model(static_model, whole))
    # Until the documents are read again, what embeddings suggest is what it was without those that were added.
    assert (embedding_topics(added) == embedding_topics(index)).all()
    added = added.update(model)
    assert embedding_topics(added) == pytest.approx(embedding_topics(at_once), abs=1e-6)
    found, expected = (scores(i.answer("rocket bread", 62)) for i in (added, at_once))
    assert sorted(found.values()) == pytest.approx(sorted(expected.values()), abs=1e-5)
    with pytest.raises(UsageError, match="none, as in the index"):
        SearchIndex.build(tmp_path / "plain", model, sentences()).add(new, embeddings=by_model(static_model, new))


def test_embeddings_stay_with_their_documents(index, shared, model):
    remaining = index.delete(["2", "60"])
    without = np.delete(kept(shared), [1, 59], axis=0)
    assert (kept(remaining) == without).all()
    rewritten = remaining.update(model)
    assert rewritten.segments[0].documents.embeddings.shape == (58, 4)
    assert (kept(rewritten) == without).all()
    assert scores(rewritten.answer("rocket", 60)) == pytest.approx(scores(remaining.answer("rocket", 60)), abs=0.05)


def test_an_index_of_the_first_schema_has_none(model, tmp_path):
    index = SearchIndex.build(tmp_path / "index", model, sentences())
    path = tmp_path / "index" / "index.json"
    facts = json.loads(path.read_text())
    later = [facts.pop(name) for name in ("dimensions", "embedder", "embedding_topics", "learned_from")]
    assert (facts["schema_version"], later) == (3, [None, None, None, 0])
    path.write_text(json.dumps(facts | {"schema_version": 1}))
    assert scores(SearchIndex.open(tmp_path / "index").answer("rocket")) == scores(index.answer("rocket"))


def test_an_index_of_the_second_schema_has_the_topics_of_words_alone(index, model):
    """Until its documents are written again."""
    path, segment = index.folder / "index.json", index.segments[0]
    of_nothing = model.document_vae_.empty_document_vector()
    facts = json.loads(path.read_text())
    name, _ = facts.pop("embedding_topics"), facts.pop("learned_from")
    (index.folder / name).unlink()
    np.save(index.folder / "segment-1" / "directions.npy", directions(segment.vectors, of_nothing))
    files = {path: file for path, file in facts["files"].items() if path not in (name, "segment-1/directions.npy")}
    written = (index.folder / "segment-1" / "directions.npy").read_bytes()
    files["segment-1/directions.npy"] = {"bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}
    path.write_text(json.dumps(facts | {"schema_version": 2, "files": files}))
    earlier = SearchIndex.open(index.folder)
    assert earlier.answer("rocket").hits[0].embedding > 0.0
    again = earlier.update(model)
    assert embedding_topics(again).shape == (5, 3)
    assert scores(again.answer("rocket", 60)) == pytest.approx(scores(index.answer("rocket", 60)), abs=1e-6)


def test_words_of_a_short_query_count_for_less_where_others_are_unknown(model, static_model, tmp_path):  # noqa: F811
    """One of two words: a quarter of its weight in the hybrid, and the whole of it by words alone."""
    corpus = corpus_of([f"{text} {text}" for text in sentences()], tmp_path)
    index = SearchIndex.build(tmp_path / "index", model, corpus, embeddings=by_model(static_model, corpus))

    def of_rocket(query, by="hybrid"):
        return {hit.id: hit.words["rocket"] for hit in index.answer(query, 60, by=by).hits}

    known = of_rocket("rocket")
    assert of_rocket("rocket zebra") == pytest.approx({id: part / 4 for id, part in known.items()}, abs=1e-12)
    assert of_rocket("rocket zebra", "words") == of_rocket("rocket", "words")
    # A long query, of which a word is unknown.
    whole = 5 * "rocket orbit "
    assert of_rocket(f"{whole} zebra") == pytest.approx(of_rocket(whole), abs=1e-12)


def test_what_embeddings_suggest_is_learned_anew_when_most_documents_are_new(index, static_model, tmp_path):  # noqa: F811
    """Also in an index that began with one document."""
    few, many = corpus_of(sentences()[:1], tmp_path, "few.txt"), corpus_of(sentences()[1:], tmp_path, "many.txt")
    began = SearchIndex.build(tmp_path / "one", index.model, few, embeddings=by_model(static_model, few))
    assert not embedding_topics(began).any()
    assert (began.generation.learned_from, index.generation.learned_from) == (1, 60)
    with pytest.warns(NeuralTopicWarning, match="their ids are many.txt:1"):
        grown = began.add(many, embeddings=by_model(static_model, many))
    assert (grown.generation.learned_from, len(grown)) == (60, 60)
    assert embedding_topics(grown) == pytest.approx(embedding_topics(index), abs=1e-6)
    # Those that were there are completed too: the order of the documents is the same.
    of_grown = np.concatenate([segment.documents.directions for segment in grown.segments])
    assert of_grown == pytest.approx(index.segments[0].documents.directions, abs=1e-5)


def test_directions_are_half_by_the_embedding(shared, model, static_model):  # noqa: F811
    """Of documents and of queries, by the map that the folder has."""
    segment, of_map = shared.segments[0], embedding_topics(shared)
    of_nothing = model.document_vae_.empty_document_vector()
    suggested = segment.documents.embeddings @ of_map[:-1] + of_map[-1]
    expected = directions(segment.vectors, of_nothing) + unit_rows(suggested)
    assert segment.documents.directions == pytest.approx(unit_rows(expected), abs=1e-6)
    query = "rocket zebra"
    suggested = EmbeddingModel(static_model).encode([query]) @ of_map[:-1] + of_map[-1]
    asked = unit_rows(model.as_query(query).direction + unit_rows(suggested))[0]
    cosines = segment.documents.directions @ asked
    expected = dict(zip(segment.ids, (cosines - cosines.mean()) / cosines.std(), strict=True))
    assert scores(shared.answer(query, 60, by="topics")) == pytest.approx(expected, abs=1e-4)


def test_many_documents_are_learned_from_at_even_distances(index, monkeypatch):
    monkeypatch.setattr(index_directions, "_SAMPLE", 20)
    monkeypatch.setattr(index_directions, "_AT_ONCE", 4)
    documents = index.segments[0].documents
    both = documents.directions, documents.embeddings
    blocks = list(index_directions._sample([both, both]))  # 120 documents, every sixth
    expected = [np.concatenate([rows[::6], rows[::6]]) for rows in both]
    for found, rows in zip(zip(*blocks, strict=True), expected, strict=True):
        assert (np.concatenate(found) == rows).all()


def test_a_map_of_another_shape_is_damage(index):
    name = index.generation.embedding_topics
    np.save(index.folder / name, np.zeros((4, 3), np.float32))
    index.generation.with_files(index.folder, [name]).write(index.folder)
    with pytest.raises(NeuralTopicError, match=r"embedding_topics-1\.npy: expected shape \(5, 3\); got \(4, 3\)"):
        SearchIndex.open(index.folder)


@pytest.mark.parametrize("facts", [{"dimensions": 5}, {"dimensions": "4"}, {"embedder": {"model": "x"}}])
def test_facts_that_do_not_fit_are_damage(index, facts):
    path = index.folder / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    with pytest.raises(NeuralTopicError, match="damaged"):
        SearchIndex.open(index.folder)


def test_a_model_that_has_gone_is_said(shared, static_model, tmp_path):  # noqa: F811
    """Words and topics still answer; another folder may be named, but not another model."""
    shutil.copytree(shared.folder, tmp_path / "index")
    facts = json.loads((tmp_path / "index" / "index.json").read_text())
    facts["embedder"]["model"] = str(tmp_path / "gone")
    (tmp_path / "index" / "index.json").write_text(json.dumps(facts))
    index = SearchIndex.open(tmp_path / "index")
    answer = index.answer("rocket", 60)
    assert answer.notes[0].startswith(f"the query has no embedding: embedding model {tmp_path / 'gone'}: expected a f")
    assert answer.hits[0].embedding == 0.0
    assert not index.answer("rocket", by="words").notes
    with pytest.raises(UsageError, match="no such folder"):
        index.answer("rocket", by="embeddings")
    moved = SearchIndex.open(tmp_path / "index", embed_with=static_model)
    assert scores(moved.answer("rocket", 60)) == scores(shared.answer("rocket", 60))
    other = tmp_path / "other"
    shutil.copytree(static_model, other)
    (other / "README.md").write_text("changed")
    with pytest.raises(UsageError, match="expected the model that embedded the documents"):
        SearchIndex.open(tmp_path / "index", embed_with=other).answer("rocket", by="embeddings")


def test_edited_topics_are_searched_with_the_model_that_is_loaded(shared):
    again = shared.read_with(shared.model)
    assert again.encoder is shared.encoder
    assert scores(again.answer("rocket")) == scores(shared.answer("rocket"))


def test_a_recipe_of_embeddings_reads_queries_by_the_model_of_the_index(static_model, tmp_path):  # noqa: F811
    corpus = corpus_of(sentences(30), tmp_path)
    embeddings = EmbeddingModel(static_model).encode(sentences(30))
    model = TopicModel(2, recipe="contextual", preprocessing=Preprocessing(min_df=1), max_epochs=1, random_state=0)
    model.fit(corpus, embeddings=embeddings)
    index = SearchIndex.build(tmp_path / "index", model, corpus, embeddings=by_model(static_model, corpus))
    answer = index.answer("rocket", 30, by="topics")
    assert (answer.by, answer.notes, answer.n_found) == ("topics", (), 30)
    given = index.answer("rocket", 30, by="topics", embedding=EmbeddingModel(static_model).encode(["rocket"])[0])
    assert scores(given) == scores(answer)
    # The vectors of another fit are made of the embeddings that are kept.
    again = index.update(model)
    np.testing.assert_allclose(again.segments[0].vectors, index.segments[0].vectors, atol=1e-5)
