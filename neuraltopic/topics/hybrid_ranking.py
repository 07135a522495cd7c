"""Rank documents for a query by their words and by their topics, with the contribution of each word and topic.

The words give BM25 (Robertson & Zaragoza 2009), with query counts dampened to 1 + log q_w, as the query may be a whole
document; the topics give the cosine of document vectors, taken from the vector of an empty document.
Both are standardised over the documents, which makes them comparable:

    score = (bm25 - mean) / std + a (cosine - mean) / std,    a = 6 n_q / (n_q + n),

n_q being the tokens of the query and n those of a mean document. A query that is much shorter than the documents names
words; one as long as a document is about something. The score of an average document is 0. A score is a sum over the
words of the query and over the topics, each less its mean over the documents: these are the parts that explain a hit.

Axes: D documents, V words, K topics.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError, parameter
from neuraltopic.preprocessing.counts import Counts

FloatArray = NDArray[np.floating]

BY = ("hybrid", "words", "topics")
# The usual constants of BM25.
_SATURATION, _LENGTH = 1.2, 0.75
# Weight of the topics relative to the words. tests/benchmarks/README.md has figures of 3, 4, 6 and 8.
_TOPIC_WEIGHT = 6.0
# Documents whose rows are gathered or multiplied at once.
_AT_ONCE = 1 << 16
# Vectors are known to about 2e-7: scores are compared to this many decimals.
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
    """What is known of D documents, each with a place from 0 on.

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
    """What is searched for.

    Attributes
    ----------
    words : dict of int to float
        How often each word of the vocabulary, by its column, occurs.
    direction : float32 array of shape (K,)
        See `directions`; zeros where nothing is known.
    """

    words: Mapping[int, float]
    direction: NDArray[np.float32]

    @property
    def n_tokens(self) -> float:
        """Tokens of the vocabulary, n_q."""
        return float(sum(self.words.values()))


@dataclass(frozen=True)
class _WordWeight:
    """What a word of the query adds: q idf; its mean over the documents."""

    weight: float
    mean: float


@dataclass(frozen=True)
class Scores:
    """The score of every document for one query.

    Attributes
    ----------
    values : float64 array of shape (D,)
        Of all document sets, one after the other; of deleted documents too.
    eligible : bool array of shape (D,)
        Not deleted, and by words alone with a word of the query.
    """

    values: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    query: Query
    words: Mapping[int, _WordWeight] = field(repr=False)
    word_scale: float = 0.0
    topic_scale: float = 0.0


def directions(vectors: FloatArray, of_nothing: FloatArray) -> NDArray[np.float32]:
    """Unit vectors from the vector of an empty document, (K,), to others, (D, K).

    A vector that is the same to rounding has no direction: zeros.
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
        self.mean_direction = self._mean_direction()

    def scores(self, query: Query, by: str = "hybrid") -> Scores:
        """The score of each document.

        Parameters
        ----------
        query : Query
        by : {"hybrid", "words", "topics"}
            The sum, or one of its two terms.

        Raises
        ------
        UsageError
            When `by` is another.
        """
        if by not in BY:
            raise UsageError(
                parameter("by"), expected=f"one of {', '.join(BY)}", got=repr(by), hint="Choose one of these"
            )
        values, eligible = np.zeros(len(self.live)), self.live
        words: dict[int, _WordWeight] = {}
        word_scale = topic_scale = 0.0
        if by != "topics":
            bm25, words = self._bm25(query)
            if by == "words":
                eligible = eligible & (bm25 > 0)
            word_scale = self._scale(bm25)
            values += word_scale * (bm25 - sum(word.mean for word in words.values()))
        if by != "words":
            cosine = self._cosine(query)
            topic_scale = self._scale(cosine) * (self.topic_weight(query) if by == "hybrid" else 1.0)
            values += topic_scale * (cosine - float(self.mean_direction @ query.direction))
        return Scores(values, eligible, query, words, word_scale, topic_scale)

    def topic_weight(self, query: Query) -> float:
        """a, the weight of the topics relative to the words; 1 where there are none, but an embedding."""
        if not query.words:
            return 1.0
        return _TOPIC_WEIGHT * query.n_tokens / (query.n_tokens + self.mean_length)

    def parts(self, scores: Scores, document: int) -> tuple[dict[int, float], NDArray[np.float64]]:
        """What each word of the query, by its column, and each topic, (K,), adds to the score of a document.

        The sum of all is its score.
        """
        part, place = self.locate(document)
        row = part.counts.slice(place, place + 1)
        counts = dict(zip(row.indices.tolist(), row.data.tolist(), strict=True))
        damping = self._damping[document]
        words = {}
        for word, known in scores.words.items():
            count = counts.get(word, 0)
            added = known.weight * count * (_SATURATION + 1.0) / (count + damping) if count else 0.0
            words[word] = scores.word_scale * (added - known.mean)
        direction = np.asarray(part.directions[place], np.float64) - self.mean_direction
        return words, scores.topic_scale * scores.query.direction * direction

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

    def _bm25(self, query: Query) -> tuple[NDArray[np.float64], dict[int, _WordWeight]]:
        values = np.zeros(len(self.live))
        words = {}
        for word, count in sorted(query.words.items()):
            found = [self._live_postings(number, word) for number in range(len(self.sets))]
            n_with = sum(len(documents) for documents, _ in found)
            rarity = np.log1p((self.n_live - n_with + 0.5) / (n_with + 0.5))
            weight = float(rarity * (1.0 + np.log(max(count, 1.0))))
            total = 0.0
            for documents, counts in found:
                added = weight * (_SATURATION + 1.0) * counts / (counts + self._damping[documents])
                values[documents] += added
                total += float(added.sum())
            words[word] = _WordWeight(weight, total / max(self.n_live, 1))
        return values, words

    def _live_postings(self, number: int, word: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Documents, numbered through all sets, and counts."""
        part = self.sets[number]
        documents, counts = part.postings.of_word(word)
        if part.live is not None:
            kept = part.live[documents]
            documents, counts = documents[kept], counts[kept]
        return documents.astype(np.int64) + self.starts[number], counts.astype(np.float64)

    def _cosine(self, query: Query) -> NDArray[np.float64]:
        """Row by row, so that equal documents have equal cosines wherever they stand."""
        values = np.zeros(len(self.live))
        if query.direction.any():
            for number, part in enumerate(self.sets):
                rows = slice(self.starts[number], self.starts[number + 1])
                values[rows] = np.einsum("dk,k->d", part.directions, query.direction)
        return values

    def _scale(self, values: NDArray[np.float64]) -> float:
        """1 / std over the live documents; 0 where all are equal to rounding."""
        std = float(values[self.live].std()) if self.n_live else 0.0
        return 1.0 / std if std > 1e-7 else 0.0

    def _mean_direction(self) -> NDArray[np.float64]:
        total = np.zeros(self.sets[0].directions.shape[1] if self.sets else 0)
        for part in self.sets:
            for start in range(0, len(part), _AT_ONCE):
                rows = np.asarray(part.directions[start : start + _AT_ONCE])
                kept = rows if part.live is None else rows[part.live[start : start + _AT_ONCE]]
                total += kept.sum(0, dtype=np.float64)
        return total / max(self.n_live, 1)
