"""What each topic explains of a corpus: every word of every document, shared among the topics that account for it.

Axes: D documents, V words, K topics.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neuraltopic.documents.counts import Counts

# Non-zeros x topics held at once: 32 MiB of float32.
_AT_ONCE = 1 << 23


def explained_documents(
    shares: NDArray[np.floating], components: NDArray[np.floating], counts: Counts
) -> NDArray[np.float32]:
    """In how many documents each topic accounts for each word, (K, V); summed over topics, the documents with it.

    Parameters
    ----------
    shares : (D, K)
        theta, the share of each topic in each document.
    components : (K, V)
        R.
    counts : Counts of shape (D, V)

    A word w of a document d belongs to topic k with the responsibility

        r_dwk = theta_dk^2 exp(R_kw) / sum_j theta_dj^2 exp(R_jw):

    theta exp(R) is the posterior of the topic under a mixture, and the square keeps the small shares that most topics
    have in most documents from adding up. A word counts once a document: a post that repeats a name a hundred times
    says no more of what its topic is about.
    """
    K, V = components.shape
    lift = np.exp(components - components.max(axis=0)).T.astype(np.float32)  # (V, K)
    squares = np.square(shares, dtype=np.float32)
    explained = np.zeros((V, K))
    for start, block in counts.blocks(max(1, _AT_ONCE // K)):
        words = block.indices.astype(np.int64)
        documents = start + np.repeat(np.arange(len(block)), np.diff(block.indptr))
        responsibility = squares[documents] * lift[words]  # (nnz, K)
        # Where rounding leaves nothing, as of a share of 0 for the only topics with the word, the shares decide.
        lost = ~responsibility.any(axis=1)
        responsibility[lost] = shares[documents[lost]]
        responsibility /= responsibility.sum(axis=1, keepdims=True)
        entries = sparse.csc_array(
            (np.ones(len(words), np.float32), words, np.arange(len(words) + 1)), shape=(V, len(words))
        )
        explained += entries @ responsibility
    return np.ascontiguousarray(explained.T, np.float32)  # in the order in which it comes back from a file
