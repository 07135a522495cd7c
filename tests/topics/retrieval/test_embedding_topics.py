"""The map from embeddings to topics against its definition."""

import numpy as np
import pytest

from neuraltopic.topics.retrieval.document_set import directions, unit_rows
from neuraltopic.topics.retrieval.embedding_topics import EmbeddingTopics

D, K, C = 40, 3, 6


@pytest.fixture
def documents():
    """Directions, of which the first two are unknown, and embeddings, of a document each."""
    rng = np.random.default_rng(3)
    embeddings = unit_rows(rng.standard_normal((D, C)) + 2.0)
    of_words = directions(embeddings[:, :K] + 0.3 * rng.standard_normal((D, K)), np.zeros(K))
    of_words[:2] = 0.0
    return of_words, embeddings


def slow_map(of_words, embeddings):
    """Ridge regression as least squares with C more rows, of documents whose direction is known."""
    known = of_words.any(1)
    e, f = embeddings[known].astype(float), of_words[known].astype(float)
    centred = e - e.mean(0)
    penalty = np.sqrt((centred**2).sum() / C)
    rows = np.vstack([centred, penalty * np.eye(C)])
    W = np.linalg.lstsq(rows, np.vstack([f - f.mean(0), np.zeros((C, K))]), rcond=None)[0]
    return np.vstack([W, -e.mean(0) @ W])


def learned(of_words, embeddings, at_once=1_000):
    starts = range(0, len(of_words), at_once)
    blocks = ((of_words[start : start + at_once], embeddings[start : start + at_once]) for start in starts)
    return EmbeddingTopics.learned(blocks, (C, K))


@pytest.mark.parametrize("at_once", [7, 1_000])
def test_the_map_is_ridge_regression(documents, at_once):
    found = learned(*documents, at_once).map
    assert found.dtype == np.float32
    assert found == pytest.approx(slow_map(*documents), abs=1e-6)


def test_embeddings_of_zeros_have_no_part_and_suggest_nothing(documents):
    of_words, embeddings = documents
    embeddings[[4, 9]] = 0.0
    topics = learned(of_words, embeddings)
    others = np.delete(np.arange(D), [4, 9])
    assert topics.map == pytest.approx(slow_map(of_words[others], embeddings[others]), abs=1e-6)
    assert topics.directions(of_words, embeddings)[[4, 9]] == pytest.approx(of_words[[4, 9]], abs=1e-6)


def test_what_is_learned_of_equal_directions_is_no_rounding(documents):
    of_words, embeddings = documents[0][-1:].repeat(D, 0), documents[1]
    assert learned(of_words, embeddings).directions(of_words, embeddings) == pytest.approx(of_words, abs=1e-6)


def test_directions_are_half_by_words_and_half_by_the_embedding(documents):
    of_words, embeddings = documents
    topics = learned(of_words, embeddings)
    found = topics.directions(of_words, embeddings)
    for number in range(D):
        suggested = embeddings[number].astype(float) @ topics.map[:-1] + topics.map[-1]
        expected = of_words[number] + suggested / np.linalg.norm(suggested)
        assert found[number] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
    # Two that are unknown by their words have a direction by their embeddings.
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_embeddings_of_few_or_equal_documents_suggest_nothing(documents, n):
    of_words, embeddings = (rows[-1:].repeat(n, 0) for rows in documents)
    topics = learned(of_words, embeddings)
    assert topics.map.shape == (C + 1, K)
    assert not topics.map.any()
    assert topics.directions(of_words, embeddings) == pytest.approx(of_words, abs=1e-6)


def test_documents_without_a_known_direction_suggest_nothing(documents):
    assert not learned(np.zeros((D, K), np.float32), documents[1]).map.any()
