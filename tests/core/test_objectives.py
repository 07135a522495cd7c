"""Bounds on a linear-Gaussian model, whose log p(x) is known, and against hand-written log weights."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from neuraltopic.core.latents.gaussian import DiagonalPosterior
from neuraltopic.core.objectives import ELBO, ImportanceWeighted, log_mean_exp
from neuraltopic.core.training import bounds
from neuraltopic.core.vae import VAE
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from tests.core.linear_gaussian import LOG_STD, B, D, K, linear_gaussian, log_evidence
from tests.parts import LATENTS, OBJECTIVES, V, documents, generator, randomise, sparse_rows


def log_weights(model: VAE, x: torch.Tensor, n_samples: int, noise: torch.Generator) -> torch.Tensor:
    """log p(x | z) + log p(z) - log q(z | x), (S, B): (17.22) and (17.23) as they are written."""
    q = model.posterior(x)
    z = q.sample(n_samples, noise)
    return model.log_likelihood(z, x) + model.latent.log_prior(z) - q.log_prob(z)


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


def finite_differences(function, parameter):
    """Gradient of a number without arguments in one parameter of the model behind it."""
    numeric = torch.zeros_like(parameter)
    for index in range(parameter.numel()):
        values = []
        for shift in (1e-6, -1e-6):
            with torch.no_grad():
                parameter.view(-1)[index] += shift
                values.append(function())
                parameter.view(-1)[index] -= shift
        numeric.view(-1)[index] = (values[0] - values[1]) / 2e-6
    return numeric


@pytest.mark.parametrize("kl_weight", [1.0, 0.4])
@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name != "doubly_reparameterised"])
def test_gradient_against_finite_differences(name, kl_weight, x):
    model = linear_gaussian(exact=False)
    objective = OBJECTIVES[name](3)

    def mean_bound():
        return objective(model, x, generator(), kl_weight).surrogate.mean()

    mean_bound().backward()
    for parameter in model.parameters():
        torch.testing.assert_close(parameter.grad, finite_differences(mean_bound, parameter), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("at_once", [None, 2])
@pytest.mark.parametrize("kl_weight", [1.0, 0.4])
def test_doubly_reparameterised_gradient_against_finite_differences(kl_weight, at_once, x):
    """The encoder climbs sum_i v_i (1 - c + c v_i) log w_i with v and the parameters inside log q held fast, v_i being
    the share of sample i and c the weight of the KL; the decoder climbs the bound."""
    model = linear_gaussian(exact=False)
    objective = ImportanceWeighted(5, doubly_reparameterised=True, at_once=at_once)
    objective(model, x, generator(), kl_weight).surrogate.mean().backward()
    fixed = model.posterior(x).detach()
    sizes = [2, 2, 1] if at_once else [5]

    def weights():
        noise = generator()
        z = torch.cat([model.posterior(x).sample(size, noise) for size in sizes])
        return model.log_likelihood(z, x) + kl_weight * (model.latent.log_prior(z) - fixed.log_prob(z))

    shares = torch.softmax(weights().detach(), 0)

    def climbed():
        return (shares * (1.0 - kl_weight + kl_weight * shares) * weights()).sum(0).mean()

    def bound():
        return torch.logsumexp(weights(), 0).mean()

    for part, function in ((model.encoder, climbed), (model.decoder, bound)):
        for parameter in part.parameters():
            torch.testing.assert_close(parameter.grad, finite_differences(function, parameter), rtol=1e-6, atol=1e-8)


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


def gradients(objective, model, x, n_draws, kl_weight=1.0):
    """Gradient of the mean surrogate in the encoder and the decoder, (n_draws, ...) each, over as many seeds."""
    parts = []
    for seed in range(n_draws):
        surrogate = objective(model, x, generator(seed), kl_weight).surrogate.mean()
        taken = torch.autograd.grad(surrogate, [model.encoder.shift, model.encoder.log_variance, model.decoder.W])
        parts.append(torch.cat([taken[0], taken[1], taken[2].flatten()]))
    stacked = torch.stack(parts)
    return stacked[:, : 2 * K], stacked[:, 2 * K :]


@pytest.mark.parametrize("kl_weight", [1.0, 0.5])
def test_doubly_reparameterised_gradient_has_the_same_mean_and_less_variance(kl_weight, x):
    model = linear_gaussian(exact=False)
    n = 1500
    plain, doubly = (
        gradients(ImportanceWeighted(8, doubly_reparameterised=choice), model, x, n, kl_weight)
        for choice in (False, True)
    )
    error = (plain[0].var(0) / n + doubly[0].var(0) / n).sqrt()
    assert ((plain[0].mean(0) - doubly[0].mean(0)).abs() < 4 * error).all()
    assert (plain[0].mean(0).abs() > 4 * error).any()
    assert (doubly[0].var(0) < plain[0].var(0)).all()
    torch.testing.assert_close(doubly[1], plain[1], rtol=1e-12, atol=1e-12)


class Same(nn.Module):
    """An encoder that puts out the same numbers for every row."""

    def __init__(self, n_parameters):
        super().__init__()
        self.output = nn.Parameter(torch.linspace(-0.5, 0.6, n_parameters, dtype=torch.float64))

    def forward(self, x, decoder, generator=None):
        return self.output.expand(len(x), -1)


@pytest.mark.parametrize("name", LATENTS)
def test_doubly_reparameterised_gradient_has_the_mean_of_the_plain_one_in_every_latent(name):
    """In what the encoder puts out, and in the latent's own weights where it has some."""
    latent = LATENTS[name]()
    model = randomise(VAE(Same(latent.n_parameters), latent, EnergySoftmax(latent.n_components, V)))
    x = sparse_rows(documents(3)[2:].expand(300, V))
    parameters = [*model.encoder.parameters(), *model.latent.parameters()]
    differences, plain = [], []
    for seed in range(60):
        found = []
        for doubly in (False, True):
            objective = ImportanceWeighted(4, doubly_reparameterised=doubly)
            surrogate = objective(model, x, generator(seed)).surrogate.mean()
            taken = torch.autograd.grad(surrogate, parameters)
            found.append(torch.cat([gradient.flatten() for gradient in taken]))
        plain.append(found[0])
        differences.append(found[1] - found[0])
    difference, plain = torch.stack(differences), torch.stack(plain)
    error = difference.std(0) / math.sqrt(60)
    assert (difference.mean(0).abs() < 4.5 * error + 1e-12).all()
    assert plain.mean(0).norm() > 10 * error.norm()


def test_signal_to_noise_of_the_encoders_gradient_falls_with_k_unless_doubly_reparameterised(x):
    """Rainforth et al. (2018): as k^(-1/2) for the plain gradient; as k^(1/2) for the other (Tucker et al. 2018)."""
    model = linear_gaussian(exact=False)
    n = 400

    def ratio(k, choice):
        encoder, _ = gradients(ImportanceWeighted(k, doubly_reparameterised=choice), model, x, n)
        return float((encoder.mean(0).norm() / encoder.var(0).sum().sqrt()).log())

    plain = ratio(256, False) - ratio(4, False)
    doubly = ratio(256, True) - ratio(4, True)
    assert plain < -0.5 * math.log(64) + 1.0
    assert doubly > 0.5 * math.log(64) - 1.0


def test_a_gradient_in_chunks_is_the_gradient_of_all_at_once(x, monkeypatch):
    """With the same draws, and with the graph of one chunk in memory at a time."""
    noise = torch.randn(10, B, K, generator=generator(), dtype=torch.float64)
    drawn = []

    def sample(q, n_samples, generator):
        start = sum(drawn)
        drawn.append(n_samples)
        return q.mean + torch.exp(0.5 * q.log_variance) * noise[start : start + n_samples]

    monkeypatch.setattr(DiagonalPosterior, "sample", sample)
    for doubly in (False, True):
        found = []
        for at_once, sizes in ((10, [10]), (4, [4, 4, 2])):
            model = linear_gaussian(exact=False)
            drawn.clear()
            objective = ImportanceWeighted(10, doubly_reparameterised=doubly, at_once=at_once)
            bound = objective(model, x, generator())
            bound.surrogate.mean().backward()
            assert drawn == sizes
            found.append([bound.value, *(p.grad for p in model.parameters())])
        for whole, chunked in zip(*found, strict=True):
            torch.testing.assert_close(chunked, whole, rtol=1e-12, atol=1e-13)


def test_the_decoder_sees_no_more_samples_at_once_than_make_25600_pairs_with_the_rows(x, monkeypatch):
    model = linear_gaussian()
    seen = []
    log_likelihood = model.decoder.log_likelihood
    monkeypatch.setattr(model.decoder, "log_likelihood", lambda z, x: seen.append(len(z)) or log_likelihood(z, x))
    with torch.no_grad():
        ImportanceWeighted(10_000)(model, x, generator())
    assert seen == [25_600 // B, 25_600 // B, 10_000 - 2 * (25_600 // B)]


def test_free_bits_by_hand(x):
    """The KL of a dimension whose mean over the rows is below lambda counts as lambda, and takes no gradient."""
    model = linear_gaussian(exact=False)
    kl = model.posterior(x).kl().detach()  # (B, K)
    free = 0.95 * float(kl.mean(0).max())
    above = kl.mean(0).argmax()
    # The mean over the rows is what is held against lambda: some rows are below it where the mean is above.
    assert kl[:, above].min() < free
    assert kl.mean(0).min() < free
    plain, bound = ELBO(3)(model, x, generator()), ELBO(3, free_bits=free)(model, x, generator(), 0.6)
    torch.testing.assert_close(bound.value, plain.value, rtol=0, atol=0)
    reconstruction = plain.value + kl.sum(-1)
    torch.testing.assert_close(bound.surrogate.detach(), reconstruction - 0.6 * (free + kl[:, above].mean()))
    likelihood = ELBO(3)(model, x, generator(), 0.0).surrogate.mean()
    found, without = (
        torch.autograd.grad(s, model.encoder.log_variance)[0] for s in (bound.surrogate.mean(), likelihood)
    )
    below = 1 - above
    assert found[below] == pytest.approx(float(without[below]), rel=1e-12)
    assert abs(found[above] - without[above]) > 0.01


def test_free_bits_of_a_kl_from_the_draws_are_those_of_one_group(x):
    model = linear_gaussian(exact=False)
    plain = ELBO(2, closed_kl=False)(model, x, generator())
    reconstruction = ELBO(2, closed_kl=False)(model, x, generator(), 0.0).surrogate
    bound = ELBO(2, closed_kl=False, free_bits=100.0)(model, x, generator())
    torch.testing.assert_close(bound.surrogate, reconstruction - 100.0)
    torch.testing.assert_close(bound.value, plain.value, rtol=0, atol=0)


@given(st.lists(st.one_of(st.floats(-1e4, 1e4), st.just(-math.inf)), min_size=1, max_size=8))
def test_log_mean_exp_of_anything(values):
    """Samples of no weight count among the S and nothing overflows."""
    top = max(values)
    expected = top + math.log(sum(math.exp(v - top) for v in values) / len(values)) if top > -math.inf else top
    found = log_mean_exp(torch.tensor(values, dtype=torch.float64))
    assert float(found) == pytest.approx(expected, rel=1e-12, abs=1e-12)


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


@pytest.mark.parametrize("free_bits", [0.0, 0.05])
def test_row_weight_weighs_the_kl_of_each_row_in_the_surrogate_alone(x, free_bits):
    """Each row's KL is counted by hand, under the same noise."""
    model = linear_gaussian(exact=False)
    weight = torch.linspace(0.5, 3.0, B, dtype=torch.float64)
    seen = []

    def row_weight(rows):
        seen.append(rows)
        return weight

    plain = ELBO(4, free_bits=free_bits)(model, x, generator(), kl_weight=0.0)
    bound = ELBO(4, free_bits=free_bits, row_weight=row_weight)(model, x, generator(), kl_weight=0.7)
    assert seen[0] is x
    torch.testing.assert_close(bound.value, plain.value)
    groups = model.posterior(x).kl()
    by_group = (weight[:, None] * groups).mean(0).clamp(min=free_bits).sum()
    price = by_group if free_bits else weight * groups.sum(-1)
    torch.testing.assert_close(bound.surrogate, plain.surrogate - 0.7 * price)
