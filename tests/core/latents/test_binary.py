"""Binary units against torch.distributions and sums over every state."""

import itertools
import math

import torch
from torch.distributions import Bernoulli

from neuraltopic.core.latents.binary import BinaryUnits, draw_units
from tests.parts import K, generator

B = 4
STATES = torch.tensor(list(itertools.product([0.0, 1.0], repeat=K)), dtype=torch.float64)


def logits() -> torch.Tensor:
    return 2.0 * torch.randn(B, K, generator=generator(1), dtype=torch.float64)


def test_density_mean_and_variance_are_those_of_a_product_of_bernoullis():
    q, expected = BinaryUnits(K).posterior(logits(), None, None), Bernoulli(logits=logits())
    z = STATES[:, None].expand(-1, B, -1)
    torch.testing.assert_close(q.log_prob(z), expected.log_prob(z).sum(-1))
    torch.testing.assert_close(q.mean, expected.mean)
    torch.testing.assert_close(q.variance(), expected.variance)
    torch.testing.assert_close(q.log_prob(z).exp().sum(0), torch.ones(B, dtype=torch.float64))


def test_draws_are_binary_with_the_mean_of_q_and_repeat_with_the_generator():
    q = BinaryUnits(K).posterior(logits(), None, None)
    state = torch.random.get_rng_state()
    z = q.sample(20_000, generator())
    assert z.shape == (20_000, B, K)
    assert set(z.unique().tolist()) == {0.0, 1.0}
    error = (z.mean(0) - q.mean).abs()
    assert (error < 4.5 * (q.variance() / 20_000).sqrt()).all()
    assert torch.equal(z, q.sample(20_000, generator()))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_prior_is_even():
    latent = BinaryUnits(K)
    torch.testing.assert_close(
        latent.log_prior(STATES[:, None]), torch.full((8, 1), -K * math.log(2.0), dtype=torch.float64)
    )
    z = latent.sample_prior(20_000, generator())
    assert z.shape == (20_000, 1, K)
    assert (z.mean((0, 1)) - 0.5).abs().max() < 4.5 * 0.5 / math.sqrt(20_000)
    assert latent.transform(z) is z


def test_extreme_log_odds_are_certain_and_finite_in_float32():
    extreme = torch.tensor([[1e4, -1e4, 0.0]])
    q = BinaryUnits(K).posterior(extreme, None, None)
    z = q.sample(50, generator())
    assert (z[..., 0] == 1).all()
    assert (z[..., 1] == 0).all()
    assert torch.isfinite(q.log_prob(z)).all()
    assert torch.equal(q.detach().logits, extreme)
    assert q.kl() is None


def test_draw_units_has_the_dtype_and_shape_of_the_logits():
    assert draw_units(torch.zeros(2, 3), generator()).dtype == torch.float32
    assert draw_units(logits(), generator()).dtype == torch.float64
