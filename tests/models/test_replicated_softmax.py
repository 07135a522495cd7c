"""The Replicated Softmax against brute force: every sum over 2^K states of the units and over words is written out."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2

from neuraltopic import DocumentVAE
from neuraltopic.core.boltzmann.contrastive_divergence import ContrastiveDivergence
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.vae import VAE
from neuraltopic.models.decoders.energy_softmax import draw_words
from neuraltopic.models.recipes import find_recipe
from neuraltopic.models.replicated_softmax import ReplicatedSoftmax, annealed_lengths, turn_units
from tests.parts import K, V, documents, generator, randomise, sparse_rows


def model_of(seed: int = 0, std: float = 0.6) -> ReplicatedSoftmax:
    model = randomise(ReplicatedSoftmax(K, V), std=std, seed=seed)
    with torch.no_grad():
        model.encoder.bias.copy_(torch.tensor([0.05, -0.1, 0.02]))
    return model.requires_grad_(False)


def states() -> torch.Tensor:
    """Every z, (2^K, K)."""
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=K)), dtype=torch.float64)


def energy(model: ReplicatedSoftmax, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """-(x . R z + x . b + n a . z) of every pair, (2^K, B), as the paper writes it."""
    R, b = model.decoder.topics()
    return -(z @ R.T @ x.T + x @ b + (z @ model.encoder.bias)[:, None] * x.sum(1))


def log_normaliser(model: ReplicatedSoftmax, length: int) -> torch.Tensor:
    """log of the sum over all z and all sequences of `length` words."""
    sequences = torch.tensor(list(itertools.product(range(V), repeat=length)))
    x = torch.nn.functional.one_hot(sequences, V).sum(1).double()
    return torch.logsumexp(-energy(model, x, states()), (0, 1))


def settle_exactly(model: ReplicatedSoftmax) -> None:
    """Put in place of the estimates what they estimate."""
    gain = model.log_gain(states()).detach()
    for row, length in enumerate(annealed_lengths()):
        model.log_weights[row] = torch.logsumexp(length * gain, 0)


def test_the_log_gain_of_z_has_the_words_summed_out():
    """p(z) of a document of n words is exp(n (a . z + A(z))): the sum over V^n sequences is that over V words to n."""
    model = model_of()
    for length in (1, 2, 3):
        of_z = torch.logsumexp(length * model.log_gain(states()), 0)
        torch.testing.assert_close(of_z, log_normaliser(model, length), rtol=1e-12, atol=1e-12)


def test_free_energy_and_posterior_are_those_of_all_states():
    model, x = model_of(), documents()
    joint = -energy(model, x, states())
    torch.testing.assert_close(model.free_energy(sparse_rows(x)), -torch.logsumexp(joint, 0), rtol=1e-12, atol=1e-12)
    expected = torch.softmax(joint, 0).T @ states()
    q = model.posterior(sparse_rows(x))
    torch.testing.assert_close(q.mean, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(q.variance(), expected * (1 - expected), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(q.log_prob(states()[:, None]), torch.log_softmax(joint, 0), rtol=1e-11, atol=1e-11)


def test_words_given_the_units_are_the_energy_softmax():
    """p(w | z) is the joint of one word over its sum."""
    model = model_of()
    joint = -energy(model, torch.eye(V, dtype=torch.float64), states())
    log_probabilities = model.decoder.log_probabilities(states())
    torch.testing.assert_close(log_probabilities, torch.log_softmax(joint, 1), rtol=1e-12, atol=1e-12)


def test_the_closed_form_of_one_word_is_the_sum_over_all_states_and_its_draws_have_their_frequencies():
    model = model_of()
    value, z = model._single_word(40_000, generator())
    torch.testing.assert_close(value, log_normaliser(model, 1), rtol=1e-12, atol=1e-12)
    expected = torch.softmax(model.log_gain(states()), 0)
    codes = (z @ torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64)).long()
    seen = torch.bincount(codes, minlength=8)
    statistic = float(((seen - 40_000 * expected) ** 2 / (40_000 * expected)).sum())
    assert statistic < chi2.ppf(0.999, 7)


@pytest.mark.parametrize("seed", range(3))
def test_annealed_normalisers_are_those_of_the_sum_at_every_length(seed):
    """Also between the lengths at which annealing stops, below the first and beyond the last."""
    model = model_of(seed)
    model.longest.fill_(1500.0)
    model.settle(generator(seed))
    gain = model.log_gain(states())
    lengths = torch.tensor([0.0, 0.4, 1.0, 2.0, 3.5, 10.0, 60.7, 500.0, 1000.0, 1400.0], dtype=torch.float64)
    exact = torch.logsumexp(lengths[:, None] * gain, 1)
    estimate = model.log_normaliser(lengths)
    assert estimate[0] == K * math.log(2.0)
    torch.testing.assert_close(estimate, exact, rtol=0, atol=0.35)
    assert (estimate - exact)[1:4].abs().max() < 0.05


def test_the_mean_of_annealed_weights_is_unbiased():
    """Over repetitions the mean of Z's estimates is Z within 4.5 standard errors."""
    model = model_of(std=0.8)
    model.longest.fill_(31.0)
    lengths = torch.tensor([5.0, 31.0], dtype=torch.float64)
    exact = torch.logsumexp(lengths[:, None] * model.log_gain(states()), 1)
    ratios = []
    for seed in range(12):
        model.settle(generator(seed))
        ratios.append(torch.exp(model.log_normaliser(lengths) - exact))
    ratios = torch.stack(ratios)
    error = (ratios.mean(0) - 1.0).abs()
    assert (error < 4.5 * ratios.std(0) / math.sqrt(len(ratios))).all()
    assert (ratios.std(0) < 0.2).all()


def test_every_bound_is_log_p_of_x_where_the_normaliser_is_known():
    model, x = model_of(), documents()
    settle_exactly(model)
    joint = torch.logsumexp(-energy(model, x, states()), 0)
    gain = model.log_gain(states())
    expected = joint - torch.logsumexp(x.sum(1)[:, None] * gain, 1)
    expected[0] = 0.0  # an empty document
    for objective in (ELBO(1), ELBO(7), ImportanceWeighted(5)):
        value = objective(model.eval(), sparse_rows(x), generator()).value
        torch.testing.assert_close(value, expected, rtol=1e-9, atol=1e-9)
    value = ContrastiveDivergence()(model, sparse_rows(x), generator()).value
    torch.testing.assert_close(value, expected, rtol=1e-9, atol=1e-9)


def test_probabilities_of_all_documents_of_a_length_sum_to_one():
    model = model_of()
    settle_exactly(model)
    sequences = torch.tensor(list(itertools.product(range(V), repeat=3)))
    x = torch.nn.functional.one_hot(sequences, V).sum(1).double()
    value = ELBO(1)(model.eval(), sparse_rows(x), generator()).value
    torch.testing.assert_close(torch.logsumexp(value, 0), torch.zeros((), dtype=torch.float64), rtol=0, atol=1e-9)


def exact_gradient(model: ReplicatedSoftmax, x: torch.Tensor) -> list[torch.Tensor]:
    model.requires_grad_()
    joint = torch.logsumexp(-energy(model, x, states()), 0)
    normaliser = torch.logsumexp(x.sum(1)[:, None] * model.log_gain(states()), 1)
    return list(torch.autograd.grad((joint - normaliser).mean(), list(model.parameters())))


def test_gradient_of_persistent_chains_at_equilibrium_is_that_of_log_p():
    """Gibbs steps leave p(z) as it is, and the mean surrogate gradient is the exact one, which autograd takes of the
    written sums, within 4.5 standard errors."""
    model = model_of(std=0.4)
    x = documents(6)[2:3].expand(400, -1).contiguous()
    n = float(x[0].sum())
    probabilities = torch.softmax(n * model.log_gain(states()).detach(), 0)
    expected = exact_gradient(model, x)
    objective, taken = ContrastiveDivergence(n_steps=2, persistent=True), []
    model.chains = states()[torch.multinomial(probabilities, 400, replacement=True, generator=generator(5))]
    for seed in range(30):
        bound = objective(model.train(), sparse_rows(x), generator(seed))
        taken.append(torch.autograd.grad(bound.surrogate.mean(), list(model.parameters())))
    for drawn, exact in zip(zip(*taken, strict=True), expected, strict=True):
        draws = torch.stack(drawn)
        # Successive states of a chain are correlated: three standard deviations of one mean of 400 bound thirty.
        assert ((draws.mean(0) - exact).abs() < 4.5 * draws.std(0) / math.sqrt(10) + 1e-9).all()
        assert (draws.mean(0) - exact).abs().max() < 0.1 * exact.abs().max() + 0.05


def test_contrastive_divergence_is_exact_for_a_model_without_interactions():
    """With R = 0 a chain is at equilibrium after one step, whatever it started from."""
    model = model_of()
    with torch.no_grad():
        model.decoder.weight.zero_()
    x = documents(6)[2:4]
    expected = exact_gradient(model, x)
    rows = x.repeat_interleave(4000, 0)
    bound = ContrastiveDivergence(1)(model.train(), sparse_rows(rows), generator())
    found = torch.autograd.grad(bound.surrogate.mean(), list(model.parameters()))
    for gradient, exact in zip(found, expected, strict=True):
        torch.testing.assert_close(gradient, exact, rtol=0.05, atol=0.25)


def test_gibbs_steps_reach_the_prior():
    model = model_of()
    n = 4.0
    z = model.gibbs(torch.zeros(20_000, K, dtype=torch.float64), torch.full((20_000,), n).double(), 30, generator())
    expected = torch.softmax(n * model.log_gain(states()), 0)
    seen = torch.bincount((z @ torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64)).long(), minlength=8)
    assert float(((seen - 20_000 * expected) ** 2 / (20_000 * expected)).sum()) < chi2.ppf(0.999, 7)


def test_persistent_chains_go_by_length_and_rest_in_eval_mode():
    model = model_of()
    x = torch.cat([documents(9)[2:], documents(9, seed=1)[2:]])
    before = model.chains.clone()
    ContrastiveDivergence(1, persistent=True)(model.eval(), sparse_rows(x), generator())
    assert torch.equal(model.chains, before)
    ContrastiveDivergence(3, persistent=True)(model.train(), sparse_rows(x), generator())
    moved = (model.chains != before).any(1).nonzero()[:, 0]
    assert 0 < len(moved) <= len(x)
    assert set(moved.tolist()) <= {(row * 512) // len(x) for row in range(len(x))}


def test_drawn_words_have_the_frequencies_of_each_row():
    logits = torch.randn(3, V, generator=generator(), dtype=torch.float64)
    logits[1, 2] = -torch.inf
    lengths = torch.tensor([30_000, 10_000, 0])
    words = draw_words(torch.log_softmax(logits, 1), lengths, generator())
    assert len(words) == 40_000
    for row, part in ((0, words[:30_000]), (1, words[30_000:])):
        expected = torch.softmax(logits[row], 0).numpy() * len(part)
        seen = np.bincount(part, minlength=V)
        assert (seen[expected == 0] == 0).all()
        filled = expected > 0
        statistic = ((seen - expected)[filled] ** 2 / expected[filled]).sum()
        assert statistic < chi2.ppf(0.999, filled.sum() - 1)


def test_statistics_of_drawn_documents_have_the_mean_of_the_softmax():
    """E[R x] = n E[R_w] at n, whole or not."""
    model, z = model_of(), states()[3].expand(5000, -1)
    for n in (3.0, 2.6):
        drawn = model.decoder.sample_statistics(z, torch.full((5000,), n).double(), generator())
        mean = n * torch.exp(model.decoder.log_probabilities(z[:1])) @ model.decoder.weight
        assert ((drawn.mean(0) - mean[0]).abs() < 4.5 * drawn.std(0) / math.sqrt(5000)).all()


def test_turned_units_are_off_more_often_and_the_model_is_the_same():
    model, x = model_of(), sparse_rows(documents())
    settle_exactly(model)
    model.chains[:, 1] = 1.0
    before = ELBO(1)(model.eval(), x, generator()).value
    posterior = model.posterior(x).mean
    turn_units(model)
    torch.testing.assert_close(ELBO(1)(model, x, generator()).value, before, rtol=1e-9, atol=1e-9)
    after = model.posterior(x).mean
    torch.testing.assert_close(after[:, [0, 2]], posterior[:, [0, 2]])
    torch.testing.assert_close(after[:, 1], 1.0 - posterior[:, 1])
    assert (model.chains.mean(0) <= 0.5).all()


def corpus(n: int = 300) -> np.ndarray:
    """Documents of two words out of four of one theme, and those of the other theme."""
    random = np.random.default_rng(0)
    counts = random.poisson(0.1, (n, 8))
    counts[::2, :4] += random.poisson(2.0, (n // 2, 4))
    counts[1::2, 4:] += random.poisson(2.0, (n // 2, 4))
    return counts + np.eye(8, dtype=int)[np.arange(n) % 8]


def test_a_fit_resumes_to_the_same_bits_and_loads_to_the_same_figures(tmp_path):
    counts = corpus()

    def make(epochs):
        return DocumentVAE(2, recipe="replicated_softmax", max_epochs=epochs, random_state=0, device="cpu")

    whole = make(4)
    vectors = whole.fit_transform(counts)

    class StoppedError(Exception):
        pass

    def stop(stage, done, total):
        if stage == "training" and done == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        make(4).fit(counts, checkpoint=tmp_path / "fit", progress=stop)
    resumed = make(4)
    np.testing.assert_array_equal(resumed.fit_transform(counts, checkpoint=tmp_path / "fit"), vectors)
    assert resumed.history_ == whole.history_
    whole.save(tmp_path / "model")
    loaded = DocumentVAE.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.bound(counts), whole.bound(counts))
    np.testing.assert_array_equal(loaded.transform(counts), vectors)


def test_the_two_themes_are_told_apart_better_than_by_the_unigram():
    counts = corpus()
    model = DocumentVAE(2, recipe="replicated_softmax", max_epochs=80, random_state=0, device="cpu").fit(counts)
    vectors = model.transform(counts)
    assert vectors.min() >= 0
    assert vectors.max() <= 1
    unit = np.abs(vectors[::2].mean(0) - vectors[1::2].mean(0)).argmax()
    assert np.abs(vectors[::2, unit].mean() - vectors[1::2, unit].mean()) > 0.9
    totals = counts.sum(0)
    unigram = -(totals / totals.sum()) @ np.log(totals / totals.sum())
    assert np.log(model.perplexity(counts, per="corpus")) < unigram - 0.3


def test_a_fit_goes_on_until_the_units_differ():
    """For the first epochs of a small corpus the likelihood stays that of the word frequencies; the fit must not stop
    there."""
    random = np.random.default_rng(0)
    themes = np.kron(np.eye(4), np.full(25, 8.0)) + 1.0
    themes /= themes.sum(1, keepdims=True)
    counts = np.stack([random.multinomial(12, themes[i % 4]) for i in range(400)])
    model = DocumentVAE(4, recipe="replicated_softmax", max_epochs=30, random_state=0, device="cpu").fit(counts)
    assert model.n_iter_ == 30
    totals = counts.sum(0)
    unigram = -(totals / totals.sum()) @ np.log(totals / totals.sum())
    assert np.log(model.perplexity(counts, per="corpus")) < unigram - 0.08


def test_the_recipe_is_the_model():
    assert isinstance(find_recipe("replicated_softmax").compose(V, K, None), VAE)
