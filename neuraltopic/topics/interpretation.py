"""What the numbers of a fitted model mean to a reader: shares of topics in documents, and weights of words in topics.

A Gaussian z is a point on axes; a simplex z is the shares themselves, or a power of a point there, whose energies are
read. Here z is what the decoder sees; document vectors may be another thing, see `neuraltopic.topics.document_metric`.

Axes: D documents, V words, K topics.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, xlogy

from neuraltopic.topics.distinct import distinct_scores
from neuraltopic.topics.document_weights import axis_weights, energy_shares, energy_variance
from neuraltopic.topics.ranking import (
    relevance,
    reliable_weights,
    smoothed_topics,
    topic_log_probabilities,
    yield_to_rivals,
)
from neuraltopic.topics.responsibilities import Claims

FloatArray = NDArray[np.floating]


@dataclass(frozen=True)
class TopicWords:
    """What is known of the words of each topic.

    Attributes
    ----------
    components : (K, V)
        R.
    bias : (V,)
        b.
    explained : (K, V), optional
        In how many documents each topic accounts for each word, see `explained_documents`.
    covariance : (K, K), optional
        G of R and b, see `energy_covariance`, where the reading is by energies.
    documents : (V,), optional
        In how many documents each word is; by default what all topics explain.
    """

    components: FloatArray
    bias: FloatArray
    explained: FloatArray | None = None
    covariance: FloatArray | None = None
    documents: FloatArray | None = None


class Reading(Protocol):
    """How the topics of a family of models are read."""

    @property
    def needs_explained(self) -> bool:
        """Whether words are ranked by what the topics explain in the corpus."""
        ...

    @property
    def by_energies(self) -> bool:
        """Whether documents are as far apart, and shared among topics, as the energies of their words say: see
        `DocumentMetric` and `energy_shares`."""
        ...

    @property
    def guidance(self) -> float | None:
        """Power of the shares where documents are listed by their words beside them, see `Listing`; None where a
        document is listed under its largest share."""
        ...

    def of_nothing(self, n_topics: int) -> NDArray[np.float32]:
        """z of an empty document, (K,), of which nothing is known."""
        ...

    def shares(self, latents: FloatArray, topics: TopicWords) -> NDArray[np.float32]:
        """Share of each topic in each document, (D, K), rows summing to 1, from z (D, K)."""
        ...

    def information(self, latents: FloatArray, variance: FloatArray, shares: FloatArray) -> NDArray[np.float32]:
        """What each topic tells of a document, in nats, (K,), from z, the variance of q(z | x) and the shares."""
        ...

    def claims(self, latents: FloatArray, shares: FloatArray, lengths: FloatArray) -> Claims | None:
        """What topics account for the words of documents by, from z, the shares and the documents' tokens, (D,); None
        where `needs_explained` is False."""
        ...

    def pooled_information(
        self, weights: FloatArray, information: FloatArray, share: FloatArray
    ) -> NDArray[np.float32]:
        """`information` of P corpora as one, (K,), from that of each and the mean share of each topic in it, both
        (P, K), and the share of each corpus in the documents, (P,)."""
        ...

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """What ranks the words of each topic, (K, V), from their tokens in the training documents, (V,)."""
        ...

    def log_probabilities(self, topics: TopicWords, strength: FloatArray) -> FloatArray:
        """log p(w | topic), (K, V), for a topic of this `TopicStatistics.strength`, (K,)."""
        ...

    def log_unigram(self, topics: TopicWords) -> FloatArray:
        """log p(w), (V,), of no topic in particular."""
        ...


class GaussianReading:
    """Topics are axes, on each of which the word list describes the positive side."""

    needs_explained = False
    by_energies = False
    guidance: ClassVar[float | None] = None

    def of_nothing(self, n_topics: int) -> NDArray[np.float32]:
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

    def claims(self, latents: FloatArray, shares: FloatArray, lengths: FloatArray) -> Claims | None:
        """None: words are ranked by R."""
        return None

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """R, centred, and shrunk where a word is rare: see `reliable_weights`."""
        return reliable_weights(topics.components, topics.bias, word_totals)

    def log_probabilities(self, topics: TopicWords, strength: FloatArray) -> FloatArray:
        """The energy softmax on the topic's axis: see `topic_log_probabilities`."""
        return topic_log_probabilities(topics.components, topics.bias, strength)

    def log_unigram(self, topics: TopicWords) -> FloatArray:
        """log p(w | z = 0)."""
        return log_softmax(topics.bias)


class BinaryReading(GaussianReading):
    """Topics are binary units, and z the probability that each is on, where the word list describes it."""

    def of_nothing(self, n_topics: int) -> NDArray[np.float32]:
        """1/2 each: without a word the units of a Replicated Softmax are even."""
        return np.full(n_topics, 0.5, np.float32)

    def information(self, latents: FloatArray, variance: FloatArray, shares: FloatArray) -> NDArray[np.float32]:
        """Mutual information between a document and each unit: the entropy of the mean less the mean entropy."""
        precise = latents.astype(np.float64)
        return (_entropy(precise.mean(0)) - _entropy(precise).mean(0)).astype(np.float32)


def _entropy(probability: FloatArray) -> FloatArray:
    """Of a binary unit, in nats."""
    return -xlogy(probability, probability) - xlogy(1.0 - probability, 1.0 - probability)


class SimplexReading:
    """z is the shares; a topic's words are those that it accounts for in the training documents."""

    needs_explained = True
    by_energies = False
    guidance: ClassVar[float | None] = None
    # Weight of probability beside lift: one half, at which a list is neither of common words nor of rare ones.
    _relevance = 0.5
    # Documents in which a topic accounts for a word until the word is half believed. On a fit of the default,
    # which was read so, to 20 Newsgroups with 1,500 training documents left out NPMI in windows was 0.178, 0.190 and
    # 0.193 at 0, 3 and 5, the diversity 0.93, 0.92, 0.90; of AG News 0.147, 0.150 and 0.157 at a diversity of 0.98.
    _doubted = 4.0

    def of_nothing(self, n_topics: int) -> NDArray[np.float32]:
        """Even shares."""
        return np.full(n_topics, 1.0 / n_topics, np.float32)

    def shares(self, latents: FloatArray, topics: TopicWords) -> NDArray[np.float32]:
        """z."""
        return latents.astype(np.float32)

    def information(self, latents: FloatArray, variance: FloatArray, shares: FloatArray) -> NDArray[np.float32]:
        """E[s_k log(s_k / E[s_k])] over the documents of the shares s: what each topic adds to the mutual information
        between a document and a topic that is drawn from its shares."""
        precise = shares.astype(np.float64)
        mean = precise.mean(0)
        return (xlogy(precise, precise).mean(0) - xlogy(mean, mean)).astype(np.float32)

    def pooled_information(
        self, weights: FloatArray, information: FloatArray, share: FloatArray
    ) -> NDArray[np.float32]:
        """What the topics tell within each corpus, and what their shares in each tell of the corpus."""
        mean = weights @ share
        return (weights @ (information + xlogy(share, share)) - xlogy(mean, mean)).astype(np.float32)

    def claims(self, latents: FloatArray, shares: FloatArray, lengths: FloatArray) -> Claims | None:
        """Squares of the shares, which keep the small ones that most topics have in most documents from adding up."""
        return Claims(np.square(shares))

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """Relevance of the word in what the topic explains, plus log n / (n + m) of the n documents in which the topic
        accounts for it; m are the documents at which it is half believed."""
        probabilities, unigram = self._probabilities(topics)
        assert topics.explained is not None
        documents = topics.explained + unigram  # never 0
        reliability = documents / (documents + self._doubted)
        return relevance(np.log(probabilities), np.log(unigram), self._relevance) + np.log(reliability)

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
        # A word that no document has, which a given vocabulary allows, counts as half of one.
        total[total == 0.0] = 0.5
        unigram = total / total.sum()
        return smoothed_topics(topics.explained, unigram), unigram


@dataclass(frozen=True)
class EnergyReading(SimplexReading):
    """z is theta^a of points theta of the simplex, under a product of experts: what a topic is to a document is read
    off the energies z^T R of the words, beside those of a document of which nothing is known.

    Parameters
    ----------
    power : float
        a, see `LogisticNormal`.
    """

    power: float = 1.0
    by_energies = True
    # Chosen with the constants of `Listing` by the labels of training documents.
    guidance = 0.25
    # Chosen together, of some sixty triples, by six fits of 20 Newsgroups, after `claims` had been, of a dozen. For the
    # best without a yield (0.46, 5, 0) and for these, medians of six, three and two fits of 20 Newsgroups, AG News and
    # the New York Times are, NPMI in windows, 0.185 and 0.195, 0.156 and 0.160; C_V 0.786 and 0.778, 0.667 and 0.676;
    # NPMI in documents 0.388 and 0.377, 0.257 and 0.256, 0.427 and 0.410; diversity 0.906 and 0.914, 0.952 and 0.956,
    # 0.957 and 0.949.
    _relevance = 0.54
    _doubted = 8.0
    _yielded = 0.5
    # Tokens of a document whose words go by its shares alone. Chosen on held-out training documents of several
    # corpora: see tests/benchmarks/README.md.
    _pooled_tokens = 8.0

    def of_nothing(self, n_topics: int) -> NDArray[np.float32]:
        """That of theta even."""
        return np.full(n_topics, n_topics**-self.power, np.float32)

    def shares(self, latents: FloatArray, topics: TopicWords) -> NDArray[np.float32]:
        """Parts of the variance of its energies, beside a document of which nothing is known: see `energy_shares`."""
        assert topics.covariance is not None
        difference = latents - self.of_nothing(latents.shape[1])
        # What rounding leaves of z that is read off a vector is nothing.
        return energy_shares(np.where(np.abs(difference) > 1e-6, difference, 0.0), topics.covariance)

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """Those of `SimplexReading`, lower where another topic has the word rather: see `yield_to_rivals`."""
        return yield_to_rivals(super().word_weights(topics, word_totals), self._yielded)

    def claims(self, latents: FloatArray, shares: FloatArray, lengths: FloatArray) -> Claims | None:
        """The shares, and slopes halfway between 1, by which small shares claim rare words, and z, by which lists of
        one subject have many words in common. Of a document of n tokens min(1, 8 / n) goes by the shares
        alone."""
        pooled = np.minimum(1.0, self._pooled_tokens / np.maximum(lengths, 1.0))
        return Claims(shares, 0.5 + 0.5 * latents, pooled)


class DistinctReading(EnergyReading):
    """As `EnergyReading`, but lists share no word: for documents that embeddings tell apart, where topics that share
    most of their words are still two."""

    # An embedding tells the shares beside the words, or without any.
    guidance = 1.0
    # No word is left to yield.
    _relevance = 0.46
    _doubted = 5.0
    _yielded = 0.0

    def word_weights(self, topics: TopicWords, word_totals: FloatArray) -> FloatArray:
        """Those of `EnergyReading`, see `distinct_scores`."""
        return distinct_scores(super().word_weights(topics, word_totals))
