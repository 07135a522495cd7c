"""Independent pieces of work on as many threads as torch has, each piece on one.

torch divides single operations among its threads, which pays for large ones alone; whole pieces always pay. A piece
comes out the same on any number of threads, since each is worked on by one.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """What `function` gives for each item, in order, with no more items begun than there are threads and one.

    The function must not take a gradient or draw from a generator that it shares. Until the last result is taken, or
    the iterator is closed, torch has one thread.
    """
    n_threads = torch.get_num_threads()
    if n_threads == 1:
        yield from map(function, items)
        return
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            begun: deque[Future[Result]] = deque()
            try:
                for item in items:
                    begun.append(pool.submit(function, item))
                    if len(begun) > n_threads:
                        yield begun.popleft().result()
                while begun:
                    yield begun.popleft().result()
            finally:
                for future in begun:
                    future.cancel()
    finally:
        torch.set_num_threads(n_threads)
