"""From a query to hits with their reasons."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError, parameter
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.reading.vectors.embeddings import require_embeddings
from neuraltopic.search.answers import Answer, Hit
from neuraltopic.search.documents import IndexedDocuments
from neuraltopic.search.indexing import takes_embeddings
from neuraltopic.search.query_encoder import QueryEncoder
from neuraltopic.search.snippets import Snippets
from neuraltopic.search.spelling import Spelling
from neuraltopic.topics.retrieval.document_set import Query, unit_rows
from neuraltopic.topics.retrieval.embedding_topics import EmbeddingTopics
from neuraltopic.topics.retrieval.first_documents import best
from neuraltopic.topics.retrieval.hybrid_ranking import Ranked

# Unknown words of a query that are named, with near spellings.
_NAMED = 10


class Parts(NamedTuple):
    """What each word, each topic and the embedding add to the score of a document."""

    words: dict[str, float]
    topics: dict[int, float]
    embedding: float = 0.0


class Answering:
    """Answers queries about the documents of an index.

    Parameters
    ----------
    documents : IndexedDocuments
    encoder : QueryEncoder, optional
        Embeds the queries that come without an embedding.
    embedding_topics : EmbeddingTopics, optional
        That of the documents' directions.
    """

    def __init__(
        self, documents: IndexedDocuments, encoder: QueryEncoder | None, embedding_topics: EmbeddingTopics | None
    ) -> None:
        self._documents = documents
        self._encoder = encoder
        self._embedding_topics = embedding_topics
        self._model: TopicModel = documents.model
        self._snippets = Snippets(self._words_of)

    def of_query(
        self, query: str, n: int, skip: int, by: str, allowed: NDArray[np.bool_] | None, embedding: Any
    ) -> Answer:
        """The answer to a text."""
        ranking = self._documents.ranking
        ranking.require_by(by)
        notes = list[str]()
        if embedding is None and by != "words" and self._encoder is not None and query.strip():
            embedding, notes = self._embedded(query, by)
        counted = {} if by == "embeddings" else self._model.preprocessor_.unknown_words(query)
        unknown, asked = self._near(counted), self._asked(query, embedding, sum(counted.values()))
        if by == "embeddings" and asked.embedding is None:
            raise UsageError(
                "embedding of the query",
                expected="a vector, or the model that embedded the documents",
                got="neither",
                hint="Pass the embeddings of the queries, or the folder of that model",
            )
        more, by = self._notes(asked, unknown, by, embedding)
        notes += more
        if not asked.words and not asked.direction.any() and asked.embedding is None:
            return Answer(query, by, 0, (), unknown, tuple(notes))
        return self._answer(query, asked, n, skip, by, allowed, unknown, notes)

    def like(self, id: str, n: int, skip: int, by: str, allowed: NDArray[np.bool_] | None) -> Answer:
        """Documents like one of the index, which is no hit itself."""
        document, ranking = self._documents.required(id, parameter("like")), self._documents.ranking
        others = np.ones(len(ranking.live), bool) if allowed is None else allowed.copy()
        others[document] = False
        return self._answer(f"like {id}", ranking.query_of(document), n, skip, by, others, {}, ())

    def of_topic(self, topic: int, n: int, skip: int, allowed: NDArray[np.bool_] | None) -> Answer:
        """Documents with most of a topic."""
        self._model._require_topic(topic)
        documents, topic = self._documents, int(topic)
        shares = documents.shares_of_topic(topic)
        eligible = documents.ranking.live if allowed is None else documents.ranking.live & allowed
        order = best(shares, eligible, skip + n, documents.id)[skip:]
        values = shares[order].tolist()
        hits = self._hits(order, values, skip, set(), [Parts({}, {topic: value}) for value in values])
        return Answer(f"topic {self.labels[topic]}", "topic", int(eligible.sum()), hits, {}, ())

    def _near(self, unknown: Iterable[str]) -> dict[str, list[str]]:
        """Words that the vocabulary does not have, the first of them with near spellings."""
        return {word: self._spelling.near(word) if place < _NAMED else [] for place, word in enumerate(unknown)}

    def _embedded(self, query: str, by: str) -> tuple[NDArray[np.float32] | None, list[str]]:
        """The embedding of a query, and what is to be said where the model is not there."""
        assert self._encoder is not None
        try:
            return self._encoder.encode(query), []
        except UsageError as error:
            if by == "embeddings":
                raise
            return None, [f"the query has no embedding: {error}"]

    def _asked(self, query: str, embedding: Any, n_unknown: float) -> Query:
        """A text as a query, with an embedding where documents have them too."""
        taken = takes_embeddings(self._model) or not self._documents.ranking.has_embeddings
        asked = self._model.as_query(query, embedding=embedding if taken else None)
        if embedding is None or not self._documents.ranking.has_embeddings:
            return asked
        own = require_embeddings(np.asarray(embedding)[None], 1, self._documents.n_dimensions)
        unit, direction = unit_rows(own.rows(np.arange(1))), asked.direction
        if self._embedding_topics is not None:
            direction = self._embedding_topics.directions(direction[None], unit)[0]
        return replace(asked, direction=direction, embedding=unit[0], n_unknown=n_unknown)

    @cached_property
    def labels(self) -> list[str]:
        """What each topic is called."""
        return self._model.labels_

    @cached_property
    def _vocabulary(self) -> tuple[str, ...]:
        return self._model.vocabulary_

    @cached_property
    def _spelling(self) -> Spelling:
        return Spelling(self._vocabulary)

    def _answer(
        self,
        what: str,
        asked: Query,
        n: int,
        skip: int,
        by: str,
        allowed: NDArray[np.bool_] | None,
        unknown: dict[str, list[str]],
        notes: Sequence[str],
    ) -> Answer:
        documents = self._documents
        ranked = documents.ranking.ranked(asked, skip + n, by, id_of=documents.id, allowed=allowed)
        order = ranked.documents[skip:]
        words = {self._vocabulary[word] for word in asked.words}
        hits = self._hits(order, ranked.values[skip:], skip, words, [self._parts(d, ranked) for d in order])
        return Answer(what, by, ranked.n_found, hits, unknown, tuple(notes))

    def _parts(self, document: int, ranked: Ranked) -> Parts:
        """What each word, each topic and the embedding add to the score of a document."""
        of_words, of_topics, embedding = self._documents.ranking.parts(ranked.weights, document)
        topics = {}
        if ranked.weights.topic_scale:
            segment, place = self._documents.locate(document)
            counts, vector = segment.documents.counts.slice(place, place + 1), segment.vectors[place : place + 1]
            topics = self._model.parts_by_topic(of_topics, counts, vector)
        return Parts({self._vocabulary[word]: part for word, part in of_words.items()}, topics, embedding)

    def _hits(
        self,
        order: Sequence[int],
        values: Sequence[float],
        skip: int,
        words: set[str],
        parts: Sequence[Parts],
    ) -> tuple[Hit, ...]:
        texts = [self._documents.text(document) for document in order]
        passages = self._snippets.of([text or "" for text in texts], words)
        return tuple(
            self._hit(skip + number, document, value, passage, of_document)
            for number, (document, value, passage, of_document) in enumerate(
                zip(order, values, passages, parts, strict=True), 1
            )
        )

    def _hit(
        self,
        rank: int,
        document: int,
        score: float,
        passage: tuple[str, tuple[tuple[int, int], ...]],
        parts: Parts,
    ) -> Hit:
        segment, place = self._documents.locate(document)
        topic = int(self._documents.topics_of(segment)[place])
        label = self.labels[topic] if topic >= 0 else ""
        return Hit(rank, score, segment.ids[place], topic, label, *passage, parts.words, parts.topics, parts.embedding)

    def _notes(self, asked: Query, unknown: dict[str, list[str]], by: str, embedding: Any) -> tuple[list[str], str]:
        """What is to be said of a query, and by what it is answered."""
        notes = []
        for word, near in islice(unknown.items(), _NAMED):
            hint = f"; near it: {', '.join(near)}" if near else ""
            notes.append(f"{word} is not in the vocabulary{hint}")
        if (n_more := len(unknown) - _NAMED) > 0:
            notes.append(f"{n_more:,} more words of the query are not in the vocabulary")
        if not asked.words and embedding is None:
            notes.append("no word of the query is in the vocabulary")
        elif embedding is None and takes_embeddings(self._model) and by != "words":
            notes.append(f"the recipe {self._model.recipe} needs an embedding of the query to search by topics")
            by = "words"
        elif embedding is None and by == "hybrid" and self._documents.ranking.has_embeddings and self._encoder is None:
            notes.append("the query has no embedding: words and topics answer; give one, or name the model")
        return notes, by

    def _words_of(self, forms: Sequence[str]) -> list[set[str]]:
        """The words of the vocabulary that each form comes to."""
        found = self._model.preprocessor_.columns_of(forms)
        return [{self._vocabulary[column] for column in columns} for columns in found]
