"""Objectives that match the aggregate posterior: discrepancy and kernel by hand, gradients by finite differences."""

import math

import pytest
import torch
from torch.distributions import Dirichlet as TorchDirichlet

from neuraltopic.core.adversarial.autoencoder import Adversarial, AdversarialVAE, reverse_gradient
from neuraltopic.core.discrepancy import information_diffusion, maximum_mean_discrepancy
from neuraltopic.core.latents.dirichlet import Dirichlet
from neuraltopic.core.latents.logistic_normal import LogisticNormal
from neuraltopic.core.networks import PerceptronEncoder
from neuraltopic.core.objectives import ELBO, MomentMatching
from neuraltopic.core.vae import VAE
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from tests.parts import H, K, V, documents, generator, randomise, sparse_rows


def shares(n: int, concentration: float, seed: int) -> torch.Tensor:
    g = torch._standard_gamma(torch.full((n, K), concentration, dtype=torch.float64), generator(seed))
    return g / g.sum(1, keepdim=True)


def model_of(kind=VAE):
    latent = LogisticNormal(K)
    return randomise(kind(PerceptronEncoder(V, [H], latent.n_parameters), latent, SimplexEnergySoftmax(K, V))).train()


def test_the_kernel_is_one_at_a_point_and_known_between_corners_and_the_middle():
    corner, other, middle = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1 / 3] * 3], dtype=torch.float64)
    k = information_diffusion(torch.stack([corner, middle]), torch.stack([corner, other, middle]))
    far, half = math.exp(-((math.pi / 2) ** 2)), math.exp(-(math.acos(math.sqrt(1 / 3)) ** 2))
    expected = torch.tensor([[1.0, far, half], [half, half, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(k, expected, rtol=1e-7, atol=1e-12)


def test_a_gram_matrix_of_points_of_the_simplex_is_positive():
    points = shares(40, 0.3, 0)
    assert torch.linalg.eigvalsh(information_diffusion(points, points)).min() > -1e-7


def test_the_discrepancy_is_the_sum_over_pairs():
    a, b = shares(5, 0.5, 0), shares(7, 1.5, 1)

    def k(x, y):
        return math.exp(-(math.acos(min(1.0, float((x.sqrt() * y.sqrt()).sum()))) ** 2))

    expected = sum(k(a[i], a[j]) for i in range(5) for j in range(5) if i != j) / 20
    expected += sum(k(b[i], b[j]) for i in range(7) for j in range(7) if i != j) / 42
    expected -= 2 * sum(k(x, y) for x in a for y in b) / 35
    found = maximum_mean_discrepancy(a, b, information_diffusion)
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_the_discrepancy_is_unbiased_zero_of_one_distribution_and_above_it_of_two():
    same = torch.stack(
        [
            maximum_mean_discrepancy(shares(60, 0.3, 2 * s), shares(60, 0.3, 2 * s + 1), information_diffusion)
            for s in range(60)
        ]
    )
    assert abs(float(same.mean())) < 4.5 * float(same.std()) / math.sqrt(60)
    other = maximum_mean_discrepancy(shares(60, 0.1, 0), shares(60, 3.0, 1), information_diffusion)
    assert float(other) > 0.05


def test_too_few_points_have_no_discrepancy():
    one = shares(1, 1.0, 0).requires_grad_()
    value = maximum_mean_discrepancy(one, shares(5, 1.0, 1), information_diffusion)
    value.backward()
    assert float(value.detach()) == 0.0
    assert (one.grad == 0).all()


def test_gradients_are_finite_where_shares_are_zero_or_points_are_the_same():
    points = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], requires_grad=True)
    maximum_mean_discrepancy(points, torch.eye(3), information_diffusion).backward()
    assert torch.isfinite(points.grad).all()


def finite_difference(surrogate, parameter: torch.Tensor, step: float = 1e-6) -> torch.Tensor:
    found = torch.zeros_like(parameter)
    with torch.no_grad():
        for index in range(parameter.numel()):
            flat = parameter.view(-1)
            kept = float(flat[index])
            flat[index] = kept + step
            above = float(surrogate())
            flat[index] = kept - step
            below = float(surrogate())
            flat[index] = kept
            found.view(-1)[index] = (above - below) / (2 * step)
    return found


def test_gradient_of_moment_matching_is_that_of_its_formula_at_a_fixed_scale():
    """The scale of the discrepancy is a constant: the difference quotient is taken of reconstruction and discrepancy
    apart."""
    model, x = model_of(), sparse_rows(documents(6))
    parameter = model.encoder.network.layers[0].weight

    def parts() -> tuple[torch.Tensor, torch.Tensor]:
        noise = generator(3)
        q = model.posterior(x, noise)
        z = q.sample(1, noise)
        seen = model.latent.transform(z)[0]
        prior = model.latent.transform(model.latent.sample_prior(6, noise)[:, 0].double())
        return model.log_likelihood(z, x)[0].mean(), maximum_mean_discrepancy(seen, prior, information_diffusion)

    scale = 0.7 * abs(float(parts()[0].detach()))
    expected = finite_difference(lambda: parts()[0] - 0.5 * scale * parts()[1], parameter)
    bound = MomentMatching(0.7)(model, x, generator(3), 0.5)
    (found,) = torch.autograd.grad(bound.surrogate.mean(), parameter)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("objective", [MomentMatching(), Adversarial()])
def test_the_value_is_the_elbo(objective):
    model, x = model_of(AdversarialVAE), sparse_rows(documents(6))
    expected = ELBO(1)(model, x, generator(4)).value
    torch.testing.assert_close(objective(model, x, generator(4)).value, expected, rtol=1e-12, atol=1e-12)


def test_a_gradient_is_reversed_once():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (reverse_gradient(x) * torch.tensor([3.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [-3.0, -4.0]


def test_the_discriminator_climbs_what_the_encoder_descends():
    """With the reconstruction's gradient taken off, both gradients are those of the game's value by finite differences,
    of opposite signs."""
    model, x = model_of(AdversarialVAE), sparse_rows(documents(6))
    encoder, judge = model.encoder.network.layers[0].weight, model.discriminator.layers[0].weight

    def game() -> torch.Tensor:
        noise = generator(3)
        z = model.posterior(x, noise).sample(1, noise)
        seen = model.latent.transform(z)[0]
        prior = model.latent.transform(model.latent.sample_prior(6, noise)[:, 0].double())
        right = torch.sigmoid(model.log_odds(prior)).log() + torch.sigmoid(-model.log_odds(seen)).log()
        return right.mean()

    scale = 0.7 * abs(float(model.log_likelihood(model.posterior(x).sample(1, generator(3)), x).detach().mean()))
    surrogate = Adversarial(0.7)(model, x, generator(3)).surrogate.mean()
    of_judge, of_encoder = torch.autograd.grad(surrogate, [judge, encoder])
    noise = generator(3)
    reconstruction = model.log_likelihood(model.posterior(x, noise).sample(1, noise), x)[0].mean()
    (of_reconstruction,) = torch.autograd.grad(reconstruction, encoder)
    torch.testing.assert_close(of_judge, scale * finite_difference(game, judge), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(
        of_encoder - of_reconstruction, -scale * finite_difference(game, encoder), rtol=1e-4, atol=1e-6
    )


def test_a_dirichlet_is_drawn_as_the_prior():
    """What the discrepancy compares with has the moments of the Dirichlet."""
    latent = Dirichlet(K, 0.3)
    theta = latent.transform(latent.sample_prior(20_000, generator())[:, 0])
    expected = TorchDirichlet(torch.full((K,), 0.3))
    torch.testing.assert_close(theta.mean(0), expected.mean, rtol=0, atol=0.01)
    torch.testing.assert_close(theta.var(0), expected.variance, rtol=0.05, atol=0)
