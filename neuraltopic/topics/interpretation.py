"""Interpretation of a fitted model: shares of topics in documents, and weights of words in topics.

A Gaussian z is a point on axes; a z on the simplex is the shares, or a power of them, interpreted by its energies. Here
z is the decoder's input; document vectors may differ, see `neuraltopic.topics.documents.document_metric`.

Axes: D documents, V words, K topics.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, xlogy

from neuraltopic.topics.documents.document_weights import axis_weights, energy_shares, energy_variance
from neuraltopic.topics.documents.responsibilities import ResponsibilityPrior
from neuraltopic.topics.words.distinct import distinct_scores
from neuraltopic.topics.words.ranking import (
    penalise_shared_words,
    relevance,
    reliable_weights,
    smoothed_topics,
    topic_log_probabilities,
)

FloatArray = NDArray[np.floating]


@dataclass(frozen=True)
class TopicWords:
    """Word statistics of each topic.

    Attributes
    ----------
    components : (K, V)
        R.
    bias : (V,)
        b.
    explained : (K, V), optional
        Number of documents in which each topic accounts for each word, see `explained_documents`.
    covariance : (K, K), optional
        G of R and b, see `energy_covariance`, for an interpretation by energies.
    documents : (V,), optional
        Number of documents with each word; by default the sum of what the topics explain.
    mean_length : float, optional
        Mean number of tokens of the training documents; by default they are long.
    """

    components: FloatArray
    bias: FloatArray
    explained: FloatArray | None = None
    covariance: FloatArray | None = None
    documents: FloatArray | None = None
    mean_length: float = np.inf


class TopicInterpretation(Protocol):
    """How the topics of a family of models are interpreted."""

    @property
    def needs_explained(self) -> bool:
        """Whether words are ranked by what the topics explain in the corpus."""
        ...

    @property
    def by_energies(self) -> bool:
        """Whether distances and topic shares of documents are computed from the energies of their words: see
        `DocumentMetric` and `energy_shares`."""
        ...

    @property
    def proportion_exponent(self) -> float | None:
        """Exponent of the shares if documents are assigned by shares and words, see `DocumentAssignment`; None if a
        document is assigned to its largest share."""
        ...

    def empty_document(self, n_topics: int) -> NDArray[np.float32]:
        """z of an empty document, (K,)."""
        ...

    def shares(self, latents: FloatArray, topics: TopicWords) -> NDArray[np.float32]:
        """Share of each topic in each document, (D, K), rows summing to 1, from z (D, K)."""
        ...

    def information(self, latents: FloatArray, variance: FloatArray, shares: FloatArray) -> NDArray[np.float32]:
        """Information of each topic about a document in nats, (K,), from z, the variance of q(z | x), the shares."""
        ...

    def responsibility_prior(
        self, latents: FloatArray, shares: FloatArray, lengths: FloatArray
    ) -> ResponsibilityPrior | None:
        """Prior of the topics of the words of each document, from z, the shares and the documents' tokens, (D,); None
        where `needs_explained` is False."""
        ...

    def pooled_information(
        self, weights: FloatArray, information: FloatArray, share: FloatArray
    ) -> NDArray[np.float32]:
        """`information` of P corpora as one, (K,), from that of each and the mean share of each topic in it, both
        (P, K), and the share of each corpus in the documents, (P,)."""
        ...

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """Weight of each word in each topic, (K, V), from the tokens of each word in the training documents, (V,)."""
        ...

    def log_probabilities(self, topics: TopicWords, strength: FloatArray) -> FloatArray:
        """log p(w | topic), (K, V), for a topic of this `TopicStatistics.strength`, (K,)."""
        ...

    def log_unigram(self, topics: TopicWords) -> FloatArray:
        """log p(w), (V,), over all topics."""
        ...


class GaussianInterpretation:
    """Topics are axes of z; a word list describes the positive side of an axis."""

    needs_explained = False
    by_energies = False
    proportion_exponent: ClassVar[float | None] = None

    def empty_document(self, n_topics: int) -> NDArray[np.float32]:
        """The origin."""
        return np.zeros(n_topics, np.float32)

    def shares(self, latents: FloatArray, topics: TopicWords) -> NDArray[np.float32]:
        """By the information of each coordinate: see `axis_weights`."""
        return axis_weights(latents, energy_variance(topics.components, topics.bias))

    def information(self, latents: FloatArray, variance: FloatArray, shares: FloatArray) -> NDArray[np.float32]:
        """Mean KL of each dimension's marginal, of q from that of the prior N(0, 1)."""
        return 0.5 * (latents**2 + variance - 1.0 - np.log(variance)).mean(0)

    def pooled_information(
        self, weights: FloatArray, information: FloatArray, share: FloatArray
    ) -> NDArray[np.float32]:
        """The mean over all documents."""
        return (weights @ information).astype(np.float32)

    def responsibility_prior(
        self, latents: FloatArray, shares: FloatArray, lengths: FloatArray
    ) -> ResponsibilityPrior | None:
        """None: words are ranked by R."""
        return None

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """R, centred, and shrunk for rare words: see `reliable_weights`."""
        return reliable_weights(topics.components, topics.bias, word_totals)

    def log_probabilities(self, topics: TopicWords, strength: FloatArray) -> FloatArray:
        """The energy softmax on the topic's axis: see `topic_log_probabilities`."""
        return topic_log_probabilities(topics.components, topics.bias, strength)

    def log_unigram(self, topics: TopicWords) -> FloatArray:
        """log p(w | z = 0)."""
        return log_softmax(topics.bias)


class BinaryInterpretation(GaussianInterpretation):
    """Topics are binary units, and z the probability that each is on; the word list describes a unit that is on."""

    def empty_document(self, n_topics: int) -> NDArray[np.float32]:
        """1/2 each: without a word the units of a Replicated Softmax are even."""
        return np.full(n_topics, 0.5, np.float32)

    def information(self, latents: FloatArray, variance: FloatArray, shares: FloatArray) -> NDArray[np.float32]:
        """Mutual information between a document and each unit: the entropy of the mean less the mean entropy."""
        precise = latents.astype(np.float64)
        return (_entropy(precise.mean(0)) - _entropy(precise).mean(0)).astype(np.float32)


def _entropy(probability: FloatArray) -> FloatArray:
    """Of a binary unit, in nats."""
    return -xlogy(probability, probability) - xlogy(1.0 - probability, 1.0 - probability)


class SimplexInterpretation:
    """z is the shares; the words of a topic are those that it accounts for in the training documents."""

    needs_explained = True
    by_energies = False
    proportion_exponent: ClassVar[float | None] = None
    # Weight of log probability; log lift has the rest. At one half lists hold neither common words nor rare ones.
    _relevance = 0.5
    # Pseudo-count of documents at which shrinkage is 1/2. How it was chosen: tests/benchmarks/README.md.
    _pseudo_count = 4.0

    def empty_document(self, n_topics: int) -> NDArray[np.float32]:
        """Equal shares."""
        return np.full(n_topics, 1.0 / n_topics, np.float32)

    def shares(self, latents: FloatArray, topics: TopicWords) -> NDArray[np.float32]:
        """z."""
        return latents.astype(np.float32)

    def information(self, latents: FloatArray, variance: FloatArray, shares: FloatArray) -> NDArray[np.float32]:
        """E[s_k log(s_k / E[s_k])] over the documents of the shares s: each topic's term of the mutual information
        between a document and a topic drawn from its shares."""
        precise = shares.astype(np.float64)
        mean = precise.mean(0)
        return (xlogy(precise, precise).mean(0) - xlogy(mean, mean)).astype(np.float32)

    def pooled_information(
        self, weights: FloatArray, information: FloatArray, share: FloatArray
    ) -> NDArray[np.float32]:
        """The information of the topics within each corpus, and of their shares about the corpus."""
        mean = weights @ share
        return (weights @ (information + xlogy(share, share)) - xlogy(mean, mean)).astype(np.float32)

    def responsibility_prior(
        self, latents: FloatArray, shares: FloatArray, lengths: FloatArray
    ) -> ResponsibilityPrior | None:
        """Squares of the shares, so that the small shares that most topics have in most documents do not add up."""
        return ResponsibilityPrior(np.square(shares))

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """Relevance of the word in what the topic explains, plus log n / (n + m) of the n documents in which the topic
        accounts for it; m is the pseudo-count."""
        probabilities, unigram = self._probabilities(topics)
        assert topics.explained is not None
        documents = topics.explained + unigram  # never 0
        reliability = documents / (documents + self._pseudo_count)
        weight = self._weight_of_probability(topics)
        return relevance(np.log(probabilities), np.log(unigram), weight) + np.log(reliability)

    def _weight_of_probability(self, topics: TopicWords) -> float:
        return self._relevance

    def log_probabilities(self, topics: TopicWords, strength: FloatArray) -> FloatArray:
        """The words that the topic explains, as a distribution."""
        return np.log(self._probabilities(topics)[0])

    def log_unigram(self, topics: TopicWords) -> FloatArray:
        """The words of the training documents, as a distribution."""
        return np.log(self._probabilities(topics)[1])

    @staticmethod
    def _probabilities(topics: TopicWords) -> tuple[FloatArray, FloatArray]:
        assert topics.explained is not None
        explained = topics.explained if topics.documents is None else topics.documents[None]
        total = explained.sum(0, dtype=np.float64)
        # A given vocabulary can have words that no document has; these count as half a document.
        total[total == 0.0] = 0.5
        unigram = total / total.sum()
        return smoothed_topics(topics.explained, unigram), unigram


@dataclass(frozen=True)
class GivenTopicsInterpretation(SimplexInterpretation):
    """z is the shares of imported topics, whose words are ranked by the imported probabilities."""

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """log p(w | topic)."""
        return np.asarray(log_softmax(np.asarray(topics.components, np.float64) + topics.bias, axis=1))

    def log_probabilities(self, topics: TopicWords, strength: FloatArray) -> FloatArray:
        """log softmax(R_k + b), for any strength."""
        return self.word_weights(topics, topics.bias)


@dataclass(frozen=True)
class EnergyInterpretation(SimplexInterpretation):
    """z is theta^a of points theta of the simplex, under a product of experts: the shares of a document are computed
    from the energies z^T R of its words, relative to those of an empty document.

    Parameters
    ----------
    power : float
        a, see `LogisticNormal`.
    """

    power: float = 1.0
    by_energies = True
    # Chosen with the constants of `DocumentAssignment` by the labels of training documents.
    proportion_exponent = 0.25
    # How these four were chosen: tests/benchmarks/README.md.
    _relevance = 0.44
    _relevance_of_short = 0.8
    _pseudo_count = 8.0
    _shared_word_penalty = 0.25
    # Number of tokens of a document whose topics are given by its shares alone.
    _pooled_tokens = 8.0

    def empty_document(self, n_topics: int) -> NDArray[np.float32]:
        """That of a uniform theta."""
        return np.full(n_topics, n_topics**-self.power, np.float32)

    def shares(self, latents: FloatArray, topics: TopicWords) -> NDArray[np.float32]:
        """Parts of the variance of its energies, relative to an empty document: see `energy_shares`."""
        assert topics.covariance is not None
        difference = latents - self.empty_document(latents.shape[1])
        # z that is computed from a vector has a rounding error.
        return energy_shares(np.where(np.abs(difference) > 1e-6, difference, 0.0), topics.covariance)

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """Those of `SimplexInterpretation`, lower for words of which another topic has more: see
        `penalise_shared_words`."""
        return penalise_shared_words(super().word_weights(topics, word_totals), self._shared_word_penalty)

    def _weight_of_probability(self, topics: TopicWords) -> float:
        """That of long documents and that of short ones, in the parts that `responsibility_prior` takes of the shares
        and of the words in a document of average length: the shorter the documents, the fewer have two given words, and
        the less a rare word says of a topic."""
        short = min(1.0, self._pooled_tokens / max(topics.mean_length, 1.0))
        return self._relevance + short * (self._relevance_of_short - self._relevance)

    def responsibility_prior(
        self, latents: FloatArray, shares: FloatArray, lengths: FloatArray
    ) -> ResponsibilityPrior | None:
        """The shares, with slopes halfway between 1, at which small shares get rare words, and z, at which topics of
        one subject have many words in common. In a document of n tokens a part min(1, 8 / n) is given by the shares
        alone."""
        pooled = np.minimum(1.0, self._pooled_tokens / np.maximum(lengths, 1.0))
        return ResponsibilityPrior(shares, 0.5 + 0.5 * latents, pooled)


class DistinctInterpretation(EnergyInterpretation):
    """Like `EnergyInterpretation`, but no word is in two lists: for recipes of embeddings, which can distinguish topics
    that share most of their words."""

    # An embedding is evidence of the shares, with words or without.
    proportion_exponent = 1.0
    # No word is shared, so none is penalised.
    _relevance = 0.46
    _pseudo_count = 5.0
    _shared_word_penalty = 0.0

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """Those of `EnergyInterpretation`, see `distinct_scores`."""
        return distinct_scores(super().word_weights(topics, word_totals))
