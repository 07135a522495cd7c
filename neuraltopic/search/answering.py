"""From a query to hits with their reasons."""

from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import parameter
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.models.recipes import find_recipe
from neuraltopic.search.answers import Answer, Hit
from neuraltopic.search.documents import IndexedDocuments
from neuraltopic.search.snippets import Snippets
from neuraltopic.search.spelling import Spelling
from neuraltopic.topics.hybrid_ranking import Query, Ranked, best

# Unknown words of a query that are named, with near spellings.
_NAMED = 10


class Answering:
    """Answers queries about the documents of an index.

    Parameters
    ----------
    documents : IndexedDocuments
    """

    def __init__(self, documents: IndexedDocuments) -> None:
        self._documents = documents
        self._model: TopicModel = documents.model
        self._snippets = Snippets(self._words_of)

    def of_query(
        self, query: str, n: int, skip: int, by: str, allowed: NDArray[np.bool_] | None, embedding: Any
    ) -> Answer:
        """The answer to a text."""
        asked = self._model.as_query(query, embedding=embedding)
        unknown = {
            word: self._spelling.near(word) if place < _NAMED else []
            for place, word in enumerate(self._model.preprocessor_.unknown_words(query))
        }
        notes, by = self._notes(asked, unknown, by, embedding)
        if not asked.words and not asked.direction.any():
            self._documents.ranking.require_by(by)
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
        documents = self._documents
        shares = documents.shares_of_topic(topic)
        eligible = documents.ranking.live if allowed is None else documents.ranking.live & allowed
        order = best(shares, eligible, skip + n, documents.id)[skip:]
        values = shares[order].tolist()
        hits = self._hits(order, values, skip, set(), [({}, {topic: value}) for value in values])
        return Answer(f"topic {self.labels[topic]}", "topic", int(eligible.sum()), hits, {}, ())

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

    def _parts(self, document: int, ranked: Ranked) -> tuple[dict[str, float], dict[int, float]]:
        """What each word and each topic adds to the score of a document."""
        of_words, of_topics = self._documents.ranking.parts(ranked.weights, document)
        topics = {}
        if ranked.weights.topic_scale:
            segment, place = self._documents.locate(document)
            counts, vector = segment.documents.counts.slice(place, place + 1), segment.vectors[place : place + 1]
            topics = self._model.parts_by_topic(of_topics, counts, vector)
        return {self._vocabulary[word]: part for word, part in of_words.items()}, topics

    def _hits(
        self,
        order: Sequence[int],
        values: Sequence[float],
        skip: int,
        words: set[str],
        parts: Sequence[tuple[dict[str, float], dict[int, float]]],
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
        parts: tuple[dict[str, float], dict[int, float]],
    ) -> Hit:
        segment, place = self._documents.locate(document)
        topic = int(self._documents.topics_of(segment)[place])
        label = self.labels[topic] if topic >= 0 else ""
        return Hit(rank, score, segment.ids[place], topic, label, *passage, *parts)

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
        elif embedding is None and find_recipe(self._model.recipe).takes("embeddings") and by != "words":
            notes.append(f"the recipe {self._model.recipe} needs an embedding of the query to search by topics")
            by = "words"
        return notes, by

    def _words_of(self, forms: Sequence[str]) -> list[set[str]]:
        """The words of the vocabulary that each form comes to."""
        found = self._model.preprocessor_.columns_of(forms)
        return [{self._vocabulary[column] for column in columns} for columns in found]
