"""The likelihood as a function of shares: value and gradient against autograd, curvature at the corners and inside."""

import pytest
import torch

from neuraltopic.models.decoders import simplex_energy_softmax
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from tests.parts import K, V, documents, generator, randomise, sparse_rows


@pytest.fixture
def decoder():
    return randomise(SimplexEnergySoftmax(K, V))


def tempered(counts, rarity):
    """By the definition, document by document; the empty one stays so."""
    weights = counts**0.75 * rarity
    return counts.sum(1, keepdim=True) * weights / weights.sum(1, keepdim=True).clamp_min(1e-300)


def test_evidence_is_tempered(decoder):
    counts = documents()
    decoder.rarity.copy_(torch.linspace(1.0, 5.0, V))
    found = decoder.tempered(sparse_rows(counts)).dense()
    torch.testing.assert_close(found, tempered(counts, decoder.rarity))
    torch.testing.assert_close(found.sum(1), counts.sum(1))


def test_value_and_gradient(decoder):
    decoder.rarity.copy_(torch.linspace(1.0, 5.0, V))
    counts = tempered(documents(), decoder.rarity)
    theta = torch.softmax(torch.randn(5, K, generator=generator(), dtype=torch.float64), -1).requires_grad_()
    value = decoder.log_likelihood(theta[None], sparse_rows(counts))[0]
    (gradient,) = torch.autograd.grad(value.sum(), theta)
    likelihood = decoder.share_likelihood_of(sparse_rows(documents()))
    torch.testing.assert_close(likelihood.value_and_gradient(theta.detach()), (value.detach(), gradient))
    torch.testing.assert_close(likelihood.value(theta.detach()), value.detach())


def test_curvature_is_the_hessian_at_a_corner(decoder):
    """There the mixture is the energy softmax itself."""
    counts, corner = documents()[[3]], torch.eye(K, dtype=torch.float64)[[1]]

    def log_likelihood(theta):
        return (
            tempered(counts, 1.0)[0] * torch.log_softmax(decoder.weight.detach() @ theta + decoder.bias.detach(), 0)
        ).sum()

    hessian = torch.autograd.functional.hessian(log_likelihood, corner[0])
    torch.testing.assert_close(
        decoder.share_likelihood_of(sparse_rows(counts)).curvature(corner, slice(0, 1))[0], -hessian
    )


def test_curvature_is_the_covariance_under_the_mixture(decoder):
    counts = documents()
    theta = torch.softmax(torch.randn(5, K, generator=generator(), dtype=torch.float64), -1)
    likelihood = decoder.share_likelihood_of(sparse_rows(counts))
    found = torch.cat([likelihood.curvature(theta[rows], rows) for rows in (slice(0, 2), slice(2, 9))])
    R, b = decoder.weight.detach(), decoder.bias.detach()
    for d in range(5):
        p = sum(theta[d, k] * torch.softmax(R[:, k] + b, 0) for k in range(K))
        centred = R - p @ R
        torch.testing.assert_close(found[d], counts[d].sum() * centred.T @ (centred * p[:, None]))


def test_curvature_of_a_condensed_vocabulary_stays_positive(decoder, monkeypatch):
    monkeypatch.setattr(simplex_energy_softmax, "_MOMENT_WORDS", 3)
    theta = torch.full((5, K), 1.0 / K, dtype=torch.float64)
    found = decoder.share_likelihood_of(sparse_rows(documents())).curvature(theta, slice(0, 5))
    assert torch.linalg.eigvalsh(found).min() > -1e-12


def test_start_is_what_the_topics_say(decoder):
    lift, frequency = torch.randn(V, K, generator=generator(1)), torch.randn(V, generator=generator(2))
    decoder.start_at(lift, frequency, torch.arange(1.0, V + 1))
    weight, bias = decoder.topics()
    torch.testing.assert_close(weight, lift.double())
    torch.testing.assert_close(bias, frequency.double())
