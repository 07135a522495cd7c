"""Posteriors fitted row by row, where the best one is known in closed form or found by brute force."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from neuraltopic.core import local_inference
from neuraltopic.core.latents.gaussian import DiagonalGaussian, DiagonalPosterior
from neuraltopic.core.latents.refined_logistic_normal import RefinedLogisticNormal
from neuraltopic.core.local_inference import fitted_posterior
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.vae import VAE
from neuraltopic.models.recipes.semi_amortised_prodlda import semi_amortised_prodlda
from tests.core.linear_gaussian import LOG_STD, B, D, K, linear_gaussian, log_evidence
from tests.parts import documents, generator, randomise, sparse_rows


@pytest.fixture
def x():
    return torch.randn(B, D, generator=generator(1), dtype=torch.float64)


def elbo(model: VAE, x: torch.Tensor, q: DiagonalPosterior) -> torch.Tensor:
    """E_q[log p(x | z)] - KL of the linear-Gaussian model, in closed form, (B,)."""
    W, c = model.decoder.W.detach(), model.decoder.c.detach()
    variance = math.exp(2 * LOG_STD)
    squares = (x - q.mean @ W.T - c).square().sum(1) + q.variance() @ W.square().sum(0)
    expected = -0.5 * (squares / variance + D * math.log(2 * math.pi * variance))
    return expected - q.kl().sum(1)


def test_posterior_of_a_linear_gaussian_model_is_found(x, monkeypatch):
    """Mean and variance of the exact posterior, from an encoder that is off by half the mean and 0.8 in the log."""
    monkeypatch.setattr(local_inference, "_STEPS", 4000)
    model, exact = linear_gaussian(exact=False), linear_gaussian().posterior(x)
    q = fitted_posterior(model, x, generator())
    assert (model.posterior(x).mean - exact.mean).abs().max() > 0.5
    assert (q.mean - exact.mean).abs().max() < 0.005
    assert (q.log_variance - exact.log_variance).abs().max() < 0.05


def test_steps_in_force_close_most_of_the_gap(x):
    model = linear_gaussian(exact=False)
    before = log_evidence(model, x) - elbo(model, x, model.posterior(x))
    for seed in range(5):
        gap = log_evidence(model, x) - elbo(model, x, fitted_posterior(model, x, generator(seed)))
        assert (gap > -1e-9).all()
        assert gap.mean() < 0.25 * before.mean()


def test_row_without_evidence_goes_to_the_prior():
    """Where log p(x | z) does not depend on z, ten steps leave 15/25 of the distance from the prior's precision."""

    class Deaf(torch.nn.Module):
        def log_likelihood(self, z, x):
            return 0.0 * z.sum(-1)

    model = VAE(linear_gaussian(exact=False).encoder, DiagonalGaussian(K), Deaf())
    rows = torch.randn(3, D, generator=generator(2), dtype=torch.float64)
    start = model.posterior(rows)
    q = fitted_posterior(model, rows, generator())
    expected = 1.0 + (torch.exp(-start.log_variance) - 1.0).clamp_min(0.0) * 15 / 25
    assert (torch.exp(-start.log_variance) > 1.2).any()
    torch.testing.assert_close(torch.exp(-q.log_variance), expected)
    assert q.mean.abs().max() < 0.3 * start.mean.abs().max()


def test_bound_on_the_simplex_is_the_best_there_is(monkeypatch):
    """Three shares, six words: the ELBO of the fitted q against the largest that BFGS finds from two starts, with
    expectations over one large set of draws for both."""
    monkeypatch.setattr(local_inference, "_STEPS", 2000)
    model, counts = simplex_model(), documents(4, 6)
    noise = torch.randn(4000, 1, 3, generator=generator(5), dtype=torch.float64)

    def value(row: int, parameters: torch.Tensor) -> torch.Tensor:
        mean, log_variance = parameters.view(2, 1, 3)
        at = DiagonalPosterior(mean, log_variance, model.latent.prior_mean, model.latent.prior_log_variance)
        z = at.mean + torch.exp(0.5 * at.log_variance) * noise
        return model.log_likelihood(z, sparse_rows(counts[row : row + 1])).mean() - at.kl().sum()

    def best(row: int, start: torch.Tensor) -> float:
        def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
            parameters = torch.from_numpy(point).requires_grad_()
            found = -value(row, parameters)
            return found.item(), torch.autograd.grad(found, parameters)[0].numpy()

        return -minimize(loss, start.numpy(), jac=True, method="BFGS").fun

    q, starts = (
        torch.cat([found.mean, found.log_variance], 1).detach()
        for found in (fitted_posterior(model, sparse_rows(counts), generator(1)), model.posterior(sparse_rows(counts)))
    )
    for row in range(4):
        largest = max(best(row, start) for start in (starts[row], torch.zeros(6, dtype=torch.float64)))
        assert value(row, starts[row]) < largest - 0.05
        assert largest - 0.02 < value(row, q[row]) < largest + 1e-3


def simplex_model() -> VAE:
    """A default of three topics and six words in float64, with random parameters, in eval mode."""
    model = randomise(semi_amortised_prodlda(6, 3), std=0.1)
    assert isinstance(model.latent, RefinedLogisticNormal)
    return model.eval()


@pytest.mark.parametrize(
    "objective", [ELBO(5, posterior=fitted_posterior), ImportanceWeighted(5, posterior=fitted_posterior)]
)
def test_bounds_take_the_posterior_they_are_given(x, objective):
    """Both are computed at q's draws, from the generator as the fit of q leaves it."""
    model = linear_gaussian(exact=False)
    noise = generator(3)
    q = fitted_posterior(model, x, noise)
    z = q.sample(5, noise)
    if isinstance(objective, ELBO):
        expected = model.log_likelihood(z, x).mean(0) - q.kl().sum(-1)
    else:
        weights = model.log_likelihood(z, x) + model.latent.log_prior(z) - q.log_prob(z)
        expected = torch.logsumexp(weights, 0) - math.log(5)
    torch.testing.assert_close(objective(model, x, generator(3)).value, expected)


def test_no_parameter_is_left_with_a_gradient(x):
    model = linear_gaussian(exact=False)
    q = fitted_posterior(model, x, generator())
    assert not q.mean.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())


def test_other_posteriors_are_refused(x):
    model = VAE(linear_gaussian().encoder, torch.nn.Module(), linear_gaussian().decoder)
    model.latent.posterior = lambda parameters, x, decoder: object()
    with pytest.raises(TypeError, match="expected a diagonal Gaussian, got object"):
        fitted_posterior(model, x, generator())
