"""Pieces of work on several threads: in order, one thread each, and errors that reach the caller."""

import os
import threading
import time
import weakref

import pytest
import torch

from neuraltopic.core import threads
from neuraltopic.core.threads import among_threads, even_slices, in_threads, in_turns, pieces_alone


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
    for divided in (in_threads, among_threads):
        assert list(divided(lambda number: (weight * number).requires_grad, range(4))) == [False] * 4
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


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    assert torch.get_num_threads() == 4
    torch.set_num_threads(before)


@pytest.mark.parametrize("n_at_once", [1, 2, 3, 6])
@pytest.mark.parametrize("n_items", [0, 1, 2, 11])
@pytest.mark.parametrize("apart", [True, False])
def test_items_end_in_order_and_begin_after_those_that_they_are_not_at_once_with(n_threads, n_items, n_at_once, apart):
    """Whatever the beginnings take. If they are not apart, exactly those before have ended."""
    ended = []

    def begin(number):
        seen = len(ended)
        time.sleep(0.004 * (number * 7 % 3))
        return seen

    def end(number, seen):
        assert seen >= max(0, number - n_at_once + 1)
        assert apart or seen == max(0, number - n_at_once + 1)
        ended.append(number)
        return True

    in_turns(begin, end, n_items, n_at_once, apart=apart)
    assert ended == list(range(n_items))
    assert torch.get_num_threads() == n_threads


@pytest.mark.usefixtures("four_threads")
def test_as_many_items_begin_as_may_be_at_once():
    """The first three wait for one another, so they are there at the same time."""
    all_there = threading.Barrier(3)
    in_turns(lambda number: all_there.wait(10) if number < 3 else None, lambda number, _: True, 5, 3, apart=True)


@pytest.mark.parametrize("n_at_once", [1, 2, 3])
@pytest.mark.parametrize("last", [0, 1, 4, 11])
@pytest.mark.parametrize("apart", [True, False])
def test_after_an_end_that_is_false_only_items_end_that_had_begun(n_threads, n_at_once, last, apart):
    """The same ones on any number of threads."""
    begun, ended = [], []

    def end(number, _):
        ended.append(number)
        return number != last

    in_turns(begun.append, end, 12, n_at_once, apart=apart)
    assert ended == list(range(min(last + n_at_once, 12)))
    assert sorted(begun) == ended


@pytest.mark.parametrize("failing", [0, 1, 4])
@pytest.mark.parametrize("where", ["begin", "end"])
@pytest.mark.parametrize("apart", [True, False])
def test_an_error_reaches_the_caller_and_no_later_item_ends(n_threads, failing, where, apart):
    ended = []

    def begin(number):
        if where == "begin" and number == failing:
            raise ValueError(f"item {number}")

    def end(number, _):
        if where == "end" and number == failing:
            raise ValueError(f"item {number}")
        ended.append(number)
        return True

    with pytest.raises(ValueError, match=f"item {failing}"):
        in_turns(begin, end, 9, 2, apart=apart)
    assert ended == list(range(failing if apart or where == "end" else max(0, failing - 1)))
    in_turns(begin, end, 0, 2, apart=apart)
    assert torch.get_num_threads() == n_threads


@pytest.mark.usefixtures("four_threads")
@pytest.mark.parametrize("before", ["an item", "all items"])
def test_an_interrupt_between_the_items_leaves_no_thread_waiting(monkeypatch, before):
    """Ctrl-C in the calling thread, when another waits for the end of an item that has not begun."""
    ended, take, workers = [], threads._Turns.take, threads._workers

    def interrupted(turns, number, *arguments):
        if number == 2:
            raise KeyboardInterrupt
        take(turns, number, *arguments)

    class Pool:
        def __init__(self, n_threads):
            self.pool = workers(n_threads)

        def submit(self, *arguments):
            self.pool.submit(*arguments)
            time.sleep(0.1)
            raise KeyboardInterrupt

    def end(number, _):
        ended.append(number)
        return True

    with monkeypatch.context() as changed:
        if before == "an item":
            changed.setattr(threads._Turns, "take", interrupted)
        else:
            changed.setattr(threads, "_workers", Pool)
        with pytest.raises(KeyboardInterrupt):
            in_turns(lambda _: time.sleep(0.01), end, 9, 2, apart=True)
    assert ended == ([0, 1] if before == "an item" else [])
    assert sorted(among_threads(str, range(4))) == ["0", "1", "2", "3"]
    waiting = workers(4).submit(time.sleep, 0)
    assert waiting.result(10) is None


@pytest.mark.parametrize("apart", [True, False])
def test_no_more_results_are_held_than_items_are_at_once(n_threads, apart):
    """That of an item that has ended is gone before the next begins, which may take as much memory."""

    class Result:
        pass

    results = []

    def begin(_):
        assert sum(result() is not None for result in results) < 2
        result = Result()
        results.append(weakref.ref(result))
        return result

    in_turns(begin, lambda number, result: True, 9, 2, apart=apart)
    assert len(results) == 9


@pytest.mark.usefixtures("four_threads")
@pytest.mark.parametrize("n_items", [0, 1, 2, 5])
def test_items_share_the_threads_for_their_pieces(n_items):
    """Four threads: one for each of up to four items, and the rest for pieces, which never wait for an item."""
    found = {}

    def begin(number):
        def piece(part):
            return 10 * number + part, threading.get_ident()

        pieces, letters = among_threads(piece, range(4)), list(in_threads(str, "ab"))
        return torch.get_num_threads(), threading.get_ident(), pieces, letters

    def end(number, result):
        found[number] = result
        return True

    with pieces_alone():
        in_turns(begin, end, n_items, 4, apart=True)
    for number in range(n_items):
        assert [value for value, _ in found[number][2]] == [10 * number + part for part in range(4)]
    assert all(threads == 1 and letters == ["a", "b"] for threads, _, _, letters in found.values())
    callers = [found[number][1] for number in range(n_items)]
    assert len(set(callers)) <= min(n_items, 4)
    assert [thread == threading.get_ident() for thread in callers] == [number % 4 == 0 for number in range(n_items)]
    for _, thread, pieces, _ in found.values():
        others = {own for _, own in pieces} - {thread}
        assert len(others) <= (4 // min(n_items, 4)) - 1
        assert not others & set(callers)


@pytest.mark.usefixtures("four_threads")
def test_items_that_are_not_apart_are_left_to_the_calling_thread():
    used = set()
    in_turns(lambda number: used.add(threading.get_ident()), lambda number, _: True, 6, 2, apart=False)
    assert used == {threading.get_ident()}


@pytest.mark.parametrize("apart", [True, False])
def test_items_take_gradients_as_their_caller_does(n_threads, apart):
    weight = torch.ones(3, requires_grad=True)

    def found():
        taken = []

        def end(_, takes):
            taken.append(takes)
            return True

        in_turns(lambda number: (weight * number).requires_grad, end, 3, 2, apart=apart)
        return taken

    assert found() == [True] * 3
    with torch.no_grad():
        assert found() == [False] * 3
