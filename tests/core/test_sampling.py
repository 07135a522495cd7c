"""Rejection and importance sampling against densities whose answers are known."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neuraltopic.core.objectives import ImportanceWeighted
from neuraltopic.core.sampling import (
    EnvelopeError,
    WeightedSamples,
    effective_sample_size,
    importance_log_likelihood,
    importance_sample,
    log_mean_weight,
    rejection_sample,
)
from tests.core.linear_gaussian import B, D, linear_gaussian, log_evidence
from tests.parts import generator


class Uniform:
    """On [0, 1], in as many dimensions as asked."""

    def __init__(self, *shape):
        self.shape = shape

    def sample(self, n_samples, generator):
        return torch.rand(n_samples, *self.shape, generator=generator, dtype=torch.float64)

    def log_prob(self, x):
        return torch.zeros(len(x), dtype=x.dtype)


class Normal:
    def __init__(self, mean=0.0, std=1.0):
        self.mean, self.std = mean, std

    def sample(self, n_samples, generator):
        return self.mean + self.std * torch.randn(n_samples, generator=generator, dtype=torch.float64)

    def log_prob(self, x):
        return -0.5 * ((x - self.mean) / self.std) ** 2 - math.log(self.std * math.sqrt(2.0 * math.pi))


def log_parabola(x):
    """log x (1 - x) on [0, 1]: Beta(2, 2) times 1/6, at most 1/4."""
    return torch.log(x * (1.0 - x))


def log_two_hills(x):
    """Figure 13's kind: an even mixture of N(-2, 1) and N(2, 1/4), normalised."""
    return torch.logaddexp(Normal(-2.0, 1.0).log_prob(x), Normal(2.0, 0.5).log_prob(x)) - math.log(2.0)


def test_rejection_draws_a_beta_and_accepts_what_it_integrates_to_over_m():
    drawn = rejection_sample(log_parabola, Uniform(), math.log(0.25), 20_000, generator())
    assert drawn.samples.shape == (20_000,)
    assert stats.kstest(drawn.samples.numpy(), stats.beta(2, 2).cdf).pvalue > 0.01
    rate = (1 / 6) / (1 / 4)
    assert abs(drawn.acceptance_rate - rate) < 4 * math.sqrt(rate * (1 - rate) / drawn.n_proposed)
    assert drawn.log_bound_seen == pytest.approx(math.log(0.25), abs=1e-6)


def test_rejection_of_a_normalised_density_accepts_one_in_m():
    drawn = rejection_sample(log_two_hills, Normal(0.0, 3.0), math.log(4.0), 20_000, generator())
    assert abs(drawn.acceptance_rate - 0.25) < 4 * math.sqrt(0.25 * 0.75 / drawn.n_proposed)
    cdf = stats.kstest(drawn.samples.numpy(), lambda x: 0.5 * (stats.norm.cdf(x, -2, 1) + stats.norm.cdf(x, 2, 0.5)))
    assert cdf.pvalue > 0.01


def test_rejection_of_points_with_several_numbers():
    """Uniform on the quarter disc: pi / 4 of the square, its radius squared uniform."""

    def log_disc(x):
        return torch.where(x.square().sum(-1) < 1, 0.0, -math.inf).double()

    drawn = rejection_sample(log_disc, Uniform(2), 0.0, 5_000, generator(1))
    assert drawn.samples.shape == (5_000, 2)
    assert abs(drawn.acceptance_rate - math.pi / 4) < 4 * math.sqrt(0.17 / drawn.n_proposed)
    assert stats.kstest(drawn.samples.square().sum(-1).numpy(), "uniform").pvalue > 0.01
    assert drawn.log_bound_seen == 0.0


def test_an_envelope_below_the_density_is_an_error_with_a_fix():
    with pytest.raises(EnvelopeError, match=r"M q\(x\) >= p\(x\) expected, got log p\(x\) = ") as caught:
        rejection_sample(log_two_hills, Normal(0.0, 3.0), math.log(3.0), 100, generator())
    message = str(caught.value)
    x = float(message.split("at x = ")[1].split(";")[0])
    point = torch.tensor(x, dtype=torch.float64)
    log_p, log_q = float(log_two_hills(point)), float(Normal(0.0, 3.0).log_prob(point))
    assert f"log p(x) = {log_p:.6g} and log M q(x) = {log_q + math.log(3.0):.6g}" in message
    assert f"log M = {log_p - log_q:.6g} would do instead of 1.09861" in message
    assert log_p - log_q > math.log(3.0)


def test_an_envelope_that_touches_the_density_is_none_broken():
    """p = 3 q with M = 3, which rounding puts above at some points."""

    def log_p(x):
        return Normal().log_prob(x) + math.log(3.0)

    drawn = rejection_sample(log_p, Normal(), math.log(3.0), 10_000, generator())
    assert drawn.acceptance_rate > 0.999
    assert drawn.log_bound_seen > math.log(3.0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_density_that_is_no_number_somewhere_is_an_error(value):
    with pytest.raises(EnvelopeError, match=r"log p\(x\) = (nan|inf).*look at both densities there"):
        rejection_sample(lambda x: torch.where(x > 0.9, value, 0.0).double(), Uniform(), 0.0, 10, generator())


def test_rejection_gives_up_on_a_density_that_is_nowhere():
    with pytest.raises(RuntimeError, match="5 samples expected, got 0 of 300 proposals; try"):
        rejection_sample(
            lambda x: torch.full_like(x, -math.inf), Uniform(), 0.0, 5, generator(), at_once=100, max_proposals=300
        )


def test_rejection_draws_by_its_generator_alone():
    first, again, other = (
        rejection_sample(log_parabola, Uniform(), math.log(0.25), 50, generator(seed)).samples for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_plain_and_self_normalised_importance_sampling_by_hand():
    """Weights 1, 2, 3 at 10, 20, 40: 170 / 3 and 170 / 6; an effective sample size of 36 / 14."""
    weights = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    samples = WeightedSamples(torch.tensor([10.0, 20.0, 40.0], dtype=torch.float64), weights.log())
    plain = samples.expectation(lambda z: z)
    assert float(plain.value) == pytest.approx(170 / 3)
    terms = [10.0, 40.0, 120.0]
    variance = sum((t - 170 / 3) ** 2 for t in terms) / 2
    assert float(plain.standard_error) == pytest.approx(math.sqrt(variance / 3))
    assert float(plain.effective_sample_size) == pytest.approx(36 / 14)
    normalised = samples.self_normalised_expectation(lambda z: z)
    mean = 170 / 6
    assert float(normalised.value) == pytest.approx(mean)
    squares = sum((w / 6 * (z - mean)) ** 2 for w, z in zip((1, 2, 3), (10, 20, 40), strict=True))
    assert float(normalised.standard_error) == pytest.approx(math.sqrt(squares * 3 / 2))
    assert float(samples.log_normaliser().value) == pytest.approx(math.log(2.0))
    assert float(samples.log_normaliser().standard_error) == pytest.approx(math.sqrt(1.0 / 3.0) / 2.0)


@pytest.mark.parametrize(
    ("method", "scale"),
    [("expectation", 1.0), ("self_normalised_expectation", 1.0), ("self_normalised_expectation", 7.0)],
)
def test_an_expectation_and_its_standard_error_hold_over_repetitions(method, scale):
    """E[z^2] = 1 under N(0, 1) from N(1/2, 1.5^2); p times 7 is the same to the self-normalised estimate."""

    def log_p(z):
        return Normal().log_prob(z) + math.log(scale)

    found = [
        getattr(importance_sample(log_p, Normal(0.5, 1.5), 500, generator(seed)), method)(torch.square)
        for seed in range(400)
    ]
    values, errors = torch.stack([f.value for f in found]), torch.stack([f.standard_error for f in found])
    assert abs(values.mean() - 1.0) < 4 * values.std() / 20 + (0 if method == "expectation" else 0.01)
    assert errors.mean() == pytest.approx(float(values.std()), rel=0.12)


def test_a_tail_probability_from_a_shifted_proposal():
    """P(z > 3) under N(0, 1), (17.21), within one in a hundred; as many draws from p are five times as far off."""
    truth = stats.norm.sf(3.0)
    shifted = importance_sample(Normal().log_prob, Normal(3.0), 200_000, generator()).probability(lambda z: z > 3.0)
    assert float(shifted.value) == pytest.approx(truth, rel=0.01)
    assert abs(float(shifted.value) - truth) < 4 * float(shifted.standard_error)
    plain = importance_sample(Normal().log_prob, Normal(), 200_000, generator()).probability(lambda z: z > 3.0)
    assert float(plain.effective_sample_size) == pytest.approx(200_000)
    assert float(plain.standard_error) > 5 * float(shifted.standard_error)


def test_a_point_where_p_is_0_says_nothing_even_where_f_is_undefined():
    log_weights = torch.tensor([0.0, -math.inf, 0.0], dtype=torch.float64)
    samples = WeightedSamples(torch.tensor([1.0, -1.0, 4.0], dtype=torch.float64), log_weights)
    assert float(samples.expectation(torch.sqrt).value) == pytest.approx(1.0)
    assert float(samples.self_normalised_expectation(torch.sqrt).value) == pytest.approx(1.5)


def test_one_sample_has_a_value_and_no_standard_error():
    samples = importance_sample(Normal().log_prob, Normal(0.0, 2.0), 1, generator())
    for estimate in (
        samples.expectation(torch.square),
        samples.self_normalised_expectation(torch.square),
        samples.log_normaliser(),
    ):
        assert math.isfinite(estimate.value)
        assert math.isnan(estimate.standard_error)
        assert float(estimate.effective_sample_size) == pytest.approx(1.0)


LOG_WEIGHTS = st.lists(st.one_of(st.floats(-1e5, 1e5), st.just(-math.inf)), min_size=1, max_size=9)


@given(LOG_WEIGHTS)
def test_effective_sample_size_of_anything(values):
    """As many as have weight where they are alike, and never less than 1 unless none has."""
    found = float(effective_sample_size(torch.tensor(values, dtype=torch.float64)))
    top = max(values)
    if top == -math.inf:
        assert found == 0.0
        return
    weights = [math.exp(v - top) for v in values]
    assert found == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights), rel=1e-8)
    assert 1.0 - 1e-8 <= found <= len(values) + 1e-8


@given(LOG_WEIGHTS)
def test_log_mean_weight_of_anything(values):
    estimate = log_mean_weight(torch.tensor(values, dtype=torch.float64))
    if max(values) == -math.inf:
        assert float(estimate.value) == -math.inf
        return
    assert math.isfinite(estimate.value)
    assert math.isnan(estimate.standard_error) == (len(values) == 1)
    if len(values) > 1:
        # At worst one weight is all there is: as uncertain as the value itself.
        assert 0.0 <= float(estimate.standard_error) <= 1.0 + 1e-9


@pytest.fixture
def x():
    return torch.randn(B, D, generator=generator(1), dtype=torch.float64)


def test_log_likelihood_from_the_encoder_is_the_importance_weighted_bound_with_its_error(x):
    model = linear_gaussian(exact=False)
    found = importance_log_likelihood(model, x, 4_000, generator())
    bound = ImportanceWeighted(4_000)(model, x, generator()).value
    torch.testing.assert_close(found.value, bound, rtol=1e-12, atol=1e-12)
    assert ((found.value - log_evidence(model, x)).abs() < 4 * found.standard_error).all()
    assert found.standard_error.max() < 0.05
    assert ((found.effective_sample_size > 40) & (found.effective_sample_size < 3_600)).all()
    assert not found.value.requires_grad


def test_a_posterior_is_a_proposal_like_any_other(x):
    """The same numbers from q and the joint density as from the model."""
    model = linear_gaussian(exact=False)
    q = model.posterior(x).detach()
    samples = importance_sample(lambda z: model.log_likelihood(z, x) + model.latent.log_prior(z), q, 300, generator())
    found = importance_log_likelihood(model, x, 300, generator())
    for ours, other in zip(samples.log_normaliser(), found, strict=True):
        torch.testing.assert_close(ours.detach(), other, rtol=1e-12, atol=1e-12)


def test_standard_error_of_the_log_likelihood_holds_over_repetitions(x):
    model = linear_gaussian(exact=False)
    found = [importance_log_likelihood(model, x, 500, generator(seed)) for seed in range(300)]
    spread = torch.stack([f.value for f in found]).std(0)
    errors = torch.stack([f.standard_error for f in found]).mean(0)
    torch.testing.assert_close(errors, spread, rtol=0.2, atol=0)


def test_under_the_exact_posterior_every_sample_counts_in_full(x):
    found = importance_log_likelihood(linear_gaussian(), x, 50, generator(), at_once=7)
    torch.testing.assert_close(found.value, log_evidence(linear_gaussian(), x), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found.effective_sample_size, torch.full((B,), 50.0, dtype=torch.float64))
    assert found.standard_error.max() < 1e-6
