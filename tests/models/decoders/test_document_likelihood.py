"""log p(x | z) and its derivatives against the dense definition, whatever the vocabulary is split into."""

import math

import pytest
import torch

from neuraltopic.models.decoders import document_likelihood, split_vocabulary
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.decoders.split_vocabulary import Cloud, SplitVocabulary
from tests.parts import K, V, documents, generator, randomise, sparse_rows


@pytest.fixture
def decoder():
    return randomise(EnergySoftmax(K, V))


@pytest.fixture
def divide(monkeypatch):
    """Set the sizes of head and body, the threshold of listing, and the tiles."""

    def set_sizes(head, body, rare=document_likelihood._RARE, tile=(256, 1024)):
        monkeypatch.setattr(split_vocabulary, "HEAD_WORDS", head)
        monkeypatch.setattr(split_vocabulary, "BODY_WORDS", body)
        monkeypatch.setattr(document_likelihood, "_RARE", rare)
        monkeypatch.setattr(document_likelihood, "_TILE_ROWS", tile[0])
        monkeypatch.setattr(document_likelihood, "_TILE_WORDS", tile[1])

    return set_sizes


def normal(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed), dtype=torch.float64)


def dense(decoder, counts, z):
    """log p(x | z) of each row, from the definition."""
    return (counts * torch.log_softmax(z @ decoder.weight.detach().T + decoder.bias.detach(), -1)).sum(-1)


def derivatives(function, z):
    """Value, gradient and minus the Hessian of a function of one row, at every row."""
    rows = range(len(z))
    return (
        torch.stack([function(z[d], d) for d in rows]),
        torch.stack([torch.autograd.functional.jacobian(lambda point, d=d: function(point, d), z[d]) for d in rows]),
        -torch.stack([torch.autograd.functional.hessian(lambda point, d=d: function(point, d), z[d]) for d in rows]),
    )


@pytest.mark.parametrize("tile", [(256, 1024), (2, 2)])
@pytest.mark.parametrize(("head", "body"), [(V, 1), (3, V), (1, 3)])
def test_expansion_is_value_gradient_and_hessian(decoder, divide, head, body, tile):
    """With every word in the head, in the listed body, or a document's own, nothing is approximate."""
    divide(head, body, rare=0.0, tile=tile)
    counts, z = documents() + (body == 3), normal(5, K)
    likelihood = decoder.likelihood_of(sparse_rows(counts))
    expected = derivatives(lambda point, d: dense(decoder, counts[d], point), z)
    for found, value in zip(likelihood.expansion(z), expected, strict=True):
        torch.testing.assert_close(found, value)
    torch.testing.assert_close(likelihood.gradient(z), expected[1])


def test_value_and_gradient_are_exact_when_the_curvature_is_not(decoder, divide):
    divide(2, 2)
    counts, z = documents(), normal(5, K)
    value, gradient, curvature = decoder.likelihood_of(sparse_rows(counts)).expansion(z)
    exact = derivatives(lambda point, d: dense(decoder, counts[d], point), z)
    torch.testing.assert_close(value, exact[0])
    torch.testing.assert_close(gradient, exact[1])
    assert torch.linalg.eigvalsh(curvature).min() > -1e-12
    assert (curvature - exact[2]).abs().max() > 1e-3


def test_curvature_without_listed_words_is_exact_at_zero(decoder, divide):
    divide(3, V, rare=2.0)
    counts, z = documents(), torch.zeros(5, K, dtype=torch.float64)
    _, _, found = decoder.likelihood_of(sparse_rows(counts)).expansion(z)
    torch.testing.assert_close(found, derivatives(lambda point, d: dense(decoder, counts[d], point), z)[2])


def test_listed_words_are_those_above_the_threshold(decoder, divide):
    """A word enters the curvature for itself where its probability times the normaliser of the head says so."""
    divide(2, V, rare=0.3)
    counts, z = documents(), normal(5, K)
    likelihood = decoder.likelihood_of(sparse_rows(counts))
    shift, sums, listed = likelihood._pass(z, listing=True)
    terms = torch.exp(z @ likelihood.vocabulary.tail[:, :K].T + likelihood.vocabulary.tail[:, K] - shift[:, None])
    document, word = (terms > 0.3).nonzero(as_tuple=True)
    assert torch.equal(listed.document, document)
    assert len(document) > 3
    torch.testing.assert_close(listed.value, terms[document, word])
    torch.testing.assert_close(sums[:, K + 1].log() + shift, torch.logsumexp(z @ decoder.weight.T + decoder.bias, 1))


def test_rough_likelihood_has_a_cloud_for_the_words_of_others(decoder, divide):
    divide(2, 2)
    counts, z = documents(), normal(5, K)
    likelihood = decoder.likelihood_of(sparse_rows(counts))
    place, cloud = likelihood.vocabulary.place, likelihood.vocabulary.cloud

    def rough(point, d):
        seen = (place < 2) | (counts[d] > 0)
        energies = (decoder.weight.detach() @ point + decoder.bias.detach())[seen]
        normaliser = torch.logsumexp(torch.cat([energies, cloud.energy(point[None])]), 0)
        linear = (counts[d] @ decoder.weight.detach()) @ point + counts[d] @ decoder.bias.detach()
        return linear - counts[d].sum() * normaliser

    value, gradient, curvature = likelihood.rough().expansion(z)
    expected = derivatives(rough, z)
    torch.testing.assert_close(value, expected[0])
    torch.testing.assert_close(gradient, expected[1])
    assert torch.linalg.eigvalsh(curvature).min() > -1e-12


def test_rough_likelihood_is_exact_where_the_body_is_the_tail(decoder, divide):
    divide(2, V)
    counts, z = documents(), normal(5, K)
    likelihood = decoder.likelihood_of(sparse_rows(counts))
    for found, exact in zip(likelihood.rough().expansion(z)[:2], likelihood.expansion(z)[:2], strict=True):
        torch.testing.assert_close(found, exact)
    divide(V, 1)
    assert decoder.likelihood_of(sparse_rows(counts)).rough() is None


def test_rows_are_the_rows(decoder, divide):
    divide(2, 2)
    z, rows = normal(5, K), torch.tensor([3, 1])
    likelihood = decoder.likelihood_of(sparse_rows(documents()))
    for whole, part in ((likelihood, likelihood[rows]), (likelihood.rough(), likelihood.rough()[rows])):
        for one, other in zip(whole.expansion(z), part.expansion(z[rows]), strict=True):
            torch.testing.assert_close(one[rows], other)


def test_words_beyond_the_range_of_float32(divide):
    """Energies of the tail 200 above the head's: e^200 is more than float32 can hold."""
    divide(2, 2)
    decoder = EnergySoftmax(2, 6)
    with torch.no_grad():
        decoder.weight.copy_(torch.tensor([[0.1, 0.0], [0.0, 0.1], [0.2, 0.0], [0.0, 0.2], [2.0, 1.0], [2.0, -1.0]]))
        decoder.bias.copy_(torch.tensor([12.0, 12.0, 5.0, 5.0, 0.0, 0.0]))
    counts, z = torch.tensor([[1.0, 0, 1, 0, 1, 0], [0, 1.0, 0, 0, 0, 2]]), torch.tensor([[100.0, 0.1], [0.5, 0.2]])
    likelihood = decoder.likelihood_of(sparse_rows(counts))
    assert (likelihood.vocabulary.place[4:] >= 0).all()
    value, gradient, curvature = likelihood.expansion(z)
    expected = derivatives(lambda point, d: dense(decoder.double(), counts[d].double(), point), z.double())
    torch.testing.assert_close(value.double(), expected[0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradient.double(), expected[1], rtol=1e-4, atol=1e-4)
    assert curvature.isfinite().all()
    assert all(part.isfinite().all() for part in likelihood.rough().expansion(z))


def test_gradient_in_float64_of_a_float32_decoder(divide):
    divide(3, 2)
    decoder = randomise(EnergySoftmax(K, V)).float()
    counts, z = documents(), normal(5, K)
    found = decoder.likelihood_of(sparse_rows(counts.float())).gradient(z)
    assert found.dtype == torch.float64
    expected = derivatives(lambda point, d: dense(decoder.double(), counts[d], point), z)[1]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_a_cloud_is_a_gaussian():
    """The log of E[exp(z . R)] over N(m, C), and its derivatives; one word alone is that word."""
    weight, bias, z = normal(6, K), normal(6, seed=1), normal(4, K, seed=2)
    cloud = Cloud.of(weight, bias)
    share = torch.softmax(bias, 0)
    torch.testing.assert_close(cloud.covariance, torch.cov(weight.T, correction=0, aweights=share))
    value, gradient, curvature = derivatives(lambda point, _: cloud.energy(point[None])[0], z)
    torch.testing.assert_close(gradient, cloud.centre(z))
    torch.testing.assert_close(-curvature, cloud.covariance.expand(4, K, K))
    noise = torch.randn(400_000, K, generator=generator(3), dtype=torch.float64)
    drawn = cloud.mean + noise @ torch.linalg.cholesky(cloud.covariance).T
    sampled = torch.logsumexp(0.3 * drawn @ z.T, 0) - math.log(len(drawn)) + torch.logsumexp(bias, 0)
    torch.testing.assert_close(cloud.energy(0.3 * z), sampled, rtol=0, atol=0.02)
    torch.testing.assert_close(Cloud.of(weight[:1], bias[:1]).energy(z), z @ weight[0] + bias[0])
    assert value.isfinite().all()
    assert Cloud.of(weight[:0], bias[:0]).energy(z).eq(-math.inf).all()


def test_the_head_has_the_words_that_matter(divide):
    """Likely words far from the mean come first, and every word stands where `place` says."""
    divide(2, 3)
    weight = torch.tensor([[0.0, 0.0], [3.0, 0.0], [-3.0, 0.1], [0.2, 0.2], [0.1, 0.0], [0.0, 0.3], [0.3, 0.0]])
    bias = torch.tensor([2.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    vocabulary = SplitVocabulary.split(weight, bias)
    assert vocabulary.place[1] == vocabulary.place[2] == -1
    assert sorted(vocabulary.place[[0, 3, 4, 5, 6]].tolist()) == [0, 1, 2, 3, 4]
    for word in (0, 3, 4, 5, 6):
        assert torch.equal(vocabulary.tail[vocabulary.place[word], :2], weight[word])
    assert (vocabulary.n_body, vocabulary.head.shape, vocabulary.tail.shape) == (3, (2, 4), (5, 4))
    i, j = torch.triu_indices(2, 2)
    torch.testing.assert_close(vocabulary.products, (vocabulary.head[:, i] * vocabulary.head[:, j]).T)
