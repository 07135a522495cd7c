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
        shares = _in_shares(share, n_shares, workers)
    finally:
        torch.set_num_threads(before)
    return [shares[number % n_shares][number // n_shares] for number in range(len(items))]


class _Turns:
    """Whose turn it is, of items that end one after another.

    Attributes
    ----------
    n_items : int
        The items from this number on are not ended.
    """

    def __init__(self, n_items: int) -> None:
        self.n_items = n_items
        self._next, self._changed = 0, threading.Condition()

    def take(
        self,
        number: int,
        begin: Callable[[int], Result],
        end: Callable[[int, Result], bool],
        n_at_once: int,
    ) -> None:
        """Begin an item, wait until all before it have ended, and end it, unless one of them failed or was the last."""
        result = begin(number)
        with self._changed:
            self._changed.wait_for(lambda: number == self._next or number >= self.n_items)
        if number >= self.n_items:
            return
        if not end(number, result):
            self.stop(number + n_at_once)
        with self._changed:
            self._next = number + 1
            self._changed.notify_all()

    def stop(self, number: int) -> None:
        """Let no item end from this one on."""
        with self._changed:
            self.n_items = min(self.n_items, number)
            self._changed.notify_all()


def in_turns(
    begin: Callable[[int], Result], end: Callable[[int, Result], bool], n_items: int, n_at_once: int, *, apart: bool
) -> None:
    """`end(number, begin(number))` for each number below `n_items`, where the items end in order, one at a time.

    Each begins once the item `n_at_once` before it has ended, and, unless they are `apart`, before the item after that
    ends. Those that are apart are computed at the same time, each on a thread of its own, where there are several: with
    gradients as in the calling thread, and with an equal share of the other threads for its pieces; torch itself uses
    one. Where the end of an item is False, no others end than those that had begun.

    Items wait for one another within the threads that all callers share, so that callers in several threads at once may
    have only two items each at once.
    """
    if not apart:
        _in_line(begin, end, n_items, n_at_once)
        return
    n_threads, turns = n_available(), _Turns(n_items)
    n_shares = max(1, min(n_threads, n_at_once, n_items))
    reached = list(range(n_shares))  # the item of each share: if it is interrupted, none must wait for its end
    with_gradient = torch.is_grad_enabled()

    def share(first: int) -> None:
        outer = _own.n_threads
        try:
            _own.n_threads, _own.n_within = n_threads // n_shares, n_threads
            with pieces_alone(), torch.set_grad_enabled(with_gradient):  # both settings are per thread
                for number in range(first, n_items, n_shares):
                    if number >= turns.n_items:
                        break
                    reached[first] = number
                    turns.take(number, begin, end, n_at_once)
        except BaseException:
            turns.stop(reached[first])
            raise
        finally:
            _own.n_threads, _own.n_within = outer, 0

    _in_shares(share, n_shares, _workers(n_threads), lambda: turns.stop(reached[0]))


def _in_line(begin: Callable[[int], Result], end: Callable[[int, Result], bool], n_items: int, n_at_once: int) -> None:
    """`in_turns` on the calling thread."""
    begun: deque[Result] = deque()
    for number in range(n_items):
        begun.append(begin(number))
        if len(begun) == n_at_once and not end(number + 1 - n_at_once, begun.popleft()):
            n_items = number + 1
            break
    for number in range(n_items - len(begun), n_items):
        end(number, begun.popleft())


def _in_shares(
    share: Callable[[int], Result],
    n_shares: int,
    workers: ThreadPoolExecutor,
    interrupted: Callable[[], object] = lambda: None,
) -> list[Result]:
    """The results of all shares: the first is computed by the calling thread, and all have ended when this returns.
    If the calling thread is `interrupted`, or its share fails, that is called before the others are waited for."""
    others: list[Future[Result]] = []
    try:
        others.extend(workers.submit(share, first) for first in range(1, n_shares))
        own = share(0)
    except BaseException:
        interrupted()
        raise
    finally:
        wait(others)
    return [own, *(other.result() for other in others)]


def even_slices(size: int, n_slices: int) -> list[slice]:
    """At most this number of slices of nearly equal length."""
    step = max(1, math.ceil(size / n_slices))
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]
