"""Decoders of dense data against torch.distributions, and where logits are extreme."""

import math

import pytest
import torch

from neuraltopic.core.likelihoods import Bernoulli, Gaussian
from neuraltopic.core.networks import MLP
from tests.parts import K, V, generator, randomise

S, B = 4, 5


@pytest.fixture
def h():
    return torch.randn(S, B, K, generator=generator(1), dtype=torch.float64)


def network() -> MLP:
    return MLP([K, 6, V])


def test_bernoulli_log_likelihood_is_that_of_torch(h):
    decoder = randomise(Bernoulli(network()))
    x = torch.randint(0, 2, (B, V), generator=generator(2)).double()
    logits = decoder.network(h)
    expected = torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(-1)
    torch.testing.assert_close(decoder.log_likelihood(h, x), expected)
    torch.testing.assert_close(decoder.mean(h), torch.distributions.Bernoulli(logits=logits).mean)


def test_bernoulli_of_a_grey_level_is_the_mean_over_its_binarisations(h):
    decoder = randomise(Bernoulli(network()))
    x = torch.rand(B, V, generator=generator(2), dtype=torch.float64)
    p = decoder.mean(h)
    expected = (x * p.log() + (1 - x) * (1 - p).log()).sum(-1)
    torch.testing.assert_close(decoder.log_likelihood(h, x), expected)


def test_bernoulli_gradient_is_what_the_mean_leaves_unexplained(h):
    """d/dl [x l - log(1 + exp l)] = x - sigmoid(l), summed over samples and rows at the output's bias."""
    decoder = randomise(Bernoulli(network()))
    x = torch.randint(0, 2, (B, V), generator=generator(2)).double()
    decoder.log_likelihood(h, x).sum().backward()
    torch.testing.assert_close(decoder.network.layers[-1].bias.grad, (x - decoder.mean(h)).sum((0, 1)))


def test_bernoulli_stays_exact_at_extreme_logits():
    """A 1 at a logit of -1,000 costs 1,000 nats; what is all but certain costs nothing."""
    decoder = Bernoulli(MLP([1, 2]))
    with torch.no_grad():
        decoder.network.layers[0].weight.copy_(torch.tensor([[1.0], [-1.0]]))
        decoder.network.layers[0].bias.zero_()
    h = torch.tensor([[[1000.0], [1000.0]]])
    x = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    assert decoder.log_likelihood(h, x).tolist() == [[0.0, -1000.0]]


def test_bernoulli_starts_at_the_mean_of_the_data():
    decoder = Bernoulli(network())
    mean = torch.tensor([0.0, 0.2, 0.4, 0.5, 0.6, 0.9, 1.0])
    decoder.initialise(generator(), mean)
    torch.testing.assert_close(decoder.mean(torch.zeros(K)), mean.clamp(1e-3, 1 - 1e-3))
    decoder.initialise(generator())
    torch.testing.assert_close(decoder.mean(torch.zeros(K)), torch.full((V,), 0.5))


@pytest.mark.parametrize("variance", [0.3, 2.0])
def test_gaussian_log_likelihood_is_that_of_torch(h, variance):
    decoder = randomise(Gaussian(network(), variance))
    with torch.no_grad():
        decoder.log_variance.fill_(math.log(variance))
    x = torch.randn(B, V, generator=generator(2), dtype=torch.float64)
    normal = torch.distributions.Normal(decoder.network(h), math.sqrt(variance))
    torch.testing.assert_close(decoder.log_likelihood(h, x), normal.log_prob(x).sum(-1))
    assert torch.equal(decoder.mean(h), decoder.network(h))


def test_gaussian_variance_is_learned_unless_it_is_given(h):
    """At the best variance, the mean squared error, its gradient is zero."""
    fixed, learned = Gaussian(network(), 0.25), Gaussian(network())
    fixed.initialise(generator())
    assert fixed.log_variance.item() == pytest.approx(math.log(0.25))
    assert not fixed.log_variance.requires_grad
    randomise(learned)
    x = torch.randn(B, V, generator=generator(2), dtype=torch.float64)
    with torch.no_grad():
        learned.log_variance.copy_((x - learned.network(h)).square().mean().log())
    learned.log_likelihood(h, x).sum().backward()
    assert abs(learned.log_variance.grad.item()) < 1e-12


def test_gaussian_starts_at_the_mean_of_the_data_and_variance_1():
    decoder = randomise(Gaussian(network()))
    mean = torch.linspace(-1, 1, V, dtype=torch.float64)
    decoder.initialise(generator(), mean)
    assert torch.equal(decoder.mean(torch.zeros(K, dtype=torch.float64)), mean)
    assert decoder.log_variance.item() == 0.0


def test_a_perfect_reconstruction_has_a_finite_density():
    decoder = Gaussian(MLP([1, 1]))
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.zero_()
        decoder.log_variance.fill_(-100.0)
    value = decoder.log_likelihood(torch.ones(1, 1, 1), torch.zeros(1, 1)).item()
    assert value == pytest.approx(0.5 * (12.0 - math.log(2 * math.pi)))


def test_decoders_draw_their_weights_from_the_generator_alone():
    before = torch.random.get_rng_state()
    for kind in (Bernoulli, Gaussian):
        one, other = kind(network()), kind(network())
        torch.random.set_rng_state(before)  # what the constructors of torch's layers drew
        one.initialise(generator(7))
        other.initialise(generator(7))
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name])
        assert torch.equal(torch.random.get_rng_state(), before)
