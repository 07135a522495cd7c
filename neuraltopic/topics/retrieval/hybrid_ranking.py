"""Rank documents for a query by their words, topics and embeddings, with the contribution of each.

The words give BM25 (Robertson & Zaragoza 2009), with query counts dampened to 1 + log q_w, as the query may be a whole
document; the topics give the cosine of directions, see `document_set` and `embedding_topics`; embeddings by a
pre-trained model, where documents and query have them, give the closeness (e_d - m)^T (e_q - m) / |e_q - m|, since all
embeddings share a direction, that of their mean m, which tells nothing (Mu & Viswanath 2018); it is 0 for an embedding
of zeros, which some models give to a text of unknown words. Each is standardised over the documents, which makes them
comparable:

    score = (w - mean) / std + a (cosine - mean) / std + b (closeness - mean) / std,
    w = bm25^1.5,    a = A n_q / (n_q + n),    b = B sqrt(n_q / (n_q + n)),

A = 20 without embeddings, A = 96 and B = 12 with them, n_q the tokens of the query and n those of a mean document: for
a query that is much shorter than the documents the words are more important, for one as long as a document the rest.
An embedding tells more of a few words than their topics do.
The power makes a strong match of words count for more, and weak matches, which many documents have, for less: among
these the topics decide.

A few words tell little of the topics that are meant. The direction of the query is therefore moved, and in the same
way its embedding, to those of documents that are near: pseudo-relevance feedback (Rocchio 1971), in two rounds. The
first adds the mean direction of the ten documents that its words match best, weighted by w. The second adds the mean
of ten that have the highest score by then, of the thousand that its words match best. A search by topics or by
embeddings has the query's own direction, and so has a query without words, but for the following.

Of a short query the known words may be the least telling, while its embedding is of all of them. Where documents and
query have embeddings, and not all words are known of a query that has fewer tokens than half a mean document, the words
count for k^2 of their weight, k the share of the tokens that are known, and in each round the query moves to the ten
documents that have the highest score of all. If none is known, n_q are the unknown ones.

The score of an average document is 0. A score is a sum over the words of the query, to which w is divided in proportion
to their part of BM25, over the topics, each less its part of the mean, and the embedding: these parts explain a hit.

Axes: D documents, V words, K topics, C dimensions of an embedding.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError, parameter
from neuraltopic.topics.retrieval.document_set import DocumentSet, Query
from neuraltopic.topics.retrieval.first_documents import DECIMALS, Top, best

# Rows of the directions or of the embeddings of some documents.
RowsOf = Callable[[NDArray[np.intp]], NDArray[np.float64]]

BY = ("hybrid", "words", "topics", "embeddings")
# The usual constants of BM25.
_SATURATION, _LENGTH = 1.2, 0.75
# Weight of the topics relative to the words, and those of the topics and of the embeddings where query and documents
# have embeddings: see tests/benchmarks/README.md.
_TOPIC_WEIGHT, _WITH_EMBEDDINGS = 20.0, (96.0, 12.0)
# Documents whose topics are taken for those of the query in each round, and of how many the second chooses them.
_FEEDBACK, _MATCHES = 10, 1_000
# Documents whose embeddings give their mean, and the spread of closeness that the second round needs.
_SAMPLE = 1 << 12
# Documents whose rows are gathered or multiplied at once, and whose scores are: the sizes fit the cache.
_AT_ONCE, _SCREENED_AT_ONCE = 1 << 16, 1 << 14


@dataclass(frozen=True)
class _WordWeight:
    """Of a word of the query: its factor in BM25, (1 + log q) idf, and its part of the mean of w over the documents."""

    weight: float
    mean: float


@dataclass(frozen=True)
class Weights:
    """The weights that turn w and cosines into scores, for one query.

    Attributes
    ----------
    query : Query
        Its direction and its embedding are those that documents are compared with.
    words : dict of int to _WordWeight
    word_scale, topic_scale, embedding_scale : float
        1 / std of w, and the weight over the std of cosine and closeness; 0 for a term that is left out or constant.
    embedding_mean : float
        Of the closeness of embeddings over the documents.
    """

    query: Query
    words: Mapping[int, _WordWeight] = field(repr=False)
    word_scale: float = 0.0
    topic_scale: float = 0.0
    embedding_scale: float = 0.0
    embedding_mean: float = 0.0


class _Measured(NamedTuple):
    """The weights for one query, and of each document, (D,), w and the closeness of its embedding; None if left out."""

    weights: Weights
    matches: NDArray[np.float64] | None
    closeness: NDArray[np.float32] | None


@dataclass(frozen=True)
class Scores:
    """The score of every document for one query.

    Attributes
    ----------
    values : float64 array of shape (D,)
        Of all document sets, one after the other; of deleted documents too.
    eligible : bool array of shape (D,)
        Not deleted, and by words alone with a word of the query.
    weights : Weights
    """

    values: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    weights: Weights


@dataclass(frozen=True)
class Ranked:
    """The documents with the highest scores for one query.

    Attributes
    ----------
    documents : list of int
        Best first.
    values : list of float
        The score of each.
    n_found : int
        Documents that are eligible.
    weights : Weights
    """

    documents: list[int]
    values: list[float]
    n_found: int
    weights: Weights


class HybridRanking:
    """Scores documents for queries.

    Parameters
    ----------
    sets : sequence of DocumentSet
        The documents are numbered through all of them.
    """

    def __init__(self, sets: Sequence[DocumentSet]) -> None:
        self.sets = tuple(sets)
        self.starts = np.concatenate([[0], np.cumsum([len(part) for part in self.sets])]).astype(np.int64)
        self.live = np.concatenate(
            [np.zeros(0, bool), *(np.ones(len(s), bool) if s.live is None else s.live for s in self.sets)]
        )
        self.lengths = np.concatenate([np.zeros(0), *(part.lengths for part in self.sets)])
        self.n_live = int(self.live.sum())
        self.mean_length = max(float(self.lengths[self.live].mean()) if self.n_live else 0.0, 1e-9)
        self._damping = _SATURATION * (1.0 - _LENGTH + _LENGTH * self.lengths / self.mean_length)

    def scores(self, query: Query, by: str = "hybrid") -> Scores:
        """The score of each document, which `ranked` sorts; it takes a pass over all vectors.

        Parameters
        ----------
        query : Query
        by : {"hybrid", "words", "topics", "embeddings"}
            All that is known of the query, or one of them.

        Raises
        ------
        UsageError
            When `by` is another, or embeddings and the documents have none.
        """
        measured = self._measured(query, by)
        everyone = np.arange(len(self.live))
        blocks = [self._values(measured, everyone[rows]) for rows in _blocks(len(everyone), _AT_ONCE)]
        eligible = self._eligible(None, measured.matches if by == "words" else None)
        eligible = self.live if eligible is None else eligible
        return Scores(np.concatenate([np.zeros(0), *blocks]), eligible, measured.weights)

    def ranked(
        self,
        query: Query,
        n: int,
        by: str = "hybrid",
        *,
        id_of: Callable[[int], str],
        allowed: NDArray[np.bool_] | None = None,
    ) -> Ranked:
        """The n eligible documents with the highest scores, as `best` orders them.

        Scores of all documents are computed in float32, block by block, and in float64 for those that rounding leaves
        among the first n.

        Parameters
        ----------
        query, by
            As for `scores`.
        n : int
        id_of : callable
            The id of a document.
        allowed : bool array of shape (D,), optional
            False for documents that are not eligible; by default all that are not deleted are.

        Raises
        ------
        UsageError
            As for `scores`.
        """
        measured = self._measured(query, by)
        eligible = self._eligible(allowed, measured.matches if by == "words" else None)
        n_found = self.n_live if eligible is None else int(np.count_nonzero(eligible))
        candidates = self._candidates(measured, n, eligible)
        values, everyone = self._values(measured, candidates), np.ones(len(candidates), bool)
        order = best(values, everyone, n, lambda place: id_of(int(candidates[place])))
        return Ranked(candidates[order].tolist(), values[order].tolist(), n_found, measured.weights)

    def require_by(self, by: str) -> None:
        """Raise a UsageError unless it is one of `BY`, and embeddings only where the documents have some."""
        if by not in BY:
            raise UsageError(
                parameter("by"), expected=f"one of {', '.join(BY)}", got=repr(by), hint="Choose one of these"
            )
        if by == "embeddings" and not self.has_embeddings:
            raise UsageError(
                parameter("by"),
                expected="words, topics or hybrid for documents without embeddings",
                got=repr(by),
                hint="Index the documents with embeddings or with a model that embeds them",
            )

    @property
    def has_embeddings(self) -> bool:
        """Whether every document has one."""
        return bool(self.sets) and all(part.embeddings is not None for part in self.sets)

    def parts(self, weights: Weights, document: int) -> tuple[dict[int, float], NDArray[np.float64], float]:
        """Contribution of each word of the query, by its column, of each topic, (K,), and of the embedding to the score
        of a document.

        The sum of all is its score.
        """
        part, place = self.locate(document)
        row = part.counts.slice(place, place + 1)
        counts = dict(zip(row.indices.tolist(), row.data.tolist(), strict=True))
        damping = self._damping[document]
        of_words = {
            word: known.weight * count * (_SATURATION + 1.0) / (count + damping) if (count := counts.get(word)) else 0.0
            for word, known in weights.words.items()
        }
        root = float(np.sqrt(sum(of_words.values())))
        words = {
            word: float(weights.word_scale * (root * added - weights.words[word].mean))
            for word, added in of_words.items()
        }
        direction = np.asarray(part.directions[place], np.float64) - self.mean_direction
        topics = weights.topic_scale * weights.query.direction.astype(np.float64) * direction
        embedding = float(self._of_embeddings(weights, np.array([document]))[0]) if weights.embedding_scale else 0.0
        return words, topics, embedding

    def locate(self, document: int) -> tuple[DocumentSet, int]:
        """The set of a document, and its place there."""
        number = int(np.searchsorted(self.starts, document, side="right")) - 1
        return self.sets[number], document - int(self.starts[number])

    def query_of(self, document: int) -> Query:
        """A document as the query."""
        part, place = self.locate(document)
        row = part.counts.slice(place, place + 1)
        words = dict(zip(row.indices.tolist(), map(float, row.data.tolist()), strict=True))
        embedding = None if part.embeddings is None else np.asarray(part.embeddings[place])
        return Query(words, np.asarray(part.directions[place]), embedding)

    def _measured(self, query: Query, by: str) -> _Measured:
        self.require_by(by)
        if (embedding := self._compared(query)) is not None:
            query = replace(query, embedding=_moved(embedding, -self._mean_embedding))
        matches, words, word_scale = None, dict[int, _WordWeight](), 0.0
        if by in ("hybrid", "words"):
            matches, words = self._matches(query)
            word_scale = self._scale(self._variance(matches, _mean_of(words)), float(matches.max(initial=0.0)))
        partly_known = by == "hybrid" and embedding is not None and self._is_partly_known(query)
        if partly_known:
            word_scale *= (query.n_tokens / (query.n_tokens + query.n_unknown)) ** 2
        measured = _Measured(Weights(query, words, word_scale), matches, None)
        if by == "hybrid":
            query = self._with_feedback_of_all(measured) if partly_known else self._with_feedback(measured)
        return self._compared_with(query, measured, by)

    def _compared_with(self, query: Query, measured: _Measured, by: str) -> _Measured:
        """The same, with the direction and the embedding of a query."""
        closeness, embedding_scale, embedding_mean = None, 0.0, 0.0
        if by in ("hybrid", "embeddings") and (compared := self._compared(query)) is not None:
            closeness = self._closeness(compared)
            embedding_mean = float(closeness.sum(dtype=np.float64, where=self.live)) / max(self.n_live, 1)
            embedding_scale = self._scale(self._variance(closeness, embedding_mean), 1.0)
            embedding_scale *= self._weights_of(query, by)[1]
        topic_scale = self._topic_scale(query, by) if by in ("hybrid", "topics") else 0.0
        of_words = measured.weights
        weights = Weights(query, of_words.words, of_words.word_scale, topic_scale, embedding_scale, embedding_mean)
        return _Measured(weights, measured.matches, closeness)

    def _compared(self, query: Query) -> NDArray[np.float32] | None:
        """The embedding of the query, if it is not of zeros and the documents have some."""
        known = self.has_embeddings and query.embedding is not None and query.embedding.any()
        return query.embedding if known else None

    def _is_partly_known(self, query: Query) -> bool:
        """Whether the vocabulary lacks words of a query that is shorter than half a mean document."""
        return query.n_unknown > 0.0 and query.n_tokens + query.n_unknown < 0.5 * self.mean_length

    def _weights_of(self, query: Query, by: str) -> tuple[float, float]:
        """a and b, the weights of the topics and of the embeddings relative to the words: one alone has none, and a
        query without tokens, such as an empty document, has no length."""
        if by != "hybrid":
            return 1.0, 1.0
        of_topics, of_embeddings = (_TOPIC_WEIGHT, 0.0) if self._compared(query) is None else _WITH_EMBEDDINGS
        n_tokens = query.n_tokens if query.words else query.n_unknown
        length = n_tokens / (n_tokens + self.mean_length) if n_tokens else 1.0
        return of_topics * length, of_embeddings * length**0.5

    def _topic_scale(self, query: Query, by: str) -> float:
        asked = query.direction.astype(np.float64)
        return self._scale(float(asked @ self._covariance @ asked), 1.0) * self._weights_of(query, by)[0]

    def _values(self, measured: _Measured, documents: NDArray[np.intp]) -> NDArray[np.float64]:
        """The scores of some documents, (len(documents),), row by row, so that equal documents have equal scores at any
        place."""
        weights, values = measured.weights, np.zeros(len(documents))
        if measured.matches is not None:
            values += weights.word_scale * (measured.matches[documents] - _mean_of(weights.words))
        if weights.topic_scale:
            direction = weights.query.direction
            mean = float(self.mean_direction @ direction.astype(np.float64))
            values += weights.topic_scale * (_cosine(self._directions_of, documents, direction) - mean)
        if weights.embedding_scale:
            values += self._of_embeddings(weights, documents)
        return values

    def _of_embeddings(self, weights: Weights, documents: NDArray[np.intp]) -> NDArray[np.float64]:
        """What the embeddings add to the scores of some documents, (len(documents),)."""
        assert weights.query.embedding is not None
        closeness = _cosine(self._embeddings_of, documents, weights.query.embedding)
        return weights.embedding_scale * (closeness - weights.embedding_mean)

    def _closeness(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """How close each document's embedding is to that of a query, (D,)."""
        found = np.empty(len(self.live), np.float32)
        for part, start in zip(self.sets, self.starts.tolist(), strict=False):
            assert part.embeddings is not None
            for rows in _blocks(len(part), _SCREENED_AT_ONCE):
                found[start + rows.start : start + rows.stop] = part.embeddings[rows] @ embedding
        found -= np.float32(self._mean_embedding @ embedding)
        found[self._without_embedding] = 0.0
        return found

    def _with_feedback_of_all(self, measured: _Measured) -> Query:
        """The query, its direction and its embedding moved twice to the documents with the highest score of all."""
        query = measured.weights.query
        for _ in range(2):
            measured = self._compared_with(query, measured, "hybrid")
            found = self._candidates(measured, _FEEDBACK, self._eligible(None, None))
            if len(found):
                query = self._moved_to_mean(query, found[_largest(self._values(measured, found), _FEEDBACK)])
        return query

    def _with_feedback(self, measured: _Measured) -> Query:
        """The query, its direction and its embedding moved in two rounds: see the head of this file."""
        query, matches, word_scale = measured.weights.query, measured.matches, measured.weights.word_scale
        assert matches is not None  # of a hybrid
        found = np.flatnonzero(matches > 0.0)
        if not len(found):
            return query
        found = found[_largest(matches[found], _MATCHES)]
        first = found[_largest(matches[found], _FEEDBACK)]
        query = self._moved_to(query, first, matches[first] / matches[first].sum())
        cosine = _cosine(self._directions_of, found, query.direction)
        values = word_scale * matches[found] + self._topic_scale(query, "hybrid") * cosine
        if (embedding := self._compared(query)) is not None:
            scale = self._scale(float(np.var(self._some_embeddings @ embedding.astype(np.float64))), 1.0)
            scale *= self._weights_of(query, "hybrid")[1]
            values += scale * _cosine(self._embeddings_of, found, embedding)
        return self._moved_to_mean(query, found[_largest(values, _FEEDBACK)])

    def _moved_to_mean(self, query: Query, documents: NDArray[np.intp]) -> Query:
        return self._moved_to(query, documents, np.full(len(documents), 1.0 / len(documents)))

    def _moved_to(self, query: Query, documents: NDArray[np.intp], weights: NDArray[np.float64]) -> Query:
        """The query, its direction and its embedding moved by the weighted means of those of some documents."""
        direction, embedding = query.direction, query.embedding
        if direction.any():
            direction = _moved(direction, _weighted(self._directions_of, documents, weights))
        if self._compared(query) is not None and embedding is not None:
            embedding = _moved(embedding, _weighted(self._embeddings_of, documents, weights))
        return replace(query, direction=direction, embedding=embedding)

    def _matches(self, query: Query) -> tuple[NDArray[np.float64], dict[int, _WordWeight]]:
        """w of each document, (D,), and what the words of the query add to it."""
        bm25 = np.zeros(len(self.live))
        weights, totals = dict[int, float](), dict[int, float]()
        for word, count in sorted(query.words.items()):
            found = [self._live_postings(number, word) for number in range(len(self.sets))]
            n_with = sum(len(documents) for documents, _ in found)
            rarity = np.log1p((self.n_live - n_with + 0.5) / (n_with + 0.5))
            weight = float(rarity * (1.0 + np.log(max(count, 1.0))))
            total = 0.0
            for (documents, counts), start in zip(found, self.starts.tolist(), strict=False):
                added = weight * (_SATURATION + 1.0) * counts / (counts + self._damping[start:][documents])
                bm25[start:][documents] += added
                total += float(added.sum())
            weights[word], totals[word] = weight, total
        matches = bm25 * np.sqrt(bm25)
        mean_of_total = float(matches.sum()) / max(self.n_live, 1) / (sum(totals.values()) or 1.0)
        return matches, {word: _WordWeight(weights[word], mean_of_total * totals[word]) for word in weights}

    def _live_postings(self, number: int, word: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Documents of a set that have a word, and counts."""
        part = self.sets[number]
        documents, counts = part.postings.of_word(word)
        if part.live is not None:
            kept = part.live[documents]
            documents, counts = documents[kept], counts[kept]
        return documents, counts.astype(np.float64)

    def _eligible(
        self, allowed: NDArray[np.bool_] | None, matches: NDArray[np.float64] | None
    ) -> NDArray[np.bool_] | None:
        """Documents that may be found, (D,), with w those that have a word; None where all are."""
        masks = [] if self.n_live == len(self.live) else [self.live]
        masks += [mask for mask in (allowed, None if matches is None else matches > 0) if mask is not None]
        return functools.reduce(np.logical_and, masks) if masks else None

    def _candidates(self, measured: _Measured, n: int, eligible: NDArray[np.bool_] | None) -> NDArray[np.intp]:
        """Documents that include those with the n highest scores, and all that rounding cannot distinguish from
        them."""
        weights, matches, closeness = measured
        top = Top(n, self._margin(weights))
        direction = (weights.topic_scale * weights.query.direction.astype(np.float64)).astype(np.float32)
        for part, start in zip(self.sets, self.starts.tolist(), strict=False):
            for rows in _blocks(len(part), _SCREENED_AT_ONCE):
                here = slice(start + rows.start, start + rows.stop)
                values = np.zeros(rows.stop - rows.start, np.float32)
                if weights.topic_scale:
                    values = part.directions[rows] @ direction
                if matches is not None:
                    values += (weights.word_scale * matches[here]).astype(np.float32)
                if closeness is not None:
                    values += np.float32(weights.embedding_scale) * closeness[here]
                if eligible is not None:
                    values[~eligible[here]] = -np.inf
                top.add(values, here.start)
        return top.documents

    def _margin(self, weights: Weights) -> float:
        """Distance of two scores in float32 beyond which the rounded scores in float64 have the same order.

        The error of a product of K terms of unit vectors is at most K u, with u the unit of rounding (Higham 2002,
        3.1).
        """
        unit = float(np.finfo(np.float32).eps)
        bm25 = sum(known.weight * (_SATURATION + 1.0) for known in weights.words.values())
        embedding = weights.query.embedding
        largest = weights.topic_scale + weights.word_scale * bm25**1.5 + weights.embedding_scale
        summed = len(weights.query.direction) * weights.topic_scale
        summed += 0 if embedding is None else len(embedding) * weights.embedding_scale
        return 2.0 * 10.0**-DECIMALS + 2.0 * unit * (summed + 4.0 * largest)

    def _directions_of(self, documents: NDArray[np.intp]) -> NDArray[np.float64]:
        """Rows of the directions, (len(documents), K)."""
        return self._rows_of(documents, [part.directions for part in self.sets])

    def _embeddings_of(self, documents: NDArray[np.intp]) -> NDArray[np.float64]:
        """Embeddings less their mean, (len(documents), C); zeros for those of zeros."""
        rows = self._rows_of(documents, self._embeddings)
        return np.where(np.any(rows, axis=1, keepdims=True), rows - self._mean_embedding, 0.0)

    @property
    def _embeddings(self) -> list[NDArray[np.float32]]:
        """Those of each set."""
        return [part.embeddings for part in self.sets if part.embeddings is not None]

    @cached_property
    def _without_embedding(self) -> NDArray[np.intp]:
        """The documents whose embedding is of zeros."""
        blocks = [rows[block].any(1) for rows in self._embeddings for block in _blocks(len(rows), _AT_ONCE)]
        return np.flatnonzero(~np.concatenate([np.zeros(0, bool), *blocks]))

    def _rows_of(self, documents: NDArray[np.intp], of_sets: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Rows of arrays of the sets, (len(documents), their columns)."""
        number = np.searchsorted(self.starts, documents, side="right") - 1
        found = np.zeros((len(documents), of_sets[0].shape[1] if of_sets else 0))
        for place in np.unique(number).tolist():
            of_set = number == place
            found[of_set] = of_sets[place][documents[of_set] - self.starts[place]]
        return found

    def _variance(self, values: NDArray[np.floating], mean: float) -> float:
        """The variance over the live documents of values, (D,), of which the mean is known."""
        total = 0.0
        for rows in _blocks(len(values), _AT_ONCE):
            difference = values[rows].astype(np.float64) - mean
            if self.n_live < len(self.live):
                difference[~self.live[rows]] = 0.0
            total += float(difference @ difference)
        return total / max(self.n_live, 1)

    def _scale(self, variance: float, largest: float) -> float:
        """1 / std over the live documents of values up to `largest`; 0 where all are equal to rounding."""
        std = max(variance, 0.0) ** 0.5
        return 1.0 / std if std > 1e-7 * largest else 0.0

    @cached_property
    def _covariance(self) -> NDArray[np.float64]:
        """Of the directions of the live documents, (K, K): that of a cosine with q is q^T C q."""
        total = np.zeros((len(self.mean_direction),) * 2)
        for rows in self._live_directions():
            difference = rows - self.mean_direction
            total += difference.T @ difference
        return total / max(self.n_live, 1)

    @cached_property
    def _some(self) -> NDArray[np.intp]:
        """Live documents at even distances, all if they are few."""
        live = np.flatnonzero(self.live)
        return live[np.unique(np.linspace(0, max(len(live) - 1, 0), _SAMPLE).astype(np.intp))[: len(live)]]

    @cached_property
    def _mean_embedding(self) -> NDArray[np.float64]:
        """Of these, without rows of zeros, (C,)."""
        rows = self._rows_of(self._some, self._embeddings)
        return rows.sum(0) / max(int(rows.any(1).sum()), 1)

    @cached_property
    def _some_embeddings(self) -> NDArray[np.float64]:
        """Theirs, less the mean."""
        return self._embeddings_of(self._some)

    @cached_property
    def mean_direction(self) -> NDArray[np.float64]:
        """Of the live documents, (K,)."""
        total = np.zeros(self.sets[0].directions.shape[1] if self.sets else 0)
        for rows in self._live_directions():
            total += rows.sum(0)
        return total / max(self.n_live, 1)

    def _live_directions(self) -> Iterator[NDArray[np.float64]]:
        """Those of the live documents in blocks."""
        for part in self.sets:
            for rows in _blocks(len(part), _AT_ONCE):
                directions = np.asarray(part.directions[rows], np.float64)
                yield directions if part.live is None else directions[part.live[rows]]


def _mean_of(words: Mapping[int, _WordWeight]) -> float:
    """Of w over the documents."""
    return sum(word.mean for word in words.values())


def _largest(values: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    """Places of the n largest values, and of all that are level with the last of these, so that what follows does not
    depend on their order."""
    n = min(n, len(values))
    return np.flatnonzero(values >= np.partition(values, -n)[-n])


def _cosine(rows_of: RowsOf, documents: NDArray[np.intp], unit: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of the rows of some documents with a vector, (len(documents),), each by itself, so that equal rows have equal
    cosines."""
    asked = unit.astype(np.float64)
    blocks = _blocks(len(documents), _SCREENED_AT_ONCE)
    return np.concatenate([np.zeros(0), *(np.einsum("dk,k->d", rows_of(documents[rows]), asked) for rows in blocks)])


def _weighted(rows_of: RowsOf, documents: NDArray[np.intp], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of the weighted rows of some documents, at least one."""
    blocks = _blocks(len(documents), _SCREENED_AT_ONCE)
    return np.sum([weights[rows] @ rows_of(documents[rows]) for rows in blocks], axis=0)


def _moved(direction: NDArray[np.float32], by: NDArray[np.float64]) -> NDArray[np.float32]:
    """A vector of length 1, moved; where that leads to nothing, as it was."""
    moved = direction + by
    length = float(np.linalg.norm(moved))
    return direction if length < 1e-5 else (moved / length).astype(np.float32)


def _blocks(n: int, size: int) -> Iterator[slice]:
    """Slices of this size of n rows."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))
