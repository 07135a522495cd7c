"""The batch-normalised energy softmax against torch's BatchNorm1d on energies that stand whole."""

import pytest
import torch

from neuraltopic.models.decoders.normalised_energy_softmax import NormalisedEnergySoftmax
from tests.parts import K, V, documents, generator, randomise, sparse_rows


@pytest.fixture
def decoder():
    return randomise(NormalisedEnergySoftmax(K, V))


def simplex(*shape, seed=5):
    return torch.softmax(2 * torch.randn(*shape, generator=generator(seed), dtype=torch.float64), -1)


def with_batch_norm(decoder, norm, theta, counts):
    energies = norm(theta.reshape(-1, K) @ decoder.weight.T) + decoder.bias  # (S B, V)
    return (counts * torch.log_softmax(energies, 1).view(*theta.shape[:2], V)).sum(-1)


def test_training_likelihood_and_its_gradient_are_batch_norms(decoder):
    counts, theta = documents(), simplex(2, 5, K)
    norm = torch.nn.BatchNorm1d(V, affine=False).double()
    found = decoder.train().log_likelihood(theta, sparse_rows(counts))
    expected = with_batch_norm(decoder, norm, theta, counts)
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(value.sum(), list(decoder.parameters())) for value in (found, expected)]
    torch.testing.assert_close(gradients[0], gradients[1])


def test_eval_uses_the_running_moments_of_a_decoder_that_stood_still(decoder):
    """With R fixed, running means of the moments of theta give the running moments of the energies."""
    counts, norm = documents(), torch.nn.BatchNorm1d(V, affine=False).double()
    with torch.no_grad():
        # torch begins at mean 0 and variance 1 of each energy; ours at covariance I of theta.
        norm.running_var.copy_(decoder.weight.square().sum(1))
    for seed in range(4):
        theta = simplex(1, 5, K, seed=seed)
        decoder.train().log_likelihood(theta, sparse_rows(counts))
        with_batch_norm(decoder, norm, theta, counts)
    found = decoder.eval().log_likelihood(theta, sparse_rows(counts))
    torch.testing.assert_close(found, with_batch_norm(decoder, norm.eval(), theta, counts))
    each_word = sparse_rows(torch.eye(V, dtype=torch.float64))
    by_likelihood = decoder.log_likelihood(theta[0, :1, None].expand(1, V, K), each_word)[0]
    torch.testing.assert_close(decoder.log_probabilities(theta[0, :1])[0], by_likelihood)


def test_topics_are_what_is_in_force(decoder):
    weight, bias = decoder.eval().topics()
    theta, counts = simplex(1, 5, K), documents()
    energies = theta[0] @ weight.T + bias
    expected = (counts * torch.log_softmax(energies, 1)).sum(-1)
    torch.testing.assert_close(decoder.log_likelihood(theta, sparse_rows(counts))[0], expected)


def test_training_batch_of_one_point_uses_the_running_moments(decoder):
    theta, counts = simplex(1, 1, K), sparse_rows(documents()[3:4])
    trained = decoder.train().log_likelihood(theta, counts)
    torch.testing.assert_close(trained, decoder.eval().log_likelihood(theta, counts))
    assert decoder.running_mean.abs().max() == 0


def test_scale_of_the_factors_changes_next_to_nothing(decoder):
    counts, theta = sparse_rows(documents()), simplex(1, 5, K)
    before = decoder.train().log_likelihood(theta, counts)
    with torch.no_grad():
        decoder.weight.mul_(10.0)
    torch.testing.assert_close(decoder.log_likelihood(theta, counts), before, rtol=1e-2, atol=1e-3)
