"""The adversarial game against its definition and finite differences, in float64."""

import math

import pytest
import torch

from neuraltopic.core.adversarial.gan import GAN, NonSaturating, gradient_penalty
from neuraltopic.core.latents.gaussian import DiagonalGaussian
from neuraltopic.core.likelihoods import Bernoulli
from neuraltopic.core.networks import MLP, PerceptronEncoder
from neuraltopic.core.objectives import ELBO
from tests.parts import H, K, V, generator, randomise


def game(seed: int = 0) -> GAN[Bernoulli]:
    """Of smooth networks, of which finite differences can be taken."""
    encoder = PerceptronEncoder(V, [H], 2 * K)
    model = GAN(encoder, DiagonalGaussian(K), Bernoulli(MLP([K, H, V])), MLP([V, H, 1]))
    return randomise(model, seed=seed)


def pixels(n: int = 6) -> torch.Tensor:
    return torch.rand(n, V, generator=generator(9), dtype=torch.float64)


def slope(value, weights: torch.Tensor, step: float = 1e-5) -> torch.Tensor:
    """d value / d weights by central differences."""
    found = torch.empty_like(weights)
    with torch.no_grad():
        for place in range(weights.numel()):
            at = weights.data.view(-1)
            kept = float(at[place])
            at[place] = kept + step
            above = float(value())
            at[place] = kept - step
            found.view(-1)[place] = (above - float(value())) / (2 * step)
            at[place] = kept
    return found


def parts_of(model: GAN[Bernoulli], x: torch.Tensor) -> dict[str, torch.Tensor]:
    """What each network climbs, written out, at the noise that the objective draws from a generator of seed 3."""
    noise = generator(3)
    model.posterior(x, noise).sample(1, noise)
    z = model.sample_prior(len(x), noise)[:, 0].double()
    drawn = torch.sigmoid(model.decoder.network(z))
    right = torch.sigmoid(model.discriminator(x)).log() + (1 - torch.sigmoid(model.discriminator(drawn))).log()
    q = model.posterior(drawn)
    inverted = -0.5 * ((z - q.mean).square() / q.variance() + q.variance().log() + math.log(2 * math.pi))
    return {
        "discriminator": right[:, 0].mean(),
        "generator": torch.sigmoid(model.discriminator(drawn)).log().mean(),
        "encoder": inverted.sum(-1).mean(),
    }


def test_the_penalty_of_a_linear_discriminator_is_half_the_square_of_its_weights():
    model, x = game(), pixels()
    model.discriminator = randomise(MLP([V, 1]))
    expected = 0.5 * model.discriminator.layers[0].weight.square().sum()
    torch.testing.assert_close(gradient_penalty(model, x), expected.expand(len(x)), rtol=1e-12, atol=0)


def test_the_penalty_and_its_gradient_are_those_of_finite_differences():
    model, x = game(), pixels(3)

    def penalty() -> torch.Tensor:
        slopes = [slope(lambda row=row: model.log_odds(row[None])[0], row, 1e-4) for row in x]
        return 0.5 * torch.stack(slopes).square().sum(-1)

    torch.testing.assert_close(gradient_penalty(model, x), penalty(), rtol=1e-6, atol=1e-9)
    weight = model.discriminator.layers[0].weight
    (found,) = torch.autograd.grad(gradient_penalty(model, x).mean(), weight)
    expected = slope(lambda: penalty().mean(), weight, 1e-4)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_each_network_climbs_its_own_part_of_the_game():
    model, x = game().train(), pixels()
    networks = {
        "discriminator": model.discriminator.layers[0].weight,
        "generator": model.decoder.network.layers[0].weight,
        "encoder": model.encoder.network.layers[0].weight,
    }
    surrogate = NonSaturating(penalty=0.0)(model, x, generator(3)).surrogate.mean()
    found = dict(zip(networks, torch.autograd.grad(surrogate, list(networks.values())), strict=True))
    for name, weight in networks.items():
        expected = slope(lambda name=name: parts_of(model, x)[name], weight)
        torch.testing.assert_close(found[name], expected, rtol=1e-5, atol=1e-8, msg=name)


def test_the_surrogate_is_the_sum_of_the_parts_less_the_weighted_penalty():
    model, x = game().train(), pixels()
    surrogate = NonSaturating(penalty=4.0)(model, x, generator(3)).surrogate.mean()
    expected = sum(parts_of(model, x).values()) - 4.0 * gradient_penalty(model, x).mean()
    torch.testing.assert_close(surrogate, expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize("training", [True, False])
def test_the_value_is_the_elbo(training):
    model, x = game().train(training), pixels()
    expected = ELBO(1)(model, x, generator(4)).value
    torch.testing.assert_close(NonSaturating()(model, x, generator(4)).value, expected, rtol=1e-12, atol=1e-12)


def test_at_equilibrium_neither_player_gains():
    """A discriminator that cannot tell, D = 1/2, pays 2 log 2, and the generator has no slope to climb."""
    model, x = game().train(), pixels()
    for parameter in model.discriminator.parameters():
        torch.nn.init.zeros_(parameter)
    bound = NonSaturating()(model, x, generator())
    torch.testing.assert_close(gradient_penalty(model, x), torch.zeros(6, dtype=torch.float64))
    weight = model.decoder.network.layers[0].weight
    (found,) = torch.autograd.grad(bound.surrogate.mean(), weight)
    torch.testing.assert_close(found, torch.zeros_like(weight))
