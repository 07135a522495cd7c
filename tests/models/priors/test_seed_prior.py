"""The prior of the seeds against its definition, and its gradient against finite differences."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import sparse

from neuraltopic.models.decoders.mixture import EmbeddedMixture, MixtureSoftmax
from neuraltopic.models.decoders.normalised_energy_softmax import NormalisedEnergySoftmax
from neuraltopic.models.decoders.simplex_energy_softmax import SimplexEnergySoftmax
from neuraltopic.models.priors.seed_prior import SeedPrior
from neuraltopic.preprocessing.counts import Counts
from tests.parts import K, V, generator, randomise

DECODERS = {
    "energies": lambda: SimplexEnergySoftmax(K, V),
    "normalised": lambda: NormalisedEnergySoftmax(K, V),
    "mixture": lambda: MixtureSoftmax(K, V),
    "embedded": lambda: EmbeddedMixture(K, V, 2),
}
SEEDS = {0: (1, 4), 2: (4, 5, 6)}
DENSE = np.random.default_rng(0).poisson(2.0, (20, V))
TOTALS = DENSE.sum(0)


@pytest.fixture(params=DECODERS)
def model(request):
    return SimpleNamespace(decoder=randomise(DECODERS[request.param]()))


@pytest.fixture
def prior():
    made = SeedPrior.of(SEEDS, Counts.from_scipy(sparse.csr_array(DENSE)), K, torch.device("cpu"))
    return SeedPrior(made.words, made.topics, made.log_unigram.double(), made.precision.double(), made.centre)


def by_definition(decoder):
    """-1/2 sum over seeds of how often each occurs times the square of what its log lift lacks of log K."""
    R, b = decoder.topics()
    unigram = (TOTALS + 0.5) / (TOTALS + 0.5).sum()
    total = 0.0
    for topic, words in SEEDS.items():
        probability = torch.exp(R[:, topic] + b) / torch.exp(R[:, topic] + b).sum()
        for word in words:
            lacking = max(0.0, math.log(K) - math.log(probability[word].item() / unigram[word]))
            total -= 0.5 * TOTALS[word] * lacking**2
    return total


def test_value_is_the_definition(model, prior):
    assert prior(model).item() == pytest.approx(by_definition(model.decoder), rel=1e-6)
    assert prior(model) < 0


def test_gradient_against_finite_differences(model, prior):
    names = [name for name, _ in model.decoder.named_parameters() if name != "bias"]
    values = [model.decoder.get_parameter(name) for name in names]
    model.decoder.forward = lambda: prior(model)

    def value(*values):
        return torch.func.functional_call(model.decoder, dict(zip(names, values, strict=True)), ())

    assert torch.autograd.gradcheck(value, values)


def test_b_is_left_to_the_data(model, prior):
    prior(model).backward()
    assert model.decoder.bias.grad is None
    assert model.decoder.weight.grad.abs().max() > 0


def test_what_is_added_to_rows_or_columns_of_R_changes_nothing(prior):
    """A constant per topic, and one per word that b takes back: the same shares of words, and the same prior."""
    decoder = randomise(SimplexEnergySoftmax(K, V))
    before = prior(SimpleNamespace(decoder=decoder))
    with torch.no_grad():
        of_word = torch.randn(V, generator=generator(), dtype=torch.float64)
        decoder.weight += torch.arange(K)[None, :] * 0.7 + of_word[:, None]
        decoder.bias -= of_word
    torch.testing.assert_close(prior(SimpleNamespace(decoder=decoder)), before)


def test_a_seed_above_the_centre_is_let_be():
    counts = Counts.from_scipy(sparse.csr_array(DENSE))
    prior = SeedPrior.of({1: (2,)}, counts, K, torch.device("cpu"))
    decoder = SimplexEnergySoftmax(K, V)
    with torch.no_grad():
        decoder.bias.copy_(torch.from_numpy(np.log(TOTALS / TOTALS.sum())))
        decoder.weight[2, 1] = 9.0
    value = prior(SimpleNamespace(decoder=decoder))
    value.backward()
    assert value == 0
    assert not decoder.weight.grad.any()
