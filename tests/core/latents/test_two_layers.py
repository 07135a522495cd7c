"""Two stochastic layers: each density written out, and the gradient that must pass from one layer to the next."""

import math

import pytest
import torch
from torch.distributions import Normal
from torch.func import functional_call

from neuraltopic.core.latents.two_layers import TwoLayerGaussian
from tests.parts import generator, randomise

K, M, B = 3, 2, 4


@pytest.fixture
def latent():
    return randomise(TwoLayerGaussian(K, M, [5, 4]))


@pytest.fixture
def output():
    return torch.randn(B, 2 * K, generator=generator(1), dtype=torch.float64)


def normal(network, below) -> Normal:
    mean, log_variance = network(below).chunk(2, -1)
    return Normal(mean, torch.exp(0.5 * log_variance))


def test_densities_are_products_of_two_gaussians(latent, output):
    q = latent.posterior(output, None, None)
    z = q.sample(6, generator())
    first, second = z[..., :K], z[..., K:]
    expected = Normal(output[:, :K], torch.exp(0.5 * output[:, K:])).log_prob(first).sum(-1)
    expected = expected + normal(latent.inference, first).log_prob(second).sum(-1)
    torch.testing.assert_close(q.log_prob(z), expected)
    zero = torch.zeros(M, dtype=torch.float64)
    prior = Normal(zero, zero + 1).log_prob(second).sum(-1) + normal(latent.generative, second).log_prob(first).sum(-1)
    torch.testing.assert_close(latent.log_prior(z), prior)
    assert torch.equal(latent.transform(z), first)


def test_draws_follow_the_densities(latent, output):
    """Each layer, less its mean and over its standard deviation given the other, is N(0, 1)."""
    q = latent.posterior(output, None, None)
    drawn = q.sample(5_000, generator()).detach()
    above = normal(latent.inference, drawn[..., :K])
    prior = latent.sample_prior(20_000, generator())
    below = normal(latent.generative, prior[..., K:])
    for whitened in (
        (drawn[..., :K] - q.mean[:, :K]) / q.variance()[:, :K].sqrt(),
        (drawn[..., K:] - above.mean) / above.stddev,
        prior[..., K:],
        (prior[..., :K] - below.mean) / below.stddev,
    ):
        n = whitened[..., 0].numel()
        moments = whitened.flatten(0, 1)
        assert moments.mean(0).abs().max() < 4.5 / math.sqrt(n)
        assert (moments.square().mean(0) - 1).abs().max() < 4.5 * math.sqrt(2 / n)
    # No draw of one layer is that of the other.
    assert torch.corrcoef(whitened.flatten(0, 1).T).fill_diagonal_(0).abs().max() < 0.04


def test_mean_and_variance_above_are_those_given_the_mean_below(latent, output):
    q = latent.posterior(output, None, None)
    above = normal(latent.inference, output[:, :K])
    torch.testing.assert_close(q.mean, torch.cat([output[:, :K], above.mean], 1))
    torch.testing.assert_close(q.variance(), torch.cat([output[:, K:].exp(), above.variance], 1))


def test_mean_prior_ratio_over_q_is_one(latent, output):
    """E_q[p(z) / q(z | x)] = 1, with q wider than p wherever there is mass."""
    wide = torch.cat([0.1 * output[:, :K], torch.full((B, K), 1.2, dtype=torch.float64)], 1)
    with torch.no_grad():
        for network in (latent.inference, latent.generative):
            for weight in network.parameters():
                weight.mul_(0.3)
        latent.inference.layers[-1].bias[M:] = 1.0
        q = latent.posterior(wide, None, None)
        z = q.sample(50_000, generator())
        ratio = torch.exp(latent.log_prior(z) - q.log_prob(z))
    assert ((ratio.mean(0) - 1).abs() < 4.5 * ratio.std(0) / math.sqrt(len(ratio))).all()


def test_detached_density_keeps_the_path_from_the_first_layer_to_the_second(latent, output):
    """d log q(z) / d(encoder's output) through z alone, as the doubly reparameterised gradient takes it: what is left
    when the density's own parameters are constants."""
    leaf = output.clone().requires_grad_()
    q = latent.posterior(leaf, None, None)
    (taken,) = torch.autograd.grad(q.detach().log_prob(q.sample(3, generator())).sum(), leaf)

    def by_hand(values):
        z = latent.posterior(values, None, None).sample(3, generator())
        frozen = {name: weight.detach() for name, weight in latent.inference.named_parameters()}
        above = normal(lambda below: functional_call(latent.inference, frozen, (below,)), z[..., :K])
        first = Normal(output[:, :K], torch.exp(0.5 * output[:, K:])).log_prob(z[..., :K])
        return first.sum() + above.log_prob(z[..., K:]).sum()

    numeric = torch.zeros_like(output)
    for index in range(output.numel()):
        shift = torch.zeros_like(output)
        shift.view(-1)[index] = 1e-6
        with torch.no_grad():
            numeric.view(-1)[index] = (by_hand(output + shift) - by_hand(output - shift)) / 2e-6
    torch.testing.assert_close(taken, numeric, rtol=1e-6, atol=1e-7)
    assert not any(weight.grad is not None for weight in latent.parameters())


def test_weights_come_from_the_generator():
    one, other = TwoLayerGaussian(K, M, [5]), TwoLayerGaussian(K, M, [5])
    one.initialise(generator(4))
    other.initialise(generator(4))
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())
