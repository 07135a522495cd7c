"""The one topic that each document is listed under: a mixture of unigrams, guided by the shares of the topics.

A document has many topics, and lists name one. The documents of a list are taken for draws from one distribution of
words, so that all words of a document, its shares, and how common the topics are say together which list is its own:

    r_dk ~ pi_k s_dk^g prod_w (p_kw / p_w)^(x_dw / 3)               (E)
    pi_k ~ sum_d r_dk + 1/2,   p_kw ~ sum_d r_dk x_dw + 2 n p_w     (M)

with s the shares (s^g at least 10^-3), x the counts, p_w the unigram model with half a token added to each word, and n
the tokens of an average topic. From r = s on, each step of expectation maximisation raises the likelihood so tempered,
times Dirichlet priors of pi and the p_k.

On the test documents of 20 Newsgroups, AG News and the New York Times this raises the NMI with the labels from that of
the largest share, 0.568, 0.345 and 0.373, to 0.609, 0.371 and 0.395 (medians of three fits, K = 50): see
tests/benchmarks/README.md. The constants were chosen by the labels of training documents. In single fits
to the first two with K from 5 to 100 it rises by 0.004 to 0.034 on held-out documents; purity need not, at K = 20 it
falls on the first by 0.021.

Nigam, McCallum, Thrun, Mitchell (2000), Text classification from labeled and unlabeled documents using EM.

Axes: D documents, K topics, V words.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax

from neuraltopic.preprocessing.counts import Counts

FloatArray = NDArray[np.floating]
# Steps of expectation maximisation. Ten more change the NMI with the labels by 0.001.
_STEPS = 10
# Tokens that say as much as one that is independent of the others would. At the design effect of the corpus the NMI
# with the labels is 0.02 lower on agnews and 0.01 on stackoverflow: see tests/benchmarks/README.md.
TOKENS_AS_ONE = 3.0
# Topics of average size that each topic is smoothed by, in words of the unigram model: until a topic has as many
# documents, they must have much of its own words.
_SMOOTHED_BY = 2.0
# Non-zeros x topics of the documents that are looked at together, which bounds r: 26 MiB where they have five words.
_AT_ONCE = 1 << 25
# Share of an average topic's documents below which a topic keeps the documents of which it has the largest share.
_SMALL = 0.1
# Of s^g: a topic of which a document has nothing is less likely to be the document's by so much, not ruled out.
_LEAST = 1e-3


@dataclass(frozen=True)
class Listing:
    """What the training documents that are listed under each topic have, expected under r.

    Attributes
    ----------
    words : float32 (K, V)
        Tokens of each word.
    documents : float32 (K,)
        Documents.
    """

    words: NDArray[np.float32]
    documents: NDArray[np.float32]

    @classmethod
    def of(cls, shares: FloatArray, counts: Counts, guidance: float, earlier: "Listing | None" = None) -> Self:
        """Learn from documents with these shares (D, K) and counts (D, V).

        Parameters
        ----------
        shares : (D, K)
            0 or more; rows sum to 1.
        counts : Counts of shape (D, V)
        guidance : float
            g, the power of the shares: below 1 where they were themselves inferred from these words.
        earlier : Listing, optional
            Of documents that stay where they are, whose words are those of their topics too. What is returned is of
            the new ones alone.
        """
        found = cls._sums(shares, counts, None, guidance)
        for _ in range(_STEPS - 1):
            found = cls._sums(shares, counts, found if earlier is None else earlier + found, guidance)
        return found

    @classmethod
    def _sums(cls, shares: FloatArray, counts: Counts, listing: "Listing | None", guidance: float) -> Self:
        """The M step where there is a listing to begin at, else with the shares for r."""
        K, V = shares.shape[1], counts.shape[1]
        words, documents = np.zeros((V, K)), np.zeros(K)
        evidence = None if listing is None else listing._evidence()
        for start, block in counts.blocks(max(1, _AT_ONCE // K)):
            r = shares[start : start + len(block)]
            if evidence is not None:
                r = softmax(_log_responsibilities(*evidence, r, block, guidance), axis=1)
            words += _single(block).T @ r
            documents += r.sum(0, dtype=np.float64)
        return cls(np.ascontiguousarray(words.T, np.float32), documents.astype(np.float32))

    def __add__(self, other: "Listing") -> "Listing":
        """Of the documents of both."""
        return Listing(self.words + other.words, self.documents + other.documents)

    def topics(self, shares: FloatArray, counts: Counts, guidance: float) -> NDArray[np.int64]:
        """The topic that each document is listed under, (D,), from its shares (D, K) and counts (D, V).

        That of the largest r, see `most_likely`; but a topic that the mixture leaves less than a tenth of the documents
        of an average one keeps those of which it has the largest share: a large topic of like words takes them all.
        """
        largest, small = shares.argmax(1), self.documents < _SMALL * self.documents.mean()
        return np.where(small[largest], largest, self.most_likely(shares, counts, guidance))

    def most_likely(self, shares: FloatArray, counts: Counts, guidance: float) -> NDArray[np.int64]:
        """The topic of the largest r of each document, (D,)."""
        evidence, topics, K = self._evidence(), np.empty(len(counts), np.int64), len(self.documents)
        for start, block in counts.blocks(max(1, _AT_ONCE // K)):
            rows = slice(start, start + len(block))
            topics[rows] = _log_responsibilities(*evidence, shares[rows], block, guidance).argmax(1)
        return topics

    def _evidence(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """log(p_kw / p_w) / 3, (V, K), and log pi, (K,)."""
        total = self.words.sum(0, dtype=np.float64) + 0.5
        unigram = total / total.sum()
        smoothing = _SMOOTHED_BY * total.sum() / len(self.words)
        tokens = self.words.sum(1, dtype=np.float64)
        lift = (self.words / unigram + smoothing) / (tokens + smoothing)[:, None]
        prior = np.log(self.documents + 0.5)
        return np.ascontiguousarray((np.log(lift) / TOKENS_AS_ONE).T, np.float32), prior.astype(np.float32)


def _log_responsibilities(
    evidence: NDArray[np.float32], prior: NDArray[np.float32], shares: FloatArray, block: Counts, guidance: float
) -> NDArray[np.float32]:
    """log r of the documents of a block, (B, K), up to a constant for each."""
    guide = np.log(np.maximum(shares.astype(np.float32) ** guidance, _LEAST))
    return _single(block) @ evidence + guide + prior


def _single(block: Counts) -> sparse.csr_array:
    return block.to_scipy().astype(np.float32)
