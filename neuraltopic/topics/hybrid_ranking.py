"""Rank documents for a query by their words and by their topics, with the contribution of each word and topic.

The words give BM25 (Robertson & Zaragoza 2009), with query counts dampened to 1 + log q_w, as the query may be a whole
document; the topics give the cosine of document vectors, taken from the vector of an empty document.
Both are standardised over the documents, which makes them comparable:

    score = (w - mean) / std + a (cosine - mean) / std,    w = bm25^1.5,    a = 20 n_q / (n_q + n),

with n_q the tokens of the query and n those of a mean document: for a query that is much shorter than the documents the
words are more important, for one as long as a document the topics. The power makes a strong match of words count for
more, and weak matches, which many documents have, for less: among these the topics decide.

A few words tell little of the topics that are meant. The cosine is therefore with the direction of the query plus the
mean direction of the ten documents that its words match best, weighted by w: pseudo-relevance feedback (Rocchio 1971),
on the topics alone. A query without words of the vocabulary, and a search by topics, have their own direction.

The score of an average document is 0. A score is a sum over the words of the query, to which w is divided in proportion
to their part of BM25, and over the topics, each less its part of the mean: these parts explain a hit.

Axes: D documents, V words, K topics.
"""

import functools
import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError, parameter
from neuraltopic.preprocessing.counts import Counts

FloatArray = NDArray[np.floating]

BY = ("hybrid", "words", "topics")
# The usual constants of BM25.
_SATURATION, _LENGTH = 1.2, 0.75
# Weight of the topics relative to the words: see tests/benchmarks/README.md.
_TOPIC_WEIGHT = 20.0
# Documents whose topics are taken for those of the query.
_FEEDBACK = 10
# Documents whose rows are gathered or multiplied at once, and whose scores are: the sizes fit the cache.
_AT_ONCE, _SCREENED_AT_ONCE = 1 << 16, 1 << 14
# Vectors are accurate to about 2e-7: scores are compared to this many decimals.
DECIMALS = 4


@dataclass(frozen=True)
class Postings:
    """Which documents have a word, and how often.

    Attributes
    ----------
    bounds : int64 array of shape (V + 1,)
        Word w has entries `bounds[w]` to `bounds[w + 1]`.
    documents : int32 array of shape (N,)
        Ascending within a word.
    counts : array of shape (N,)
    """

    bounds: NDArray[np.int64]
    documents: NDArray[np.int32]
    counts: NDArray[np.generic]

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """The transpose of counts, (D, V)."""
        D, V = counts.shape
        words = np.asarray(counts.indices)
        # Stable, so that the documents of a word stay ascending.
        order = np.argsort(words, kind="stable")
        documents = np.repeat(np.arange(D, dtype=np.int32), np.diff(counts.indptr))[order]
        bounds = np.concatenate([[0], np.cumsum(np.bincount(words, minlength=V))]).astype(np.int64)
        return cls(bounds, documents, np.asarray(counts.data)[order])

    def of_word(self, word: int) -> tuple[NDArray[np.int32], NDArray[np.generic]]:
        """Documents that have the word, and its count in each."""
        entries = slice(int(self.bounds[word]), int(self.bounds[word + 1]))
        return self.documents[entries], self.counts[entries]


@dataclass(frozen=True)
class DocumentSet:
    """The data of D documents, numbered from 0.

    Attributes
    ----------
    counts : Counts of shape (D, V)
    postings : Postings
        Of these counts.
    lengths : float64 array of shape (D,)
        Tokens of each document.
    directions : float32 array of shape (D, K)
        See `directions`.
    live : bool array of shape (D,), optional
        False for documents that were deleted; all are live by default.
    """

    counts: Counts
    postings: Postings
    lengths: NDArray[np.float64]
    directions: NDArray[np.float32]
    live: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True)
class Query:
    """The words and the direction of a query.

    Attributes
    ----------
    words : dict of int to float
        How often each word of the vocabulary, by its column, occurs.
    direction : float32 array of shape (K,)
        See `directions`; zeros if it is unknown.
    """

    words: Mapping[int, float]
    direction: NDArray[np.float32]

    @property
    def n_tokens(self) -> float:
        """Tokens of the vocabulary, n_q."""
        return float(sum(self.words.values()))


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
        Its direction is the one that documents are compared with.
    words : dict of int to _WordWeight
    word_scale, topic_scale : float
        1 / std of w, and a / std of the cosine; 0 for a term that is left out or constant.
    """

    query: Query
    words: Mapping[int, _WordWeight] = field(repr=False)
    word_scale: float = 0.0
    topic_scale: float = 0.0


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


def directions(vectors: FloatArray, of_nothing: FloatArray) -> NDArray[np.float32]:
    """Unit vectors from the vector of an empty document, (K,), to others, (D, K).

    A vector that equals it to rounding has no direction: zeros.
    """
    scale = max(1.0, float(np.linalg.norm(of_nothing)))
    out = np.empty(np.shape(vectors), np.float32)
    for start in range(0, len(vectors), _AT_ONCE):
        difference = vectors[start : start + _AT_ONCE].astype(np.float64) - of_nothing
        norms = np.linalg.norm(difference, axis=1, keepdims=True)
        known = norms > 1e-5 * scale
        out[start : start + _AT_ONCE] = np.where(known, difference / np.where(known, norms, 1.0), 0.0)
    return out


def best(values: FloatArray, eligible: NDArray[np.bool_], n: int, id_of: Callable[[int], str]) -> list[int]:
    """The n eligible documents with the highest values, best first, equal ones in the order of their ids.

    Values are compared to `DECIMALS` decimals.
    """
    candidates = np.flatnonzero(eligible)
    n = min(n, len(candidates))
    if n <= 0:
        return []
    rounded = np.round(values[candidates], DECIMALS)
    cut = -np.partition(-rounded, n - 1)[n - 1]
    above = candidates[rounded > cut].tolist()
    level = heapq.nsmallest(n - len(above), candidates[rounded == cut].tolist(), key=id_of)
    return sorted(above, key=lambda d: (-round(float(values[d]), DECIMALS), id_of(d))) + level


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
        by : {"hybrid", "words", "topics"}
            Words and topics, or one of them.

        Raises
        ------
        UsageError
            When `by` is another.
        """
        weights, matches = self._weights(query, by)
        values, eligible = np.zeros(len(self.live)), self.live
        if matches is not None:
            values += weights.word_scale * (matches - _mean_of(weights.words))
            if by == "words":
                eligible = eligible & (matches > 0)
        if weights.topic_scale:
            asked = weights.query
            values += weights.topic_scale * (self._cosine(asked) - float(self.mean_direction @ asked.direction))
        return Scores(values, eligible, weights)

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
            When `by` is unknown.
        """
        weights, matches = self._weights(query, by)
        eligible = self._eligible(allowed, matches if by == "words" else None)
        n_found = self.n_live if eligible is None else int(np.count_nonzero(eligible))
        candidates = self._candidates(weights, matches, n, eligible)
        values = np.zeros(len(candidates))
        if matches is not None:
            values += weights.word_scale * (matches[candidates] - _mean_of(weights.words))
        if weights.topic_scale:
            # Row by row, so that equal documents have equal scores at any place.
            direction = weights.query.direction.astype(np.float64)
            cosine = np.einsum("dk,k->d", self._directions_of(candidates), direction)
            values += weights.topic_scale * (cosine - float(self.mean_direction @ direction))
        everyone = np.ones(len(candidates), bool)
        order = best(values, everyone, n, lambda place: id_of(int(candidates[place])))
        return Ranked(candidates[order].tolist(), values[order].tolist(), n_found, weights)

    def require_by(self, by: str) -> None:
        """Raise a UsageError unless it is one of `BY`."""
        if by not in BY:
            raise UsageError(
                parameter("by"), expected=f"one of {', '.join(BY)}", got=repr(by), hint="Choose one of these"
            )

    def topic_weight(self, query: Query) -> float:
        """a, the weight of the topics relative to the words; 1 for an embedding without words."""
        if not query.words:
            return 1.0
        return _TOPIC_WEIGHT * query.n_tokens / (query.n_tokens + self.mean_length)

    def parts(self, weights: Weights, document: int) -> tuple[dict[int, float], NDArray[np.float64]]:
        """Contribution of each word of the query, by its column, and of each topic, (K,), to the score of a document.

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
            word: weights.word_scale * (root * added - weights.words[word].mean) for word, added in of_words.items()
        }
        direction = np.asarray(part.directions[place], np.float64) - self.mean_direction
        return words, weights.topic_scale * weights.query.direction * direction

    def locate(self, document: int) -> tuple[DocumentSet, int]:
        """The set of a document, and its place there."""
        number = int(np.searchsorted(self.starts, document, side="right")) - 1
        return self.sets[number], document - int(self.starts[number])

    def query_of(self, document: int) -> Query:
        """A document as the query."""
        part, place = self.locate(document)
        row = part.counts.slice(place, place + 1)
        words = dict(zip(row.indices.tolist(), map(float, row.data.tolist()), strict=True))
        return Query(words, np.asarray(part.directions[place]))

    def _weights(self, query: Query, by: str) -> tuple[Weights, NDArray[np.float64] | None]:
        """The weights of the query, and w of each document, (D,), unless only topics count."""
        self.require_by(by)
        matches, words = None, dict[int, _WordWeight]()
        word_scale = topic_scale = 0.0
        if by != "topics":
            matches, words = self._matches(query)
            word_scale = self._scale(self._square_of(matches, _mean_of(words)), float(matches.max(initial=0.0)))
        if by != "words" and query.direction.any():
            if matches is not None:
                query = self._with_feedback(query, matches)
            asked = query.direction.astype(np.float64)
            topic_scale = self._scale(float(asked @ self._covariance @ asked), 1.0)
            topic_scale *= self.topic_weight(query) if by == "hybrid" else 1.0
        return Weights(query, words, word_scale, topic_scale), matches

    def _with_feedback(self, query: Query, matches: NDArray[np.float64]) -> Query:
        """The query, its direction moved by the mean of those of the documents with the largest w.

        All that are level with the last of these count, so that the answer does not depend on their order.
        """
        found = np.flatnonzero(matches > 0.0)
        if not len(found):
            return query
        n = min(_FEEDBACK, len(found))
        found = found[matches[found] >= np.partition(matches[found], -n)[-n]]
        weights = matches[found] / matches[found].sum()
        moved = query.direction + weights @ self._directions_of(found)
        length = float(np.linalg.norm(moved))
        return query if length < 1e-5 else replace(query, direction=(moved / length).astype(np.float32))

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

    def _cosine(self, query: Query) -> NDArray[np.float64]:
        """The cosine of each document."""
        values = np.zeros(len(self.live))
        for number, part in enumerate(self.sets):
            rows = slice(self.starts[number], self.starts[number + 1])
            values[rows] = np.einsum("dk,k->d", part.directions, query.direction)
        return values

    def _eligible(
        self, allowed: NDArray[np.bool_] | None, matches: NDArray[np.float64] | None
    ) -> NDArray[np.bool_] | None:
        """Documents that may be found, (D,), with w those that have a word; None where all are."""
        masks = [] if self.n_live == len(self.live) else [self.live]
        masks += [mask for mask in (allowed, None if matches is None else matches > 0) if mask is not None]
        return functools.reduce(np.logical_and, masks) if masks else None

    def _candidates(
        self,
        weights: Weights,
        matches: NDArray[np.float64] | None,
        n: int,
        eligible: NDArray[np.bool_] | None,
    ) -> NDArray[np.intp]:
        """Documents that include those with the n highest scores, and all that rounding cannot distinguish from
        them."""
        top = _Top(n, self._margin(weights))
        direction = (weights.topic_scale * weights.query.direction.astype(np.float64)).astype(np.float32)
        for part, start in zip(self.sets, self.starts.tolist(), strict=False):
            for first in range(0, len(part), _SCREENED_AT_ONCE):
                rows = slice(first, min(first + _SCREENED_AT_ONCE, len(part)))
                here = slice(start + rows.start, start + rows.stop)
                values = np.zeros(rows.stop - rows.start, np.float32)
                if weights.topic_scale:
                    values = part.directions[rows] @ direction
                if matches is not None:
                    values += (weights.word_scale * matches[here]).astype(np.float32)
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
        largest = weights.topic_scale + weights.word_scale * bm25**1.5
        return 2.0 * 10.0**-DECIMALS + 2.0 * unit * (len(weights.query.direction) * weights.topic_scale + 4.0 * largest)

    def _directions_of(self, documents: NDArray[np.intp]) -> NDArray[np.float64]:
        """Rows of the directions, (len(documents), K)."""
        number = np.searchsorted(self.starts, documents, side="right") - 1
        found = np.zeros((len(documents), len(self.mean_direction)))
        for place in np.unique(number).tolist():
            of_set = number == place
            found[of_set] = self.sets[place].directions[documents[of_set] - self.starts[place]]
        return found

    def _square_of(self, matches: NDArray[np.float64], mean: float) -> float:
        """The variance of w over the live documents, of which the mean is known; that of the others is 0."""
        total = 0.0
        for start in range(0, len(matches), _AT_ONCE):
            difference = matches[start : start + _AT_ONCE] - mean
            total += float(difference @ difference)
        return (total - (len(matches) - self.n_live) * mean**2) / max(self.n_live, 1)

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
    def mean_direction(self) -> NDArray[np.float64]:
        """Of the live documents, (K,)."""
        total = np.zeros(self.sets[0].directions.shape[1] if self.sets else 0)
        for rows in self._live_directions():
            total += rows.sum(0)
        return total / max(self.n_live, 1)

    def _live_directions(self) -> Iterator[NDArray[np.float64]]:
        """Those of the live documents in blocks."""
        for part in self.sets:
            for start in range(0, len(part), _AT_ONCE):
                rows = np.asarray(part.directions[start : start + _AT_ONCE], np.float64)
                yield rows if part.live is None else rows[part.live[start : start + _AT_ONCE]]


class _Top:
    """Keeps the documents whose values may be among the n highest, as blocks of values come.

    Parameters
    ----------
    n : int
    margin : float
        Largest distance below the n-th highest value.
    """

    def __init__(self, n: int, margin: float) -> None:
        self._n = n
        self._margin = margin
        self._least = np.float32(-np.inf)
        self._values = np.zeros(0, np.float32)
        self.documents = np.zeros(0, np.intp)

    def add(self, values: NDArray[np.float32], first: int) -> None:
        """Add the values of documents from number `first`; -inf marks one that is not eligible."""
        kept = np.flatnonzero(values > self._least)
        if not len(kept):
            return
        self._values = np.concatenate([self._values, values[kept]])
        self.documents = np.concatenate([self.documents, kept + first])
        if len(self._values) > self._n:
            cut = np.partition(self._values, -self._n)[-self._n] if self._n else np.float32(np.inf)
            self._least = np.float32(cut - self._margin)
            kept = np.flatnonzero(self._values > self._least)
            self._values, self.documents = self._values[kept], self.documents[kept]


def _mean_of(words: Mapping[int, _WordWeight]) -> float:
    """Of w over the documents."""
    return sum(word.mean for word in words.values())
