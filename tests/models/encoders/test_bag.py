"""The bag-of-words encoder against its dense definition, and batch normalisation against torch's."""

import math

import pytest
import torch
from torch.nn import functional as F

from neuraltopic.models.encoders.bag import BagEncoder, BatchNormalisation
from tests.parts import V, documents, generator, randomise, sparse_rows

P = 6


def encoder(**noise):
    return randomise(BagEncoder(V, 4, P, **noise))


def test_sparse_layer_is_the_dense_definition():
    net, counts = encoder().eval(), documents()
    log_counts = torch.log1p(counts)
    unit = 8.0 * log_counts / log_counts.norm(dim=1, keepdim=True).clamp_min(1e-300)
    h = F.silu(unit @ net.words + (torch.log1p(counts.sum(1)) - 4.0)[:, None] @ net.input.weight.T + net.input.bias)
    expected = net.normalisation(net.output(h + F.silu(net.hidden(h))))
    torch.testing.assert_close(net(sparse_rows(counts), None), expected)


def test_documents_of_small_weights_have_the_norm_of_others():
    """Of weights up to 1e-12 log(1 + x) is x, so that both rows have the same direction and, nearly, no length."""
    net = encoder().float().eval()
    weights = documents()[2:3].float() * torch.tensor([[1e-9], [1e-12]])
    large, small = net.first(sparse_rows(weights), None)
    torch.testing.assert_close(small, large, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(large, net.first(sparse_rows(torch.zeros(1, V)), None)[0], atol=0.1)


def test_outside_training_a_document_alone_is_what_it_is_in_a_batch():
    net, counts = encoder(masked=0.5).eval(), documents()
    whole = net(sparse_rows(counts), None)
    alone = torch.cat([net(sparse_rows(row[None]), None) for row in counts])
    torch.testing.assert_close(alone, whole)
    assert torch.isfinite(whole).all()


@pytest.mark.parametrize("noise", [{"dropout_rate": 0.5}, {"masked": 0.5}])
def test_noise_comes_from_the_generator_alone(noise):
    net, counts = encoder(**noise), sparse_rows(documents())
    state = torch.random.get_rng_state()
    first, again, other = (net(counts, None, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.testing.assert_close(net(counts, None), encoder()(counts, None))


def test_masked_words_are_not_there():
    """What is seen of a document is itself a document, also where nothing is."""
    for masked in (0.5, 1.0):
        net, counts = encoder(masked=masked), sparse_rows(documents())
        seen = net.mask(counts, generator()).dense()
        assert len(sparse_rows(seen).values) < len(counts.values)
        found = net(counts, None, generator())
        assert torch.isfinite(found).all()
        torch.testing.assert_close(found, encoder()(sparse_rows(seen), None))


def test_first_units_start_with_the_variance_of_one():
    net = BagEncoder(1000, 2000, P)
    net.initialise(generator())
    assert net.words.std().item() == pytest.approx(1.0 / 8.0, rel=0.01)
    assert net.input.bias.abs().max() == 0


def test_batch_normalisation_is_torchs():
    ours, theirs = randomise(BatchNormalisation(P)), torch.nn.BatchNorm1d(P).double()
    theirs.load_state_dict(theirs.state_dict() | {"weight": ours.scale, "bias": ours.shift})
    for seed in range(3):
        x = torch.randn(8, P, generator=generator(seed), dtype=torch.float64) * 3 + 1
        torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_training_batch_of_one_uses_the_running_moments():
    normalisation = BatchNormalisation(1)
    with torch.no_grad():
        normalisation.running_mean.fill_(2.0)
        normalisation.running_variance.fill_(4.0)
    assert normalisation(torch.tensor([[6.0]])).item() == pytest.approx(2.0 / math.sqrt(1 + 1e-5 / 4), rel=1e-6)
    assert normalisation.running_mean.item() == 2.0


@torch.no_grad()
def test_an_output_copied_and_shifted():
    """Outside training output 1 is that of 4, and then higher by a linear function of the features."""
    net, rows = encoder().eval(), sparse_rows(documents())
    before = net(rows, None)
    net.copy_output(1, 4)
    copied = net(rows, None)
    torch.testing.assert_close(copied[:, 1], before[:, 4])
    torch.testing.assert_close(copied[:, [0, 2, 3, 4, 5]], before[:, [0, 2, 3, 4, 5]])
    weight, bias = torch.tensor([0.3, -1.0, 0.2, 0.7], dtype=torch.float64), torch.tensor(0.4, dtype=torch.float64)
    net.shift_output(1, weight, bias)
    torch.testing.assert_close(net(rows, None)[:, 1], before[:, 4] + net.features(rows) @ weight + bias)
