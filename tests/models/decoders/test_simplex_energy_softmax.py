"""The likelihood as a function of shares: value and gradient against autograd, curvature at the corners and inside."""

import pytest
import torch

from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from tests.parts import K, V, documents, generator, randomise, sparse_rows


@pytest.fixture
def decoder():
    return randomise(SimplexEnergySoftmax(K, V))


def weighted(counts, evidence):
    """By the definition, document by document; the empty one stays so."""
    weights = counts**0.75 * evidence
    return counts.sum(1, keepdim=True) * weights / weights.sum(1, keepdim=True).clamp_min(1e-300)


def test_counts_are_weighted_by_evidence(decoder):
    counts = documents()
    decoder.weigh(torch.linspace(1.0, 5.0, V))
    found = decoder.weighted(sparse_rows(counts)).dense()
    torch.testing.assert_close(found, weighted(counts, decoder.evidence))
    torch.testing.assert_close(found.sum(1), counts.sum(1))


def test_value_and_gradient(decoder):
    """Of the weighted counts under u_w p(w | s) / sum_v u_v p(v | s), by autograd."""
    decoder.weigh(torch.linspace(0.01, 5.0, V))
    counts = weighted(documents(), decoder.evidence)
    theta = torch.softmax(torch.randn(5, K, generator=generator(), dtype=torch.float64), -1).requires_grad_()
    words = decoder.evidence * torch.softmax(theta @ decoder.weight.detach().T + decoder.bias.detach(), 1)
    value = (counts * (words / words.sum(1, keepdim=True)).log()).sum(1)
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
            weighted(counts, 1.0)[0] * torch.log_softmax(decoder.weight.detach() @ theta + decoder.bias.detach(), 0)
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
    expected = decoder.log_likelihood(seen[None], sparse_rows(weighted(documents(), 1.0)))[0].detach()
    torch.testing.assert_close(changed.value(seen), expected)
    decoder.load_state_dict({name: 0.5 * value for name, value in decoder.state_dict().items()})
    assert not torch.allclose(decoder.share_likelihood_of(sparse_rows(documents())).value(seen), expected)


def test_what_documents_share_follows_the_evidence(decoder):
    seen = torch.full((5, K), 1.0 / K, dtype=torch.float64)
    before = decoder.share_likelihood_of(sparse_rows(documents())).value(seen)
    decoder.weigh(torch.full((V,), 3.0))
    torch.testing.assert_close(decoder.share_likelihood_of(sparse_rows(documents())).value(seen), before)
    decoder.weigh(torch.linspace(1.0, 5.0, V))
    assert not torch.allclose(decoder.share_likelihood_of(sparse_rows(documents())).value(seen), before)


def test_shares_that_made_the_words_are_the_most_likely_whatever_their_weights(decoder):
    """The gradient is 0 where the counts, weighted, are those expected at the shares; under p alone it is not."""
    decoder.weigh(torch.linspace(0.01, 5.0, V))
    theta = torch.softmax(torch.randn(1, K, generator=generator(), dtype=torch.float64), -1)
    expected = torch.softmax(theta @ decoder.weight.detach().T + decoder.bias.detach(), 1)
    counts = 1000.0 * expected ** (4.0 / 3.0)  # the power is undone
    likelihood = decoder.share_likelihood_of(sparse_rows(counts))
    assert likelihood.value_and_gradient(theta)[1].abs().max() < 1e-8
    found = weighted(counts, decoder.evidence) / counts.sum()
    assert ((found - expected) @ decoder.weight.detach()).abs().max() > 0.1


def matrices(curvature):
    """Column by column, (B, K, K)."""
    unit = torch.eye(curvature.theta.shape[1], dtype=torch.float64)
    return torch.stack([curvature.times(row.expand_as(curvature.theta)) for row in unit], -1)


def test_start_is_what_the_topics_say(decoder):
    lift, frequency = torch.randn(V, K, generator=generator(1)), torch.randn(V, generator=generator(2))
    decoder.start_at(lift, frequency)
    weight, bias = decoder.topics()
    torch.testing.assert_close(weight, lift.double())
    torch.testing.assert_close(bias, frequency.double())
