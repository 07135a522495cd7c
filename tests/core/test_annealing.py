"""Annealed importance sampling against log p(x) in closed form and by quadrature."""

import math

import pytest
import torch
from scipy import stats
from torch import nn

from neuraltopic.core.annealing import (
    Bridge,
    anneal,
    annealed_log_likelihood,
    find_step_sizes,
    sigmoid_temperatures,
)
from neuraltopic.core.latents.dirichlet import Dirichlet
from neuraltopic.core.latents.gamma import Gamma
from neuraltopic.core.latents.gaussian import DiagonalGaussian, gaussian_log_density, standard_normal_log_density
from neuraltopic.core.latents.laplace import Laplace
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.latents.stick_breaking import StickBreaking
from neuraltopic.core.latents.two_layers import TwoLayerGaussian
from neuraltopic.core.vae import VAE
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from tests.core.linear_gaussian import B, D, linear_gaussian, log_evidence
from tests.parts import V, documents, generator, randomise, sparse_rows


@pytest.fixture
def far():
    """Rows whose posterior is out in the tail of the prior."""
    return 3.0 * torch.randn(B, D, generator=generator(1), dtype=torch.float64)


def test_temperatures_rise_from_0_to_1_by_a_sigmoid():
    assert sigmoid_temperatures(1) == [0.0, 1.0]
    found = sigmoid_temperatures(4)
    assert (found[0], found[2], found[4]) == pytest.approx((0.0, 0.5, 1.0))

    def sigmoid(t):
        return 1.0 / (1.0 + math.exp(-t))

    assert found[1] == pytest.approx((sigmoid(-2) - sigmoid(-4)) / (sigmoid(4) - sigmoid(-4)))


def test_annealing_finds_the_log_evidence_within_its_error(far):
    model = linear_gaussian(exact=False)
    truth = log_evidence(model, far)
    found = annealed_log_likelihood(model, far, generator(), n_chains=20, n_temperatures=200, n_leapfrog=5)
    assert ((found.log_likelihood - truth).abs() < 4 * found.standard_error).all()
    assert found.standard_error.max() < 0.3
    assert ((found.acceptance > 0.55) & (found.acceptance < 0.75)).all()
    assert not found.log_likelihood.requires_grad


def test_with_one_temperature_it_is_importance_sampling_from_the_prior_and_far_off(far):
    model = linear_gaussian(exact=False)
    found = annealed_log_likelihood(model, far, generator(), n_chains=20, n_temperatures=1)
    noise = generator()
    for n in (8, 4):  # for the look at the support and for the step sizes
        model.latent.sample_prior(n * B, noise)
    z = model.latent.sample_prior(20 * B, noise).double().view(20, B, -1)
    expected = torch.logsumexp(model.log_likelihood(z, far), 0) - math.log(20)
    torch.testing.assert_close(found.log_likelihood, expected.detach())
    assert (log_evidence(model, far) - found.log_likelihood).max() > 3.0
    assert found.acceptance.isnan().all()


def test_mean_weight_is_unbiased_however_few_the_temperatures():
    """E[w] = p(x) exactly, also where the steps are long and often turned down."""
    model = linear_gaussian()
    x = 2.0 * torch.randn(2, D, generator=generator(1), dtype=torch.float64)
    noise = generator()
    bridge = Bridge(model.latent.log_prior, lambda z: model.log_likelihood(z, x), 2, noise)
    z = torch.randn(40_000, 2, 2, generator=noise, dtype=torch.float64)
    size = torch.full((2,), 0.9, dtype=torch.float64)
    log_weights, acceptance = anneal(bridge, z, [0.0, 0.1, 0.4, 1.0], [size, size])
    ratio = (log_weights - log_evidence(model, x)).exp()
    assert ((ratio.mean(0) - 1.0).abs() < 4 * ratio.std(0) / 200).all()
    assert (ratio.std(0) / 200 < 0.05).all()
    assert ((acceptance > 0.2) & (acceptance < 0.9)).all()


def test_a_step_leaves_its_density_as_it_is():
    """Draws from start gain^t stay such draws, with short steps in one row and almost unstable ones in the other."""

    def log_gain(z):
        return gaussian_log_density(z, torch.full((1,), 2.0).double(), torch.full((1,), -1.0).double())

    t = 0.7
    precision = 1.0 + t * math.exp(1.0)
    mean = t * math.exp(1.0) * 2.0 / precision
    noise = generator()
    bridge = Bridge(standard_normal_log_density, log_gain, 3, noise)
    std = precision**-0.5
    point = bridge.at(mean + std * torch.randn(20_000, 2, 1, generator=noise, dtype=torch.float64))
    before = point.z
    for _ in range(4):
        point, probability = bridge.step(point, t, torch.tensor([0.2, 1.9]).double() * std)
    for row in range(2):
        assert stats.kstest(point.z[:, row, 0].numpy(), stats.norm(mean, std).cdf).pvalue > 0.01
    assert probability[:, 1].mean() < 0.9
    moved = (point.z != before).double().mean(0)
    assert (moved > 0.5).all()
    torch.testing.assert_close(point.log_gain, log_gain(point.z))


def test_step_sizes_settle_where_two_in_three_are_accepted():
    """Rows of different width get steps in proportion."""
    std = torch.tensor([1.0, 0.1], dtype=torch.float64)[:, None]

    def log_start(z):
        return standard_normal_log_density(z / std)

    bridge = Bridge(log_start, lambda z: 0.0 * z.sum(-1), 5, generator())
    z = std * torch.randn(32, 2, 10, generator=generator(), dtype=torch.float64)
    sizes = torch.stack(find_step_sizes(bridge, z, sigmoid_temperatures(200)))
    assert len(sizes) == 199
    late = sizes[100:].log().mean(0)
    assert late[0] - late[1] == pytest.approx(math.log(10.0), abs=0.15)
    size = late.exp()
    accepted = torch.stack([bridge.step(bridge.at(z), 0.5, size)[1].mean(0) for _ in range(20)]).mean(0)
    torch.testing.assert_close(accepted, torch.full((2,), 0.65, dtype=torch.float64), rtol=0, atol=0.08)


class Squared(nn.Module):
    """x | z ~ N(z^2, 0.3^2), so that z | x has two hills alike."""

    def log_likelihood(self, z, x):
        return gaussian_log_density(x, z.square(), torch.full((1,), 2.0 * math.log(0.3), dtype=z.dtype))


class OneHill(nn.Module):
    """An encoder that knows of the right-hand hill alone."""

    def forward(self, x, decoder, generator=None):
        return torch.cat([x.clamp(min=0.1).sqrt(), torch.full_like(x, -4.0)], 1)


def quadrature(model, x, n=20_001):
    z = torch.linspace(-12.0, 12.0, n, dtype=torch.float64)[:, None, None].expand(n, len(x), 1)
    joint = model.log_likelihood(z, x) + model.latent.log_prior(z)
    return torch.logsumexp(joint, 0) + math.log(24.0 / (n - 1))


def test_annealing_finds_the_hill_that_the_encoder_missed():
    model = VAE(OneHill(), DiagonalGaussian(1), Squared())
    x = torch.tensor([[1.0], [2.5], [4.0]], dtype=torch.float64)
    truth = quadrature(model, x)
    found = annealed_log_likelihood(model, x, generator(), n_chains=60, n_temperatures=100, n_leapfrog=5)
    assert ((found.log_likelihood - truth).abs() < 4 * found.standard_error).all()
    assert found.standard_error.max() < 0.2
    with torch.no_grad():
        q = model.posterior(x)
        z = q.sample(2_000, generator())
        encoder = torch.logsumexp(model.log_likelihood(z, x) + model.latent.log_prior(z) - q.log_prob(z), 0)
    missed = truth - (encoder - math.log(2_000))
    torch.testing.assert_close(missed, torch.full((3,), math.log(2.0), dtype=torch.float64), rtol=0, atol=0.1)


class Same(nn.Module):
    """An encoder that puts out zeros; annealing looks at its shape alone."""

    def __init__(self, latent):
        super().__init__()
        self.n_parameters = latent.n_parameters

    def forward(self, x, decoder, generator=None):
        return torch.zeros(len(x), self.n_parameters, dtype=torch.float64)


def grid(n_dimensions, n, reach):
    """Points of a regular grid, (n^Z, Z), and the log of a cell's volume."""
    axis = torch.linspace(-reach, reach, n, dtype=torch.float64)
    points = torch.cartesian_prod(*[axis] * n_dimensions).view(-1, n_dimensions)
    return points, n_dimensions * math.log(2.0 * reach / (n - 1))


@pytest.mark.parametrize(
    ("latent", "n", "reach"),
    [
        (DiagonalGaussian(2), 201, 8.0),
        (LogisticNormal(2), 201, 12.0),
        (Laplace(2), 801, 30.0),
        (Dirichlet(2, concentration=0.3), 4001, 80.0),
        (TwoLayerGaussian(1, 1, (3,)), 401, 12.0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_annealing_of_documents_against_quadrature(latent, n, reach):
    """Every latent whose coordinates are unconstrained; the empty document has a log-likelihood of 0."""
    model = randomise(VAE(Same(latent), latent, EnergySoftmax(latent.n_components, V)), std=1.0)
    counts = 2.0 * documents(4)
    x = sparse_rows(counts)
    with torch.no_grad():
        dimensions = model.posterior(x).mean.shape[-1]
        z, log_volume = grid(dimensions, n, reach)
        z = z[:, None]
        log_joint = model.log_likelihood(z.expand(-1, 4, -1), x) + model.latent.log_prior(z)
        truth = torch.logsumexp(log_joint, 0) + log_volume
    assert float(truth[0]) == pytest.approx(0.0, abs=2e-3)
    found = annealed_log_likelihood(model, x, generator(), n_chains=40, n_temperatures=40, n_leapfrog=4)
    assert ((found.log_likelihood - truth).abs() < 4 * found.standard_error + 2e-3).all()
    assert found.standard_error.max() < 0.5
    assert truth[1:].max() < -0.5


@pytest.mark.parametrize(("latent", "side"), [(Gamma(2), "below"), (StickBreaking(3), "above")])
def test_a_bounded_support_is_refused(latent, side):
    model = VAE(Same(latent), latent, EnergySoftmax(latent.n_components, V)).double()
    expected = f"a prior density above 0 at every real z expected, got none {side} its draws; try"
    with pytest.raises(ValueError, match=expected):
        annealed_log_likelihood(model, sparse_rows(documents(2)), generator())


def test_same_seed_same_bits(far):
    model = linear_gaussian(exact=False)
    options = {"n_chains": 3, "n_temperatures": 5, "n_leapfrog": 2}
    first, again, other = (
        annealed_log_likelihood(model, far, generator(seed), **options).log_likelihood for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
