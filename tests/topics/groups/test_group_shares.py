"""Shares in groups: means by hand, bounds that solve their equation, and intervals that hold the mean in 95 of 100."""

import numpy as np
import pytest

from neuraltopic.topics.groups.group_shares import group_shares, group_words, shares_table, wilson_interval

Z = 1.959963984540054


def sparse_shares(rng, n):
    """Shares of three topics, near 0 in most documents and large in few, whose mean differs with the period."""
    about = rng.choice(3, size=n, p=[0.05, 0.2, 0.75])
    return rng.dirichlet([0.1, 0.1, 0.1], n) * 0.2 + 0.8 * np.eye(3)[about]


def test_means_and_numbers():
    shares = np.array([[0.2, 0.8], [0.4, 0.6], [1.0, 0.0], [0.5, 0.5]])
    found = group_shares(shares, np.array([0, 0, 2, -1]), 3)
    assert found.n_documents.tolist() == [2, 0, 1]
    np.testing.assert_allclose(found.share[[0, 2]], [[0.3, 0.7], [1.0, 0.0]])
    assert np.isnan(found.share[1]).all()
    assert (found.low[1] == 0).all()
    assert (found.high[1] == 1).all()
    assert (found.low <= np.nan_to_num(found.share)).all()
    assert (found.high[[0, 2]] >= found.share[[0, 2]]).all()


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("phi", [0.1, 1.0])
def test_bounds_solve_the_equation(mean, phi):
    low, high = wilson_interval(np.array([[mean]]), np.array([[12.0]]), np.array([[phi]]))
    for bound in (low[0, 0], high[0, 0]):
        assert (mean - bound) ** 2 == pytest.approx(Z**2 * phi * bound * (1 - bound) / 12, abs=1e-12)
    assert low[0, 0] <= mean <= high[0, 0]


def test_bounds_of_whole_documents_are_those_of_wilson():
    # 7 of 20, Newcombe (1998): 0.1812 to 0.5671.
    shares = np.repeat([[1.0, 0.0], [0.0, 1.0]], [7, 13], axis=0)
    low, high = wilson_interval(np.array([[7 / 20]]), np.array([[20.0]]), np.array([[1.0]]))
    np.testing.assert_allclose([low[0, 0], high[0, 0]], [0.1812, 0.5671], atol=5e-5)
    found = group_shares(shares, np.zeros(20, int), 1)
    np.testing.assert_allclose([found.low[0, 0], found.high[0, 0]], [0.1812, 0.5671], atol=0.006)


@pytest.mark.parametrize("n", [5, 20, 100])
def test_intervals_hold_the_mean_of_the_population(n):
    rng = np.random.default_rng(0)
    mean = sparse_shares(rng, 200_000).mean(0)
    held = []
    for _ in range(300):
        shares = np.vstack([sparse_shares(rng, n), sparse_shares(rng, 300)])
        found = group_shares(shares, np.repeat([0, 1], [n, 300]), 2)
        held.append((found.low[0] <= mean) & (mean <= found.high[0]))
    assert 0.93 <= np.mean(held) <= 0.98


def test_words_of_a_group():
    unigram = np.full(4, 0.25)
    topic = np.array([[0.7, 0.1, 0.1, 0.1]])
    few = np.zeros((1, 4))
    assert group_words(few, np.log(topic), np.log(unigram), 1).tolist() == [[0]]
    many = np.array([[0.0, 0.0, 900.0, 0.0]])
    assert group_words(many, np.log(topic), np.log(unigram), 1).tolist() == [[2]]


def test_table():
    shares = np.array([[0.2, 0.8], [0.4, 0.6]])
    found = group_shares(shares, np.array([0, 1]), 2)
    table = shares_table("period", [2001, 2002], found, ["a", "b"], np.array([[0, 1], [1, 0]]))
    assert table.columns.tolist() == ["period", "topic", "label", "share", "low", "high", "n_documents", "n_listed"]
    assert table["period"].tolist() == [2001, 2001, 2002, 2002]
    assert table["label"].tolist() == ["a", "b", "a", "b"]
    np.testing.assert_allclose(table["share"], [0.2, 0.8, 0.4, 0.6])
