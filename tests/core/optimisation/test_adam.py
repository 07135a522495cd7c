"""Adam against its definition (Kingma & Ba 2015), with decay in the gradient and apart from it."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from neuraltopic.core.optimisation.adam import Adam, Group, Step
from tests.parts import generator

EPSILON = 1e-4


def parameters(*shapes):
    return [nn.Parameter(torch.randn(shape, generator=generator(2), dtype=torch.float64)) for shape in shapes]


def drawn(parameters, seed, factor=1.0):
    gradients = {
        parameter: torch.randn(parameter.shape, generator=generator(10 * seed + number), dtype=torch.float64)
        for number, parameter in enumerate(parameters)
    }
    own = {parameter: parameter.detach() for parameter in parameters}
    return Step(gradients, factor, own, own)


def by_definition(weight, gradients, rates, decay, decoupled):
    """One number a step: the moments, their correction, and the step they make."""
    first = second = torch.zeros_like(weight)
    for t, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        if decoupled:
            weight = weight - rate * decay * weight
        else:
            gradient = gradient + decay * weight
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weight = weight - rate * (first / (1 - 0.9**t)) / ((second / (1 - 0.999**t)).sqrt() + EPSILON)
    return weight


@pytest.mark.parametrize("decoupled", [True, False])
def test_steps_are_the_definition(decoupled):
    """Of two groups, each with a rate of its own, under a factor that changes."""
    weights = parameters((3, 2), (4,))
    start = [weight.detach().clone() for weight in weights]
    adam = Adam([Group(weights[:1], 0.1, 0.3, decoupled), Group(weights[1:], 0.02, 0.0, decoupled)], EPSILON)
    factors = [0.5, 1.0, 0.25]
    steps = [drawn(weights, seed, factor) for seed, factor in enumerate(factors)]
    for step in steps:
        adam.step(step)
    for number, (rate, decay) in enumerate([(0.1, 0.3), (0.02, 0.0)]):
        rates = [rate * factor for factor in factors]
        gradients = [step.gradients[weights[number]] for step in steps]
        expected = by_definition(start[number], gradients, rates, decay, decoupled)
        torch.testing.assert_close(weights[number].detach(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_slices_of_a_large_weight_take_the_steps_of_the_whole(monkeypatch, n_threads):
    (whole, bias), (sliced, its_bias) = parameters((7, 3), (2,)), parameters((7, 3), (2,))
    monkeypatch.setattr("neuraltopic.core.optimisation.adam._WHOLE", 6)
    optimisers = []
    for weights, size in (((whole, bias), 1 << 19), ((sliced, its_bias), 5)):
        monkeypatch.setattr("neuraltopic.core.optimisation.adam._SLICE", size)
        optimisers.append(Adam([Group(weights, 0.1, 0.3, True)], EPSILON))
    assert [len(optimiser._work) for optimiser in optimisers] == [2, 4]
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        for seed in range(4):
            for weights, optimiser in zip(((whole, bias), (sliced, its_bias)), optimisers, strict=True):
                optimiser.step(drawn(weights, seed, 1.0 if seed % 2 else 0.5))
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(sliced, whole, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(its_bias, bias, rtol=1e-14, atol=1e-14)
    assert float(optimisers[1].state()["0.step"]) == 4.0


def test_a_step_may_begin_at_other_weights_than_those_it_ends_in(monkeypatch):
    """Those that it begins at stay, and those without a gradient are carried over; slices of a large one too."""
    monkeypatch.setattr("neuraltopic.core.optimisation.adam._WHOLE", 6)
    monkeypatch.setattr("neuraltopic.core.optimisation.adam._SLICE", 5)
    weights, expected = parameters((7, 3), (2,), (4,)), parameters((7, 3), (2,), (4,))
    begin = {parameter: parameter.detach().clone() for parameter in weights}
    kept = [tensor.clone() for tensor in begin.values()]
    with torch.no_grad():
        for parameter in weights:
            parameter.fill_(9.0)
    step = drawn(weights[:2], 1)
    end = {parameter: parameter.detach() for parameter in weights}
    Adam([Group(weights, 0.1, 0.3, True)], EPSILON).step(step._replace(begin=begin, end=end))
    Adam([Group(expected, 0.1, 0.3, True)], EPSILON).step(drawn(expected[:2], 1))
    assert all(map(torch.equal, weights, expected))
    assert all(map(torch.equal, begin.values(), kept))


def test_a_weight_without_a_gradient_stays_and_so_do_its_moments():
    """Beside one that moves, in a group of its own, and one that the step does not name."""
    moved, still, alone, unnamed = parameters((2,), (3,), (4,), (5,))
    before = [weight.detach().clone() for weight in (still, alone, unnamed)]
    adam = Adam([Group([moved, still], 0.1, 0.5, True), Group([alone, unnamed], 0.1, 0.5, True)], EPSILON)
    named = {weight: weight.detach() for weight in (moved, still, alone)}
    adam.step(drawn([moved], 1)._replace(begin=named, end=named))
    assert all(map(torch.equal, (still, alone, unnamed), before))
    assert [float(adam.state()[f"{number}.step"]) for number in range(4)] == [1.0, 0.0, 0.0, 0.0]


def test_a_restored_optimiser_goes_on_to_the_same_bits():
    weights = parameters((3, 2), (4,))
    adam = Adam([Group(weights, 0.1, 0.3, True)], EPSILON)
    adam.step(drawn(weights, 0))
    again = [nn.Parameter(weight.detach().clone()) for weight in weights]
    other = Adam([Group(again, 0.1, 0.3, True)], EPSILON)
    other.restore({name: tensor.clone() for name, tensor in adam.state().items()})
    for stepped, optimiser in ((weights, adam), (again, other)):
        optimiser.step(drawn(stepped, 1))
    assert all(torch.equal(one, two) for one, two in zip(weights, again, strict=True))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.pop("1.step"),
        lambda state: state.update({"2.step": torch.zeros(())}),
        lambda state: state.update({"0.exp_avg": torch.zeros(2, 3)}),
    ],
)
def test_the_state_of_other_weights_is_refused(spoil):
    adam = Adam([Group(parameters((3, 2), (4,)), 0.1, 0.3, True)], EPSILON)
    state = adam.state()
    spoil(state)
    with pytest.raises(ValueError, match="not those of the model's weights"):
        adam.restore(state)


def test_a_fit_does_not_import_torchs_compiler():
    """It takes a second of processor time, and no model here is compiled."""
    code = """
import sys
import numpy as np
from neuraltopic import DocumentVAE
DocumentVAE(3, random_state=0, max_epochs=1).fit(np.random.default_rng(0).poisson(0.5, (40, 30)))
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
