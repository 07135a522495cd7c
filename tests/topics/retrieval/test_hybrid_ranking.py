"""The ranking against its definition, document by document."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.retrieval import hybrid_ranking
from neuraltopic.topics.retrieval.document_set import DocumentSet, Postings, Query, directions, unit_rows
from neuraltopic.topics.retrieval.first_documents import best
from neuraltopic.topics.retrieval.hybrid_ranking import HybridRanking

D, V, K, C = 30, 12, 4, 6


def make_set(rng, n=D, live=None):
    counts = Counts.from_scipy(csr_array(rng.poisson(0.6, (n, V))))
    found = directions(rng.standard_normal((n, K)), np.zeros(K))
    return DocumentSet(
        counts, Postings.of(counts), counts.totals(), found, live, unit_rows(rng.standard_normal((n, C)))
    )


def without_embeddings(part):
    return replace(part, embeddings=None)


@pytest.fixture
def query(rng):
    direction = directions(rng.standard_normal((1, K)), np.zeros(K))[0]
    return Query({0: 1.0, 3: 2.0, 7: 5.0}, direction, unit_rows(rng.standard_normal((1, C)))[0])


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def slow_scores(part, query, live):
    """The definition, with loops, over live documents: words, topics and embeddings alone, and the hybrid of all."""
    counts = part.counts.to_scipy().toarray()
    rows, lengths = counts[live], counts[live].sum(1)
    n, mean_length = len(rows), lengths.mean()
    bm25 = np.zeros(n)
    for word, asked in query.words.items():
        n_with = sum(row[word] > 0 for row in rows)
        idf = math.log(1 + (n - n_with + 0.5) / (n_with + 0.5))
        for d, row in enumerate(rows):
            tf = row[word]
            bm25[d] += (1 + math.log(asked)) * idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * lengths[d] / mean_length))
    matches = bm25**1.5
    n_q = sum(query.words.values())
    words = standardised(matches)
    length = n_q / (n_q + mean_length)
    known = {"topics": ((20 if part.embeddings is None else 96) * length, part.directions[live], query.direction)}
    if part.embeddings is not None:
        # Less their mean: what the mean adds to every document's closeness, standardising takes away again.
        less_mean = part.embeddings[live] - part.embeddings[live].mean(0)
        known["embeddings"] = (12 * length**0.5, less_mean, query.embedding - part.embeddings[live].mean(0))
    cosines = {name: np.array([cosine(unit, asked) for unit in units]) for name, (_, units, asked) in known.items()}
    found = {"words": words} | {name: standardised(values) for name, values in cosines.items()}

    def hybrid(asks):
        score = words
        for name, (weight, units, _) in known.items():
            cosines = np.array([cosine(unit, asks[name]) for unit in units.astype(float)])
            score = score + weight * standardised(cosines)
        return score

    def moved(asks, first, weights):
        return {
            name: asks[name] / np.linalg.norm(asks[name])
            + sum(weights[d] * known[name][1][d].astype(float) for d in first) / sum(weights[d] for d in first)
            for name in known
        }

    asks = {name: asked.astype(float) for name, (_, _, asked) in known.items()}
    if query.n_unknown and part.embeddings is not None and n_q + query.n_unknown < mean_length / 2:
        words = (n_q / (n_q + query.n_unknown)) ** 2 * words
        for _ in range(2):
            asks = moved(asks, first_of(range(n), hybrid(asks), 10), np.ones(n))
        found["hybrid"] = hybrid(asks)
        return found
    with_word = [d for d in range(n) if matches[d] > 0]
    asks = moved(asks, first_of(with_word, matches, 10), matches)
    second = first_of(first_of(with_word, matches, hybrid_ranking._MATCHES), hybrid(asks), 10)
    found["hybrid"] = hybrid(moved(asks, second, np.ones(n)))
    return found


def first_of(documents, values, n):
    """Those with the n largest values, and all that are level with the last."""
    least = sorted(values[list(documents)])[-n:][0]
    return [d for d in documents if values[d] >= least]


def cosine(unit, other):
    return float(np.dot(unit, other)) / float(np.dot(other, other)) ** 0.5


def standardised(values):
    return (values - values.mean()) / values.std()


@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize("with_deleted", [False, True])
@pytest.mark.parametrize("n_matches", [12, 1_000])
@pytest.mark.parametrize(("n_unknown", "n_tokens"), [(0.0, 8), (3.0, 8), (0.0, 2), (1.0, 2)])
def test_scores_are_their_definition(rng, query, with_deleted, embedded, n_matches, n_unknown, n_tokens, monkeypatch):
    monkeypatch.setattr(hybrid_ranking, "_MATCHES", n_matches)
    words = query.words if n_tokens == 8 else {3: 2.0}  # a mean document has 7 tokens
    query = replace(query, words=words, n_unknown=n_unknown)
    live = rng.random(D) < 0.7 if with_deleted else None
    part = make_set(rng, live=live) if embedded else without_embeddings(make_set(rng, live=live))
    ranking = HybridRanking([part])
    kept = np.ones(D, bool) if live is None else live
    expected = slow_scores(part, query, kept)
    assert expected.keys() == {"words", "topics", "hybrid"} | ({"embeddings"} if embedded else set())
    for by, values in expected.items():
        assert ranking.scores(query, by).values[kept] == pytest.approx(values, abs=1e-9 if by == "words" else 1e-5)
    assert (ranking.scores(query).eligible == kept).all()


def test_embeddings_count_only_where_documents_and_query_have_them(rng, query):
    part = make_set(rng)
    plain = HybridRanking([without_embeddings(part)])
    expected = plain.scores(query).values
    assert (HybridRanking([part]).scores(replace(query, embedding=None)).values == expected).all()
    # Some documents alone cannot be standardised beside the others.
    mixed = HybridRanking([part, without_embeddings(part)])
    assert mixed.scores(query).weights.embedding_scale == 0.0
    for ranking in (plain, mixed):
        with pytest.raises(UsageError, match="expected words, topics or hybrid for documents without embeddings"):
            ranking.scores(query, "embeddings")


def test_a_query_of_an_embedding_alone_is_ranked_by_it(rng, query):
    ranking = HybridRanking([make_set(rng)])
    alone = Query({}, np.zeros(K, np.float32), query.embedding)
    # With its whole weight, as no words say how long the query is.
    assert ranking.scores(alone).values == pytest.approx(12 * ranking.scores(query, "embeddings").values, abs=2e-6)


def test_a_short_query_of_unknown_words_moves_to_the_documents_that_are_best_without_them(rng, query):
    part = make_set(rng)
    ranking = HybridRanking([part])
    less_mean = part.embeddings.astype(float) - part.embeddings.astype(float).mean(0)
    length = 2.0 / (2.0 + ranking.mean_length)
    direction, embedding = query.direction.astype(float), query.embedding - part.embeddings.astype(float).mean(0)
    for number in range(3):
        topics = standardised(np.array([cosine(unit, direction) for unit in part.directions.astype(float)]))
        closeness = standardised(np.array([cosine(unit, embedding) for unit in less_mean]))
        values = 96 * length * topics + 12 * length**0.5 * closeness
        if number < 2:
            first = first_of(range(D), values, 10)
            direction = direction / np.linalg.norm(direction) + part.directions[first].astype(float).mean(0)
            embedding = embedding / np.linalg.norm(embedding) + less_mean[first].mean(0)
    unknown = replace(query, words={}, n_unknown=2.0)
    assert ranking.scores(unknown).values == pytest.approx(values, abs=1e-5)


def test_the_topics_of_the_best_matches_by_words_move_the_query(rng):
    """All that match as well as the tenth count; those of another word, and a query of no words or topics, do not."""
    ahead, aside = np.eye(K)[:2]
    has_word = np.arange(60) % 3 == 0  # 20 documents, all level
    counts = Counts.from_scipy(csr_array(np.column_stack([has_word, ~has_word]).astype(int)))
    unit = directions(np.where(has_word[:, None], aside, rng.standard_normal((60, K))), np.zeros(K))
    query = Query({0: 1.0}, ahead.astype(np.float32))
    ranking = HybridRanking([DocumentSet(counts, Postings.of(counts), counts.totals(), unit)])
    moved = ranking.scores(query).weights.query
    twice = (ahead + aside) / 2**0.5 + aside
    assert moved.direction == pytest.approx(twice / np.linalg.norm(twice), abs=1e-7)
    assert moved.words == query.words
    for unmoved in (Query({}, query.direction), Query({0: 1.0}, -aside.astype(np.float32))):
        assert (ranking.scores(unmoved).weights.query.direction == unmoved.direction).all()
    unknown = Query({0: 1.0}, np.zeros(K, np.float32))
    assert not ranking.scores(unknown).weights.query.direction.any()
    assert (ranking.scores(query, "topics").weights.query.direction == query.direction).all()


def test_the_second_round_follows_the_topics_among_the_matches_by_words():
    """Twenty documents have the word, half of them the query's topic: these alone are the ten of the second round."""
    ahead, aside, else_where = np.eye(K)[:3]
    has_word, is_ahead = np.arange(60) < 20, np.arange(60) % 2 == 0
    counts = Counts.from_scipy(csr_array(np.column_stack([has_word, ~has_word]).astype(int)))
    of_word = np.where(is_ahead[:, None], ahead, aside)
    unit = directions(np.where(has_word[:, None], of_word, else_where), np.zeros(K))
    ranking = HybridRanking([DocumentSet(counts, Postings.of(counts), counts.totals(), unit)])
    moved = ranking.scores(Query({0: 1.0}, ahead.astype(np.float32))).weights.query.direction
    first = ahead + (ahead + aside) / 2  # all twenty are level
    twice = first / np.linalg.norm(first) + ahead
    assert moved == pytest.approx(twice / np.linalg.norm(twice), abs=1e-7)


def test_a_sample_of_embeddings_is_of_live_documents_at_even_distances(rng, monkeypatch):
    monkeypatch.setattr(hybrid_ranking, "_SAMPLE", 4)
    live = np.arange(D) % 3 == 1  # 1, 4, ... 28
    part = make_set(rng, live=live)
    ranking = HybridRanking([part])
    assert ranking._some.tolist() == [1, 10, 19, 28]
    assert ranking._mean_embedding == pytest.approx(part.embeddings[[1, 10, 19, 28]].mean(0), abs=1e-7)


def test_embeddings_of_zeros_are_unknown(rng, query):
    """A document's is no closer than the mean, and a query's is as if there were none."""
    part = make_set(rng)
    embeddings = part.embeddings + 0.5  # their mean is far from 0
    embeddings[[3, 8]] = 0.0
    ranking = HybridRanking([replace(part, embeddings=unit_rows(embeddings))])
    others = np.delete(np.arange(D), [3, 8])
    mean = unit_rows(embeddings)[others].astype(float).mean(0)
    closeness = np.zeros(D)
    closeness[others] = [cosine(unit - mean, query.embedding - mean) for unit in unit_rows(embeddings)[others]]
    assert ranking.scores(query, "embeddings").values == pytest.approx(standardised(closeness), abs=1e-5)
    nothing = replace(query, embedding=np.zeros(C, np.float32))
    assert not ranking.scores(nothing, "embeddings").values.any()
    assert (ranking.scores(nothing).values == ranking.scores(replace(query, embedding=None)).values).all()


def test_no_documents_are_left(rng, query):
    ranking = HybridRanking([make_set(rng, live=np.zeros(D, bool))])
    partly_known = replace(query, words={3: 1.0}, n_unknown=1.0)
    for asked in (query, partly_known):
        assert ranking.ranked(asked, 5, id_of=str).documents == []


def test_parts_are_the_scores_taken_apart(rng, query):
    ranking = HybridRanking([make_set(rng), make_set(rng, 9)])
    scores = ranking.scores(query)
    for document in range(D + 9):
        words, topics, embedding = ranking.parts(scores.weights, document)
        assert words.keys() == query.words.keys()
        assert topics.shape == (K,)
        assert embedding != 0.0
        assert sum(words.values()) + topics.sum() + embedding == pytest.approx(scores.values[document], abs=5e-6)
    by_embedding = ranking.scores(query, "embeddings")
    assert ranking.parts(by_embedding.weights, 3)[2] == pytest.approx(by_embedding.values[3], abs=1e-12)
    one = HybridRanking([make_set(np.random.default_rng(5))])
    alone = one.scores(Query({3: 2.0}, np.zeros(K, np.float32)))
    assert [one.parts(alone.weights, d)[0][3] for d in range(D)] == pytest.approx(alone.values.tolist(), abs=1e-9)


@pytest.mark.parametrize("by", ["hybrid", "words", "topics", "embeddings"])
@pytest.mark.parametrize("n", [1, 7, 500])
def test_ranked_are_the_best_of_all_scores(rng, query, by, n, monkeypatch):
    """With copies, which are level, in blocks of 16, with documents that are deleted or not allowed."""
    monkeypatch.setattr(hybrid_ranking, "_SCREENED_AT_ONCE", 16)
    once = make_set(rng, 60)
    places = np.tile(np.arange(60), 3)
    counts = once.counts.rows(places)
    live = rng.random(len(places)) < 0.8
    whole = DocumentSet(
        counts, Postings.of(counts), counts.totals(), once.directions[places], live, once.embeddings[places]
    )
    ranking = HybridRanking([whole, make_set(rng)])
    names = [f"{number:03d}" for number in rng.permutation(len(ranking.live))]
    for allowed in (None, rng.random(len(names)) < 0.5):
        scores = ranking.scores(query, by)
        eligible = scores.eligible if allowed is None else scores.eligible & allowed
        found = ranking.ranked(query, n, by, id_of=names.__getitem__, allowed=allowed)
        assert found.documents == best(scores.values, eligible, n, names.__getitem__)
        assert found.values == pytest.approx(scores.values[found.documents], abs=1e-5)
        assert found.n_found == eligible.sum()


def test_copies_have_the_same_score_wherever_they_stand(rng, query):
    """At the border of a block, where a product of matrices may round a row in another way."""
    once = make_set(rng, 1)
    counts = once.counts.rows(np.zeros(40_000, int))
    units, embeddings = (rows[np.zeros(40_000, int)] for rows in (once.directions, once.embeddings))
    copies = DocumentSet(counts, Postings.of(counts), counts.totals(), units, embeddings=embeddings)
    found = HybridRanking([copies, make_set(rng)]).ranked(query, 40_030, id_of=str)
    assert len({value for d, value in zip(found.documents, found.values, strict=True) if d < 40_000}) == 1


def test_several_sets_are_as_one(rng, query):
    counts = csr_array(rng.poisson(0.6, (D, V)))
    vectors = rng.standard_normal((D, K))
    sets = []
    for rows in (slice(0, D), slice(0, 11), slice(11, D)):
        some = Counts.from_scipy(counts[rows])
        found = directions(vectors[rows], np.zeros(K))
        sets.append(DocumentSet(some, Postings.of(some), some.totals(), found))
    whole, split = HybridRanking(sets[:1]).scores(query), HybridRanking(sets[1:]).scores(query)
    assert split.values == pytest.approx(whole.values, abs=1e-12)


def test_a_word_that_no_document_or_every_document_has(rng):
    counts = Counts.from_scipy(csr_array(np.array([[1, 0, 2], [1, 0, 0], [1, 0, 0]])))
    part = DocumentSet(counts, Postings.of(counts), counts.totals(), np.zeros((3, K), np.float32))
    ranking = HybridRanking([part])
    nothing = np.zeros(K, np.float32)
    assert ranking.scores(Query({1: 1.0}, nothing)).values.tolist() == [0.0, 0.0, 0.0]
    assert not ranking.scores(Query({1: 1.0}, nothing), "words").eligible.any()
    assert ranking.scores(Query({2: 1.0}, nothing)).values == pytest.approx([2**0.5, -(0.5**0.5), -(0.5**0.5)])


def test_a_word_of_every_document_ranks_many_documents_by_its_counts():
    """Its idf falls with the number of documents, to 5e-6 here; the score is standardised all the same."""
    asked = np.arange(100_000) % 3 + 1
    counts = Counts.from_scipy(csr_array(np.column_stack([asked, 4 - asked])))
    part = DocumentSet(counts, Postings.of(counts), counts.totals(), np.zeros((len(asked), K), np.float32))
    query = Query({0: 1.0}, np.zeros(K, np.float32))
    values = HybridRanking([part]).scores(query).values
    matches = (asked / (asked + 1.2)) ** 1.5
    assert values == pytest.approx((matches - matches.mean()) / matches.std(), abs=1e-6)
    assert HybridRanking([part]).ranked(query, 2, id_of="{:06d}".format).documents == [2, 5]


def test_equal_matches_have_no_score():
    """The rounding of a mean is no difference."""
    counts = Counts.from_scipy(csr_array(np.ones((1_000, 3), int)))
    part = DocumentSet(counts, Postings.of(counts), counts.totals(), np.zeros((1_000, K), np.float32))
    values = HybridRanking([part]).scores(Query({0: 1.0, 1: 7.0, 2: 3.0}, np.zeros(K, np.float32))).values
    assert not values.any()
