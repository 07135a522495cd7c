"""Newton inference: the maximum, the Gaussian around it, and what of it depends on the start."""

import math

import pytest
import torch

from neuraltopic.core.latents import refined_gaussian
from neuraltopic.core.latents.gaussian import CorrelatedPosterior, DiagonalPosterior
from neuraltopic.core.latents.refined_gaussian import RefinedGaussian, laplace_posterior
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.vae import VAE
from neuraltopic.models.decoders import split_vocabulary
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.encoders.sufficient_statistics import SufficientStatisticsEncoder
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


def test_row_alone_gives_the_row_it_gives_among_others(model):
    """To rounding: no BLAS promises the same bits of a product for another number of rows."""
    counts = documents(40).float()
    together = model.float().posterior(sparse_rows(counts)).mean
    # The last step is in float64: left is the rounding of z, of order 1, to float32. One Newton step more moves z 1e-4.
    tolerance = 4 * torch.finfo(torch.float32).eps
    for row in range(len(counts)):
        alone = model.posterior(sparse_rows(counts[row : row + 1])).mean
        torch.testing.assert_close(alone[0], together[row], rtol=0, atol=tolerance)


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


class LogCosh:
    """log p(x, z) = -|z|^2 / 2 - 25 log cosh z, for which x is nothing but the number of rows."""

    def __init__(self, rough=None):
        self.stand_in = rough

    def likelihood_of(self, x):
        return self

    def __getitem__(self, rows):
        return self

    def rough(self):
        return self.stand_in

    def gradient(self, z):
        return -25 * torch.tanh(z)

    def expansion(self, z):
        value = -25 * (torch.logaddexp(z, -z) - math.log(2)).sum(-1)
        return value, self.gradient(z), 25 * (1 - torch.tanh(z) ** 2)[..., None]


class Parabola:
    """log p(x | z) = -5 (z - 0.3)^2, and where it was asked for."""

    def __init__(self):
        self.asked = []

    def __getitem__(self, rows):
        return self

    def expansion(self, z):
        self.asked.append(z.clone())
        return -5 * (z - 0.3).square().sum(-1), -10 * (z - 0.3), torch.full_like(z, 10.0)[..., None]


@pytest.mark.parametrize("rough", [None, Parabola()])
def test_a_step_too_long_is_halved(rough):
    """The curvature at 4 is next to nothing, and a full step overshoots."""
    start = torch.tensor([[4.0], [0.9], [-6.0]], dtype=torch.float64)
    q = laplace_posterior(start, start, LogCosh(rough))
    assert q.mean.abs().max() < 1e-8
    torch.testing.assert_close(
        q.precision_cholesky.flatten(), torch.full((3,), math.sqrt(26.0)).double(), rtol=1e-3, atol=0
    )


def test_the_rough_likelihood_is_climbed_to_its_top_first():
    rough, asked = Parabola(), []

    class Watched(LogCosh):
        def expansion(self, z):
            asked.append(z.clone())
            return super().expansion(z)

    start = torch.tensor([[4.0], [-9.0]], dtype=torch.float64)
    laplace_posterior(start, start, Watched(rough))
    assert torch.equal(rough.asked[0], start)
    torch.testing.assert_close(asked[0], torch.full_like(start, 3.0 / 11.0))


def test_quasi_newton_steps_satisfy_the_last_secant():
    """B^-1 y = s for the last pair and B^-1 = P^-1 without one; a pair of nothing changes nothing."""
    factors, noise = torch.randn(3, 4, 8, generator=generator(), dtype=torch.float64), generator(1)
    precision = factors @ factors.mT
    cholesky = torch.linalg.cholesky(torch.eye(4, dtype=torch.float64) + precision)
    pairs = []
    for _ in range(3):
        s = torch.randn(3, 4, generator=noise, dtype=torch.float64)
        pairs.append((s, (precision @ s[..., None])[..., 0]))
    s, y = pairs[-1]
    torch.testing.assert_close(refined_gaussian._quasi_newton(cholesky, y, pairs), s)
    without = torch.cholesky_solve(y[..., None], cholesky)[..., 0]
    torch.testing.assert_close(refined_gaussian._quasi_newton(cholesky, y, []), without)
    torch.testing.assert_close(refined_gaussian._quasi_newton(cholesky, y, [(0 * s, 0 * s)]), without)


@pytest.fixture
def large(monkeypatch):
    """A model whose vocabulary does not fit in head and body, and documents of 30 words drawn from it."""
    monkeypatch.setattr(split_vocabulary, "HEAD_WORDS", 40)
    monkeypatch.setattr(split_vocabulary, "BODY_WORDS", 100)
    n_words, noise = 400, generator(3)
    model = randomise(VAE(SufficientStatisticsEncoder(K, H), RefinedGaussian(K), EnergySoftmax(K, n_words))).eval()
    with torch.no_grad():
        model.decoder.bias.copy_(-torch.log(torch.arange(1, n_words + 1).double()))
        probability = model.decoder.log_probabilities(torch.randn(8, K, generator=noise).double()).exp()
        words = torch.multinomial(probability, 30, replacement=True, generator=noise)
    return model, torch.zeros(8, n_words, dtype=torch.float64).scatter_add_(1, words, torch.ones(8, 30).double())


def test_mean_is_the_maximum_whatever_is_rough(large):
    model, counts = large
    z = model.posterior(sparse_rows(counts)).mean.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(log_joint(model, z, counts).sum(), z)
    assert gradient.abs().max() < 1e-7


def test_float32_is_near_the_maximum_and_the_gaussian_there(large):
    """KL from Laplace's approximation with every word counted, in nats: of 30 words, no bound shows it."""
    model, counts = large
    exact = model.posterior(sparse_rows(counts)).mean
    q = model.float().posterior(sparse_rows(counts.float()))
    torch.testing.assert_close(q.mean.double(), exact, rtol=0, atol=1e-3)
    model.double()
    precision = q.precision_cholesky.double() @ q.precision_cholesky.double().mT
    for row in range(len(counts)):
        hessian = torch.autograd.functional.hessian(
            lambda z, row=row: log_joint(model, z, counts[row]), exact[row].detach()
        )
        p, r = (
            torch.distributions.MultivariateNormal(exact[row], precision_matrix=matrix)
            for matrix in (-hessian, precision[row])
        )
        assert torch.distributions.kl_divergence(r, p) < 0.02


def test_company_changes_nothing_but_the_rounding(large):
    model, counts = large
    x = sparse_rows(counts.float())
    together = model.float().posterior(x).mean
    for row in range(len(counts)):
        alone = model.posterior(x[torch.tensor([row])]).mean
        torch.testing.assert_close(alone[0], together[row], rtol=1e-5, atol=2e-6)


def test_bound_is_closer_to_the_evidence_than_a_poor_gaussian(model, counts):
    """With many samples the importance-weighted bound is nearly log p(x); the Laplace bound is within 0.1 of it."""
    x = sparse_rows(counts)
    elbo = ELBO(20_000)(model, x, generator()).value
    evidence = ImportanceWeighted(20_000, at_once=20_000)(model, x, generator()).value
    assert (elbo <= evidence + 0.03).all()
    assert (evidence - elbo).max() < 0.1
