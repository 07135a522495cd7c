"""The encoder that starts at the Gaussian around z = 0."""

import pytest
import torch

from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.encoders import sufficient_statistics as module
from neuraltopic.models.encoders.sufficient_statistics import SufficientStatisticsEncoder
from tests.parts import H, K, V, documents, generator, randomise, sparse_rows


@pytest.fixture
def decoder():
    return randomise(EnergySoftmax(K, V))


def test_starts_at_the_gaussian_to_second_order_around_zero(decoder, monkeypatch):
    """(I + n C)^-1 (R x - n e) and -log(1 + n C_kk), with e and C of the unigram written out."""
    monkeypatch.setattr(module, "_LONGEST_START", 1e6)
    encoder = SufficientStatisticsEncoder(K, H).double()
    torch.nn.init.zeros_(encoder.output.weight)
    torch.nn.init.zeros_(encoder.output.bias)
    counts = documents()
    mean, log_variance = encoder(sparse_rows(counts), decoder).detach().split(K, dim=1)
    weight, unigram = decoder.weight.detach(), torch.softmax(decoder.bias.detach(), 0)
    e = unigram @ weight
    C = sum(p * torch.outer(row - e, row - e) for p, row in zip(unigram, weight, strict=True))
    for d, n in enumerate(counts.sum(1)):
        expected = torch.linalg.solve(torch.eye(K).double() + n * C, counts[d] @ weight - n * e)
        torch.testing.assert_close(mean[d], expected)
        torch.testing.assert_close(log_variance[d], -torch.log(1 + n * C.diagonal()))


def test_start_is_no_longer_than_the_quadratic_can_be_trusted(decoder):
    encoder = randomise(SufficientStatisticsEncoder(K, H), std=0.0)
    counts = torch.zeros(1, V, dtype=torch.float64)
    counts[0, decoder.weight.detach().norm(dim=1).argmax()] = 1e5
    with torch.no_grad():
        decoder.weight.mul_(1e-3)
    mean = encoder(sparse_rows(counts), decoder)[:, :K]
    torch.testing.assert_close(mean.norm().item(), module._LONGEST_START)


def test_draws_nothing_while_training(decoder):
    encoder, noise = randomise(SufficientStatisticsEncoder(K, H)).train(), generator()
    x, before = sparse_rows(documents()), noise.get_state()
    assert torch.equal(encoder(x, decoder, noise), encoder(x, decoder))
    assert torch.equal(noise.get_state(), before)
