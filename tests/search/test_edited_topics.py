"""Search in the documents of a model whose topics were edited: hits, labels, shares and reasons follow the edits."""

import copy

import numpy as np
import pytest

from neuraltopic.search import SearchIndex
from tests.tiny_corpus import sentences

# Merge two, name the result, divide it, drop a part: every kind of step that renumbers topics.
EDITS = (
    [{"op": "merge", "groups": [[0, 2]]}, {"op": "rename", "labels": {"0": "Home and away"}}],
    [{"op": "merge", "groups": [[0, 2]]}, {"op": "split", "topic": 0}],
    [
        {"op": "merge", "groups": [[0, 2]]},
        {"op": "split", "topic": 0},
        {"op": "drop", "topics": [2]},
        {"op": "reorder", "order": [1, 0]},
    ],
)


@pytest.fixture(params=EDITS, ids=["merge", "split", "split and drop"])
def edited(model, request):
    return copy.copy(model).edit(request.param, documents=sentences())


def expected_topics(edited):
    return edited.get_document_info()["topic"].fillna(-1).tolist()


def check(index, edited):
    answer = index.answer("rocket moon goal", 60)
    assert len(answer.hits) == 60
    topics, labels = dict(zip(map(str, range(60)), expected_topics(edited), strict=True)), edited.labels_
    for hit in answer.hits:
        assert hit.topic == topics[hit.id]
        assert hit.label == ("" if hit.topic < 0 else labels[hit.topic])
        assert set(hit.topics) <= {-1, *range(len(labels))}
        assert sum(hit.words.values()) + sum(hit.topics.values()) == pytest.approx(hit.score, abs=1e-6)
    shares = edited.topic_weights(edited.vectors_)
    for topic in range(len(labels)):
        found = index.answer(topic=topic, n=60)
        assert [hit.score for hit in found.hits] == pytest.approx(sorted(shares[:, topic], reverse=True), abs=1e-5)
        filtered = index.answer("moon", 60, where=f"topic = {topic}")
        assert filtered.n_found == expected_topics(edited).count(topic)
    assert index.topic_labels == labels


def test_an_index_of_edited_topics(edited, tmp_path):
    check(SearchIndex.build(tmp_path / "index", edited, sentences()), edited)


def test_an_index_follows_edits_that_came_later(model, edited, tmp_path):
    index = SearchIndex.build(tmp_path / "index", model, sentences())
    check(index.read_with(edited), edited)
    assert index.topic_labels == model.labels_


def test_what_stays_is_the_order_of_hits(model, edited, tmp_path):
    index = SearchIndex.build(tmp_path / "index", model, sentences())
    before, after = (each.answer("bread goal", 60) for each in (index, index.read_with(edited)))
    assert [(hit.id, hit.score) for hit in before.hits] == [(hit.id, hit.score) for hit in after.hits]
    for one, other in zip(before.hits, after.hits, strict=True):
        assert sum(one.topics.values()) == pytest.approx(sum(other.topics.values()), abs=1e-9)


def test_a_model_searches_by_its_edited_topics(edited):
    found = edited.search("rocket moon", 60)
    listed = expected_topics(edited)
    assert found["topic"].tolist() == [listed[int(id)] for id in found["id"]]
    assert edited.similar_documents("0", 5)["topic"].tolist()
    shares = edited.find_topics("rocket moon", 10)
    assert shares["label"].tolist() == [edited.labels_[topic] for topic in shares["topic"]]
    vectors = edited.transform(["rocket moon"])
    assert shares["share"].to_numpy() == pytest.approx(np.sort(edited.topic_weights(vectors)[0])[::-1], abs=1e-6)
    near = edited.similar_topics(0, 10)
    assert sorted([0, *near["topic"]]) == list(range(len(edited.labels_)))
