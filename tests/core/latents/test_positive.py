"""Latents that are positive: densities and divergences, and the gradient of E[log z]."""

import math

import pytest
import torch
from scipy import integrate, stats

from neuraltopic.core.latents.gamma import Gamma, GammaPosterior
from neuraltopic.core.latents.weibull import Weibull, WeibullPosterior
from tests.parts import generator


def double(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


SHAPE, OTHER = double([[0.3, 2.0], [1.0, 40.0]]), double([[2.0, 0.5], [0.1, 7.0]])
Z = double([0.01, 3.0]).expand(1, 2, 2)


def test_gamma_density_moments_and_kl_are_those_of_torch():
    q, expected = GammaPosterior(SHAPE, OTHER, 0.7, 2.0), torch.distributions.Gamma(SHAPE, OTHER)
    prior = torch.distributions.Gamma(double(0.7), double(2.0))
    torch.testing.assert_close(q.log_prob(Z), expected.log_prob(Z).sum(-1))
    torch.testing.assert_close(q.mean, expected.mean)
    torch.testing.assert_close(q.variance(), expected.variance)
    torch.testing.assert_close(q.kl(), torch.distributions.kl_divergence(expected, prior))


@pytest.mark.parametrize("kind", [Gamma, Weibull])
def test_gamma_prior_is_that_of_torch_and_its_draws_follow_it(kind):
    latent = kind(2, 0.7, 2.0)
    expected = torch.distributions.Gamma(double(0.7), double(2.0))
    torch.testing.assert_close(latent.log_prior(Z), expected.log_prob(Z).sum(-1))
    draws = latent.sample_prior(5_000, generator())[:, 0, 0]
    assert stats.kstest(draws.numpy(), stats.gamma(0.7, scale=0.5).cdf).pvalue > 1e-3
    assert latent.transform(draws) is draws


def test_weibull_density_and_moments_are_those_of_torch():
    q, expected = WeibullPosterior(SHAPE, OTHER, 0.7, 2.0), torch.distributions.Weibull(OTHER, SHAPE)
    torch.testing.assert_close(q.log_prob(Z), expected.log_prob(Z).sum(-1))
    torch.testing.assert_close(q.mean, expected.mean)
    torch.testing.assert_close(q.variance(), expected.variance)


@pytest.mark.parametrize(("shape", "scale"), [(0.8, 2.0), (3.0, 0.4)])
def test_weibull_kl_against_quadrature(shape, scale):
    q = WeibullPosterior(double([[shape]]), double([[scale]]), 0.7, 2.0)

    def integrand(t):
        """Over t = log z, where the density has no pole."""
        log_q = stats.weibull_min.logpdf(math.exp(t), shape, scale=scale)
        return math.exp(log_q + t) * (log_q - stats.gamma.logpdf(math.exp(t), 0.7, scale=0.5))

    expected = integrate.quad(integrand, -45.0, 6.0, epsabs=1e-12, limit=400)[0]
    assert q.kl().item() == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("kind", [Gamma, Weibull])
def test_gradient_of_the_mean_logarithm(kind):
    """E[log z] is psi(shape) - log rate, and log scale - g / shape with g Euler's constant."""
    row = torch.tensor([[-0.6, 0.4]], dtype=torch.float64, requires_grad=True)
    shape, other = row[:, :1].exp(), row[:, 1:]
    exact = torch.digamma(shape) - other if kind is Gamma else other - 0.5772156649015329 / shape
    (expected,) = torch.autograd.grad(exact.sum(), row)
    rows = row.detach().expand(20_000, 2).clone().requires_grad_()
    z = kind(1).posterior(rows, None, None).sample(1, generator())
    (taken,) = torch.autograd.grad(z.log().sum(), rows)
    error = (taken.mean(0) - expected[0]).abs()
    assert (error <= 4.5 * taken.std(0) / math.sqrt(len(taken)) + 1e-12).all()


@pytest.mark.parametrize("kind", [Gamma, Weibull])
def test_draws_of_the_least_shape_are_positive_in_float32(kind):
    latent = kind(1)
    z = latent.posterior(torch.tensor([[-9.0, 0.0]]), None, None).sample(200_000, generator())
    assert z.dtype == torch.float32
    assert (z > 0).all()
