"""Annealing with resampling and contrastive divergence against sums that are written out, in float64."""

import itertools
import math
from dataclasses import dataclass

import pytest
import torch

from neuraltopic.core.boltzmann.contrastive_divergence import ContrastiveDivergence
from neuraltopic.core.boltzmann.machine import anneal_stages, resampled
from neuraltopic.core.sampling import effective_sample_size
from neuraltopic.models.replicated_softmax import ReplicatedSoftmax
from tests.parts import K, V, generator, randomise, sparse_rows


def states(n: int = K) -> torch.Tensor:
    """Every z, (2^n, n)."""
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def test_chains_are_resampled_as_often_as_expected_to_within_one():
    log_weights = torch.log(torch.tensor([0.5, 0.0, 3.0, 1.3, 0.2], dtype=torch.float64)) + 40.0
    expected = 7 * torch.softmax(log_weights, 0)
    counts = torch.stack(
        [torch.bincount(resampled(log_weights, 7, generator(s)), minlength=5).double() for s in range(4000)]
    )
    assert (counts.sum(1) == 7).all()
    assert ((counts - expected).abs() < 1.0).all()
    assert ((counts.mean(0) - expected).abs() <= 4.5 * counts.std(0) / math.sqrt(len(counts))).all()


@dataclass(frozen=True)
class Tilted:
    """exp(z . a), which one step draws from exactly."""

    a: torch.Tensor

    def log_density(self, z: torch.Tensor) -> torch.Tensor:
        return z @ self.a

    def move(self, z: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return torch.bernoulli(torch.sigmoid(self.a).expand_as(z), generator=generator)


def test_annealed_weights_stay_unbiased_where_chains_are_resampled():
    """Three stages far from one another: log weights of 40 chains fall below half of them at the second."""
    stages = [Tilted(scale * torch.tensor([2.0, -3.0, 1.5], dtype=torch.float64)) for scale in (0.0, 0.8, 1.6)]
    exact = torch.stack([torch.logsumexp(stage.log_density(states(3)), 0) for stage in stages])
    ratios, smallest = [], math.inf
    for seed in range(800):
        means, noise = [], generator(seed)

        def visit(log_weights: torch.Tensor, z: torch.Tensor, means: list = means) -> None:
            means.append(log_weights.exp().mean())

        start = stages[0].move(torch.zeros(40, 3, dtype=torch.float64), noise)
        first = stages[1].log_density(start) - stages[0].log_density(start)
        smallest = min(smallest, float(effective_sample_size(first)))
        anneal_stages(start, stages, noise, visit)
        ratios.append(torch.stack(means) / torch.exp(exact - exact[0]))
    ratios = torch.stack(ratios)
    assert smallest < 20
    assert (ratios[:, 0] == 1).all()
    assert ((ratios.mean(0) - 1.0).abs()[1:] < 4.5 * ratios.std(0)[1:] / math.sqrt(len(ratios))).all()


def test_the_gradient_of_one_step_is_the_sum_over_all_that_the_step_can_draw():
    """Of a document of two words: all units given it, all V^2 documents given these, all units given those."""
    model = randomise(ReplicatedSoftmax(K, V), std=0.6).train()
    x = torch.zeros(1, V, dtype=torch.float64)
    x[0, [1, 4]] = 1.0
    R, b = model.decoder.topics()
    a, z = model.encoder.bias, states()

    def log_of_units(rows: torch.Tensor) -> torch.Tensor:
        """log p(z | x), (rows, 2^K)."""
        return torch.log_softmax((rows @ R + rows.sum(1, keepdim=True) * a) @ z.T, 1)

    every = torch.nn.functional.one_hot(torch.tensor(list(itertools.product(range(V), repeat=2))), V).double()
    log_words = torch.log_softmax(z @ R.T + b, 1)
    log_documents = log_words @ every.sum(1).T  # (2^K, V^2)
    reached = (log_of_units(x).exp() @ log_documents.exp() @ log_of_units(every.sum(1)).exp())[0].detach()
    assert float(reached.sum()) == pytest.approx(1.0, abs=1e-12)
    data = torch.logsumexp((x @ R + 2 * a) @ z.T, 1)[0] + (x @ b)[0]
    gain = z @ a + torch.logsumexp(z @ R.T + b, 1)
    expected = torch.autograd.grad(data - 2 * (reached @ gain), list(model.parameters()))

    rows, taken = sparse_rows(x.expand(500, -1).contiguous()), []
    for seed in range(40):
        surrogate = ContrastiveDivergence(1)(model, rows, generator(seed)).surrogate
        taken.append(torch.autograd.grad(surrogate.mean(), list(model.parameters())))
    for drawn, exact in zip(zip(*taken, strict=True), expected, strict=True):
        draws = torch.stack(drawn)
        assert ((draws.mean(0) - exact).abs() < 4.5 * draws.std(0) / math.sqrt(len(draws)) + 1e-9).all()


def test_rows_beyond_the_chains_share_them_and_each_chain_keeps_one_state():
    """Seven rows and three chains: in the order of length rows 0 to 2, 3 and 4, 5 and 6 start from one chain each."""
    model = randomise(ReplicatedSoftmax(K, V), std=0.6)
    model.chains, model.chain_trials = torch.zeros(3, K, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    lengths = torch.tensor([7.0, 1.0, 5.0, 2.0, 6.0, 3.0, 4.0], dtype=torch.float64)
    z = model.persistent(lengths, 2, generator())
    order = lengths.argsort()
    last = order[[2, 4, 6]]
    assert model.chain_trials.tolist() == lengths[last].tolist()
    torch.testing.assert_close(model.chains, z[last], rtol=0, atol=0)
