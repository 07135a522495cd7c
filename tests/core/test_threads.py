"""Pieces of work on several threads: in order, one thread each, and errors that reach the caller."""

import threading

import pytest
import torch

from neuraltopic.core.threads import in_threads


@pytest.fixture(params=[1, 3])
def n_threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_results_come_in_order_each_from_one_thread_of_torch(n_threads):
    def piece(number):
        return number**2, torch.get_num_threads(), threading.get_ident()

    found = list(in_threads(piece, range(40)))
    assert [square for square, _, _ in found] == [number**2 for number in range(40)]
    assert {threads for _, threads, _ in found} == {1}
    assert torch.get_num_threads() == n_threads
    if n_threads == 1:
        assert {thread for _, _, thread in found} == {threading.get_ident()}


def test_few_items_are_begun_ahead(n_threads):
    begun = []

    def items():
        for number in range(20):
            begun.append(number)
            yield number

    results = in_threads(lambda number: number, items())
    next(results)
    assert len(begun) <= n_threads + 1
    results.close()
    assert torch.get_num_threads() == n_threads


def test_an_error_reaches_the_caller(n_threads):
    def piece(number):
        if number == 2:
            raise ValueError("two")
        return number

    results = in_threads(piece, range(10))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert torch.get_num_threads() == n_threads
