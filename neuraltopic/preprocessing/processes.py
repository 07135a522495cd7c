"""Texts cut and numbered in several processes: the same numbers, in the same order, as in one.

The texts are read and sent to the processes in order, some millions of characters at a time. Each numbers the forms of
its texts in the order of first sight; taken in the order of the texts, those lists number the forms of the corpus as
one process would.
"""

import pickle
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np

from neuraltopic.preprocessing.numbering import numbered_texts
from neuraltopic.preprocessing.processors import usable_cpus
from neuraltopic.preprocessing.token_stream import Block, FormIds
from neuraltopic.preprocessing.tokenisers import Tokeniser

# Characters that are sent at once, and those that come before any process is started, which takes half a second.
_SENT = 1 << 21
_ALONE = 1 << 23

_tokeniser: Tokeniser


def numbered_in_processes(
    texts: Iterable[str], tokeniser: Tokeniser, ids: FormIds, n_jobs: int | None
) -> Iterator[Block]:
    """Yield blocks of documents with their forms as numbers, as `numbered` does.

    Parameters
    ----------
    texts : iterable of str
    tokeniser : Tokeniser
        Sent to each process once.
    ids : FormIds
    n_jobs : int or None
        Processes, as many as there are processors by default. With 1, and for a short corpus, none is started.
    """
    n_jobs = n_jobs or usable_cpus()
    texts = iter(texts)
    if n_jobs == 1:
        yield from numbered_texts(texts, tokeniser, ids)
        return
    yield from numbered_texts(_at_most(texts, _ALONE), tokeniser, ids)
    first = _chunk(texts)
    if first:
        yield from _in_processes(first, texts, tokeniser, ids, n_jobs)


def _in_processes(
    first: list[str], texts: Iterator[str], tokeniser: Tokeniser, ids: FormIds, n_jobs: int
) -> Iterator[Block]:
    # Unlike the standard library's, these processes do not run the user's script again.
    from joblib.externals.loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(n_jobs, initializer=_start, initargs=(pickle.dumps(tokeniser),))
    try:
        begun: deque[Future[Any]] = deque()
        chunk = first
        while chunk or begun:
            if chunk:
                begun.append(pool.submit(_numbered_alone, chunk))
                chunk = _chunk(texts)
            if not chunk or len(begun) > 2 * n_jobs:
                forms, block = begun.popleft().result()
                numbers = np.fromiter(map(ids.__getitem__, forms), np.int32, len(forms))
                yield Block(numbers[block.tokens], block.bounds)
    finally:
        pool.shutdown(wait=True, kill_workers=True)


def _start(tokeniser: bytes) -> None:
    """Take the tokeniser, once a process."""
    global _tokeniser
    _tokeniser = pickle.loads(tokeniser)


def _numbered_alone(texts: list[str]) -> tuple[list[str], Block]:
    """The forms of some texts, in the order of first sight, and the texts as numbers of these."""
    ids = FormIds()
    blocks = list(numbered_texts(texts, _tokeniser, ids))
    tokens = np.concatenate([block.tokens for block in blocks])
    lengths = np.concatenate([np.diff(block.bounds) for block in blocks])
    return list(ids), Block(tokens, np.concatenate([[0], np.cumsum(lengths)]))


def _chunk(texts: Iterator[str]) -> list[str]:
    """The next texts that are sent at once; none at the end."""
    return list(_at_most(texts, _SENT))


def _at_most(texts: Iterator[str], n_characters: int) -> Iterator[str]:
    """The next texts, until they have so many characters."""
    taken = 0
    while taken < n_characters:
        text = next(texts, None)
        if text is None:
            return
        taken += len(text) + 1
        yield text
