"""The condensed vocabulary: exact where all words are in the head, and at the points at which groups are."""

import pytest
import torch

from neuraltopic.models.decoders.condensed_vocabulary import CondensedVocabulary, _grouped
from tests.parts import generator

V, K = 40, 3


@pytest.fixture
def words():
    """R transposed (V, K) and b (V,)."""
    return tuple(torch.randn(*shape, generator=generator(3), dtype=torch.float64) for shape in ((V, K), (V,)))


def exact(seen, weight, bias):
    """log Z (T,) and its gradient (T, K) over all words."""
    seen = seen.clone().requires_grad_()
    log_partition = torch.logsumexp(seen @ weight.T + bias, 1)
    return log_partition.detach(), torch.autograd.grad(log_partition.sum(), seen)[0]


def test_with_all_words_in_the_head_it_is_exact(words):
    seen = torch.randn(6, K, generator=generator(), dtype=torch.float64)
    vocabulary = CondensedVocabulary.of(*words, n_words=V)
    assert len(vocabulary.groups.log_mass) == 0
    torch.testing.assert_close(vocabulary.partition_and_mean(seen), exact(seen, *words))
    torch.testing.assert_close(vocabulary.log_partition(seen), exact(seen, *words)[0])


def test_groups_are_exact_at_nothing_and_at_two_shares_of_one_topic(words):
    vocabulary = CondensedVocabulary.of(*words, n_words=5)
    assert K < len(vocabulary.groups.log_mass) <= 8 * K
    points = torch.cat([torch.zeros(1, K), 0.4 * torch.eye(K), 0.8 * torch.eye(K)]).double()
    torch.testing.assert_close(vocabulary.log_partition(points), exact(points, *words)[0])


def test_the_mean_is_the_gradient_of_the_log_partition(words):
    seen = torch.rand(6, K, generator=generator(), dtype=torch.float64)
    vocabulary = CondensedVocabulary.of(*words, n_words=5)
    value, mean = vocabulary.partition_and_mean(seen)
    torch.testing.assert_close(value, vocabulary.log_partition(seen))
    for k in range(K):
        step = 1e-6 * torch.eye(K, dtype=torch.float64)[k]
        slope = (vocabulary.log_partition(seen + step) - vocabulary.log_partition(seen - step)) / 2e-6
        torch.testing.assert_close(mean[:, k], slope, rtol=1e-7, atol=1e-8)


def test_likely_words_are_in_the_head(words):
    """By the largest of their probabilities at three quarters of a topic."""
    weight, bias = words
    largest = torch.log_softmax(0.75 * weight + bias[:, None], 0).amax(1)
    vocabulary = CondensedVocabulary.of(weight, bias, n_words=7)
    torch.testing.assert_close(vocabulary.head[:, :K], weight[largest.argsort(descending=True)[:7]])


def test_words_of_a_topic_are_grouped_by_their_mean():
    """In eight parts, as equal as they can be."""
    topic = torch.randint(0, 3, (100,), generator=generator(1))
    mean = torch.randn(100, generator=generator(2))
    group = _grouped(topic, mean)
    assert torch.equal(group // 8, topic)
    for k in range(3):
        of_topic = topic == k
        order = mean[of_topic].argsort()
        assert (group[of_topic][order].diff() >= 0).all()
        sizes = torch.bincount(group[of_topic] - 8 * k, minlength=8)
        assert sizes.max() - sizes.min() <= 1


def test_inside_the_simplex_it_is_near(words):
    """Of 3,000 words, at shares of a few topics: within 0.02 nats, and the mean within 0.05."""
    weight = torch.randn(3000, K, generator=generator(5), dtype=torch.float64)
    bias = -torch.arange(1.0, 3001.0, dtype=torch.float64).log()
    theta = torch.distributions.Dirichlet(torch.full((K,), 0.5, dtype=torch.float64))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        seen = theta.sample((200,)) ** 0.85
    found, expected = (
        CondensedVocabulary.of(weight, bias, n_words=500).partition_and_mean(seen),
        exact(seen, weight, bias),
    )
    assert (found[0] - expected[0]).abs().max() < 0.02
    assert (found[1] - expected[1]).abs().max() < 0.05


def test_equal_words_have_a_finite_correlation(words):
    vocabulary = CondensedVocabulary.of(torch.ones(V, K), torch.zeros(V), n_words=5)
    assert torch.isfinite(vocabulary.correlation).all()
    assert torch.isfinite(vocabulary.partition_and_mean(torch.rand(4, K))[1]).all()
