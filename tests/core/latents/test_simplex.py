"""Latents of which the decoder sees a point of the simplex: densities, divergences and what is seen."""

import math

import pytest
import torch
from scipy import integrate, special, stats

from neuraltopic.core.latents.dirichlet import Dirichlet, DirichletPosterior
from neuraltopic.core.latents.gamma import Gamma
from neuraltopic.core.latents.gaussian_softmax import GaussianSoftmax
from neuraltopic.core.latents.logistic_normal import LogisticNormal, laplace_of_dirichlet
from neuraltopic.core.latents.normalised import Normalised
from neuraltopic.core.latents.stick_breaking import KumaraswamyPosterior, StickBreaking, expected_log_rest
from neuraltopic.core.latents.weibull import Weibull
from tests.parts import K, generator


def double(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


# Logistic-normal


def test_laplace_of_a_dirichlet_by_hand():
    """alpha = (1, 2, 4): log alpha less its mean log 2; (1/3) / alpha_k + 1.75 / 9."""
    mean, variance = laplace_of_dirichlet(double([1.0, 2.0, 4.0]))
    torch.testing.assert_close(mean, double([-math.log(2.0), 0.0, math.log(2.0)]))
    torch.testing.assert_close(variance, double([1 / 3 + 1.75 / 9, 1 / 6 + 1.75 / 9, 1 / 12 + 1.75 / 9]))


def test_laplace_of_a_dirichlet_sits_at_its_mode_in_softmax_coordinates():
    """There the density is prod theta_k^alpha_k, whose mode is alpha / sum alpha."""
    alpha = double([0.1, 0.5, 2.0, 0.02])
    torch.testing.assert_close(torch.softmax(laplace_of_dirichlet(alpha)[0], 0), alpha / alpha.sum())


def test_logistic_normal_prior_follows_its_concentration():
    alpha = torch.tensor([0.2, 1.0, 3.0])
    latent = LogisticNormal(3, alpha)
    mean, variance = laplace_of_dirichlet(alpha)
    z = torch.randn(4, 2, 3, generator=generator())
    expected = torch.distributions.Normal(mean, variance.sqrt()).log_prob(z).sum(-1)
    torch.testing.assert_close(latent.log_prior(z), expected)
    draws = latent.sample_prior(20_000, generator())[:, 0]
    assert ((draws.mean(0) - mean).abs() < 4.5 * (variance / 20_000).sqrt()).all()
    assert not latent.state_dict()


def test_logistic_normal_kl_is_that_of_torch():
    latent = LogisticNormal(K, 0.2).double()
    parameters = torch.randn(4, 2 * K, generator=generator(), dtype=torch.float64)
    q = latent.posterior(parameters, None, None)
    normal = torch.distributions.Normal(parameters[:, :K], torch.exp(0.5 * parameters[:, K:]))
    prior = torch.distributions.Normal(latent.prior_mean, torch.exp(0.5 * latent.prior_log_variance))
    torch.testing.assert_close(q.kl(), torch.distributions.kl_divergence(normal, prior))


def test_the_decoder_sees_a_power_of_the_shares():
    """softmax([log 4, log 1, -inf]) = (0.8, 0.2, 0)."""
    z = torch.tensor([1.6, 0.4, 0.0], dtype=torch.float64).log().requires_grad_()
    seen = LogisticNormal(3, power=0.5).transform(z)
    torch.testing.assert_close(seen, torch.tensor([0.8, 0.2, 0.0], dtype=torch.float64).sqrt())
    assert float(seen.detach().norm()) == pytest.approx(1.0)
    seen.sum().backward()
    assert torch.isfinite(z.grad[:2]).all()


def test_a_wide_prior_leaves_q_room_to_be_as_wide():
    """Laplace of Dirichlet(1/1000) has a variance near 1,000, more than exp(6)."""
    latent = LogisticNormal(50, 0.001)
    q = latent.posterior(torch.cat([torch.zeros(1, 50), latent.prior_log_variance[None]], 1), None, None)
    assert q.variance().min() > 900
    assert q.kl().abs().max() < 1e-6


# Gaussian softmax


def test_gaussian_softmax_is_that_of_a_linear_map():
    latent = GaussianSoftmax(3).double()
    z = torch.randn(4, 2, 3, generator=generator(), dtype=torch.float64)
    torch.testing.assert_close(latent.transform(z), torch.softmax(z, -1))
    with torch.no_grad():
        latent.weight.copy_(double([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]]))
    mapped = torch.stack([2.0 * z[..., 0], z[..., 2], z[..., 0] + z[..., 1]], -1)
    torch.testing.assert_close(latent.transform(z), torch.softmax(mapped, -1))


# Dirichlet


def test_dirichlet_density_is_that_of_torch_in_other_coordinates():
    alpha = double([[0.3, 2.0, 5.0], [0.02, 0.7, 1.0]])
    z = double([[0.4, -1.0], [3.0, 0.2]])[None]
    theta = torch.softmax(torch.cat([z, torch.zeros(1, 2, 1)], -1), -1)
    # |d theta / d z| = prod_k theta_k
    expected = torch.distributions.Dirichlet(alpha).log_prob(theta) + theta.log().sum(-1)
    torch.testing.assert_close(DirichletPosterior(alpha, 1.0).log_prob(z), expected)
    torch.testing.assert_close(Dirichlet(3).transform(z), theta)


def test_dirichlet_density_integrates_to_one_over_log_ratios():
    q = DirichletPosterior(double([[0.3, 1.5]]), 1.0)
    total, _ = integrate.quad(lambda z: math.exp(q.log_prob(double([[[z]]])).item()), -80, 40, limit=200)
    assert total == pytest.approx(1.0, abs=1e-8)


def test_dirichlet_kl_is_that_of_torch():
    alpha = double([[0.3, 2.0, 5.0], [0.02, 0.7, 100.0]])
    torch_kl = torch.distributions.kl_divergence(
        torch.distributions.Dirichlet(alpha), torch.distributions.Dirichlet(double([0.4] * 3))
    )
    torch.testing.assert_close(DirichletPosterior(alpha, 0.4).kl()[:, 0], torch_kl)


def test_dirichlet_draws_of_a_small_concentration_keep_their_density_in_float32():
    """At alpha = 0.02 theta itself would be 0 in most draws; the mean of log q - log p over draws is still the KL."""
    latent = Dirichlet(4, 0.1)
    q = latent.posterior(torch.full((1, 4), math.log(0.02)), None, None)
    z = q.sample(20_000, generator())
    draws = (q.log_prob(z) - latent.log_prior(z))[:, 0]
    assert z.dtype == torch.float32
    assert (latent.transform(z) == 0).any()
    assert abs(draws.mean() - q.kl()[0, 0]) < 4.5 * draws.std() / math.sqrt(len(draws))


def test_dirichlet_draws_have_beta_marginals():
    alpha = double([[0.4, 2.0, 1.1]])
    theta = Dirichlet(3).transform(DirichletPosterior(alpha, 1.0).sample(5_000, generator()))[:, 0]
    for k in range(3):
        marginal = stats.beta(alpha[0, k].item(), (alpha.sum() - alpha[0, k]).item())
        assert stats.kstest(theta[:, k].numpy(), marginal.cdf).pvalue > 1e-3


# Normalised


def test_gammas_of_one_rate_over_their_sum_are_a_dirichlet():
    alpha = double([0.4, 2.0, 1.1])
    latent = Normalised(Gamma(3))
    q = latent.posterior(torch.cat([alpha.log(), double([1.7] * 3)])[None], None, None)
    theta = latent.transform(q.sample(5_000, generator()))[:, 0]
    for k in range(3):
        marginal = stats.beta(alpha[k].item(), (alpha.sum() - alpha[k]).item())
        assert stats.kstest(theta[:, k].numpy(), marginal.cdf).pvalue > 1e-3
    torch.testing.assert_close(latent.transform(q.mean)[0], alpha / alpha.sum())


@pytest.mark.parametrize("kind", [Gamma, Weibull])
def test_a_prior_of_gammas_is_that_of_a_dirichlet(kind):
    latent = Normalised(kind(4, 0.3))
    theta = latent.transform(latent.sample_prior(5_000, generator()))[:, 0]
    assert stats.kstest(theta[:, 1].numpy(), stats.beta(0.3, 0.9).cdf).pvalue > 1e-3


@pytest.mark.parametrize("kind", [Gamma, Weibull])
def test_densities_are_those_of_what_is_normalised(kind):
    """The divergence is more than that of theta alone by what the sum says: for Gammas of one rate, one of Gammas."""
    positive = kind(3, 0.3)
    latent = Normalised(positive)
    parameters = torch.randn(2, 6, generator=generator(), dtype=torch.float64)
    q = latent.posterior(parameters, None, None)
    z = q.sample(4, generator())
    assert torch.equal(q.kl(), positive.posterior(parameters, None, None).kl())
    assert torch.equal(latent.log_prior(z), positive.log_prior(z))
    torch.testing.assert_close(latent.transform(7.0 * z), latent.transform(z))


def test_the_sum_costs_the_bound_a_divergence_of_its_own():
    """Gamma(alpha, b) over their sum: theta and the sum are independent, and so their divergences add up."""
    alpha, rate = double([[0.4, 2.0, 1.1]]), double(3.0)
    latent = Normalised(Gamma(3, 0.3))
    q = latent.posterior(torch.cat([alpha.log(), rate.log().expand(1, 3)], 1), None, None)
    total = torch.distributions.Gamma(alpha.sum(), rate)
    of_sum = torch.distributions.kl_divergence(total, torch.distributions.Gamma(double(0.9), double(1.0)))
    torch.testing.assert_close(q.kl().sum(), DirichletPosterior(alpha, 0.3).kl().sum() + of_sum)


# Stick-breaking


def test_sticks_by_hand():
    theta = StickBreaking(4).transform(double([0.5, 0.2, 0.75]))
    torch.testing.assert_close(theta, double([0.5, 0.1, 0.3, 0.1]))


def test_weights_of_the_mean_sticks_are_the_mean_weights():
    latent = StickBreaking(4)
    q = latent.posterior(torch.randn(1, 6, generator=generator(), dtype=torch.float64), None, None)
    weights = latent.transform(q.sample(20_000, generator()))[:, 0]
    error = (weights.mean(0) - latent.transform(q.mean)[0]).abs()
    assert (error < 4.5 * weights.std(0) / math.sqrt(len(weights))).all()


def test_kumaraswamy_density_and_moments_are_those_of_torch():
    a, b = double([[0.3, 2.0, 5.0]]), double([[1.2, 3.0, 9.0]])
    q = KumaraswamyPosterior(a, b, 1.0)
    v = double([0.02, 0.6, 0.99]).expand(1, 1, 3)
    expected = torch.distributions.Kumaraswamy(a, b)
    torch.testing.assert_close(q.log_prob(v), expected.log_prob(v).sum(-1))
    torch.testing.assert_close(q.mean, expected.mean)
    torch.testing.assert_close(q.variance(), expected.variance)


def test_stick_prior_is_the_beta_of_torch_and_its_draws_follow_it():
    latent = StickBreaking(3, 2.5)
    v = double([[[0.1, 0.8]]])
    expected = torch.distributions.Beta(double(1.0), double(2.5)).log_prob(v).sum(-1)
    torch.testing.assert_close(latent.log_prior(v), expected)
    draws = latent.sample_prior(5_000, generator())[:, 0, 0]
    assert stats.kstest(draws.numpy(), stats.beta(1.0, 2.5).cdf).pvalue > 1e-3


def test_expected_log_rest_is_closed_where_the_stick_is_a_beta():
    """a = 1: v ~ Beta(1, b), -1 / b. b = 1: v ~ Beta(a, 1), psi(1) - psi(1 + a)."""
    values = double([0.2, 0.5, 1.0, 3.0, 40.0, 400.0])
    one = torch.ones_like(values)
    at_least_one = values.clamp_min(1.0)
    torch.testing.assert_close(expected_log_rest(one, at_least_one), -1.0 / at_least_one, rtol=1e-11, atol=1e-12)
    expected = torch.digamma(one) - torch.digamma(1.0 + values)
    torch.testing.assert_close(expected_log_rest(values, one), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(0.2, 1.5), (0.5, 20.0), (3.0, 2.0), (30.0, 4.0), (400.0, 400.0)])
def test_expected_log_rest_and_its_gradient_against_quadrature(a, b):
    """The integral over u of log(1 - v(u)), by scipy in the variable t = log(-log u), and its finite differences."""

    def integral(a, b):
        def integrand(t):
            x = math.exp(t)
            log_v = math.log(-math.expm1(-x / b)) / a if x / b < 1 else math.log1p(-math.exp(-x / b)) / a
            return math.exp(t - x) * math.log(-math.expm1(log_v))

        return integrate.quad(integrand, -40.0, 4.0, epsabs=1e-13, epsrel=1e-13, limit=500)[0]

    one, other = double(a).requires_grad_(), double(b).requires_grad_()
    value = expected_log_rest(one, other)
    assert value.item() == pytest.approx(integral(a, b), rel=1e-10, abs=1e-12)
    value.backward()
    step = 1e-3
    for leaf, low, high in (
        (one, integral(a * (1 - step), b), integral(a * (1 + step), b)),
        (other, integral(a, b * (1 - step)), integral(a, b * (1 + step))),
    ):
        assert leaf.grad.item() * leaf.item() == pytest.approx((high - low) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("prior", [1.0, 5.0])
@pytest.mark.parametrize(("a", "b"), [(0.4, 1.3), (3.0, 6.0)])
def test_stick_kl_against_quadrature(a, b, prior):
    q = KumaraswamyPosterior(double([[a]]), double([[b]]), prior)

    def integrand(v):
        log_q = q.log_prob(double([[[v]]])).item()
        return math.exp(log_q) * (log_q - stats.beta.logpdf(v, 1.0, prior))

    expected = integrate.quad(integrand, 0, 0.01, limit=300)[0] + integrate.quad(integrand, 0.01, 1, limit=300)[0]
    assert q.kl().item() == pytest.approx(expected, rel=1e-7)


def test_stick_mean_is_its_first_moment():
    """b B(1 + 1 / a, b)."""
    q = KumaraswamyPosterior(double([[2.0]]), double([[3.0]]), 1.0)
    assert q.mean.item() == pytest.approx(3.0 * special.beta(1.5, 3.0), rel=1e-13)
