"""Search with a fitted TopicModel: the documents of its fit, and its topics.

To search other documents, or those of a loaded model, use `neuraltopic.search`.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.utils.validation import check_is_fitted

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.fitting import require_whole
from neuraltopic.estimators.texts.documents_of_fit import DocumentsOfFit
from neuraltopic.estimators.texts.topic_inference import TopicInference
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.reading.rows import Row
from neuraltopic.topics.documents.document_metric import energy_covariance
from neuraltopic.topics.retrieval.document_set import DocumentSet, Postings, Query, directions
from neuraltopic.topics.retrieval.hybrid_ranking import HybridRanking

if TYPE_CHECKING:
    import pandas as pd


class TopicSearch(TopicInference):
    """The part of `TopicModel` that searches."""

    # Made of these documents at the first search.
    _held_ranking: tuple[DocumentsOfFit, HybridRanking] | None = None

    def as_query(self, text: str, *, embedding: Any = None) -> Query:
        """A text as a query: its words of the vocabulary, and the direction of its vector.

        Parameters
        ----------
        text : str
        embedding : array of shape (C,), optional
            Of the text, for the recipes of embeddings; without it the text has words alone.

        Raises
        ------
        UsageError
            When the text is no str, or an embedding is given to a recipe that takes none.
        """
        check_is_fitted(self)
        if not isinstance(text, str):
            raise UsageError("query", expected="a text", got=type(text).__name__, hint="Pass the query as a str")
        vae, counts = self.document_vae_, self._counts_of(text)
        words = dict(zip(counts.indices.tolist(), map(float, counts.data.tolist()), strict=True))
        if embedding is None and find_recipe(vae.recipe).takes("embeddings"):
            return Query(words, np.zeros(vae.n_components, np.float32))
        beside = None if embedding is None else np.asarray(embedding)[None]
        vectors = np.asarray(vae.transform(counts, embeddings=beside))
        return Query(words, directions(vectors, vae.empty_document_vector())[0])

    def search(self, query: str, n: int = 10, *, by: str = "hybrid", embedding: Any = None) -> "pd.DataFrame":
        """The documents of the fit that a query finds, best first: rank, score, id, topic, words, topics.

        The score is that of `neuraltopic.topics.retrieval.hybrid_ranking`, without embeddings; words and topics give
        the contribution of each. A query of which nothing is known, such as one without a word of the vocabulary, finds
        nothing.

        Parameters
        ----------
        query : str
        n : int
        by : {"hybrid", "words", "topics"}
        embedding : array of shape (C,), optional
            As for `as_query`.

        Raises
        ------
        NeuralTopicError
            When the model holds nothing of its documents: it was loaded, or fitted in a workspace.
        UsageError
            When an argument is wrong.
        """
        require_whole("n", n)
        ranking, asked = self._ranking_of_fit(), self.as_query(query, embedding=embedding)
        known = (by != "topics" and bool(asked.words)) or (by != "words" and asked.direction.any())
        return self._found(ranking, asked, n, by, ranking.live if known else np.zeros_like(ranking.live))

    def similar_documents(self, id: str, n: int = 10, *, by: str = "hybrid") -> "pd.DataFrame":
        """The documents of the fit that are most similar to one of them, as `search` gives them.

        Raises
        ------
        UsageError
            When no document of the fit has this id, or n is not above 0.
        NeuralTopicError
            As for `search`.
        """
        require_whole("n", n)
        ranking = self._ranking_of_fit()
        ids = self._require_documents().ids
        if id not in ids:
            raise UsageError(
                "id", expected="the id of a document of the fit", got=repr(id), hint="The ids are in ledger_"
            )
        place = ids.index(id)
        others = ranking.live.copy()
        others[place] = False
        return self._found(ranking, ranking.query_of(place), n, by, others)

    def find_topics(self, query: str, n: int = 5, *, embedding: Any = None) -> "pd.DataFrame":
        """The topics that a query is about, largest share first: topic, label, share.

        The share is that of the topic in the query, taken as a document.

        Raises
        ------
        UsageError
            When the query has no word of the vocabulary, nor an embedding, or n is not above 0.
        """
        import pandas as pd

        require_whole("n", n)
        asked = self.as_query(query, embedding=embedding)
        if not asked.words and embedding is None:
            raise UsageError(
                "query", expected="a word of the vocabulary", got=f"{query!r:.60}", hint="Try other words for it"
            )
        reader, labels = self.reader_, self.labels_
        counts = self._counts_of(query)
        beside = None if embedding is None else np.asarray(embedding)[None]
        shares = reader.document_weights(np.asarray(reader.transform(counts, embeddings=beside)))[0]
        order = np.argsort(-shares, kind="stable")[:n]
        return pd.DataFrame({"topic": order, "label": [labels[k] for k in order], "share": shares[order]})

    def similar_topics(self, topic: int, n: int = 5) -> "pd.DataFrame":
        """The topics most similar to one, best first: topic, label, similarity.

        Similarity is the correlation of the two topics' energies R over the words of the unigram model softmax(b): 1
        for topics that raise the same words alike, 0 for unrelated ones.

        Raises
        ------
        UsageError
            When there is no such topic, or n is not above 0.
        """
        import pandas as pd

        require_whole("n", n)
        self._require_topic(topic)
        reader, labels = self.reader_, self.labels_
        covariance = energy_covariance(reader.components_, reader.bias_)
        std = np.sqrt(np.diag(covariance))
        scale = std * std[topic]
        similarity = np.divide(covariance[topic], scale, out=np.zeros(len(scale)), where=scale > 0)
        order = [k for k in np.argsort(-similarity, kind="stable").tolist() if k != topic][:n]
        return pd.DataFrame({"topic": order, "label": [labels[k] for k in order], "similarity": similarity[order]})

    def _counts_of(self, text: str) -> Counts:
        """Counts of one text, (1, V), as `Preprocessor.transform` gives them, without a file."""
        blocks = self.preprocessor_.token_blocks([Row("", text, {})])
        tokens = np.concatenate([np.zeros(0, np.int64), *(block.tokens for block in blocks)])
        words, counts = np.unique(tokens, return_counts=True)
        indptr = np.array([0, len(words)], np.int64)
        shape = (1, len(self.preprocessor_.vocabulary))
        return Counts.from_scipy(csr_array((counts, words, indptr), shape=shape))

    def _counts_of_fit(self) -> Counts:
        counts = self._require_documents().counts
        if counts is None:
            raise NeuralTopicError(
                "documents of the fit",
                expected="a model fitted in memory",
                got="one whose counts were in a workspace",
                hint="Build a neuraltopic.search.SearchIndex of the documents",
            )
        return counts

    def _ranking_of_fit(self) -> HybridRanking:
        documents = self._require_documents()
        if self._held_ranking is None or self._held_ranking[0] is not documents:
            counts = self._counts_of_fit()
            found = directions(documents.vectors, self.document_vae_.empty_document_vector())
            ranking = HybridRanking([DocumentSet(counts, Postings.of(counts), counts.totals(), found)])
            self._held_ranking = documents, ranking
        return self._held_ranking[1]

    def _found(
        self, ranking: HybridRanking, query: Query, n: int, by: str, eligible: NDArray[np.bool_]
    ) -> "pd.DataFrame":
        import pandas as pd

        ids, words = self._require_documents().ids, self.preprocessor_.vocabulary.words
        ranked = ranking.ranked(query, n, by, id_of=ids.__getitem__, allowed=eligible)
        order = ranked.documents
        parts = [ranking.parts(ranked.weights, document) for document in order]
        topics = [
            self._topics_of_part(document, of_topics) for document, (_, of_topics, _) in zip(order, parts, strict=True)
        ]
        return pd.DataFrame(
            {
                "rank": np.arange(1, len(order) + 1),
                "score": np.array(ranked.values),
                "id": pd.array([ids[document] for document in order], dtype="str"),
                "topic": self.topics_[order],
                "words": [{words[w]: part for w, part in of_words.items()} for of_words, _, _ in parts],
                "topics": topics,
            }
        )

    def _topics_of_part(self, document: int, of_topics: NDArray[np.floating]) -> dict[int, float]:
        counts = self._counts_of_fit().slice(document, document + 1)
        return self.parts_by_topic(of_topics, counts, self.model_vectors_[document : document + 1])
