"""Halves of documents."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neuraltopic.errors import NeuralTopicError
from neuraltopic.evaluate import completion
from neuraltopic.evaluate.completion import split_tokens
from neuraltopic.preprocessing.counts import Counts


def dense(counts):
    return counts.to_scipy().toarray()


@settings(max_examples=60)
@given(
    hnp.arrays(np.int64, st.tuples(st.integers(0, 6), st.integers(1, 5)), elements=st.integers(0, 9)),
    st.integers(0, 99),
)
def test_the_halves_add_up_and_the_first_is_never_the_smaller(matrix, seed):
    observed, scored = split_tokens(Counts.from_scipy(matrix), seed)
    np.testing.assert_array_equal(dense(observed) + dense(scored), matrix)
    np.testing.assert_array_equal(dense(observed).sum(1), (matrix.sum(1) + 1) // 2)
    for half in (observed, scored):
        again = Counts.from_scipy(dense(half))
        for name in ("indptr", "indices", "data"):
            assert getattr(half, name).dtype == getattr(again, name).dtype
            np.testing.assert_array_equal(getattr(half, name), getattr(again, name))


def test_every_token_has_the_same_chance():
    """Of 30 and 10 tokens, 20 are observed: a word's part is hypergeometric, of mean 15 and variance 1.92."""
    observed, _ = split_tokens(Counts.from_scipy(np.tile([30, 10], (4000, 1))), 0)
    first = dense(observed)[:, 0]
    assert first.mean() == pytest.approx(15.0, abs=0.1)
    assert first.var() == pytest.approx(20 * 0.75 * 0.25 * 20 / 39, rel=0.1)


def test_a_seed_decides_and_the_size_of_a_block_does_not(monkeypatch):
    matrix = np.random.default_rng(0).integers(0, 6, (40, 12))
    first, again, other = (split_tokens(Counts.from_scipy(matrix), seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(dense(first), dense(again))
    assert (dense(first) != dense(other)).any()
    monkeypatch.setattr(completion, "_TOKENS_AT_ONCE", 50)
    np.testing.assert_array_equal(dense(split_tokens(Counts.from_scipy(matrix), 3)[0]), dense(first))


def test_counts_beyond_sixteen_bits():
    observed, scored = split_tokens(Counts.from_scipy(np.array([[200_001, 0, 1]])), 0)
    assert (observed.totals()[0], scored.totals()[0]) == (100_001, 100_001)
    assert observed.data.dtype == np.float32


def test_weights_are_no_tokens():
    with pytest.raises(NeuralTopicError, match="whole numbers of tokens"):
        split_tokens(Counts.from_scipy(np.array([[0.5, 1.0]])), 0)
