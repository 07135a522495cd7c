"""Texts cut and numbered in several processes: the same numbers, in the same order, as in one.

The texts are read and sent to the processes in order, some millions of characters at a time. Each numbers the forms of
its texts in the order of first sight; taken in the order of the texts, those lists number the forms of the corpus as
one process would.
"""

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Protocol

import numpy as np

from neuraltopic.preprocessing.cleaning.plain_text import PlainText
from neuraltopic.preprocessing.tokenisation.cutter import Cutter
from neuraltopic.preprocessing.tokenisation.processors import usable_cpus
from neuraltopic.preprocessing.tokenisation.token_stream import Block, FormIds

# Characters that are sent at once, and those that come before any process is started, which takes half a second.
_SENT = 1 << 21
_ALONE = 1 << 23


class Workers(Protocol):
    """Processes that work on pieces, here or on other machines."""

    def map(self, function: Callable[[Any, Any], Any], shared: Any, pieces: Iterable[Any]) -> Iterator[Any]:
        """Yield `function(shared, piece)` for each piece, in order."""
        ...


def numbered_in_processes(
    batches: Iterable[list[str]], cutter: Cutter, ids: FormIds, n_jobs: int | None, workers: Workers | None = None
) -> Iterator[Block]:
    """Yield blocks of documents with their forms as numbers, as `numbered` does.

    Parameters
    ----------
    batches : iterable of list of str
        Texts in order.
    cutter : Cutter
        Sent to each process once; what these find is added to what it found.
    ids : FormIds
    n_jobs : int or None
        Processes, as many as there are processors by default. With 1, and for a short corpus, none is started.
    workers : Workers, optional
        In place of processes of this machine.
    """
    n_jobs = n_jobs or usable_cpus()
    batches = iter(batches)
    if n_jobs == 1 and workers is None:
        yield from cutter.numbered(batches, ids)
        return
    yield from cutter.numbered(_at_most(batches, _ALONE), ids)
    first = _chunk(batches)
    if first:
        workers = workers or LocalProcesses(n_jobs)
        for forms, block, plain in workers.map(_numbered_alone, cutter, _chunks(first, batches)):
            cutter.add(plain)
            numbers = np.fromiter(map(ids.__getitem__, forms), np.int32, len(forms))
            yield Block(numbers[block.tokens], block.bounds)


class LocalProcesses:
    """Processes of this machine, started for each `map`."""

    def __init__(self, n_jobs: int) -> None:
        self._n_jobs = n_jobs

    def map(self, function: Callable[[Any, Any], Any], shared: Any, pieces: Iterable[Any]) -> Iterator[Any]:
        """Yield `function(shared, piece)` for each piece, in order; `shared` is sent to each process once."""
        # Unlike the standard library's, these processes do not run the user's script again.
        from joblib.externals.loky import ProcessPoolExecutor

        pool = ProcessPoolExecutor(self._n_jobs, initializer=_start, initargs=(pickle.dumps((function, shared)),))
        try:
            begun: deque[Future[Any]] = deque()
            for piece in pieces:
                begun.append(pool.submit(_apply, piece))
                if len(begun) > 2 * self._n_jobs:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(wait=True, kill_workers=True)


_work: tuple[Callable[[Any, Any], Any], Any]


def _start(work: bytes) -> None:
    """Take the function and what is shared, once a process."""
    global _work
    _work = pickle.loads(work)


def _apply(piece: Any) -> Any:
    function, shared = _work
    return function(shared, piece)


def _numbered_alone(cutter: Cutter, batches: list[list[str]]) -> tuple[list[str], Block, PlainText | None]:
    """The forms of some texts, in the order of first sight, the texts as numbers of these, and what was found."""
    ids, cutter = FormIds(), cutter.fresh()
    blocks = list(cutter.numbered(batches, ids))
    tokens = np.concatenate([block.tokens for block in blocks])
    lengths = np.concatenate([np.diff(block.bounds) for block in blocks])
    return list(ids), Block(tokens, np.concatenate([[0], np.cumsum(lengths)])), cutter.plain


def _chunks(first: list[list[str]], batches: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """The batches in pieces that are sent at once, the first of which is taken already."""
    chunk = first
    while chunk:
        yield chunk
        chunk = _chunk(batches)


def _chunk(batches: Iterator[list[str]]) -> list[list[str]]:
    """The next batches that are sent at once; none at the end."""
    return list(_at_most(batches, _SENT))


def _at_most(batches: Iterator[list[str]], n_characters: int) -> Iterator[list[str]]:
    """The next batches, until they have so many characters."""
    taken = 0
    while taken < n_characters:
        batch = next(batches, None)
        if batch is None:
            return
        taken += sum(map(len, batch)) + len(batch)
        yield batch
