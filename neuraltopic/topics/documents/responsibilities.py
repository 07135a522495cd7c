"""Responsibilities: every word of every document, divided among the topics that account for it.

Axes: D documents, V words, K topics.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neuraltopic.core.threads import in_threads
from neuraltopic.preprocessing.counts import Counts

FloatArray = NDArray[np.floating]
# Non-zeros x topics held at once: 32 MiB of float32.
_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class ResponsibilityPrior:
    """Prior of the topic that accounts for a word of a document.

    Attributes
    ----------
    weights : (D, K)
        c, the weight of each topic for any word of each document: 0 or more, not all 0 in a document.
    slope : (D, K), optional
        h, the weight of the topic's energies in each document; 1 by default.
    pooled : (D,), optional
        a, from 0 to 1: the part of the words of each document that is divided among the topics by the weights alone; 0
        by default.
    """

    weights: FloatArray
    slope: FloatArray | None = None
    pooled: FloatArray | None = None


def explained_documents(
    responsibility_prior: ResponsibilityPrior, components: FloatArray, counts: Counts
) -> NDArray[np.float32]:
    """Expected number of documents in which each topic accounts for each word, (K, V); the sum over topics is the
    number of documents with the word.

    Parameters
    ----------
    responsibility_prior : ResponsibilityPrior of D documents and K topics
    components : (K, V)
        R.
    counts : Counts of shape (D, V)

    A word w of a document d belongs to topic k with the responsibility

        r_dwk = c_dk exp(h_dk R_kw) / sum_j c_dj exp(h_dj R_jw):

    with the shares for c and 1 for h it is the posterior of the topic under a mixture, where topic k makes word w
    exp(R_kw) times likelier. It is mixed with the weights alone,

        (1 - a_d) r_dwk + a_d c_dk / sum_j c_dj,

    since in a short document the topics are known better than the topic of each word. A word counts once per document:
    a post that repeats a name a hundred times is not more evidence about its topic.
    """
    K, V = components.shape
    energies = np.ascontiguousarray(components.T, np.float32)  # (V, K)
    proportions = (responsibility_prior.weights / responsibility_prior.weights.sum(1, keepdims=True)).astype(np.float32)
    with np.errstate(divide="ignore"):
        log_prior = np.log(responsibility_prior.weights.astype(np.float32))

    def of_block(item: tuple[int, Counts]) -> NDArray[np.float32]:
        start, block = item
        words = block.indices.astype(np.int64)
        documents = start + np.repeat(np.arange(len(block)), np.diff(block.indptr))
        responsibility = energies[words]  # (nnz, K)
        if responsibility_prior.slope is not None:
            responsibility *= responsibility_prior.slope[documents]
        responsibility += log_prior[documents]
        responsibility -= responsibility.max(axis=1, keepdims=True)
        np.exp(responsibility, out=responsibility)
        responsibility /= responsibility.sum(axis=1, keepdims=True)
        if responsibility_prior.pooled is not None:
            pooled = responsibility_prior.pooled[documents, None].astype(np.float32)
            responsibility += pooled * (proportions[documents] - responsibility)
        entries = sparse.csc_array(
            (np.ones(len(words), np.float32), words, np.arange(len(words) + 1)), shape=(V, len(words))
        )
        return entries @ responsibility

    explained = np.zeros((V, K))
    for part in in_threads(of_block, counts.blocks(max(1, _AT_ONCE // K))):
        explained += part
    return np.ascontiguousarray(explained.T, np.float32)  # in the order in which it comes back from a file
