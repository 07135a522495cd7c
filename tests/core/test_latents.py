"""Latents against torch.distributions, hand values and Monte Carlo."""

import math

import pytest
import torch

from neuraltopic.core.latents import (
    CorrelatedPosterior,
    DiagonalGaussian,
    DiagonalPosterior,
    gaussian_log_density,
    standard_normal_log_density,
)
from tests.parts import LATENTS, K, generator


@pytest.fixture
def mean():
    return torch.randn(5, K, generator=generator(1), dtype=torch.float64)


@pytest.fixture(params=["diagonal", "correlated"])
def q(request, mean):
    noise = torch.randn(5, K, K, generator=generator(2), dtype=torch.float64)
    if request.param == "diagonal":
        return DiagonalPosterior(mean, noise[:, 0])
    return CorrelatedPosterior(mean, torch.linalg.cholesky(noise @ noise.mT + torch.eye(K)))


@pytest.mark.parametrize("name", LATENTS)
def test_latent_takes_what_an_encoder_puts_out(name, mean):
    """Mean and log variance in their order, while training and where no decoder is asked."""
    latent = LATENTS[name]().train()
    assert latent.n_parameters == 2 * K
    q = latent.posterior(torch.cat([mean, -mean], 1), None, None)
    assert torch.equal(q.mean, mean)
    torch.testing.assert_close(q.variance(), torch.exp(-mean))
    z = mean[None]
    prior = torch.distributions.Normal(torch.zeros(K), torch.ones(K))
    torch.testing.assert_close(latent.log_prior(z), prior.log_prob(z).sum(-1))


def test_kl_agrees_with_monte_carlo(q):
    z = q.sample(200_000, generator())
    draws = q.log_prob(z) - standard_normal_log_density(z)  # (S, B)
    error = (draws.mean(0) - q.kl().sum(-1)).abs()
    assert (error < 4 * draws.std(0) / math.sqrt(len(draws))).all()
    assert (q.kl() > 0).all()


def test_kl_is_zero_at_the_prior():
    zero, eye = torch.zeros(2, K), torch.eye(K).expand(2, K, K)
    assert DiagonalPosterior(zero, zero).kl().abs().max() == 0
    assert CorrelatedPosterior(zero, eye).kl().abs().max() == 0


def test_sample_keeps_its_axis_when_there_is_one(q):
    assert q.sample(1, generator()).shape == (1, 5, K)


def test_sample_repeats_with_the_generator_and_leaves_the_global_one_alone(q):
    state = torch.random.get_rng_state()
    first, again, other = (q.sample(3, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_diagonal_posterior_against_torch_distributions(mean):
    q = DiagonalPosterior(mean, mean.flip(0))
    normal = torch.distributions.Normal(q.mean, torch.exp(0.5 * q.log_variance))
    prior = torch.distributions.Normal(torch.zeros(K), torch.ones(K))
    z = q.sample(4, generator())
    torch.testing.assert_close(q.log_prob(z), normal.log_prob(z).sum(-1))
    torch.testing.assert_close(q.kl(), torch.distributions.kl_divergence(normal, prior))


def test_gaussian_kl_by_hand():
    """Mean 2, variance e: (4 + e - 1 - 1) / 2."""
    q = DiagonalPosterior(torch.tensor([[2.0]]), torch.tensor([[1.0]]))
    assert q.kl().item() == pytest.approx((2 + math.e) / 2, rel=1e-6)


def test_gaussian_reparameterisation_by_hand():
    """z = mean + std e, so its gradient is 1 in the mean and std e / 2 in the log variance (17.12)."""
    mean = torch.tensor([[0.3]], dtype=torch.float64, requires_grad=True)
    log_variance = torch.tensor([[-0.4]], dtype=torch.float64, requires_grad=True)
    z = DiagonalPosterior(mean, log_variance).sample(1, generator())
    noise = torch.randn((1, 1, 1), generator=generator(), dtype=torch.float64)
    std = math.exp(-0.2)
    assert z.item() == pytest.approx(0.3 + std * noise.item(), rel=1e-14)
    z.sum().backward()
    assert mean.grad.item() == 1.0
    assert log_variance.grad.item() == pytest.approx(0.5 * std * noise.item(), rel=1e-14)


def test_gaussian_log_density_by_hand():
    value = gaussian_log_density(torch.tensor([1.0]), torch.tensor([0.0]), torch.tensor([math.log(4.0)]))
    assert value.item() == pytest.approx(-0.5 * (0.25 + math.log(4.0) + math.log(2 * math.pi)), rel=1e-6)


def test_extreme_encoder_output_keeps_the_kl_finite():
    q = DiagonalGaussian(1).posterior(torch.tensor([[0.0, 1e4], [0.0, -1e4]]), None, None)
    assert torch.isfinite(q.kl()).all()


def test_detached_posterior_is_the_same_and_takes_no_gradient(q):
    leaf = q.mean.clone().requires_grad_()
    attached = q._replace(mean=leaf)
    z = q.sample(2, generator())
    torch.testing.assert_close(attached.detach().log_prob(z), q.log_prob(z), rtol=0, atol=0)
    assert attached.log_prob(z).requires_grad
    assert not attached.detach().log_prob(z).requires_grad


def test_prior_draws_of_the_gaussian_are_standard_normal_and_seen_as_they_are():
    latent = DiagonalGaussian(K)
    z = latent.sample_prior(50_000, generator())
    assert z.shape == (50_000, 1, K)
    assert z.mean(0).abs().max() < 4 / math.sqrt(50_000)
    assert (z.var(0) - 1).abs().max() < 4 * math.sqrt(2 / 50_000)
    assert latent.transform(z) is z
