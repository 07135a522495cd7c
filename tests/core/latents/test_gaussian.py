"""Gaussian latents against torch.distributions, hand values and the linear-Gaussian model."""

import math

import pytest
import torch

from neuraltopic.core.latents.full_gaussian import FullGaussian, FullPosterior
from neuraltopic.core.latents.gaussian import (
    CorrelatedPosterior,
    DiagonalGaussian,
    DiagonalPosterior,
    gaussian_log_density,
    standard_normal_log_density,
)
from neuraltopic.core.latents.refined_gaussian import RefinedGaussian
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.vae import VAE
from tests.parts import K, generator


@pytest.fixture
def mean():
    return torch.randn(5, K, generator=generator(1), dtype=torch.float64)


@pytest.fixture(params=["diagonal", "correlated"])
def q(request, mean):
    noise = torch.randn(5, K, K, generator=generator(2), dtype=torch.float64)
    if request.param == "diagonal":
        return DiagonalPosterior(mean, noise[:, 0])
    return CorrelatedPosterior(mean, torch.linalg.cholesky(noise @ noise.mT + torch.eye(K)))


@pytest.mark.parametrize("kind", [DiagonalGaussian, RefinedGaussian])
def test_latent_takes_what_an_encoder_puts_out(kind, mean):
    """Mean and log variance in their order, while training and where no decoder is asked."""
    latent = kind(K).train()
    assert latent.n_parameters == 2 * K
    q = latent.posterior(torch.cat([mean, -mean], 1), None, None)
    assert torch.equal(q.mean, mean)
    torch.testing.assert_close(q.variance(), torch.exp(-mean))
    z = mean[None]
    prior = torch.distributions.Normal(torch.zeros(K), torch.ones(K))
    torch.testing.assert_close(latent.log_prior(z), prior.log_prob(z).sum(-1))


def test_kl_agrees_with_monte_carlo(q):
    z = q.sample(20_000, generator())
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


def test_detached_posterior_is_the_same_and_takes_no_gradient(q):
    leaf = q.mean.clone().requires_grad_()
    attached = q._replace(mean=leaf)
    z = q.sample(2, generator())
    torch.testing.assert_close(attached.detach().log_prob(z), q.log_prob(z), rtol=0, atol=0)
    assert attached.log_prob(z).requires_grad
    assert not attached.detach().log_prob(z).requires_grad


def test_full_posterior_against_torch_distributions(mean):
    noise = torch.randn(5, K, K, generator=generator(2), dtype=torch.float64)
    cholesky = torch.linalg.cholesky(noise @ noise.mT + torch.eye(K))
    q = FullPosterior(mean, cholesky)
    normal = torch.distributions.MultivariateNormal(mean, scale_tril=cholesky)
    prior = torch.distributions.MultivariateNormal(torch.zeros(K).double(), torch.eye(K).double())
    z = q.sample(4, generator())
    torch.testing.assert_close(q.log_prob(z), normal.log_prob(z))
    torch.testing.assert_close(q.kl()[:, 0], torch.distributions.kl_divergence(normal, prior))
    torch.testing.assert_close(q.variance(), normal.variance)


def test_full_gaussian_reads_mean_log_diagonal_and_rows_below_it():
    parameters = torch.tensor([[1.0, 2.0, 3.0, 0.0, math.log(2.0), math.log(3.0), 4.0, 5.0, 6.0]])
    q = FullGaussian(3).posterior(parameters, None, None)
    assert q.mean.tolist() == [[1.0, 2.0, 3.0]]
    torch.testing.assert_close(q.cholesky[0], torch.tensor([[1.0, 0, 0], [4.0, 2.0, 0], [5.0, 6.0, 3.0]]))


class Affine(torch.nn.Module):
    """x | z ~ N(W z, 1/2 I) with W's columns not orthogonal, and its exact posterior as the encoder's output."""

    def __init__(self):
        super().__init__()
        self.W = torch.randn(4, K, generator=generator(3), dtype=torch.float64)
        self.covariance = torch.linalg.inv(torch.eye(K) + 2.0 * self.W.T @ self.W)

    def forward(self, x, decoder, generator=None):
        cholesky = torch.linalg.cholesky(self.covariance)
        rows, columns = torch.tril_indices(K, K, -1)
        spread = torch.cat([cholesky.diagonal().log(), cholesky[rows, columns]])
        return torch.cat([2.0 * x @ self.W @ self.covariance, spread.expand(len(x), -1)], 1)

    def log_likelihood(self, z, x):
        return torch.distributions.Normal(z @ self.W.T, math.sqrt(0.5)).log_prob(x).sum(-1)


def test_every_bound_is_the_log_evidence_when_the_full_covariance_is_exact():
    affine = Affine()
    model = VAE(affine, FullGaussian(K), affine)
    x = torch.randn(5, 4, generator=generator(1), dtype=torch.float64)
    covariance = affine.W @ affine.W.T + 0.5 * torch.eye(4)
    truth = torch.distributions.MultivariateNormal(torch.zeros(4).double(), covariance).log_prob(x)
    for bound in (ELBO(3, closed_kl=False), ImportanceWeighted(3)):
        torch.testing.assert_close(bound(model, x, generator()).value, truth, rtol=1e-12, atol=1e-12)
