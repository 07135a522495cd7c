"""Pieces of work on several threads: in order, one thread each, and errors that reach the caller."""

import os
import threading

import pytest
import torch

from neuraltopic.core.threads import among_threads, even_slices, in_threads, pieces_alone, side_by_side


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


def test_threads_take_no_gradient(n_threads):
    weight = torch.ones(3, requires_grad=True)
    for threads in (in_threads, among_threads):
        assert list(threads(lambda number: (weight * number).requires_grad, range(4))) == [False] * 4
        assert (weight * 1).requires_grad


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_has_threads_of_its_own(n_threads):
    assert list(in_threads(lambda number: number, range(3))) == [0, 1, 2]
    child = os.fork()
    if child == 0:
        os._exit(0 if list(in_threads(lambda number: number, range(3))) == [0, 1, 2] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_pieces_alone_have_the_threads(n_threads):
    with pieces_alone():
        assert torch.get_num_threads() == 1
        found = set(in_threads(lambda number: (torch.get_num_threads(), len(list(in_threads(str, "ab")))), range(9)))
        with pieces_alone():
            others = set(in_threads(lambda number: threading.get_ident(), range(50)))
        assert torch.get_num_threads() == 1
    assert found == {(1, 2)}
    assert len(others) <= n_threads
    assert (threading.get_ident() in others) == (n_threads == 1)
    assert torch.get_num_threads() == n_threads


@pytest.mark.parametrize("n_items", [0, 1, 2, 3, 7])
def test_few_items_are_shared_with_the_calling_thread(n_threads, n_items):
    def piece(number):
        return number**2, torch.get_num_threads(), threading.get_ident()

    found = among_threads(piece, range(n_items))
    assert [square for square, _, _ in found] == [number**2 for number in range(n_items)]
    assert torch.get_num_threads() == n_threads
    if n_items > 1:
        assert {threads for _, threads, _ in found} == {1}
        callers = [number for number, (_, _, thread) in enumerate(found) if thread == threading.get_ident()]
        assert callers == list(range(0, n_items, min(n_threads, n_items)))


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_in_any_share_reaches_the_caller(n_threads, failing):
    def piece(number):
        if number == failing:
            raise ValueError(f"item {number}")
        return number

    with pytest.raises(ValueError, match=f"item {failing}"):
        among_threads(piece, range(4))
    assert torch.get_num_threads() == n_threads


@pytest.mark.parametrize(
    ("size", "n_slices", "lengths"), [(10, 4, [3, 3, 3, 1]), (8, 4, [2] * 4), (2, 5, [1, 1]), (0, 2, [])]
)
def test_even_slices_cover_everything_once(size, n_slices, lengths):
    slices = even_slices(size, n_slices)
    assert [part.stop - part.start for part in slices] == lengths
    assert [row for part in slices for row in range(size)[part]] == list(range(size))


@pytest.mark.parametrize("n_items", [0, 1, 2, 5])
def test_items_side_by_side_share_the_threads_for_their_pieces(n_items):
    """Four threads: one for each of up to four items, and the rest for pieces, which never wait for an item."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)

    def item(number):
        def piece(part):
            return 10 * number + part, threading.get_ident()

        pieces, letters = among_threads(piece, range(4)), list(in_threads(str, "ab"))
        return torch.get_num_threads(), threading.get_ident(), pieces, letters

    try:
        with pieces_alone():
            found = side_by_side(item, range(n_items))
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)
    assert [[value for value, _ in pieces] for _, _, pieces, _ in found] == [
        [10 * number + part for part in range(4)] for number in range(n_items)
    ]
    assert all(threads == 1 and letters == ["a", "b"] for threads, _, _, letters in found)
    callers = [thread for _, thread, _, _ in found]
    assert len(set(callers)) <= min(n_items, 4)
    assert [thread == threading.get_ident() for thread in callers] == [number % 4 == 0 for number in range(n_items)]
    for _, thread, pieces, _ in found:
        others = {own for _, own in pieces} - {thread}
        assert len(others) <= (4 // min(n_items, 4)) - 1
        assert not others & set(callers)


def test_items_side_by_side_take_gradients_as_their_caller_does(n_threads):
    weight = torch.ones(3, requires_grad=True)
    assert side_by_side(lambda number: (weight * number).requires_grad, range(3)) == [True] * 3
    with torch.no_grad():
        assert side_by_side(lambda number: (weight * number).requires_grad, range(3)) == [False] * 3


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_in_an_item_reaches_the_caller(n_threads, failing):
    def item(number):
        if number == failing:
            raise ValueError(f"item {number}")
        return number

    with pytest.raises(ValueError, match=f"item {failing}"):
        side_by_side(item, range(3))
    assert side_by_side(lambda number: number, range(3)) == [0, 1, 2]
    assert torch.get_num_threads() == n_threads
