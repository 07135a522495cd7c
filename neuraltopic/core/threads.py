"""Independent pieces of work on as many threads as torch has, each piece on one.

torch divides single operations among its threads, which pays for large ones alone; whole pieces always pay. A piece
comes out the same on any number of threads, since each is worked on by one.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


@cache
def _pool(n_threads: int) -> ThreadPoolExecutor:
    """Threads of which each has one of torch's; they stay, since an update of a model asks for them several times."""
    pool, all_there = ThreadPoolExecutor(n_threads, "neuraltopic"), threading.Barrier(n_threads)

    def begin(_: int) -> None:
        all_there.wait()
        torch.set_num_threads(1)

    list(pool.map(begin, range(n_threads)))
    return pool


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a child has none of its parent's threads


class _Own(threading.local):
    """What `pieces_alone` leaves for the pieces of a thread; 0 outside of it."""

    n_threads = 0


_own = _Own()


@contextmanager
def pieces_alone() -> Iterator[None]:
    """Let only the pieces of `in_threads` have the threads that torch has, and all other operations one.

    What is computed is then the same to the bit on any number of threads.
    """
    before, outer = torch.get_num_threads(), _own.n_threads
    _own.n_threads = outer or before
    torch.set_num_threads(1)
    try:
        yield
    finally:
        _own.n_threads = outer
        torch.set_num_threads(before)


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """What `function` gives for each item, in order, with no more items begun than there are threads and one.

    The function takes no gradient, and must not draw from a generator that it shares. Until the last result is taken,
    or the iterator is closed, torch has one thread.
    """
    before = torch.get_num_threads()
    n_threads = _own.n_threads or before
    if n_threads == 1:
        yield from map(function, items)
        return

    def alone(item: Item) -> Result:
        with torch.no_grad():  # of each thread its own
            return function(item)

    torch.set_num_threads(1)
    begun: deque[Future[Result]] = deque()
    try:
        for item in items:
            begun.append(_pool(n_threads).submit(alone, item))
            if len(begun) > n_threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()
        wait(begun)
        torch.set_num_threads(before)
