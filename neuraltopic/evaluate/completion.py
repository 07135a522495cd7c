"""Document completion: perplexity of half of a document's tokens, predicted from the other half.

It uses no bound, so models of any kind can be compared: the point estimate of a document scores words that it has not
seen. Axes: D documents, V words, N tokens.
"""

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.counts import BLOCK_ENTRIES, Counts, index_dtype

# Tokens shuffled at once; a longer document is shuffled alone.
_TOKENS_AT_ONCE = BLOCK_ENTRIES


def split_tokens(counts: Counts, seed: int) -> tuple[Counts, Counts]:
    """Split the tokens of each document at random into an observed half, of ceil(n / 2) tokens, and a scored one.

    Parameters
    ----------
    counts : Counts of shape (D, V)
        Whole numbers.
    seed : int

    Returns
    -------
    (Counts, Counts), both of shape (D, V)
        They sum to `counts`. The halves of a document depend on the seed and on the documents before it.

    Raises
    ------
    NeuralTopicError
        When a count is not whole: there are then no tokens to split.
    """
    rng = np.random.default_rng(seed)
    observed, scored = _Rows(counts.shape[1]), _Rows(counts.shape[1])
    totals = counts.totals()
    tokens_before = np.concatenate([[0.0], np.cumsum(totals)])
    start = 0
    while start < len(counts):
        reach = np.searchsorted(tokens_before, tokens_before[start] + _TOKENS_AT_ONCE, side="right") - 1
        stop = min(max(start + 1, int(reach)), len(counts))
        block = counts.slice(start, stop)
        repeats = np.asarray(block.data).astype(np.int64)
        if not np.array_equal(repeats, block.data):
            raise NeuralTopicError(
                "counts",
                expected="whole numbers of tokens",
                got="an entry that is not whole",
                hint="Complete documents of counts, not of weights",
            )
        document = np.repeat(np.arange(len(block)), totals[start:stop].astype(np.int64))
        words = np.repeat(np.asarray(block.indices), repeats)
        shuffled = np.lexsort((rng.random(len(words)), document))  # within each document; the documents stay in order
        words = words[shuffled]
        lengths = np.bincount(document, minlength=len(block))
        rank = np.arange(len(words)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        first = rank < np.repeat((lengths + 1) // 2, lengths)
        observed.append(document[first], words[first], len(block))
        scored.append(document[~first], words[~first], len(block))
        start = stop
    return observed.counts(), scored.counts()


class _Rows:
    """Counts that grow by the tokens of a block of documents."""

    def __init__(self, n_words: int) -> None:
        self._n_words = n_words
        self._lengths: list[NDArray[np.int64]] = []
        self._indices: list[NDArray[np.int64]] = []
        self._data: list[NDArray[np.int64]] = []

    def append(self, document: NDArray[np.int64], words: NDArray[np.integer], n_documents: int) -> None:
        keys, counts = np.unique(document * self._n_words + words, return_counts=True)
        rows, columns = np.divmod(keys, self._n_words)
        self._lengths.append(np.bincount(rows, minlength=n_documents))
        self._indices.append(columns)
        self._data.append(counts)

    def counts(self) -> Counts:
        lengths, indices, data = (
            np.concatenate(parts) if parts else np.zeros(0, np.int64)
            for parts in (self._lengths, self._indices, self._data)
        )
        fits = not len(data) or data.max() <= np.iinfo(np.uint16).max
        return Counts(
            np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)]),
            indices.astype(index_dtype(self._n_words)),
            data.astype(np.uint16 if fits else np.float32),
            (len(lengths), self._n_words),
        )
