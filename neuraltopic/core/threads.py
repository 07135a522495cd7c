"""Independent pieces of work on as many threads as torch has, one thread per piece.

torch divides single operations among its threads, which is faster for large operations only. A piece is computed by one
thread, so its result does not depend on the number of threads.
"""

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


@cache
def _pool(n_threads: int, *, within: bool = False) -> ThreadPoolExecutor:
    """Threads that each use one torch thread; they are kept, since every update uses them several times.

    Those `within` compute the pieces of items that are side by side, and never wait for one another.
    """
    pool, all_there = ThreadPoolExecutor(n_threads, "neuraltopic"), threading.Barrier(n_threads)

    def begin(_: int) -> None:
        all_there.wait()
        torch.set_num_threads(1)

    list(pool.map(begin, range(n_threads)))
    return pool


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a child process does not have its parent's threads


class _Own(threading.local):
    """Number of threads that `pieces_alone` gives to pieces, 0 outside of it; and of all that items side by side have
    together for theirs, 0 elsewhere."""

    n_threads = 0
    n_within = 0


_own = _Own()


def _workers(n_threads: int) -> ThreadPoolExecutor:
    """The threads that compute pieces for the calling one."""
    return _pool(_own.n_within, within=True) if _own.n_within else _pool(n_threads)


@contextmanager
def pieces_alone() -> Iterator[None]:
    """Let only `in_threads` and `among_threads` use several threads, and all other operations one.

    The results are then the same to the bit on any number of threads.
    """
    before, outer = torch.get_num_threads(), _own.n_threads
    _own.n_threads = outer or before
    torch.set_num_threads(1)
    try:
        yield
    finally:
        _own.n_threads = outer
        torch.set_num_threads(before)


def n_available() -> int:
    """Number of threads that the pieces of the calling one are divided among."""
    return _own.n_threads or torch.get_num_threads()


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The result of `function` for each item, in order; at most one more item is submitted than there are threads.

    The function is called without gradients and must not use a shared random generator. Until the last result is taken
    or the iterator is closed, torch itself uses one thread.
    """
    before = torch.get_num_threads()
    n_threads = n_available()

    def alone(item: Item) -> Result:
        with torch.no_grad():  # the setting is per thread
            return function(item)

    if n_threads == 1:
        yield from map(alone, items)
        return

    torch.set_num_threads(1)
    begun: deque[Future[Result]] = deque()
    try:
        for item in items:
            begun.append(_workers(n_threads).submit(alone, item))
            if len(begun) > n_threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()
        wait(begun)
        torch.set_num_threads(before)


def among_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The result of `function` for each item, in order, of few items that take as long as each other.

    The calling thread computes a share of them, and every other thread is woken once for all its items: waking costs
    as much as an item of half a millisecond. The function is called without gradients and must not use a shared random
    generator.
    """
    before, n_threads = torch.get_num_threads(), n_available()
    n_shares = max(1, min(n_threads, len(items)))

    def share(first: int) -> list[Result]:
        with torch.no_grad():  # the setting is per thread
            return list(map(function, items[first::n_shares]))

    if n_shares == 1:
        return share(0)
    workers = _workers(n_threads)
    torch.set_num_threads(1)
    try:
        return _in_shares(share, n_shares, len(items), workers)
    finally:
        torch.set_num_threads(before)


def side_by_side(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The result of `function` for each item, in order, of few items that take as long as each other.

    Each item has a thread, with gradients as in the calling one, and an equal share of the other threads for its
    pieces; torch itself uses one.
    """
    n_threads = n_available()
    n_shares = min(n_threads, len(items))
    if n_shares < 2:
        return list(map(function, items))
    with_gradient = torch.is_grad_enabled()

    def share(first: int) -> list[Result]:
        outer, _own.n_threads, _own.n_within = _own.n_threads, n_threads // n_shares, n_threads
        try:
            with pieces_alone(), torch.set_grad_enabled(with_gradient):  # both settings are per thread
                return list(map(function, items[first::n_shares]))
        finally:
            _own.n_threads, _own.n_within = outer, 0

    return _in_shares(share, n_shares, len(items), _workers(n_threads))


def _in_shares(
    share: Callable[[int], list[Result]], n_shares: int, n_items: int, workers: ThreadPoolExecutor
) -> list[Result]:
    """The results of all items, in order, from `share(first)`, those of the items from `first` on in steps of the
    number of shares: the first share is computed by the calling thread, and all have ended when this returns."""
    others = [workers.submit(share, first) for first in range(1, n_shares)]
    try:
        shares = [share(0)]
    finally:
        wait(others)
    shares += [other.result() for other in others]
    return [shares[number % n_shares][number // n_shares] for number in range(n_items)]


def even_slices(size: int, n_slices: int) -> list[slice]:
    """At most this number of slices of nearly equal length."""
    step = max(1, math.ceil(size / n_slices))
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]
