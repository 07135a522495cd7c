"""The Laplace latent against torch.distributions."""

import torch

from neuraltopic.core.latents.laplace import Laplace, LaplacePosterior
from tests.parts import K, generator


def test_laplace_density_variance_and_kl_are_those_of_torch():
    mean = torch.randn(5, K, generator=generator(1), dtype=torch.float64)
    q = LaplacePosterior(mean, mean.flip(0))
    expected = torch.distributions.Laplace(mean, mean.flip(0).exp())
    prior = torch.distributions.Laplace(torch.zeros(K).double(), torch.ones(K).double())
    z = q.sample(4, generator())
    torch.testing.assert_close(q.log_prob(z), expected.log_prob(z).sum(-1))
    torch.testing.assert_close(Laplace(K).log_prior(z), prior.log_prob(z).sum(-1))
    torch.testing.assert_close(q.kl(), torch.distributions.kl_divergence(expected, prior))
    torch.testing.assert_close(q.variance(), expected.variance)


def test_laplace_reads_mean_then_log_scale_and_shows_z_as_it_is():
    latent = Laplace(2)
    q = latent.posterior(torch.tensor([[1.0, 2.0, 0.5, -0.5]]), None, None)
    assert q.mean.tolist() == [[1.0, 2.0]]
    assert q.log_scale.tolist() == [[0.5, -0.5]]
    assert latent.transform(q.mean) is q.mean
