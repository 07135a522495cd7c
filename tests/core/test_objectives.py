"""Bounds on a linear-Gaussian model, whose log p(x) is known, and against hand-written log weights.

x | z ~ N(W z + c, s^2 I), z ~ N(0, I): then x ~ N(c, W W^T + s^2 I) and z | x is Gaussian in closed form.
With the columns of W orthogonal the exact posterior is diagonal, and q can be it.
"""

import math

import pytest
import torch
from torch import nn

from neuraltopic.core.latents import DiagonalGaussian, DiagonalPosterior, gaussian_log_density
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.training import bounds
from neuraltopic.core.vae import VAE
from tests.parts import OBJECTIVES, generator

D, K, B = 4, 2, 6
LOG_STD = math.log(0.7)


class LinearGaussian(nn.Module):
    """The decoder of the linear-Gaussian model."""

    def __init__(self):
        super().__init__()
        orthogonal = torch.linalg.qr(torch.randn(D, K, generator=generator(3), dtype=torch.float64))[0]
        self.W = nn.Parameter((orthogonal * torch.tensor([1.5, 0.8], dtype=torch.float64)).contiguous())
        self.c = nn.Parameter(torch.linspace(-1, 1, D, dtype=torch.float64))

    def log_likelihood(self, z, x):
        log_variance = torch.full((D,), 2 * LOG_STD, dtype=torch.float64)
        return gaussian_log_density(x, z @ self.W.T + self.c, log_variance)


class Affine(nn.Module):
    """An encoder that puts out a mean affine in x, and one log variance for all x."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(K, D, dtype=torch.float64))
        self.shift = nn.Parameter(torch.zeros(K, dtype=torch.float64))
        self.log_variance = nn.Parameter(torch.zeros(K, dtype=torch.float64))

    def forward(self, x, decoder, generator=None):
        mean = x @ self.gain.T + self.shift
        return torch.cat([mean, self.log_variance.expand_as(mean)], 1)


def linear_gaussian(exact: bool = True) -> VAE:
    """The model; its encoder is the exact posterior, or one that is off in mean and variance."""
    model = VAE(Affine(), DiagonalGaussian(K), LinearGaussian())
    variance = math.exp(2 * LOG_STD)
    W, c = model.decoder.W.detach(), model.decoder.c.detach()
    posterior_variance = 1.0 / (1.0 + W.square().sum(0) / variance)  # (K,)
    gain = posterior_variance[:, None] * W.T / variance  # (K, D)
    with torch.no_grad():
        model.encoder.gain.copy_(gain if exact else 0.5 * gain)
        model.encoder.shift.copy_(-gain @ c)
        model.encoder.log_variance.copy_(posterior_variance.log() + (0.0 if exact else 0.8))
    return model


def log_weights(model: VAE, x: torch.Tensor, n_samples: int, noise: torch.Generator) -> torch.Tensor:
    """log p(x | z) + log p(z) - log q(z | x), (S, B): (17.22) and (17.23) as they are written."""
    q = model.posterior(x)
    z = q.sample(n_samples, noise)
    return model.log_likelihood(z, x) + model.latent.log_prior(z) - q.log_prob(z)


def log_evidence(model: VAE, x: torch.Tensor) -> torch.Tensor:
    W, c = model.decoder.W.detach(), model.decoder.c.detach()
    covariance = W @ W.T + math.exp(2 * LOG_STD) * torch.eye(D, dtype=torch.float64)
    return torch.distributions.MultivariateNormal(c, covariance).log_prob(x)


@pytest.fixture
def x():
    return torch.randn(B, D, generator=generator(1), dtype=torch.float64)


def test_every_log_weight_is_the_log_evidence_under_the_exact_posterior(x):
    model = linear_gaussian()
    weights = log_weights(model, x, 7, generator())
    torch.testing.assert_close(weights, log_evidence(model, x).expand(7, B), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_samples", [1, 3, 64])
def test_importance_weighted_bound_is_exact_under_the_exact_posterior(x, n_samples):
    model = linear_gaussian()
    value = ImportanceWeighted(n_samples)(model, x, generator()).value
    torch.testing.assert_close(value, log_evidence(model, x), rtol=1e-12, atol=1e-12)


def test_elbo_is_exact_in_expectation_under_the_exact_posterior(x):
    """The KL is closed and the rest sampled, so the mean over draws is exact within its standard error."""
    model = linear_gaussian()
    draws = torch.stack([ELBO(50)(model, x, generator(seed)).value for seed in range(200)])
    error = (draws.mean(0) - log_evidence(model, x)).abs()
    assert (error < 4 * draws.std(0) / math.sqrt(200)).all()
    assert error.max() < 0.05


def test_bounds_by_hand(x):
    """Both bounds from the same noise, written out one sample and one row at a time."""
    model = linear_gaussian(exact=False)
    q = model.posterior(x)
    noise = torch.randn((3, B, K), generator=generator(), dtype=torch.float64)
    std = torch.exp(0.5 * q.log_variance)
    elbo, iwae = [], []
    for row in range(B):
        weights, reconstructions = [], []
        normal = torch.distributions.Normal(q.mean[row], std[row])
        prior = torch.distributions.Normal(0.0, torch.ones(K, dtype=torch.float64))
        for sample in range(3):
            z = q.mean[row] + std[row] * noise[sample, row]
            likelihood = torch.distributions.Normal(model.decoder.W @ z + model.decoder.c, math.exp(LOG_STD))
            reconstructions.append(likelihood.log_prob(x[row]).sum())
            weights.append(reconstructions[-1] + prior.log_prob(z).sum() - normal.log_prob(z).sum())
        elbo.append(torch.stack(reconstructions).mean() - torch.distributions.kl_divergence(normal, prior).sum())
        iwae.append(torch.stack(weights).exp().mean().log())
    torch.testing.assert_close(ELBO(3)(model, x, generator()).value, torch.stack(elbo).detach())
    torch.testing.assert_close(ImportanceWeighted(3)(model, x, generator()).value, torch.stack(iwae).detach())


def test_importance_weighted_bound_climbs_to_the_log_evidence(x):
    model = linear_gaussian(exact=False)
    truth = log_evidence(model, x).mean()
    means = [
        torch.stack([ImportanceWeighted(k)(model, x, generator(s)).value for s in range(300)]).mean()
        for k in (1, 4, 16, 256)
    ]
    assert means[0] < means[1] < means[2] < means[3]
    assert truth - means[0] > 0.2
    assert abs(means[3] - truth) < 0.02


def test_one_importance_sample_is_the_elbo_with_the_kl_from_the_same_draw(x):
    model = linear_gaussian(exact=False)
    q = model.posterior(x)
    z = q.sample(1, generator())
    sampled_kl = (q.log_prob(z) - model.latent.log_prior(z))[0]
    elbo = ELBO(1)(model, x, generator()).value
    expected = elbo + q.kl().sum(-1) - sampled_kl
    torch.testing.assert_close(ImportanceWeighted(1)(model, x, generator()).value, expected.detach())


def test_elbo_with_the_kl_from_the_draws_is_the_mean_log_weight(x):
    model = linear_gaussian(exact=False)
    weights = log_weights(model, x, 3, generator())
    bound = ELBO(3, closed_kl=False)(model, x, generator())
    torch.testing.assert_close(bound.value, weights.mean(0).detach(), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(bound.surrogate, weights.mean(0), rtol=1e-13, atol=1e-13)


def test_samples_in_chunks_give_the_bound_of_all_at_once(x):
    """The same draws, since each chunk takes the generator where the last left it."""
    model = linear_gaussian(exact=False)
    noise = generator()
    weights = torch.cat([log_weights(model, x, size, noise) for size in (4, 4, 2)])
    expected = torch.logsumexp(weights, 0) - math.log(10)
    value = ImportanceWeighted(10, at_once=4)(model, x, generator()).value
    torch.testing.assert_close(value, expected.detach(), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradient_against_finite_differences(name, x):
    model = linear_gaussian(exact=False)
    objective = OBJECTIVES[name](3)

    def mean_bound():
        return objective(model, x, generator()).surrogate.mean()

    mean_bound().backward()
    for parameter in model.parameters():
        numeric = torch.zeros_like(parameter)
        for index in range(parameter.numel()):
            values = []
            for shift in (1e-6, -1e-6):
                with torch.no_grad():
                    parameter.view(-1)[index] += shift
                    values.append(mean_bound())
                    parameter.view(-1)[index] -= shift
            numeric.view(-1)[index] = (values[0] - values[1]) / 2e-6
        torch.testing.assert_close(parameter.grad, numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_order_of_the_samples_changes_nothing(name, x, monkeypatch):
    """Reversed noise, the same bound."""
    model = linear_gaussian(exact=False)
    forward = OBJECTIVES[name](5)(model, x, generator()).value
    sample = DiagonalPosterior.sample
    monkeypatch.setattr(DiagonalPosterior, "sample", lambda *arguments: sample(*arguments).flip(0))
    torch.testing.assert_close(OBJECTIVES[name](5)(model, x, generator()).value, forward, rtol=1e-13, atol=1e-13)


def test_kl_weight_moves_the_surrogate_and_never_the_reported_bound(x):
    model = linear_gaussian(exact=False)
    full, half = ELBO(2)(model, x, generator(), 1.0), ELBO(2)(model, x, generator(), 0.5)
    torch.testing.assert_close(half.value, full.value, rtol=0, atol=0)
    kl = model.posterior(x).kl().sum(-1)
    torch.testing.assert_close(half.surrogate - full.surrogate, 0.5 * kl)
    torch.testing.assert_close(full.surrogate.detach(), full.value)


def test_kl_weight_of_zero_leaves_the_likelihood_alone_in_the_importance_weighted_surrogate(x):
    model = linear_gaussian(exact=False)
    bound = ImportanceWeighted(5)(model, x, generator(), 0.0)
    z = model.posterior(x).sample(5, generator())
    expected = torch.logsumexp(model.log_likelihood(z, x), 0) - math.log(5)
    torch.testing.assert_close(bound.surrogate, expected)
    torch.testing.assert_close(bound.value, ImportanceWeighted(5)(model, x, generator()).value)


def test_bounds_leave_the_mode_as_it_was_and_take_no_gradient(x):
    class Rows:
        def __len__(self):
            return B

        def batch(self, rows, generator=None):
            return x[rows]

    model = linear_gaussian().train()
    values = torch.cat(list(bounds(model, Rows(), ImportanceWeighted(2), generator(), 4)))
    assert model.training
    assert not values.requires_grad
    torch.testing.assert_close(values, log_evidence(model, x), rtol=1e-12, atol=1e-12)
