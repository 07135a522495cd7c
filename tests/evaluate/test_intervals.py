"""Intervals against what is known of their statistics."""

import numpy as np
import pytest

from neuraltopic.evaluate.clusters import purity
from neuraltopic.evaluate.intervals import jackknife_interval, ratio_interval, table_interval


def test_the_interval_of_a_mean_is_nearly_the_gaussian_one():
    values = np.random.default_rng(0).normal(3.0, 2.0, 5000)
    low, high = ratio_interval(values, seed=0)
    half = 1.96 * values.std() / np.sqrt(5000)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.2 * half)


def test_the_interval_of_a_ratio_by_its_linearisation():
    """Var(a/b) is that of (a - r b) / mean b."""
    rng = np.random.default_rng(1)
    tokens = rng.integers(5, 200, 4000).astype(float)
    log_likelihood = -6.0 * tokens + rng.normal(0, 30, 4000)
    r = log_likelihood.sum() / tokens.sum()
    half = 1.96 * ((log_likelihood - r * tokens) / tokens.mean()).std() / np.sqrt(4000)
    low, high = ratio_interval(log_likelihood, tokens, seed=0)
    assert (low, high) == pytest.approx((r - half, r + half), abs=0.2 * half)
    fall = ratio_interval(log_likelihood, tokens, seed=0, transform=lambda mean: np.exp(-mean))
    assert fall == pytest.approx((np.exp(-high), np.exp(-low)), rel=1e-9)


def test_nineteen_of_twenty_intervals_hold_the_truth():
    rng = np.random.default_rng(2)
    held = [low <= 1.0 <= high for low, high in (ratio_interval(rng.exponential(size=80), seed=s) for s in range(150))]
    assert 0.87 <= np.mean(held) <= 0.99


def test_a_seed_decides():
    values = np.random.default_rng(3).normal(size=50)
    assert ratio_interval(values, seed=1) == ratio_interval(values, seed=1) != ratio_interval(values, seed=2)


def test_the_interval_of_a_share_in_a_table():
    """90% of 1,000 documents are in the right cluster: the deviation is that of a binomial."""
    table = np.array([[450, 50], [50, 450]])
    half = 1.96 * np.sqrt(0.9 * 0.1 / 1000)
    assert table_interval(table, purity, seed=0) == pytest.approx((0.9 - half, 0.9 + half), abs=0.1 * half)
    assert table_interval(np.array([[7, 0], [0, 3]]), purity, seed=0) == (1.0, 1.0)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.array([0.2, 0.4, 0.5, 0.9])
    without_one = (values.sum() - values) / 3
    half = 1.96 * values.std(ddof=1) / 2
    assert jackknife_interval(values.mean(), without_one) == pytest.approx((0.5 - half, 0.5 + half))
    assert jackknife_interval(0.99, without_one).high == 1.0


def test_one_value_has_no_interval():
    assert ratio_interval(np.ones(1), seed=0) is None
    assert table_interval(np.array([[1]]), purity, seed=0) is None
    assert jackknife_interval(1.0, np.ones(2)) is None
