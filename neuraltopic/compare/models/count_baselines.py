"""Common models of word counts, with the default settings of their libraries except for those named.

Axes: D documents, V words, K topics.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.compare.models.mixture_baseline import Mixture, normalised
from neuraltopic.compare.models.protocol import Embeddings, FloatArray
from neuraltopic.preprocessing.counts import Counts


class GensimLDA(Mixture):
    """LDA by online variational Bayes (Hoffman, Blei, Bach 2010), gensim's, 10 passes as its guides advise."""

    packages = ("gensim",)

    def __init__(self, n_components: int, seed: int) -> None:
        from gensim.models import LdaModel

        super().__init__(n_components, seed)
        self._class = LdaModel
        self.settings = {"class": "gensim.models.LdaModel", "passes": 10}

    def fit(self, counts: Counts, words: Sequence[str], embeddings: Embeddings = None) -> None:
        """Learn by stochastic passes over chunks of 2,000 documents."""
        self._model = self._class(
            _bags(counts),
            num_topics=self._K,
            id2word=dict(enumerate(words)),
            passes=10,
            random_state=self._seed,
        )

    def topic_probabilities(self) -> FloatArray:
        """Expected topics."""
        return self._model.get_topics()

    def vectors(self, counts: Counts, embeddings: Embeddings = None) -> FloatArray:
        """Expected shares of the topics, started at random as gensim does, from the seed of the fit."""
        self._model.random_state = np.random.RandomState(self._seed)
        gamma, _ = self._model.inference(_bags(counts))
        return normalised(gamma)


class SklearnLDA(Mixture):
    """LDA by online variational Bayes, scikit-learn's, 20 passes."""

    packages = ("scikit-learn",)

    def __init__(self, n_components: int, seed: int) -> None:
        from sklearn.decomposition import LatentDirichletAllocation

        super().__init__(n_components, seed)
        options: dict[str, Any] = {"learning_method": "online", "max_iter": 20}
        self._model = LatentDirichletAllocation(n_components, random_state=seed, **options)
        self.settings = {"class": "sklearn.decomposition.LatentDirichletAllocation", **options}

    def fit(self, counts: Counts, words: Sequence[str], embeddings: Embeddings = None) -> None:
        """Learn by stochastic passes over batches of 128 documents."""
        self._model.fit(_for_sklearn(counts))

    def topic_probabilities(self) -> FloatArray:
        """Expected topics."""
        return normalised(self._model.components_)

    def vectors(self, counts: Counts, embeddings: Embeddings = None) -> FloatArray:
        """Expected shares of the topics."""
        return self._model.transform(_for_sklearn(counts))


class NMF(Mixture):
    """Non-negative matrix factorisation of tf-idf, scikit-learn's: no likelihood, so its rows are renormalised.

    p(w | d) is the reconstruction's row over its sum, which gives a lower perplexity than normalising the loadings and
    the factors: see tests/benchmarks/README.md.
    """

    packages = ("scikit-learn",)

    def __init__(self, n_components: int, seed: int) -> None:
        from sklearn import decomposition
        from sklearn.feature_extraction.text import TfidfTransformer

        super().__init__(n_components, seed)
        self._weigh = TfidfTransformer()
        self._model = decomposition.NMF(n_components, random_state=seed)
        self.settings = {"class": "sklearn.decomposition.NMF", "input": "sklearn TfidfTransformer()"}

    def fit(self, counts: Counts, words: Sequence[str], embeddings: Embeddings = None) -> None:
        """Weigh by tf-idf, factorise by coordinate descent."""
        self._model.fit(self._weigh.fit_transform(_for_sklearn(counts)))

    def topic_probabilities(self) -> FloatArray:
        """Each factor over its sum."""
        return normalised(self._model.components_)

    def word_scores(self) -> FloatArray:
        """The factors."""
        return self._model.components_

    def vectors(self, counts: Counts, embeddings: Embeddings = None) -> FloatArray:
        """Loadings of each document on the factors."""
        return self._model.transform(self._weigh.transform(_for_sklearn(counts)))

    def log_likelihood(self, vectors: FloatArray, counts: Counts) -> NDArray[np.float64]:
        """Of the reconstruction over its sum; the factors' sizes stay in the vectors."""
        return super().log_likelihood(vectors * self._model.components_.sum(1), counts)


class TomotopyLDA(Mixture):
    """LDA by collapsed Gibbs sampling (Griffiths, Steyvers 2004), tomotopy's, 1,000 iterations."""

    packages = ("tomotopy",)
    requires = "tomotopy"
    extra = "compare"

    def __init__(self, n_components: int, seed: int) -> None:
        import tomotopy

        super().__init__(n_components, seed)
        self._model = tomotopy.LDAModel(k=n_components, seed=seed)
        self.settings = {"class": "tomotopy.LDAModel", "iterations": 1000, "workers": 1}

    def fit(self, counts: Counts, words: Sequence[str], embeddings: Embeddings = None) -> None:
        """Sample the topics of all tokens a thousand times over."""
        self._words = words
        for document in self._documents(counts):
            self._model.add_doc(document)
        self._model.train(1000, workers=1)

    def topic_probabilities(self) -> FloatArray:
        """Expected topics; 0 for a word of no document."""
        column = {word: number for number, word in enumerate(self._words)}
        topics = np.zeros((self._K, len(self._words)))
        topics[:, [column[word] for word in self._model.used_vocabs]] = [
            self._model.get_topic_word_dist(topic) for topic in range(self._K)
        ]
        return topics

    def vectors(self, counts: Counts, embeddings: Embeddings = None) -> FloatArray:
        """Shares of the topics, sampled; those of the prior for a document without a word of the fit."""
        theta = np.tile(normalised(np.asarray(self._model.alpha, np.float64)[None]), (len(counts), 1))
        known = set(self._model.used_vocabs)
        documents = [[word for word in document if word in known] for document in self._documents(counts)]
        filled = [number for number, document in enumerate(documents) if document]
        bags = [self._model.make_doc(documents[number]) for number in filled]
        if bags:
            theta[filled] = self._model.infer(bags, workers=1)[0]
        return theta

    def _documents(self, counts: Counts) -> Iterator[list[str]]:
        for start, stop in pairwise(counts.indptr.tolist()):
            tokens = np.repeat(counts.indices[start:stop], counts.data[start:stop].astype(np.int64))
            yield [self._words[word] for word in tokens.tolist()]


def _bags(counts: Counts) -> list[list[tuple[int, float]]]:
    """As gensim takes documents."""
    bounds = counts.indptr.tolist()
    words, numbers = np.asarray(counts.indices).tolist(), np.asarray(counts.data).tolist()
    return [list(zip(words[start:stop], numbers[start:stop], strict=True)) for start, stop in pairwise(bounds)]


def _for_sklearn(counts: Counts) -> Any:
    """A matrix of the class that every release of scikit-learn takes."""
    from scipy import sparse

    return sparse.csr_matrix(counts.to_scipy().astype(np.float64))
