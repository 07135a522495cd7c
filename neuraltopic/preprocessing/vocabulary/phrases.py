"""Pairs of words that belong together, found by their normalised pointwise mutual information.

A pair is two words with nothing but punctuation (or an address) between them in the text: words that are
dropped stand in the way, so "state of art" makes no state_art.
"""

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.tokenisation.token_stream import Block

# Below ten occurrences a score near 1 is cheap: two words of one signature, repeated, reach it.
PHRASE_MIN_COUNT = 10
# Half of the largest score; tests/benchmarks/README.md has its effect.
PHRASE_MIN_NPMI = 0.5


def npmi(first: NDArray, second: NDArray, pair: NDArray, total: int) -> NDArray[np.float64]:
    r"""Return the normalised pointwise mutual information of pairs of words, from -1 to 1.

    .. math:: \mathrm{npmi}(a, b) = \frac{\ln \frac{p(a, b)}{p(a)\,p(b)}}{-\ln p(a, b)}

    with every probability a count over the number of tokens, as in gensim's `npmi_scorer`
    (Bouma 2009, Normalized (Pointwise) Mutual Information in Collocation Extraction).

    Parameters
    ----------
    first, second, pair : array of shape (P,)
        Occurrences of the first word, of the second, and of the one right before the other; `pair` above 0.
    total : int
        Tokens in the corpus, dropped ones included; above every `pair`.
    """
    log_pair = np.log(pair / total)
    return (log_pair - np.log(first / total) - np.log(second / total)) / -log_pair


class PairCounter:
    """Counts pairs of neighbouring words over blocks of tokens.

    Parameters
    ----------
    word_counts : int array of shape (W,)
        Occurrences of each word. A pair is no more frequent than its words, so words below the minimum are
        skipped: exact, and it keeps the pairs held in memory few.
    share : (int, int)
        (i, n): count only the i-th of n shares of the pairs, for a corpus whose pairs do not fit at once.
    """

    def __init__(self, word_counts: NDArray, share: tuple[int, int] = (0, 1)) -> None:
        self._n_words = len(word_counts)
        self._word_counts = word_counts
        # The last entry is read by -1, a dropped word.
        self._frequent = np.append(word_counts >= PHRASE_MIN_COUNT, False)
        self._starts = self._frequent & (np.arange(self._n_words + 1) % share[1] == share[0])
        self._keys = np.zeros(0, np.int64)
        self._counts = np.zeros(0, np.int64)

    def add(self, block: Block) -> None:
        """Count a block of words, -1 where one was dropped."""
        words = block.tokens
        pairs = self._starts[words[:-1]] & self._frequent[words[1:]]
        pairs[_last_tokens(block)] = False
        at = np.flatnonzero(pairs)
        keys, counts = np.unique(words[at].astype(np.int64) * self._n_words + words[at + 1], return_counts=True)
        self._keys, inverse = np.unique(np.concatenate([self._keys, keys]), return_inverse=True)
        self._counts = np.bincount(inverse, np.concatenate([self._counts, counts]), minlength=len(self._keys)).astype(
            np.int64
        )

    def phrases(self, total: int) -> NDArray[np.int64]:
        """Return the keys (first * W + second) of the pairs that are frequent and score enough, ascending.

        `total` is the number of tokens in the corpus, dropped ones included.
        """
        often = self._counts >= PHRASE_MIN_COUNT
        keys, counts = self._keys[often], self._counts[often]
        first, second = np.divmod(keys, self._n_words)
        scores = npmi(self._word_counts[first], self._word_counts[second], counts, total)
        return keys[scores >= PHRASE_MIN_NPMI]


class PhraseJoiner:
    """Joins known pairs in a block of tokens, left to right: in "a b c" with both pairs known, a_b then c.

    Parameters
    ----------
    keys : int64 array of shape (P,), ascending
        The pairs, each first * n_words + second.
    n_words : int
        W; phrase p becomes word W + p.
    """

    def __init__(self, keys: NDArray[np.int64], n_words: int) -> None:
        self._keys = keys
        self._n_words = n_words
        self._first = np.zeros(n_words + 1, bool)  # the last entry is read by -1, a dropped word
        self._second = np.zeros(n_words + 1, bool)
        self._first[keys // max(n_words, 1)] = True
        self._second[keys % max(n_words, 1)] = True

    def __call__(self, block: Block) -> Block:
        """Return the block with each joined pair in the place of its two words."""
        words = block.tokens
        if not len(self._keys) or len(words) < 2:
            return block
        possible = self._first[words[:-1]] & self._second[words[1:]]
        possible[_last_tokens(block)] = False
        at = np.flatnonzero(possible)
        keys = words[at].astype(np.int64) * self._n_words + words[at + 1]
        found = np.searchsorted(self._keys, keys)
        known = self._keys[np.minimum(found, len(self._keys) - 1)] == keys
        at, found = at[known], found[known]
        # Of pairs that overlap, each starting one token after the last, every second one is taken.
        starts = np.flatnonzero(np.diff(at, prepend=-2) != 1)
        run_lengths = np.diff(starts, append=len(at))
        taken = (np.arange(len(at)) - np.repeat(starts, run_lengths)) % 2 == 0
        at, found = at[taken], found[taken]
        joined = words.copy()
        joined[at] = self._n_words + found
        kept = np.ones(len(words), bool)
        kept[at + 1] = False
        return compressed(Block(joined, block.bounds), kept)


def compressed(block: Block, kept: NDArray) -> Block:
    """Return the block's tokens where `kept`, of shape (N,), is true."""
    before = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(kept, out=before[1:])
    return Block(block.tokens[kept], before[block.bounds])


def _last_tokens(block: Block) -> NDArray:
    """Return where a document ends and another begins: there is no pair across."""
    inner = block.bounds[1:-1]
    return inner[(inner > 0) & (inner < len(block.tokens))] - 1
