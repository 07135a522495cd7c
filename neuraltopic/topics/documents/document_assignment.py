"""Assignment of each document to one topic: a mixture of unigrams, with the topic shares as a prior.

A document has many topics, and tables name one. The documents of a topic are modelled as draws from one distribution of
words, so that the assignment depends on the words of a document, its shares, and the size of the topics:

    r_dk ~ pi_k s_dk^g prod_w (p_kw / p_w)^(x_dw / 3)               (E)
    pi_k ~ sum_d r_dk + 1/2,   p_kw ~ sum_d r_dk x_dw + 2 n p_w     (M)

with s the shares (s^g at least 10^-3), x the counts, p_w the unigram model with half a token added to each word, and n
the tokens of an average topic. From r = s on, each step of expectation maximisation raises the tempered likelihood
times Dirichlet priors of pi and the p_k.

The NMI with labels is higher than that of the largest share: tests/benchmarks/README.md has the figures, and how the
constants were chosen.

Nigam, McCallum, Thrun, Mitchell (2000), Text classification from labeled and unlabeled documents using EM.

Axes: D documents, K topics, V words.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax

from neuraltopic.core.threads import in_threads
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.row_blocks import FloatRows, blocks

FloatArray = NDArray[np.floating]
# Steps of expectation maximisation. See tests/benchmarks/README.md.
_STEPS = 10
# Tokens that are as much evidence as one independent token. See tests/benchmarks/README.md.
TOKENS_AS_ONE = 3.0
# Weight of the unigram model in the smoothing of each topic, in average topics: a topic with fewer documents takes only
# documents with many of its own words.
_SMOOTHED_BY = 2.0
# Largest number of non-zeros x topics of the documents of a block, which bounds r: 6 MiB for documents of five words.
_AT_ONCE = 1 << 23
# Documents, evenly spaced in a larger corpus, from which the mixture is learned; the last step uses all.
_DOCUMENTS = 1 << 16
# Share of an average topic's documents below which a topic keeps the documents in which it has the largest share.
_SMALL = 0.1
# Least s^g: a topic with a share of 0 is that much less likely, not excluded.
_LEAST = 1e-3


@dataclass(frozen=True)
class DocumentAssignment:
    """Expected words and number of the training documents of each topic, under the responsibilities r.

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
    def of(
        cls, shares: FloatRows, counts: Counts, proportion_exponent: float, earlier: "DocumentAssignment | None" = None
    ) -> Self:
        """Learn from documents with these shares (D, K) and counts (D, V).

        Parameters
        ----------
        shares : FloatRows of shape (D, K)
            0 or more; rows sum to 1.
        counts : Counts of shape (D, V)
        proportion_exponent : float
            g, the power of the shares: below 1 if the shares were inferred from the same words.
        earlier : DocumentAssignment, optional
            Assignment of earlier documents, which do not change but contribute to the words of the topics. The result
            is for the new documents only.
        """
        sample = np.unique(np.linspace(0, len(counts) - 1, min(len(counts), _DOCUMENTS)).astype(np.int64))
        learnt_from, of_sample = counts, shares
        if len(sample) < len(counts):
            learnt_from, of_sample = counts.rows(sample), np.concatenate(list(_at(shares, sample)))
        scale = len(counts) / len(learnt_from)

        def at(found: "DocumentAssignment") -> "DocumentAssignment":
            whole = found if scale == 1.0 else found.times(scale)
            return whole if earlier is None else earlier + whole

        found = cls._sums(of_sample, learnt_from, None, proportion_exponent)
        for _ in range(_STEPS - 2):
            found = cls._sums(of_sample, learnt_from, at(found), proportion_exponent)
        return cls._sums(shares, counts, at(found), proportion_exponent)

    @classmethod
    def _sums(
        cls, shares: FloatRows, counts: Counts, assignment: "DocumentAssignment | None", proportion_exponent: float
    ) -> Self:
        """The M step from an earlier assignment, or with the shares as r."""
        K, V = shares.shape[1], counts.shape[1]
        words, documents = np.zeros((V, K)), np.zeros(K)
        evidence = None if assignment is None else assignment._evidence()

        def of_block(item: tuple[int, Counts]) -> tuple[NDArray[np.floating], NDArray[np.float64]]:
            start, block = item
            r = shares[start : start + len(block)]
            if evidence is not None:
                r = softmax(_log_responsibilities(*evidence, r, block, proportion_exponent), axis=1)
            return _single(block).T @ r, r.sum(0, dtype=np.float64)

        for of_words, of_documents in in_threads(of_block, counts.blocks(max(1, _AT_ONCE // K))):
            words += of_words
            documents += of_documents
        return cls(np.ascontiguousarray(words.T, np.float32), documents.astype(np.float32))

    def __add__(self, other: "DocumentAssignment") -> "DocumentAssignment":
        """Of the documents of both."""
        return DocumentAssignment(self.words + other.words, self.documents + other.documents)

    def mean_length(self) -> float:
        """Tokens of an average document."""
        return float(self.words.sum(dtype=np.float64) / self.documents.sum(dtype=np.float64))

    def times(self, factor: float) -> "DocumentAssignment":
        """The assignment for a multiple of the documents."""
        return DocumentAssignment(self.words * np.float32(factor), self.documents * np.float32(factor))

    def topics(self, shares: FloatArray, counts: Counts, proportion_exponent: float) -> NDArray[np.int64]:
        """The topic that each document is assigned to, (D,), from its shares (D, K) and counts (D, V).

        It is the topic of the largest r, see `most_likely`. A topic that would get less than a tenth of the documents
        of an average one keeps those in which it has the largest share, since a large topic of similar words would take
        them all.
        """
        largest, small = shares.argmax(1), self.documents < _SMALL * self.documents.mean()
        return np.where(small[largest], largest, self.most_likely(shares, counts, proportion_exponent))

    def most_likely(self, shares: FloatArray, counts: Counts, proportion_exponent: float) -> NDArray[np.int64]:
        """The topic of the largest r of each document, (D,)."""
        evidence, topics, K = self._evidence(), np.empty(len(counts), np.int64), len(self.documents)

        def of_block(item: tuple[int, Counts]) -> None:
            start, block = item
            rows = slice(start, start + len(block))
            topics[rows] = _log_responsibilities(*evidence, shares[rows], block, proportion_exponent).argmax(1)

        deque(in_threads(of_block, counts.blocks(max(1, _AT_ONCE // K))), maxlen=0)
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
    evidence: NDArray[np.float32],
    prior: NDArray[np.float32],
    shares: FloatArray,
    block: Counts,
    proportion_exponent: float,
) -> NDArray[np.float32]:
    """log r of the documents of a block, (B, K), up to a constant for each."""
    guide = np.log(np.maximum(shares.astype(np.float32) ** proportion_exponent, _LEAST))
    return _single(block) @ evidence + guide + prior


def _at(shares: FloatRows, rows: NDArray[np.int64]) -> Iterator[FloatArray]:
    """The shares of some rows, in order, a block at a time."""
    for block in blocks(len(shares)):
        inside = rows[(rows >= block.start) & (rows < block.stop)] - block.start
        yield shares[block][inside]


def _single(block: Counts) -> sparse.csr_array:
    return block.to_scipy().astype(np.float32)
