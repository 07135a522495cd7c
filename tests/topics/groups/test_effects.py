"""Effects on shares: least squares and HC3 by their definition, and intervals that hold effects which are known."""

import numpy as np
import pytest
from scipy.special import softmax

from neuraltopic.errors import UsageError
from neuraltopic.topics.groups.effects import (
    composed_effects,
    effects_table,
    posterior_given_metadata,
    regression,
    require_full_rank,
)


def test_regression_is_least_squares_with_hc3():
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(30), rng.standard_normal((30, 2))])
    shares = rng.random((30, 4))
    coefficients, variances = regression(shares, design)
    np.testing.assert_allclose(coefficients, np.linalg.lstsq(design, shares, rcond=None)[0], rtol=1e-10)
    inverse = np.linalg.inv(design.T @ design)
    for topic in range(4):
        residual = shares[:, topic] - design @ coefficients[:, topic]
        leverage = np.array([row @ inverse @ row for row in design])
        meat = sum(
            np.outer(row, row) * (e / (1 - h)) ** 2 for row, e, h in zip(design, residual, leverage, strict=True)
        )
        np.testing.assert_allclose(variances[:, topic], np.diag(inverse @ meat @ inverse), rtol=1e-9)


def test_posterior_given_metadata_is_that_of_the_joint_gaussian():
    """With one observation of known precision a document, EM ends at the maximum of the marginal likelihood."""
    rng = np.random.default_rng(1)
    D, v0, noise = 4000, 9.0, 0.5
    design = np.column_stack([np.ones(D), rng.integers(2, size=D)])
    z = design @ np.array([[1.0], [2.0]]) + 0.8 * rng.standard_normal((D, 1))
    observed = z + np.sqrt(noise) * rng.standard_normal((D, 1))
    precision = 1.0 / noise + 1.0 / v0
    mean, variance = observed / noise / precision, np.full((D, 1), 1.0 / precision)
    found, spread = posterior_given_metadata(mean, variance, np.zeros(1), np.array([v0]), design)
    fitted = np.linalg.lstsq(design, found, rcond=None)[0][:, 0]
    np.testing.assert_allclose(fitted, [1.0, 2.0], atol=0.08)
    exact = (observed / noise + design @ fitted[:, None] / 0.64) / (1 / noise + 1 / 0.64)
    np.testing.assert_allclose(found, exact, atol=0.05)
    np.testing.assert_allclose(spread, 1 / (1 / noise + 1 / 0.64), rtol=0.05)


def test_pooled_variance_is_that_of_rubin():
    rng = np.random.default_rng(2)
    design = np.column_stack([np.ones(50), np.arange(50) % 2])
    draws = rng.random((3, 50, 2))
    given = iter(draws)
    found = composed_effects(lambda z: next(given), np.zeros((50, 2)), np.ones((50, 2)), design, 3, rng)
    each = [regression(draw, design) for draw in draws]
    coefficients, variances = np.stack([one[0] for one in each]), np.stack([one[1] for one in each])
    np.testing.assert_allclose(found.estimate, coefficients.mean(0))
    np.testing.assert_allclose(found.error**2, variances.mean(0) + 4 / 3 * coefficients.var(0, ddof=1))


def test_intervals_hold_known_effects():
    """Shares softmax(z) of z that words tell with noise; an effect of 1 on the first coordinate, none on the noise."""
    rng = np.random.default_rng(3)
    D, v0, noise = 300, np.full(3, 4.0), 0.5
    spread = np.array([1.0, 1.0, 1.0])
    population = spread * rng.standard_normal((400_000, 3))
    effect = np.array([1.0, 0.0, 0.0])
    true = softmax(population + effect, axis=1).mean(0) - softmax(population, axis=1).mean(0)
    held, estimates = [], []
    for _ in range(120):
        group = rng.integers(2, size=D)
        z = spread * rng.standard_normal((D, 3)) + group[:, None] * effect
        observed = z + np.sqrt(noise) * rng.standard_normal((D, 3))
        precision = 1.0 / noise + 1.0 / v0
        design = np.column_stack([np.ones(D), group])
        mean, variance = observed / noise / precision, np.broadcast_to(1.0 / precision, (D, 3))
        given = posterior_given_metadata(mean, variance, np.zeros(3), v0, design)
        found = composed_effects(lambda z: softmax(z, axis=1), *given, design, 20, rng)
        held.append(np.abs(found.estimate[1] - true) <= 1.96 * found.error[1])
        estimates.append(found.estimate[1])
    assert 0.93 <= np.mean(held) <= 1.0
    np.testing.assert_allclose(np.mean(estimates, 0), true, atol=0.01)


def test_terms_that_follow_from_others_are_refused():
    with pytest.raises(UsageError, match="none follows from the others"):
        require_full_rank(np.ones((5, 2)), ["a", "b"])
    with pytest.raises(UsageError, match="more documents than terms"):
        require_full_rank(np.eye(2), ["a", "b"])


def test_table():
    rng = np.random.default_rng(0)
    draw = rng.random((6, 3))
    design = np.column_stack([np.ones(6), np.arange(6)])
    found = composed_effects(lambda z: draw, np.zeros((6, 3)), np.ones((6, 3)), design, 2, rng)
    table = effects_table(found, ["Intercept", "year"], ["a", "b", "c"])
    assert table[["topic", "label", "term"]].to_numpy().tolist()[:3] == [
        [0, "a", "Intercept"],
        [0, "a", "year"],
        [1, "b", "Intercept"],
    ]
    np.testing.assert_allclose(table["estimate"], found.estimate.T.ravel())
    np.testing.assert_allclose(table["high"] - table["low"], 2 * 1.95996 * table["error"], rtol=1e-4)
