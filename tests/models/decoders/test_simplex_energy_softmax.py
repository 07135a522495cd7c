"""The likelihood as a function of shares: value and gradient against autograd, curvature at the corners and inside."""

import pytest
import torch

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


def test_curvature_is_the_covariance_under_the_mixture(decoder):
    """Between the topics as it is; within them the variances as they are, and one correlation for all."""
    counts = documents()
    theta = torch.softmax(torch.randn(5, K, generator=generator(), dtype=torch.float64), -1)
    found = matrices(decoder.share_likelihood_of(sparse_rows(counts)).curvature(theta))
    R, b = decoder.weight.detach(), decoder.bias.detach()
    topics = torch.softmax(R + b[:, None], 0).T
    means = topics @ R
    covariances = torch.stack([(R - means[k]).T @ ((R - means[k]) * topics[k, :, None]) for k in range(K)])
    average = covariances.mean(0)
    scale = average.diagonal().sqrt()
    for d in range(5):
        centred = means - theta[d] @ means
        variance = sum(theta[d, k] * covariances[k].diagonal() for k in range(K)).sqrt()
        expected = (
            centred.T @ (centred * theta[d, :, None]) + average / scale[:, None] / scale * variance[:, None] * variance
        )
        torch.testing.assert_close(found[d], counts[d].sum() * expected)


def test_curvature_of_one_topic_is_the_hessian():
    """There the mixture is the energy softmax, and the covariance its variance."""
    decoder = randomise(SimplexEnergySoftmax(1, V))
    counts = documents()[[3]]

    def log_likelihood(theta):
        return (
            tempered(counts, 1.0)[0] * torch.log_softmax(decoder.weight.detach() @ theta + decoder.bias.detach(), 0)
        ).sum()

    one = torch.ones(1, 1, dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(log_likelihood, one[0])
    found = matrices(decoder.share_likelihood_of(sparse_rows(counts)).curvature(one))
    torch.testing.assert_close(found[0], -hessian)


def test_curvature_is_positive_and_has_its_diagonal(decoder):
    theta = torch.softmax(4.0 * torch.randn(5, K, generator=generator(), dtype=torch.float64), -1)
    curvature = decoder.share_likelihood_of(sparse_rows(documents())).curvature(theta)
    found = matrices(curvature)
    torch.testing.assert_close(found, found.mT)
    torch.testing.assert_close(curvature.diagonal(), found.diagonal(dim1=1, dim2=2))
    assert torch.linalg.eigvalsh(found).min() > -1e-12


def test_what_documents_share_follows_the_parameters(decoder):
    """It is kept from one batch to the next, and made anew after a step and after weights are loaded."""
    seen = torch.full((5, K), 1.0 / K, dtype=torch.float64)
    first = decoder.share_likelihood_of(sparse_rows(documents()))
    assert decoder.share_likelihood_of(sparse_rows(documents())).vocabulary is first.vocabulary
    with torch.no_grad():
        decoder.weight.mul_(2.0)
    changed = decoder.share_likelihood_of(sparse_rows(documents()))
    expected = decoder.log_likelihood(seen[None], sparse_rows(tempered(documents(), 1.0)))[0].detach()
    torch.testing.assert_close(changed.value(seen), expected)
    decoder.load_state_dict({name: 0.5 * value for name, value in decoder.state_dict().items()})
    assert not torch.allclose(decoder.share_likelihood_of(sparse_rows(documents())).value(seen), expected)


def matrices(curvature):
    """Column by column, (B, K, K)."""
    unit = torch.eye(curvature.theta.shape[1], dtype=torch.float64)
    return torch.stack([curvature.times(row.expand_as(curvature.theta)) for row in unit], -1)


def test_start_is_what_the_topics_say(decoder):
    lift, frequency = torch.randn(V, K, generator=generator(1)), torch.randn(V, generator=generator(2))
    decoder.start_at(lift, frequency, torch.arange(1.0, V + 1))
    weight, bias = decoder.topics()
    torch.testing.assert_close(weight, lift.double())
    torch.testing.assert_close(bias, frequency.double())
