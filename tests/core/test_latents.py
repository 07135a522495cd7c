"""Latents against torch.distributions, hand values and Monte Carlo."""

import math

import pytest
import torch

from neuraltopic.core.latents import DiagonalGaussian, GaussianPosterior, gaussian_log_density
from tests.parts import LATENTS, H, K, generator, randomise


@pytest.fixture(params=LATENTS)
def latent(request):
    return randomise(LATENTS[request.param]())


@pytest.fixture
def q(latent):
    return latent(torch.randn(5, H, generator=generator(1), dtype=torch.float64))


def test_kl_agrees_with_monte_carlo(latent, q):
    z = latent.sample(q, 200_000, generator())
    draws = latent.log_prob(q, z) - latent.log_prior(z)  # (S, B)
    error = (draws.mean(0) - latent.kl(q).sum(-1)).abs()
    assert (error < 4 * draws.std(0) / math.sqrt(len(draws))).all()


def test_kl_is_zero_at_the_prior_and_positive_elsewhere(latent, q):
    assert (latent.kl(q) > 0).all()
    prior = GaussianPosterior(torch.zeros(2, K), torch.zeros(2, K))
    assert (latent.kl(prior) == 0).all()


def test_sample_keeps_its_axis_when_there_is_one(latent, q):
    assert latent.sample(q, 1, generator()).shape == (1, 5, K)


def test_sample_repeats_with_the_generator_and_leaves_the_global_one_alone(latent, q):
    state = torch.random.get_rng_state()
    first, again, other = (latent.sample(q, 3, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_gaussian_against_torch_distributions(q):
    latent = DiagonalGaussian(H, K)
    normal = torch.distributions.Normal(q.mean, torch.exp(0.5 * q.log_variance))
    prior = torch.distributions.Normal(torch.zeros(K), torch.ones(K))
    z = latent.sample(q, 4, generator())
    torch.testing.assert_close(latent.log_prob(q, z), normal.log_prob(z).sum(-1))
    torch.testing.assert_close(latent.log_prior(z), prior.log_prob(z).sum(-1))
    torch.testing.assert_close(latent.kl(q), torch.distributions.kl_divergence(normal, prior))


def test_gaussian_kl_by_hand():
    """Mean 2, variance e: (4 + e - 1 - 1) / 2."""
    q = GaussianPosterior(torch.tensor([[2.0]]), torch.tensor([[1.0]]))
    assert DiagonalGaussian(1, 1).kl(q).item() == pytest.approx((2 + math.e) / 2, rel=1e-6)


def test_gaussian_reparameterisation_by_hand():
    """z = mean + std e, so its gradient is 1 in the mean and std e / 2 in the log variance (17.12)."""
    mean = torch.tensor([[0.3]], dtype=torch.float64, requires_grad=True)
    log_variance = torch.tensor([[-0.4]], dtype=torch.float64, requires_grad=True)
    latent = DiagonalGaussian(1, 1)
    z = latent.sample(GaussianPosterior(mean, log_variance), 1, generator())
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
    latent = DiagonalGaussian(1, 2)
    with torch.no_grad():
        latent.log_variance.weight.fill_(1e4)
    q = latent(torch.tensor([[1.0], [-1.0]]))
    assert torch.isfinite(latent.kl(q)).all()
