"""Documents divided in two: two themes come apart, and the gain is the likelihood's."""

import numpy as np
import pytest
from scipy import sparse

from neuraltopic.topics.editing.splits import split_documents

V = 12


def themes(n_first, n_second, seed=0):
    """Documents of eight tokens, of the words 0 to 4 and 5 to 9, beside two words that both have."""
    random = np.random.default_rng(seed)
    first = np.r_[np.full(5, 0.17), np.zeros(5), 0.075, 0.075]
    second = np.r_[np.zeros(5), np.full(5, 0.17), 0.075, 0.075]
    rows = [random.multinomial(8, first) for _ in range(n_first)] + [
        random.multinomial(8, second) for _ in range(n_second)
    ]
    return np.array(rows, float)


def log_likelihood(rows):
    """sum over tokens of the log of the share of their word."""
    totals = rows.sum(0)
    return sum(t * np.log(t / totals.sum()) for t in totals if t > 0)


@pytest.mark.parametrize("order", ["themes apart", "mixed"])
def test_two_themes_come_apart(order):
    rows = themes(40, 25)
    second = np.arange(65) >= 40
    if order == "mixed":
        mixed = np.random.default_rng(1).permutation(65)
        rows, second = rows[mixed], second[mixed]
    split = split_documents(sparse.csr_array(rows), np.ones(65), np.full(V, 1 / V))
    assert split.smaller.tolist() == second.tolist()
    expected = log_likelihood(rows[second]) + log_likelihood(rows[~second]) - log_likelihood(rows)
    assert split.information == pytest.approx(expected, rel=1e-12)


def test_tokens_count_for_what_they_weigh():
    rows, weight = themes(30, 30), np.linspace(0.2, 1.0, 60)
    split = split_documents(sparse.csr_array(rows), weight, np.full(V, 1 / V))
    rows = rows * weight[:, None]
    parts = log_likelihood(rows[split.smaller]) + log_likelihood(rows[~split.smaller])
    assert split.information == pytest.approx(parts - log_likelihood(rows), rel=1e-12)


def test_two_themes_gain_more_than_one():
    gain = [split_documents(sparse.csr_array(rows), np.ones(60), np.full(V, 1 / V)).information for rows in
            (themes(30, 30), themes(60, 0))]  # fmt: skip
    assert gain[0] > 2.0 * gain[1]


@pytest.mark.parametrize("rows", [np.ones((1, V)), np.ones((9, V)), np.zeros((9, V))])
def test_documents_that_do_not_part(rows):
    """One alone; copies; without words."""
    assert split_documents(sparse.csr_array(rows), np.ones(len(rows)), np.full(V, 1 / V)) is None
