"""The encoders that see embeddings, against their dense definitions."""

import pytest
import torch
from torch.nn import functional as F

from neuraltopic.models.batches import ContextualRows
from neuraltopic.models.encoders.contextual import ContextualEncoder, EmbeddingEncoder, EmbeddingLayer
from tests.parts import V, documents, generator, randomise, sparse_rows

C, H, P = 5, 4, 6


def rows(counts=None):
    counts = documents() if counts is None else counts
    sparse = sparse_rows(counts)
    embedding = torch.randn(len(counts), C, generator=generator(1), dtype=torch.float64)
    return ContextualRows(sparse.indices, sparse.offsets, sparse.values, sparse.n_features, embedding)


def contextual(**noise):
    return randomise(ContextualEncoder(V, C, H, P, **noise))


def test_embeddings_enter_at_one_length_and_each_dimension_at_one_scale():
    layer = EmbeddingLayer(C, H).double()
    layer.initialise(generator())
    x = torch.randn(2000, C, generator=generator(), dtype=torch.float64) * torch.tensor([1.0, 5.0, 1.0, 1.0, 0.2]) + 3.0
    first = layer(x)
    unit = x / x.norm(dim=1, keepdim=True)
    whitened = (unit - unit.mean(0)) / unit.std(0, correction=0)
    torch.testing.assert_close(first, whitened * (8.0 / C**0.5) @ layer.weight.T, rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(layer(7.0 * x), first)


def test_units_start_with_the_variance_of_one():
    layer = EmbeddingLayer(64, 3000)
    layer.initialise(generator())
    first = layer(torch.randn(500, 64, generator=generator()))
    assert first.std().item() == pytest.approx(1.0, rel=0.02)


def test_words_and_embedding_enter_the_first_layer_together():
    net, x = contextual().eval(), rows()
    counts = documents()
    log_counts = torch.log1p(counts)
    bag = 8.0 * log_counts / log_counts.norm(dim=1, keepdim=True).clamp_min(1e-300)
    lengths = (torch.log1p(counts.sum(1)) - 4.0)[:, None]
    unit = net.embedding.normalisation(x.embedding / x.embedding.norm(dim=1, keepdim=True)) * (8.0 / C**0.5)
    h = F.silu(bag @ net.words + lengths @ net.input.weight.T + net.input.bias + unit @ net.embedding.weight.T)
    expected = net.normalisation(net.output(h + F.silu(net.hidden(h))))
    torch.testing.assert_close(net(x, None), expected)


def test_without_words_the_embedding_alone_is_seen():
    net = randomise(EmbeddingEncoder(C, H, P)).eval()
    x = rows()
    unit = net.embedding.normalisation(x.embedding / x.embedding.norm(dim=1, keepdim=True)) * (8.0 / C**0.5)
    h = F.silu(unit @ net.embedding.weight.T + net.shift)
    expected = net.normalisation(net.output(h + F.silu(net.hidden(h))))
    torch.testing.assert_close(net(x, None), expected)
    torch.testing.assert_close(net(rows(torch.zeros(len(x), V, dtype=torch.float64)), None), expected)


@pytest.mark.parametrize("kind", ["contextual", "zeroshot"])
def test_a_document_alone_is_what_it_is_in_a_batch(kind):
    net = contextual(masked=0.3, wordless=0.5) if kind == "contextual" else randomise(EmbeddingEncoder(C, H, P))
    net, x = net.eval(), rows()
    alone = []
    for d in range(len(x)):
        part = x[torch.tensor([d])]
        one = ContextualRows(part.indices, part.offsets, part.values, part.n_features, x.embedding[[d]])
        alone.append(net(one, None))
    torch.testing.assert_close(torch.cat(alone), net(x, None))


def test_a_document_that_is_all_zero_has_a_finite_answer():
    x = rows(torch.zeros(2, V, dtype=torch.float64))
    x.embedding.zero_()
    for net in (contextual(), randomise(EmbeddingEncoder(C, H, P))):
        assert torch.isfinite(net.eval()(x, None)).all()


def test_while_training_some_documents_are_shown_without_their_words():
    net, x = contextual(wordless=0.5), rows(documents(2000))
    shown = net.shown(x, generator())
    before, after = x.row_sums(), shown.row_sums()
    assert ((after == before) | (after == 0)).all()
    filled = before > 0
    assert (after[filled] == 0).double().mean().item() == pytest.approx(0.5, abs=0.05)
    assert net.shown(x, None) is x
    assert contextual().shown(x, generator()) is x


def test_noise_comes_from_the_generator_alone():
    net, x = contextual(masked=0.5, wordless=0.5), rows(documents(20))
    state = torch.random.get_rng_state()
    first, again, other = (net(x, None, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)
