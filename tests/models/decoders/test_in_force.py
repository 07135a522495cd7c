"""What is read of a decoder is of R and b as they are in force, whatever parameters these are made of."""

import pytest
import torch

from tests.parts import DECODERS, K, V, documents, generator, randomise, sparse_rows

REFINABLE = [name for name, make in DECODERS.items() if hasattr(make(), "likelihood_of")]
OF_TOPICS = [name for name, make in DECODERS.items() if hasattr(make(), "topics")]


def decoder_of(name):
    decoder = randomise(DECODERS[name]()).eval()
    for buffer, value in decoder.named_buffers():
        if value.is_floating_point():
            drawn = torch.rand(value.shape, generator=generator(len(buffer)), dtype=value.dtype) + 0.5
            value.copy_(drawn @ drawn.T if buffer == "running_covariance" else drawn)
    return decoder


def test_the_energy_softmaxes_are_among_them():
    assert {"energy_softmax", "normalised_energy_softmax", "simplex_energy_softmax"} <= set(REFINABLE)


@pytest.mark.parametrize("name", REFINABLE)
def test_a_latent_is_refined_under_the_likelihood_that_is_reported(name):
    decoder = decoder_of(name)
    counts = sparse_rows(documents())
    z = torch.randn(len(counts), K, generator=generator(1), dtype=torch.float64, requires_grad=True)
    expected = decoder.log_likelihood(z[None], counts)[0]
    (gradient,) = torch.autograd.grad(expected.sum(), z)
    value, slope, _ = decoder.likelihood_of(counts).expansion(z.detach())
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(slope, gradient)
    torch.testing.assert_close(decoder.likelihood_of(counts).gradient(z.detach()), gradient)


@pytest.mark.parametrize("name", REFINABLE)
def test_moments_and_the_short_vocabulary_are_of_r_and_b_in_force(name):
    decoder = decoder_of(name)
    weight, bias = decoder.topics()
    unigram = torch.softmax(bias, 0)
    mean, covariance = decoder.unigram_moments()
    torch.testing.assert_close(mean, unigram @ weight)
    torch.testing.assert_close(covariance, torch.cov(weight.T, correction=0, aweights=unigram))
    for found, expected in zip(decoder.condensed(V), (weight, bias), strict=True):
        torch.testing.assert_close(found, expected)
    short_weight, short_bias = decoder.condensed(2)
    torch.testing.assert_close(torch.softmax(short_bias, 0) @ short_weight, mean)


@pytest.mark.parametrize("name", OF_TOPICS)
def test_the_log_likelihood_is_that_of_the_probabilities(name):
    decoder = decoder_of(name)
    counts = documents()
    h = torch.softmax(torch.randn(len(counts), K, generator=generator(2), dtype=torch.float64), -1)
    expected = (counts * decoder.log_probabilities(h)).sum(-1)
    torch.testing.assert_close(decoder.log_likelihood(h[None], sparse_rows(counts))[0], expected)
