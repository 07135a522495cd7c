"""The draws that latents are made of, and logarithms that stay finite."""

import math

import pytest
import torch
from scipy import stats

from neuraltopic.core.latents.noise import exponential, log1mexp, log_gamma, open_unit, standard_normal
from tests.parts import generator


def test_draws_follow_their_distributions():
    like = torch.zeros(1, dtype=torch.float64)
    for draw, distribution in ((standard_normal, stats.norm), (exponential, stats.expon)):
        values = draw(5_000, like, generator())
        assert values.shape == (5_000, 1)
        assert stats.kstest(values[:, 0].numpy(), distribution.cdf).pvalue > 1e-3


@pytest.mark.parametrize("shape", [0.02, 0.5, 3.0, 200.0])
def test_log_gamma_follows_its_distribution(shape):
    """In the logarithm, since at a shape of 0.02 the values themselves fall below every float."""
    values = log_gamma(torch.tensor([shape], dtype=torch.float64), 5_000, generator())
    assert stats.kstest(values[:, 0].numpy(), stats.loggamma(shape).cdf).pvalue > 1e-3


def test_log_gamma_of_a_small_shape_is_finite_in_float32():
    values = log_gamma(torch.full((1,), 0.0025), 100_000, generator())
    assert values.dtype == torch.float32
    assert torch.isfinite(values).all()
    expected = float(torch.digamma(torch.tensor(0.0025, dtype=torch.float64)))
    assert abs(values.mean().item() - expected) < 4.5 * values.std().item() / math.sqrt(len(values))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_exponential_is_finite_where_the_uniform_is_zero(dtype, monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda shape, generator, dtype: torch.zeros(shape, dtype=dtype))
    value = exponential(1, torch.zeros((), dtype=dtype), generator())
    assert value.item() == pytest.approx(math.log(2) * (25 if dtype == torch.float32 else 54), rel=1e-6)


def test_log1mexp_is_exact_at_either_end():
    x = torch.tensor([1e-300, 1e-12, 0.5, 0.699, 0.7, 2.0, 36.0, 700.0], dtype=torch.float64)
    expected = [
        math.log(1e-300),
        math.log(1e-12) - 5e-13,
        *(math.log(-math.expm1(-value)) for value in (0.5, 0.699)),
        *(math.log1p(-math.exp(-value)) for value in (0.7, 2.0, 36.0, 700.0)),
    ]
    torch.testing.assert_close(log1mexp(x), torch.tensor(expected, dtype=torch.float64), rtol=1e-15, atol=0)


def test_log1mexp_has_the_gradient_1_over_expm1():
    x = torch.tensor([1e-30, 1e-6, 0.3, 0.6999, 0.7001, 5.0, 80.0, 1000.0], requires_grad=True)
    log1mexp(x).sum().backward()
    expected = torch.tensor([1.0 / math.expm1(min(value, 700.0)) for value in x.tolist()])
    torch.testing.assert_close(x.grad, expected, rtol=1e-5, atol=1e-35)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_open_unit_keeps_both_logarithms_finite(dtype):
    kept = open_unit(torch.tensor([0.0, 0.3, 1.0], dtype=dtype))
    assert kept[1] == torch.tensor(0.3, dtype=dtype)
    assert torch.isfinite(kept.log()).all()
    assert torch.isfinite(torch.log1p(-kept)).all()
