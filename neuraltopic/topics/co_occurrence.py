"""Counts of the windows of a reference in which the words of each topic occur and co-occur.

Axes: K topics, n words in a list, N tokens in a block, M memberships (a word counts once for each list it is in).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.tokenisation.token_stream import Block

# A window that no document fills: every document is one window.
WHOLE_DOCUMENT = np.iinfo(np.int32).max

IntArray = NDArray[np.int64]


@dataclass
class WindowCounts:
    """Windows that hold the words of K lists.

    Attributes
    ----------
    n_windows : int
    words : int64 (K, n)
        Windows with each word.
    pairs : int64 (K, n, n)
        Windows with both words of a list; its diagonal is `words`. 0 where a list has fewer than n words.
    listed : bool (K, n)
        Where a list has a word.
    """

    n_windows: int
    words: IntArray
    pairs: IntArray
    listed: NDArray[np.bool_]


def count_windows(
    blocks: Iterable[Block],
    lists: NDArray[np.integer],
    windows: Sequence[int],
    *,
    report: Callable[[int], None] | None = None,
) -> dict[int, WindowCounts]:
    """Slide windows over documents, in one pass for all sizes, and count the words of topics in them.

    Parameters
    ----------
    blocks : iterable of Block
        Documents as numbers of words, in the order of the text; a negative number is a word that is in no list but
        counts for the size of a window.
    lists : int array of shape (K, n)
        The words of each topic by number, distinct in a row; -1 where a list is shorter.
    windows : sequence of int
        Sizes in tokens. A document of at most that many tokens is one window, also if it is empty, and a longer one has
        a window at each token that starts a full one. `WHOLE_DOCUMENT` makes each document one window.
    report : callable of the documents done, optional

    Returns
    -------
    dict of WindowCounts by size

    The count is that of gensim's `WordOccurrenceAccumulator`, with its peculiarity: when a window moves past one copy
    of a word it drops the word, even if another copy is still inside, until the next copy enters.
    """
    places = _Places.of(lists)
    counters = {window: _Counter(window, places) for window in windows}
    done = 0
    for block in blocks:
        found = _find(block, places)
        for counter in counters.values():
            counter.add(block.bounds, *found)
        done += len(block.bounds) - 1
        if report:
            report(done)
    return {window: counter.counts(lists >= 0) for window, counter in counters.items()}


def document_blocks(counts: Counts) -> Iterator[Block]:
    """Each document's distinct words, for the counts of `WHOLE_DOCUMENT`, which need neither order nor repeats."""
    for _, block in counts.blocks():
        yield Block(block.indices, block.indptr)


@dataclass(frozen=True)
class _Places:
    """Where each listed word stands: memberships of word u at first[u]:first[u + 1] of `at`, a place k n + i."""

    number: NDArray[np.int32]  # (V,), which of the listed words a word is, -1 for none
    first: IntArray
    at: IntArray
    shape: tuple[int, int]

    @classmethod
    def of(cls, lists: NDArray[np.integer]) -> "_Places":
        flat = lists.ravel().astype(np.int64)
        at = np.flatnonzero(flat >= 0)
        listed, which = np.unique(flat[at], return_inverse=True)
        number = np.full(int(listed[-1]) + 1 if len(listed) else 0, -1, np.int32)
        number[listed] = np.arange(len(listed))
        first = np.zeros(len(listed) + 1, np.int64)
        np.cumsum(np.bincount(which, minlength=len(listed)), out=first[1:])
        return cls(number, first, at[np.argsort(which, kind="stable")], lists.shape)


def _find(block: Block, places: _Places) -> tuple[IntArray, IntArray]:
    """Listed words of a block by number, ascending, and where each stands in it, ascending within a word."""
    tokens = block.tokens
    possible = np.flatnonzero((tokens >= 0) & (tokens < len(places.number)))
    words = places.number[tokens[possible]]
    known = words >= 0
    words, positions = words[known].astype(np.int64), possible[known]
    order = np.argsort(words, kind="stable")
    return words[order], positions[order]


class _Counter:
    def __init__(self, window: int, places: _Places) -> None:
        K, n = places.shape
        self._window = window
        self._places = places
        self._n_windows = 0
        self._words = np.zeros(len(places.first) - 1, np.int64)
        self._pairs = np.zeros(K * n * n, np.int64)

    def add(self, bounds: IntArray, words: IntArray, positions: IntArray) -> None:
        """Count a block. A window is called by the position of its first token: unique, as documents do not overlap."""
        windows = np.maximum(np.diff(bounds) - self._window + 1, 1)  # of each document
        self._n_windows += int(windows.sum())
        if not len(words):
            return
        document = np.searchsorted(bounds, positions, side="right") - 1
        begins = bounds[document]
        ends = begins + windows[document]  # behind the document's last window
        # A copy of a word counts from the first window that reaches it to the last before the earliest copy in that
        # window leaves. Copies with the same end are one interval, which the first of them starts.
        start = np.maximum(positions - self._window + 1, begins)
        N = int(bounds[-1])
        earliest = positions[np.searchsorted(words * N + positions, words * N + start)]
        distinct = np.ones(len(words), bool)
        distinct[1:] = (words[1:] != words[:-1]) | (earliest[1:] != earliest[:-1])
        words, start = words[distinct], start[distinct]
        stop = np.minimum(earliest + 1, ends)[distinct]
        np.add.at(self._words, words, stop - start)
        self._add_pairs(words, start, stop, N)

    def _add_pairs(self, words: IntArray, start: IntArray, stop: IntArray, N: int) -> None:
        """Add up, over pairs of intervals of one topic that overlap, the windows that they share."""
        n = self._places.shape[1]
        interval, place = _expand(self._places.first[words], self._places.first[words + 1])
        place = self._places.at[place]
        topic, slot = np.divmod(place, n)
        key = topic * N + start[interval]
        order = np.argsort(key, kind="stable")
        key, topic, slot, interval = key[order], topic[order], slot[order], interval[order]
        # Those of the same topic that start later, but before this one stops.
        after = np.arange(1, len(key) + 1)
        reach = np.searchsorted(key, topic * N + stop[interval])
        one, other = _expand(after, reach)
        shared = np.minimum(stop[interval[one]], stop[interval[other]]) - start[interval[other]]
        pair = (topic[one] * n + slot[one]) * n + slot[other]
        self._pairs += np.bincount(pair, shared, minlength=len(self._pairs)).astype(np.int64)

    def counts(self, listed: NDArray[np.bool_]) -> WindowCounts:
        """What was counted."""
        K, n = self._places.shape
        words = np.zeros(K * n, np.int64)
        words[self._places.at] = np.repeat(self._words, np.diff(self._places.first))
        pairs = self._pairs.reshape(K, n, n)
        pairs = pairs + pairs.transpose(0, 2, 1)
        pairs[:, np.arange(n), np.arange(n)] = words.reshape(K, n)
        return WindowCounts(self._n_windows, words.reshape(K, n), pairs, listed)


def _expand(first: IntArray, behind: IntArray) -> tuple[IntArray, IntArray]:
    """Pairs of each i and each number of first[i]:behind[i], in order: two arrays of the sum of the lengths."""
    lengths = behind - first
    rows = np.repeat(np.arange(len(first)), lengths)
    offsets = np.cumsum(lengths) - lengths
    return rows, np.arange(len(rows)) - np.repeat(offsets - first, lengths)
