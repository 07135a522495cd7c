"""How much evidence tokens are: against the definition over pairs of tokens, and draws whose correlation is known."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from neuraltopic.models.overdispersion import DesignEffect, token_correlation
from neuraltopic.preprocessing.counts import Counts
from tests.parts import sparse_rows


def counts_of(rows):
    return Counts.from_scipy(sparse.csr_array(np.asarray(rows, float)))


def by_pairs(rows):
    """q as the share of pairs of tokens that are the same word, token by token; then rho."""
    rows = np.asarray(rows)
    shares, weights = [], []
    for row in rows:
        tokens = np.repeat(np.arange(len(row)), row)
        if len(tokens) > 1:
            pairs = list(itertools.permutations(tokens.tolist(), 2))
            shares.append(sum(first == second for first, second in pairs) / len(pairs))
            weights.append(len(tokens) - 1)
    p = rows.sum(0) / rows.sum()
    same, chance = np.average(shares, weights=weights), np.square(p).sum()
    return max(0.0, (same - chance) / (1.0 - chance))


def test_correlation_by_definition():
    rows = np.array(
        [[6, 0, 0, 1, 0], [0, 4, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 5, 0, 2], [1, 0, 0, 0, 0], [0, 1, 0, 7, 1]]
    )
    assert by_pairs(rows) > 0.05
    assert token_correlation(counts_of(rows)) == pytest.approx(by_pairs(rows), rel=1e-12)


@pytest.mark.parametrize("precision", [9.0, 49.0])
def test_correlation_of_a_dirichlet_compound_multinomial(precision):
    """rho = 1 / (s + 1), whatever the lengths."""
    random = np.random.default_rng(1)
    base = random.dirichlet(np.full(60, 0.5))
    lengths = random.integers(1, 80, 6000)
    rows = np.array([random.multinomial(n, random.dirichlet(precision * base)) for n in lengths])
    assert token_correlation(counts_of(rows)) == pytest.approx(1.0 / (1.0 + precision), rel=0.04)


def test_independent_tokens_have_none():
    random = np.random.default_rng(2)
    rows = random.multinomial(50, random.dirichlet(np.full(60, 0.5)), 4000)
    assert token_correlation(counts_of(rows)) == pytest.approx(0.0, abs=3e-4)


@pytest.mark.parametrize("rows", [[[1, 0], [0, 1]], [[0, 0], [0, 0]], [[7, 0], [2, 0]]])
def test_without_evidence_the_correlation_is_zero(rows):
    """No document of two tokens; no tokens; a vocabulary of one word in use."""
    assert token_correlation(counts_of(rows)) == 0.0


@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=1, max_size=8))
def test_correlation_is_from_0_to_1(rows):
    assert 0.0 <= token_correlation(counts_of(rows)) <= 1.0


def test_design_effect_by_hand():
    """1 + (n - 1) rho: 1 for a document of one token or none."""
    effect = DesignEffect(0.02)
    rows = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 3.0], [100.0, 1.0]], dtype=torch.float64)
    expected = [1.0, 1.0, 1.08, 3.0]
    torch.testing.assert_close(effect(sparse_rows(rows)), torch.tensor(expected, dtype=torch.float64))
    np.testing.assert_allclose(effect.of_lengths(rows.sum(1).numpy()), expected)
