"""Newton inference: the maximum, the Gaussian around it, and what of it depends on the start."""

import math

import pytest
import torch

from neuraltopic.core.laplace import RefinedGaussian, laplace_posterior
from neuraltopic.core.latents import CorrelatedPosterior, DiagonalPosterior
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.vae import VAE
from neuraltopic.documents.encoder import SufficientStatisticsEncoder
from neuraltopic.documents.energy_softmax import EnergySoftmax
from tests.parts import H, K, V, documents, generator, randomise, sparse_rows


@pytest.fixture
def model():
    return randomise(VAE(SufficientStatisticsEncoder(K, H), RefinedGaussian(K), EnergySoftmax(K, V))).eval()


@pytest.fixture
def counts():
    return documents(6)


def log_joint(model, z, dense):
    """log p(x, z) up to a constant, from the dense definition."""
    log_p = torch.log_softmax(z @ model.decoder.weight.T + model.decoder.bias, -1)
    return (dense * log_p).sum(-1) - 0.5 * z.square().sum(-1)


def test_mean_is_the_maximum_of_the_log_joint(model, counts):
    q = model.posterior(sparse_rows(counts))
    z = q.mean.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(log_joint(model, z, counts).sum(), z)
    assert gradient.abs().max() < 1e-8


def test_precision_is_minus_the_hessian_at_the_maximum(model, counts):
    q = model.posterior(sparse_rows(counts))
    precision = q.precision_cholesky @ q.precision_cholesky.mT
    for row in range(len(counts)):
        hessian = torch.autograd.functional.hessian(
            lambda z, row=row: log_joint(model, z, counts[row]), q.mean[row].detach()
        )
        torch.testing.assert_close(precision[row], -hessian, rtol=2e-2, atol=2e-2)


def test_start_changes_nothing(model, counts):
    """The maximum is unique, so another encoder gives the same posterior."""
    before = model.posterior(sparse_rows(counts)).mean
    randomise(model.encoder, std=30.0, seed=5)
    after = model.posterior(sparse_rows(counts)).mean
    torch.testing.assert_close(after, before, rtol=1e-8, atol=1e-9)


def test_row_alone_gives_the_row_it_gives_among_others(model, counts):
    together = model.float().posterior(sparse_rows(counts.float())).mean
    for row in range(len(counts)):
        alone = model.posterior(sparse_rows(counts[row : row + 1].float())).mean
        assert torch.equal(alone[0], together[row])


def test_empty_document_has_the_prior(model, counts):
    q = model.posterior(sparse_rows(counts))
    assert q.mean[0].abs().max() == 0
    torch.testing.assert_close(q.covariance()[0], torch.eye(K, dtype=torch.float64))
    assert q.kl()[0].item() == pytest.approx(0.0, abs=1e-12)


def test_huge_counts_converge(model):
    counts = torch.zeros(2, V, dtype=torch.float64)
    counts[0, 1], counts[1, :] = 1e5, 1e4
    z = model.posterior(sparse_rows(counts)).mean.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(log_joint(model, z, counts).sum(), z)
    assert gradient.abs().max() < 1e-6


def test_density_and_kl_against_torch_distributions(model, counts):
    q = model.posterior(sparse_rows(counts))
    precision = q.precision_cholesky @ q.precision_cholesky.mT
    normal = torch.distributions.MultivariateNormal(q.mean, precision_matrix=precision)
    prior = torch.distributions.MultivariateNormal(torch.zeros(K).double(), torch.eye(K).double())
    z = q.sample(4, generator())
    torch.testing.assert_close(q.log_prob(z), normal.log_prob(z))
    torch.testing.assert_close(model.latent.log_prior(z), prior.log_prob(z))
    torch.testing.assert_close(q.kl().sum(-1), torch.distributions.kl_divergence(normal, prior))
    torch.testing.assert_close(q.variance(), normal.variance)


def test_samples_have_the_mean_and_the_covariance():
    cholesky = torch.tensor([[[2.0, 0.0], [1.0, 0.5]]], dtype=torch.float64)
    q = CorrelatedPosterior(torch.tensor([[1.0, -2.0]], dtype=torch.float64), cholesky)
    z = q.sample(200_000, generator())[:, 0]
    torch.testing.assert_close(z.mean(0), q.mean[0], atol=0.02, rtol=0)
    expected = torch.linalg.inv(cholesky[0] @ cholesky[0].T)
    torch.testing.assert_close(torch.cov(z.T), expected, atol=0.06, rtol=0)


def test_trains_on_the_amortised_posterior(model, counts):
    x = sparse_rows(counts)
    assert isinstance(model.train().posterior(x), DiagonalPosterior)
    assert isinstance(model.eval().posterior(x), CorrelatedPosterior)


def test_a_step_too_long_is_halved():
    """log p(x, z) = -|z|^2 / 2 - 25 log cosh z: its curvature at 4 is next to nothing, and a full step overshoots."""

    class LogCosh:
        def gradient(self, z, x):
            return -25 * torch.tanh(z)

        def expansion(self, z, x):
            value = -25 * (torch.logaddexp(z, -z) - math.log(2)).sum(-1)
            return value, self.gradient(z, x), 25 * (1 - torch.tanh(z) ** 2)[..., None]

    start = torch.tensor([[4.0], [0.9], [-6.0]], dtype=torch.float64)
    q = laplace_posterior(start, start, LogCosh())
    assert q.mean.abs().max() < 1e-8
    torch.testing.assert_close(
        q.precision_cholesky.flatten(), torch.full((3,), math.sqrt(26.0)).double(), rtol=1e-3, atol=0
    )


def test_bound_is_closer_to_the_evidence_than_a_poor_gaussian(model, counts):
    """With many samples the importance-weighted bound is nearly log p(x); the Laplace bound is within 0.1 of it."""
    x = sparse_rows(counts)
    elbo = ELBO(20_000)(model, x, generator()).value
    evidence = ImportanceWeighted(20_000, at_once=20_000)(model, x, generator()).value
    assert (elbo <= evidence + 0.03).all()
    assert (evidence - elbo).max() < 0.1
