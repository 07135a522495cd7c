"""The mixture decoder against its definition, word by word."""

import math

import pytest
import torch

from neuraltopic.models.decoders import mixture
from neuraltopic.models.decoders.mixture import EmbeddedMixture, MixtureSoftmax
from tests.parts import K, V, documents, generator, randomise, sparse_rows

E = 2


def with_given_vectors():
    """Word 3 has none."""
    decoder = EmbeddedMixture(K, V, E + 4)
    vectors = torch.randn(V, E, generator=generator(3))
    vectors[3] = torch.nan
    decoder.hold_vectors(vectors)
    return decoder


DECODERS = {
    "plain": lambda: MixtureSoftmax(K, V),
    "embedded": lambda: EmbeddedMixture(K, V, E),
    "given vectors": with_given_vectors,
}


@pytest.fixture(params=DECODERS)
def decoder(request):
    return randomise(DECODERS[request.param]())


def simplex(*shape, seed=5):
    return torch.softmax(torch.randn(*shape, generator=generator(seed), dtype=torch.float64), -1)


@pytest.fixture(params=[1, 10**6], ids=["a sample at a time", "all at once"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(mixture, "_AT_ONCE", request.param)


def by_definition(decoder, theta, counts):
    """sum_w x_w log sum_k theta_k exp(R_kw + b_w) / sum_v exp(R_kv + b_v)."""
    R, b = decoder.topics()
    value = torch.zeros(theta.shape[:2], dtype=torch.float64)
    for s, d in torch.cartesian_prod(torch.arange(len(theta)), torch.arange(theta.shape[1])).tolist():
        for w in range(V):
            probability = sum(
                theta[s, d, k] * torch.exp(R[w, k] + b[w]) / torch.exp(R[:, k] + b).sum() for k in range(K)
            )
            value[s, d] = value[s, d] + counts[d, w] * torch.log(probability)
    return value


def test_likelihood_is_the_definition(decoder, blocks):
    counts, theta = documents(), simplex(3, 5, K)
    found = decoder.log_likelihood(theta, sparse_rows(counts))
    torch.testing.assert_close(found, by_definition(decoder, theta, counts))
    assert (found[:, 0] == 0).all(), "an empty document has probability 1"


def test_gradient_against_finite_differences(decoder, blocks):
    counts = sparse_rows(documents())
    theta = simplex(2, 5, K).requires_grad_()
    parameters = list(decoder.parameters())

    def value(theta, *values):
        given = dict(zip([name for name, _ in decoder.named_parameters()], values, strict=True))
        return torch.func.functional_call(decoder, given, (theta,)).sum()

    decoder.forward = lambda theta: decoder.log_likelihood(theta, counts)
    assert torch.autograd.gradcheck(value, (theta, *parameters))


def test_topics_are_distributions_and_a_corner_of_the_simplex_is_one(decoder):
    log_topics = decoder.log_topics()
    torch.testing.assert_close(log_topics.exp().sum(0), torch.ones(K, dtype=torch.float64))
    torch.testing.assert_close(decoder.log_probabilities(torch.eye(K, dtype=torch.float64)), log_topics.T)


def test_log_probabilities_agree_with_the_likelihood(decoder):
    theta = simplex(4, K)
    each_word = sparse_rows(torch.eye(V, dtype=torch.float64))
    by_likelihood = decoder.log_likelihood(theta[:, None].expand(4, V, K), each_word)
    torch.testing.assert_close(decoder.log_probabilities(theta), by_likelihood)


def test_topics_without_weights_are_the_unigram():
    decoder = MixtureSoftmax(K, V).double()
    log_frequency = torch.log_softmax(torch.linspace(-2, 2, V, dtype=torch.float64), 0)
    decoder.initialise(log_frequency, 0.0, generator())
    torch.testing.assert_close(decoder.log_topics(), log_frequency[:, None].expand(V, K))


def test_word_that_no_topic_in_use_has_is_unlikely_and_finite():
    """theta at a corner, whose topic puts exp(-300) on the word: in float32 that is no zero."""
    decoder = MixtureSoftmax(2, 3)
    with torch.no_grad():
        decoder.weight[0] = torch.tensor([-300.0, 0.0])
    theta = torch.tensor([[[1.0, 0.0]]], requires_grad=True)
    value = decoder.log_likelihood(theta, sparse_rows(torch.tensor([[1.0, 0.0, 0.0]])))
    assert -301 < value.item() < math.log(torch.finfo(torch.float32).tiny)
    value.backward()
    assert torch.isfinite(theta.grad).all()


def test_word_vectors_are_taken_as_they_are():
    decoder = EmbeddedMixture(K, V, E)
    vectors = torch.randn(V, E, generator=generator())
    decoder.start_at_vectors(vectors)
    assert torch.equal(decoder.embeddings, vectors)


def test_given_vectors_are_held_at_mean_square_length_1_and_the_rest_starts_at_zero():
    decoder = EmbeddedMixture(K, 3, 5)
    decoder.hold_vectors(torch.tensor([[3.0, 4.0], [torch.nan, torch.nan], [0.0, 5.0]]))
    torch.testing.assert_close(decoder.vectors().detach(), torch.tensor([[0.6, 0.8], [0.0, 0.0], [0.0, 1.0]]))
    torch.testing.assert_close(
        decoder.held_vectors(), torch.tensor([[0.6, 0.8], [torch.nan, torch.nan], [0.0, 1.0]]), equal_nan=True
    )
    assert decoder.weight.shape == (2, K)
    assert decoder.embeddings.shape == (1, 2)
    assert EmbeddedMixture(K, 3, 5).held_vectors() is None


@pytest.mark.parametrize("make", DECODERS.values(), ids=DECODERS)
def test_topics_start_where_they_are_told_as_far_as_word_vectors_reach(make):
    """Least squares: what is left of the lift is at right angles to every dimension of the word vectors."""
    decoder = make()
    decoder.initialise(torch.log_softmax(torch.linspace(-2, 2, V), 0), 0.1, generator())
    if isinstance(decoder, EmbeddedMixture) and decoder.fixed is None:
        decoder.start_at_vectors(torch.randn(V, E, generator=generator(4)))
    lift = torch.randn(V, 2, generator=generator(5))
    before = decoder.topics()[0].detach()[:, 1].clone()
    decoder.start_topics([2, 0], lift)
    R, b = decoder.topics()
    left = R.detach()[:, [2, 0]] - lift
    if isinstance(decoder, EmbeddedMixture):
        weighted = decoder.vectors().detach() * torch.softmax(b.detach(), 0)[:, None]
        torch.testing.assert_close(weighted.T @ left, torch.zeros(E, 2), atol=1e-5, rtol=0)
    else:
        torch.testing.assert_close(left, torch.zeros(V, 2))
    assert torch.equal(R.detach()[:, 1], before)
