"""The energy softmax against the dense definition (17.14, 17.15), closed forms and finite differences."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from neuraltopic.models.decoders import energy_softmax
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax, log_partition
from tests.parts import K, V, documents, generator, randomise, sparse_rows


@pytest.fixture(
    params=[(1 << 22, 1 << 13, 1 << 23), (64 * 3, 3, 1 << 23), (64 * 3, 3, 0)],
    ids=["one tile", "many tiles", "many tiles computed again"],
)
def tiles(request, monkeypatch):
    """The same answers whether V and the rows fit in one tile or not, and whether tiles are kept."""
    monkeypatch.setattr(energy_softmax, "_KEPT", request.param[2])
    monkeypatch.setattr(energy_softmax, "_TILE", request.param[0])
    monkeypatch.setattr(energy_softmax, "_TILE_WORDS", request.param[1])


@pytest.fixture
def decoder():
    return randomise(EnergySoftmax(K, V))


def normal(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed), dtype=torch.float64)


def test_log_likelihood_is_the_definition(decoder, tiles):
    """sum_i counts_i log of exp(-E_i) / sum_j exp(-E_j), one document, one sample and one word at a time."""
    counts, z = documents(), normal(2, 5, K)
    R, b = decoder.weight.T.detach().numpy(), decoder.bias.detach().numpy()
    expected = np.zeros((2, 5))
    for s in range(2):
        for d in range(5):
            energy = [-(z[s, d].numpy() @ R[:, i]) - b[i] for i in range(V)]
            partition = sum(math.exp(-e) for e in energy)
            for i in range(V):
                expected[s, d] += counts[d, i].item() * math.log(math.exp(-energy[i]) / partition)
    found = decoder.log_likelihood(z, sparse_rows(counts)).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_gradient_of_the_log_partition(tiles):
    """Many rows, so that every loop of the backward pass goes round more than once."""
    z, weight, bias = normal(70, 2), normal(4, 2, seed=1), normal(4, seed=2)
    inputs = tuple(t.requires_grad_() for t in (z, weight, bias))
    assert torch.autograd.gradcheck(log_partition, inputs, rtol=1e-6, atol=1e-9)


def test_gradient_without_rows_is_zero(tiles):
    """As in one of several processes that divide fewer rows than there are processes."""
    weight, bias = torch.full((V, K), 0.5, requires_grad=True), torch.zeros(V, requires_grad=True)
    log_partition(torch.zeros(0, K), weight, bias).sum().backward()
    torch.testing.assert_close(weight.grad, torch.zeros(V, K))
    torch.testing.assert_close(bias.grad, torch.zeros(V))


def test_gradient_of_the_log_likelihood(decoder, tiles):
    counts = sparse_rows(documents())
    z = normal(2, 5, K).requires_grad_()
    assert torch.autograd.gradcheck(lambda *_: decoder.log_likelihood(z, counts), (z, *decoder.parameters()))


def test_zero_energies_give_perplexity_of_exactly_v(tiles):
    counts = documents()
    value = EnergySoftmax(K, V).double().log_likelihood(normal(1, 5, K), sparse_rows(counts))[0]
    torch.testing.assert_close(value.detach(), -counts.sum(1) * math.log(V), rtol=1e-14, atol=0)


def test_zero_topic_weights_give_the_unigram_model(tiles):
    counts = documents()
    frequency = (counts.sum(0) + 0.5) / (counts.sum(0) + 0.5).sum()
    decoder = EnergySoftmax(K, V).double()
    with torch.no_grad():
        decoder.bias.copy_(frequency.log())
    value = decoder.log_likelihood(normal(1, 5, K), sparse_rows(counts))[0]
    torch.testing.assert_close(value.detach(), counts @ frequency.log(), rtol=1e-12, atol=1e-12)


def test_empty_document_has_log_likelihood_zero(decoder, tiles):
    assert decoder.log_likelihood(normal(3, 5, K), sparse_rows(documents()))[:, 0].abs().max() == 0


def test_enormous_energies_stay_finite(tiles):
    z = torch.tensor([[1e4, 0.0], [-1e4, 1.0]])
    weight = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.5, 3.0], [0.0, 0.0]])
    torch.testing.assert_close(log_partition(z, weight, torch.zeros(4)), torch.tensor([1e4, 1e4]))


def test_counts_of_a_hundred_thousand_in_float32():
    decoder = EnergySoftmax(K, V)
    counts = torch.zeros(1, V)
    counts[0, 3] = 1e5
    value = decoder.log_likelihood(torch.zeros(1, 1, K), sparse_rows(counts))
    assert value.item() == pytest.approx(-1e5 * math.log(V), rel=1e-6)


def test_log_probabilities_sum_to_one_and_agree_with_the_likelihood(decoder):
    z = normal(4, K)
    found = decoder.log_probabilities(z)
    torch.testing.assert_close(found.exp().sum(1), torch.ones(4, dtype=torch.float64))
    each_word = sparse_rows(torch.eye(V, dtype=torch.float64))
    by_likelihood = decoder.log_likelihood(z[:, None].expand(4, V, K), each_word)
    torch.testing.assert_close(found, by_likelihood)


def test_permuted_words_permute_nothing_but_the_words(decoder):
    counts, z, order = documents(), normal(1, 5, K), torch.tensor([3, 1, 0, 6, 5, 2, 4])
    before = decoder.log_likelihood(z, sparse_rows(counts))
    with torch.no_grad():
        decoder.weight.copy_(decoder.weight[order])
        decoder.bias.copy_(decoder.bias[order])
    torch.testing.assert_close(decoder.log_likelihood(z, sparse_rows(counts[:, order])), before)


def test_initialise_starts_at_the_unigram_with_small_factors():
    decoder = EnergySoftmax(20, 5000)
    log_frequency = torch.log_softmax(torch.linspace(-3, 3, 5000), 0)
    decoder.initialise(log_frequency, 0.1, generator())
    assert torch.equal(decoder.bias, log_frequency)
    assert decoder.weight.std().item() == pytest.approx(0.1, rel=0.02)


def test_condensed_vocabulary_keeps_the_unigram(decoder):
    """Six likeliest words and one for the seventh is the vocabulary; three and one keep mass and mean."""
    weight, bias = decoder.condensed(V)
    assert weight is decoder.weight
    for n_words in (V - 1, 3):
        weight, bias = decoder.condensed(n_words)
        assert len(bias) == n_words + 1
        torch.testing.assert_close(torch.logsumexp(bias, 0), torch.logsumexp(decoder.bias, 0).detach())
        torch.testing.assert_close(torch.softmax(bias, 0) @ weight, decoder.unigram_moments()[0])
    z = normal(5, K)
    exact = energy_softmax.partition_and_mean(z, decoder.weight.detach(), decoder.bias.detach())
    torch.testing.assert_close(energy_softmax.partition_and_mean(z, *decoder.condensed(V - 1)), exact)


@pytest.mark.parametrize("kept", [1 << 23, 0])
@pytest.mark.parametrize("tile", [1 << 22, 0], ids=["one block", "three blocks"])
def test_the_bits_are_the_same_on_any_number_of_threads(kept, tile, monkeypatch):
    """With as many tiles as threads, with fewer, and with a tile left over."""
    monkeypatch.setattr(energy_softmax, "_KEPT", kept)
    monkeypatch.setattr(energy_softmax, "_TILE", tile)
    before = torch.get_num_threads()
    found = []
    try:
        for n_threads in (1, 2, 3):
            torch.set_num_threads(n_threads)
            inputs = [
                t.float().requires_grad_() for t in (normal(150, K), normal(5000, K, seed=1), normal(5000, seed=2))
            ]
            value = log_partition(*inputs)
            value.square().sum().backward()
            found.append([value.detach(), *(t.grad for t in inputs)])
    finally:
        torch.set_num_threads(before)
    for others in found[1:]:
        assert all(torch.equal(one, other) for one, other in zip(found[0], others, strict=True))


@pytest.mark.parametrize("kept", [1 << 23, 0])
def test_compiled_and_plain_functions_have_the_same_bits(kept, monkeypatch):
    """At the first calls and at later ones, of which the compiler changes what is run."""
    monkeypatch.setattr(energy_softmax, "_KEPT", kept)
    compiled = ["_exponentials", "_log_partition", "_add_gradients", "_total"]

    def results():
        inputs = [t.float().requires_grad_() for t in (normal(40, K), normal(5000, K, seed=1), normal(5000, seed=2))]
        value = log_partition(*inputs)
        value.square().sum().backward()
        return [value.detach(), *(t.grad for t in inputs)]

    found = [results() for _ in range(4)]
    for name in compiled:
        monkeypatch.setattr(energy_softmax, name, getattr(energy_softmax, name).__wrapped__)
    for others in found:
        assert all(torch.equal(one, other) for one, other in zip(results(), others, strict=True))


def test_another_device_has_the_operations(tiles):
    """The meta device knows their shapes and runs none."""
    z, weight, bias = (torch.zeros(shape, device="meta", requires_grad=True) for shape in ((70, 2), (9, 2), (9,)))
    value = log_partition(z, weight, bias)
    value.sum().backward()
    assert (value.shape, z.grad.shape, weight.grad.shape, bias.grad.shape) == ((70,), (70, 2), (9, 2), (9,))
    assert {t.device.type for t in (value, z.grad, weight.grad, bias.grad)} == {"meta"}


@pytest.mark.parametrize(("gibibytes", "rows", "kept"), [(8, 2_048, 1 << 28), (80, 20_480, 10 * (1 << 28))])
def test_tiles_on_a_gpu_are_sized_to_its_memory(gibibytes, rows, kept, monkeypatch):
    """A tile has a 64th of it and all that are kept an eighth, of 4 bytes per entry."""
    memory = SimpleNamespace(total_memory=gibibytes << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: memory)
    of_a_gpu = type("Factors", (SimpleNamespace,), {"__len__": lambda self: 50_000})
    factors = of_a_gpu(device=torch.device("cuda:0"), element_size=lambda: 4)
    assert energy_softmax._tile_rows(factors) == rows
    assert energy_softmax._kept(factors) == kept
    assert [words.stop - words.start for words in energy_softmax._tiles_of_words(factors)] == [12_500] * 4
