"""Information of a word about the topics of its documents: how much evidence it is of what a document is about.

With n_kw the expected number of documents of topic k that have word w, n_w = sum_k n_kw, pi the mean shares of the
topics and a pseudo-count of m documents, the topics of a document with word w are

    p(k | w) = (n_kw + m pi_k) / (n_w + m),

and the information of the word is KL(p(. | w) || pi) = sum_k p(k | w) log(p(k | w) / pi_k) in nats: its term of the
mutual information of words and topics (Cover & Thomas 2006). It is 0 for a word that is in the documents of all topics
alike, however rare it is, and small for a word in few documents, whose topics are uncertain. The inverse document
frequency (Sparck Jones 1972), log(D / n_w), is the information of a word about which document it is in, and this is
its information about the topic of that document.

Axes: D documents, K topics, V words.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import xlogy

from neuraltopic.preprocessing.counts import Counts

FloatArray = NDArray[np.floating]
# m, documents. See tests/benchmarks/README.md.
PSEUDO_COUNT = 8.0
# Least information of a word in nats, so that a document of words without information keeps its length.
_LEAST = 1e-3


def documents_with_words(blocks: Iterable[tuple[FloatArray, Counts]], n_topics: int, n_words: int) -> FloatArray:
    """n_kw, (K, V), of documents in blocks of shares (n, K) and counts (n, V)."""
    documents = np.zeros((n_words, n_topics))
    for shares, counts in blocks:
        present = sparse.csr_array(
            (np.ones(counts.nnz), counts.indices.astype(np.int64), counts.indptr), shape=(len(counts), n_words)
        )
        documents += present.T @ shares.astype(np.float64)
    return documents.T


def word_information(documents: FloatArray, share: FloatArray) -> NDArray[np.float64]:
    """Information of each word about the topic of a document, in nats, (V,), at least 0.001.

    Parameters
    ----------
    documents : (K, V)
        n_kw.
    share : (K,)
        pi; 0 or more, and sums to 1.
    """
    smoothed = documents + PSEUDO_COUNT * share[:, None]
    topics = smoothed / smoothed.sum(0)
    used = share > 0
    return np.maximum(xlogy(topics[used], topics[used] / share[used, None]).sum(0), _LEAST)
