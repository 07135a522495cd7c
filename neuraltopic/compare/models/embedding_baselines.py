"""Common models of document embeddings, with the default settings of their libraries except for those named.

Both take precomputed embeddings and the words of our vocabulary, so neither loads a language model nor tokenises texts.
Axes: D documents, V words, K topics, E numbers of a document embedding.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from neuraltopic.compare.models.mixture_baseline import Mixture, normalised
from neuraltopic.compare.models.protocol import Embeddings, FloatArray
from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.counts import Counts


class BERTopicModel(Mixture):
    """Clusters of embeddings, and the words that distinguish each (Grootendorst 2022): BERTopic.

    Clusters are merged to K; outliers, BERTopic's topic -1, are not a topic. Vectors are HDBSCAN's membership in each
    topic, which an outlier has too. If fewer clusters are found, there are fewer topics.
    """

    packages = ("bertopic", "umap-learn", "hdbscan")
    requires = "bertopic"
    extra = "peers"
    reads_embeddings = True

    def __init__(self, n_components: int, seed: int) -> None:
        from bertopic import BERTopic
        from hdbscan import HDBSCAN
        from umap import UMAP

        super().__init__(n_components, seed)
        self._class = BERTopic
        # As in BERTopic, except for the seed, and without processes that would not be timed.
        self._umap = UMAP(15, 5, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1)
        self._hdbscan = HDBSCAN(10, cluster_selection_method="eom", prediction_data=True, core_dist_n_jobs=1)
        self.settings = {"class": "bertopic.BERTopic", "nr_topics": n_components + 1, "calculate_probabilities": True}

    def fit(self, counts: Counts, words: Sequence[str], embeddings: Embeddings = None) -> None:
        """Reduce the embeddings by UMAP, cluster them by HDBSCAN, merge clusters, and weigh words by c-TF-IDF."""
        from sklearn.feature_extraction.text import CountVectorizer

        assert embeddings is not None
        columns = {str(column): column for column in range(len(words))}
        self._model = self._class(
            nr_topics=self._K + 1,  # with that of the outliers
            calculate_probabilities=True,
            umap_model=self._umap,
            hdbscan_model=self._hdbscan,
            vectorizer_model=CountVectorizer(vocabulary=columns, analyzer=str.split),
        )
        self._model.fit(list(_numbered_texts(counts)), embeddings)
        labels = np.asarray(self._model.topics_)
        self._outliers = int((labels < 0).any())  # 1 where c-TF-IDF has a row of theirs, the first
        found = self._model.c_tf_idf_.shape[0] - self._outliers
        if not found:
            raise NeuralTopicError(
                "bertopic",
                expected="a cluster of documents",
                got="outliers alone",
                hint="Give more documents, or other embeddings",
            )
        self.notes = [f"{found:,} topics", f"{np.mean(labels < 0):.0%} of the training documents in none of them"]

    def word_scores(self) -> FloatArray:
        """c-TF-IDF."""
        return self._model.c_tf_idf_[self._outliers :].toarray()

    def topic_probabilities(self) -> FloatArray:
        """c-TF-IDF over its sum."""
        return normalised(self.word_scores())

    def vectors(self, counts: Counts, embeddings: Embeddings = None) -> FloatArray:
        """Membership in the topics."""
        return self._model.transform([""] * len(counts), embeddings)[1]


class FASTopicModel(Mixture):
    """Optimal transport between embeddings of documents, topics and words (Wu et al. 2024): FASTopic, 200 epochs."""

    packages = ("fastopic", "torch")
    requires = "fastopic"
    extra = "peers"
    reads_embeddings = True

    def __init__(self, n_components: int, seed: int) -> None:
        from fastopic import FASTopic

        super().__init__(n_components, seed)
        self._class = FASTopic
        self.settings = {"class": "fastopic.FASTopic", "epochs": 200}

    def fit(self, counts: Counts, words: Sequence[str], embeddings: Embeddings = None) -> None:
        """Learn the embeddings of topics and words, all documents at once."""
        with _seeded(self._seed):
            self._model = self._class(self._K, _Counted(counts, words), device="cpu", doc_embed_model=None)
            self._model.fit([""] * len(counts), 200, preset_doc_embeddings=np.array(embeddings))

    def topic_probabilities(self) -> FloatArray:
        """Of each topic, what it sends to the words."""
        return normalised(self._model.beta)

    def vectors(self, counts: Counts, embeddings: Embeddings = None) -> FloatArray:
        """Shares of the topics."""
        import torch

        return self._model.transform(doc_embeddings=torch.tensor(embeddings))


class _Counted:
    """Takes the place of FASTopic's preprocessing: the documents are counted."""

    def __init__(self, counts: Counts, words: Sequence[str]) -> None:
        self._result = {"train_bow": sparse.csr_matrix(counts.to_scipy()), "vocab": list(words)}

    def preprocess(self, texts: Sequence[str]) -> dict[str, Any]:
        return self._result


def _numbered_texts(counts: Counts) -> Iterator[str]:
    """The words of each document as the numbers of their columns, which no cleaning of texts changes."""
    for start, stop in pairwise(counts.indptr.tolist()):
        columns = np.repeat(counts.indices[start:stop], counts.data[start:stop].astype(np.int64))
        yield " ".join(map(str, columns.tolist()))


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global generators that FASTopic draws from, and restore their state afterwards."""
    import torch

    state = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(state)
