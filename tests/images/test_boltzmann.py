"""The Boltzmann machine of images against sums over every state of units and pixels, and as an estimator."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2

from neuraltopic import ImageVAE
from neuraltopic.core.boltzmann.contrastive_divergence import ContrastiveDivergence
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.errors import UsageError
from neuraltopic.images.boltzmann import ImageMachine
from tests.parts import generator, randomise

D, K = 5, 3


def every(n: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=n)), dtype=torch.float64)


def machine(seed: int = 0, std: float = 1.0) -> ImageMachine:
    return randomise(ImageMachine(K, D), std=std, seed=seed).requires_grad_(False)


def log_joint(model: ImageMachine) -> torch.Tensor:
    """z . R x + b . x + a . z of every pair, (2^K, 2^D)."""
    z, x = every(K), every(D)
    decoder = model.decoder
    return z @ decoder.weight.T @ x.T + x @ decoder.bias + (z @ model.encoder.bias)[:, None]


def test_free_energy_posterior_prior_and_pixels_are_those_of_the_joint():
    model, joint = machine(), log_joint(machine())
    x, z = every(D), every(K)
    torch.testing.assert_close(model.free_energy(x), -torch.logsumexp(joint, 0), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(model.posterior(x).mean, torch.softmax(joint, 0).T @ z, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(model.log_gain(z), torch.logsumexp(joint, 1), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(model.decoder.mean(z), torch.softmax(joint, 1) @ x, rtol=1e-12, atol=1e-12)
    given = model.decoder.log_likelihood(z[:, None].expand(-1, len(x), -1), x)
    torch.testing.assert_close(given, torch.log_softmax(joint, 1), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("seed", range(3))
def test_the_annealed_partition_function_is_the_sum(seed):
    model = machine(seed)
    exact = torch.logsumexp(log_joint(model), (0, 1))
    model.settle(generator(seed))
    assert abs(float(model.log_normaliser(torch.ones(1)) - exact)) < 0.1


def test_probabilities_of_all_images_sum_to_one_where_it_is_known_and_every_bound_is_log_p():
    model, x = machine().eval(), every(D)
    exact = torch.logsumexp(log_joint(model), (0, 1))
    model.log_weights.fill_(float(exact))
    expected = torch.logsumexp(log_joint(model), 0) - exact
    assert float(torch.logsumexp(expected, 0)) == pytest.approx(0.0, abs=1e-12)
    for objective in (ELBO(3), ImportanceWeighted(4), ContrastiveDivergence()):
        torch.testing.assert_close(objective(model, x, generator()).value, expected, rtol=1e-9, atol=1e-9)


def test_gibbs_steps_reach_the_prior_and_images_are_drawn_from_it():
    model = machine()
    expected = torch.softmax(torch.logsumexp(log_joint(model), 1), 0)
    z = model.sample_prior(20_000, generator())[:, 0]
    seen = torch.bincount((z @ torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64)).long(), minlength=8)
    statistic = float(((seen - 20_000 * expected) ** 2 / (20_000 * expected)).sum())
    assert statistic < chi2.ppf(0.999, 7)


def test_the_surrogate_has_the_gradient_of_log_p_where_chains_are_at_equilibrium():
    model = machine(std=0.5).requires_grad_()
    x = every(D)[[3, 9, 30]].repeat(160, 1)
    joint = log_joint(model)
    log_p = torch.logsumexp(joint, 0)[[3, 9, 30]].mean() - torch.logsumexp(joint, (0, 1))
    expected = torch.autograd.grad(log_p, list(model.parameters()))
    probabilities = torch.softmax(torch.logsumexp(joint.detach(), 1), 0)
    model.chains = every(K)[torch.multinomial(probabilities, 480, replacement=True, generator=generator(1))]
    objective, taken = ContrastiveDivergence(2, persistent=True), []
    for seed in range(30):
        surrogate = objective(model.train(), x, generator(seed)).surrogate
        taken.append(torch.autograd.grad(surrogate.mean(), list(model.parameters())))
    for drawn, exact in zip(zip(*taken, strict=True), expected, strict=True):
        draws = torch.stack(drawn)
        assert ((draws.mean(0) - exact).abs() < 4.5 * draws.std(0) / math.sqrt(10) + 1e-9).all()


def stripes(n: int = 400) -> np.ndarray:
    """Images of 4 x 4 whose rows are each black or white: sixteen of them, alike often."""
    rows = np.random.default_rng(0).integers(0, 2, (n, 4, 1))
    return (rows * np.ones((1, 1, 4))).astype(np.float32)


def test_a_fitted_machine_draws_the_images_it_saw_loads_and_repeats_itself(tmp_path):
    X = stripes()
    # Small batches: after each epoch the partition function is annealed, which takes longer than its updates.
    made = ImageVAE(8, model="rbm", max_epochs=30, learning_rate=0.03, batch_size=10, random_state=0, device="cpu")
    model = made.fit(X)
    # log 16 nats tell one of sixteen images from another; pixels by themselves take 16 log 2 = 11.1.
    assert -7.0 < model.bound(X).mean() < -math.log(16) + 0.3
    drawn = model.sample(300, random_state=0)
    assert np.abs(drawn - drawn.mean(2, keepdims=True)).max(2).mean() < 0.1
    assert len({tuple(image[:, 0].round()) for image in drawn}) >= 14
    codes = model.transform(X)
    assert codes.min() >= 0
    assert codes.max() <= 1
    model.save(tmp_path / "model")
    loaded = ImageVAE.load(tmp_path / "model", device="cpu")
    np.testing.assert_array_equal(loaded.bound(X), model.bound(X))
    np.testing.assert_array_equal(loaded.sample(5, random_state=1), model.sample(5, random_state=1))


def test_what_a_machine_has_not_is_refused():
    for wrong in ({"n_above": 2}, {"likelihood": "gaussian"}):
        with pytest.raises(UsageError, match=r"model=rbm: expected one stochastic layer and Bernoulli pixels"):
            ImageVAE(2, model="rbm", **wrong).check_parameters()


def test_a_machine_of_few_images_learns_by_the_defaults():
    """Its likelihood rests at that of independent pixels for some epochs, which is no reason to stop."""
    made = ImageVAE(8, model="rbm", max_epochs=20, batch_size=5, random_state=0, device="cpu")
    X = stripes()
    model = made.fit(X)
    assert model.n_iter_ == 20
    assert model.bound(X).mean() > -10.6  # pixels by themselves: -11.1; 40 epochs: -6
