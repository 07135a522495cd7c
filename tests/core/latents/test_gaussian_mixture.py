"""The mixture prior against torch.distributions, and clusters found in data that have them."""

import math

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from neuraltopic.core.latents.gaussian_mixture import GaussianMixture
from neuraltopic.core.likelihoods import Gaussian
from neuraltopic.core.networks import MLP, PerceptronEncoder
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.vae import VAE
from tests.parts import K, generator, randomise, update

M = 4


def prior_of(latent: GaussianMixture) -> MixtureSameFamily:
    parts = Independent(Normal(latent.means, torch.exp(0.5 * latent.log_variances)), 1)
    return MixtureSameFamily(Categorical(logits=latent.logits), parts)


def latent() -> GaussianMixture:
    return randomise(GaussianMixture(K, M), std=0.8).requires_grad_(False)


def test_the_density_is_that_of_the_mixture():
    z = 2.0 * torch.randn(6, 5, K, generator=generator(), dtype=torch.float64)
    torch.testing.assert_close(latent().log_prior(z), prior_of(latent()).log_prob(z), rtol=1e-12, atol=1e-12)


def test_responsibilities_are_by_bayes_rule():
    made, z = latent(), torch.randn(7, K, generator=generator(), dtype=torch.float64)
    parts = zip(made.means, made.log_variances, strict=True)
    densities = [Normal(mean, torch.exp(0.5 * log)).log_prob(z).sum(-1).exp() for mean, log in parts]
    expected = torch.softmax(made.logits, 0) * torch.stack(densities, 1)
    torch.testing.assert_close(made.responsibilities(z), expected / expected.sum(1, keepdim=True), rtol=1e-11, atol=0)


def test_draws_of_the_prior_have_the_moments_of_the_mixture():
    made = latent()
    z, expected = made.sample_prior(40_000, generator())[:, 0], prior_of(made)
    assert ((z.mean(0) - expected.mean).abs() < 4.5 * (expected.variance / 40_000).sqrt()).all()
    torch.testing.assert_close(z.var(0), expected.variance, rtol=0.05, atol=0)


def test_one_cluster_at_the_standard_normal_is_the_diagonal_gaussian():
    z = torch.randn(3, 2, K, generator=generator(), dtype=torch.float64)
    single = GaussianMixture(K, 1).double()
    expected = Normal(0.0, 1.0).log_prob(z).sum(-1)
    torch.testing.assert_close(single.log_prior(z), expected)
    assert (single.responsibilities(z) == 1.0).all()


def test_the_bound_is_below_log_p_of_a_linear_model_and_its_importance_weighted_form_climbs_to_it():
    """x = W z + e with z of the mixture is a mixture of Gaussians of its own."""
    made, weight = latent(), torch.randn(5, K, generator=generator(2), dtype=torch.float64)
    decoder = Gaussian(MLP([K, 5]), variance=0.5).double()
    with torch.no_grad():
        decoder.network.layers[0].weight.copy_(weight)
        decoder.network.layers[0].bias.zero_()
    encoder = randomise(PerceptronEncoder(5, [4], 2 * K), std=0.3)
    model = VAE(encoder, made, decoder).eval()
    x = torch.randn(6, 5, generator=generator(3), dtype=torch.float64)
    parts = torch.distributions.MultivariateNormal(
        made.means @ weight.T,
        weight @ torch.diag_embed(torch.exp(made.log_variances)) @ weight.T + 0.5 * torch.eye(5, dtype=torch.float64),
    )
    exact = MixtureSameFamily(Categorical(logits=made.logits), parts).log_prob(x)
    with torch.no_grad():
        elbo = ELBO(2000)(model, x, generator()).value
        tight = ImportanceWeighted(40_000)(model, x, generator()).value
    assert (elbo < exact).all()
    torch.testing.assert_close(tight, exact, rtol=0, atol=0.35)


def test_clusters_of_z_are_of_one_cluster_of_the_data_each():
    """Of eight clusters for three, so that each of the three has one near it at the start."""
    truth = torch.arange(300) % 3
    noise = generator(4)
    x = 3.0 * torch.eye(3)[truth] + 0.3 * torch.randn(300, 3, generator=noise)
    made = GaussianMixture(2, 8)
    model = VAE(PerceptronEncoder(3, [16], 4), made, Gaussian(MLP([2, 16, 3])))
    model.encoder.initialise(noise)
    made.initialise(noise)
    model.decoder.initialise(noise, x.mean(0))
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(400):
        bound, _ = update(model, x, ELBO(), optimiser, noise)
    assert math.isfinite(bound)
    with torch.no_grad():
        found = made.responsibilities(model.posterior(x).mean).argmax(1)
    purity = sum(int(torch.bincount(truth[found == m], minlength=3).max()) for m in found.unique()) / 300
    assert purity > 0.95
