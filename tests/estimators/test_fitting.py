"""Parameters checked by name, seeds, and rows held out."""

import math

import numpy as np
import pytest
import torch

from neuraltopic.errors import UsageError
from neuraltopic.estimators.fitting import (
    draw_seed,
    n_held_out,
    require_one_of,
    require_positive,
    require_random_state,
    require_share,
    require_whole,
    split_rows,
)


def test_what_fits_passes():
    require_whole("n", np.int64(1))
    require_whole("n", 0, smallest=0)
    require_positive("rate", 1, hint="")
    require_share("share", 0.0, hint="")
    require_one_of("name", "b", ["a", "b"])
    for state in (None, 3, np.random.RandomState(0)):
        require_random_state(state)


@pytest.mark.parametrize(
    ("check", "values"),
    [
        (lambda v: require_whole("p", v), [0, 1.5, True, "1", None]),
        (lambda v: require_whole("p", v, smallest=0), [-1, False]),
        (lambda v: require_positive("p", v, hint="Try 1"), [0, -1, math.inf, math.nan, True, "1", None]),
        (lambda v: require_share("p", v, hint="Try 0.1"), [-0.1, 1.0, math.nan, True, "0", None]),
        (lambda v: require_one_of("p", v, {"a": 1, "b": 2}), ["c", "", None, 1, ["a"]]),
    ],
    ids=["whole", "from 0", "positive", "share", "one of"],
)
def test_what_does_not_fit_is_named(check, values):
    for value in values:
        with pytest.raises(UsageError, match=r"^p: expected .*; got .*\. ") as raised:
            check(value)
        assert repr(value) in str(raised.value)


def test_an_impossible_random_state():
    with pytest.raises(UsageError, match=r"^random_state: .*got -1"):
        require_random_state(-1)


def test_a_whole_number_is_its_own_seed():
    assert draw_seed(np.int64(7)) == 7
    assert draw_seed(np.random.RandomState(3)) == draw_seed(np.random.RandomState(3))


@pytest.mark.parametrize(
    ("n_rows", "fraction", "expected"),
    [
        (1, None, 0),
        (9, None, 0),
        (30, None, 2),
        (4_000, None, 200),
        (5_020, None, 250),
        (10**6, None, 250),
        (10**6, 0.05, 50_000),
        (4, 0.9, 3),
    ],
)
def test_held_out_rows_are_a_twentieth_of_few_rows_unless_a_share_is_given(n_rows, fraction, expected):
    assert n_held_out(n_rows, fraction) == expected


@pytest.mark.parametrize(("fraction", "expected"), [(0.0, 0), (0.25, 5), (0.99, 19)])
def test_rows_are_split_once_each_and_in_order(fraction, expected):
    rows = np.arange(100, 120)
    held_out, training = split_rows(rows, fraction, torch.Generator().manual_seed(0))
    assert len(held_out) == expected
    assert sorted([*held_out, *training]) == rows.tolist()
    for part in (held_out, training):
        assert np.array_equal(part, np.sort(part))
