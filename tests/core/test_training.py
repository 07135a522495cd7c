"""The training loop: the schedule, one step by hand, resume to the same bits, the guard, the best weights."""

import dataclasses
import math
import threading

import pytest
import torch

from neuraltopic.core.latents.gaussian import DiagonalGaussian
from neuraltopic.core.latents.refined_gaussian import RefinedGaussian
from neuraltopic.core.objectives import ELBO, Bound
from neuraltopic.core.optimisation.adam import Adam, Group, Step
from neuraltopic.core.optimisation.division import Undivided
from neuraltopic.core.optimisation.gradients import gradient, trained
from neuraltopic.core.optimisation.schedules import CyclicalWarmUp, LinearWarmUp
from neuraltopic.core.threads import pieces_alone
from neuraltopic.core.training import NonFiniteLossError, Schedule, Trainer, bounds, clipped, mean_bound
from neuraltopic.core.vae import VAE
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.encoders.sufficient_statistics import SufficientStatisticsEncoder
from tests.parts import H, K, V, documents, generator, randomise, sparse_rows

SCHEDULE = Schedule(
    max_epochs=6, batch_size=4, learning_rate=0.01, decoder_rate=1.0, kl_weight=LinearWarmUp(0.5), patience=3
)


class Documents:
    """A few documents of float64 counts."""

    def __init__(self, n, seed=0):
        self.counts = documents(n, seed=seed) if n else torch.zeros(0, V)

    def __len__(self):
        return len(self.counts)

    def batch(self, rows, generator=None):
        return sparse_rows(self.counts[rows])


def model(seed=0):
    return randomise(
        VAE(SufficientStatisticsEncoder(K, H), DiagonalGaussian(K), EnergySoftmax(K, V)), std=0.3, seed=seed
    )


def trainer(held_out=5, schedule=SCHEDULE, seed=0):
    return Trainer(model(), Documents(18), Documents(held_out, seed=1), ELBO(), schedule, generator(seed))


def bits(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_small_corpora_get_their_updates_and_large_ones_their_speed():
    """Epochs, rows in a batch, patience: from 32 to 400 rows, from 10 to 200 epochs, 1,000 updates in between."""
    assert Schedule().resolve(5) == (200, 32, 34, 1)
    assert Schedule().resolve(320) == (100, 32, 17, 1)
    assert Schedule().resolve(3200) == (32, 100, 6, 1)
    assert Schedule().resolve(11314) == (31, 353, 6, 1)
    assert Schedule().resolve(10**6) == (10, 400, 2, 1)
    assert Schedule(max_epochs=7, batch_size=9, patience=3).resolve(10**6) == (7, 9, 3, 1)


@pytest.mark.parametrize("clip", [1e9, 0.5])
def test_gradients_are_those_of_the_mean_surrogate(clip):
    """Shortened to the clip where the norm passes it."""
    vae, x = model(), Documents(6).batch(torch.arange(6))
    vae.eval()
    surrogate = ELBO()(vae, x, generator(), 0.7).surrogate.mean()
    parts = torch.autograd.grad(-surrogate, list(vae.parameters()))
    norm = math.sqrt(sum(float(part.square().sum()) for part in parts))
    found = gradient(vae, trained(vae), x, ELBO(), generator(), 0.7, Undivided())
    assert found.norm == pytest.approx(norm, rel=1e-12)
    assert found.bound == pytest.approx(float(ELBO()(vae, x, generator()).value.mean()), rel=1e-12)
    scale = min(1.0, clip / (norm + 1e-6))
    stepped = clipped(found, clip)
    for parameter, part in zip(vae.parameters(), parts, strict=True):
        torch.testing.assert_close(stepped[parameter], scale * part, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("value", "slope"), [(math.inf, 1.0), (-1.0, math.nan)])
@pytest.mark.parametrize("batches_at_once", [1, 2])
def test_a_gradient_that_is_not_finite_leaves_the_weights(value, slope, batches_at_once):
    """Whether it is the bound or only its gradient."""

    def objective(model, x, generator, kl_weight):
        surrogate = slope * model.decoder.bias.sum().expand(len(x))
        return Bound(torch.full((len(x),), value), surrogate)

    schedule = dataclasses.replace(SCHEDULE, batches_at_once=batches_at_once)
    run = Trainer(model(), Documents(18), Documents(0), objective, schedule, generator())
    before = bits(run.model)
    with pytest.raises(NonFiniteLossError, match=f"epoch 1, batch 1 of 5: bound {value}"):
        run.run_epoch()
    assert all(torch.equal(before[name], weight) for name, weight in run.model.state_dict().items())


@pytest.mark.parametrize("n_at_once", [1, 2, 3])
def test_a_gradient_is_at_the_weights_before_those_of_the_batches_at_once(n_at_once):
    """Of five batches, by hand, with the noise that the trainer draws: the gradient on batch t is at the weights after
    the steps down those before t - n_at_once + 1, or at the first weights."""
    schedule = dataclasses.replace(SCHEDULE, batches_at_once=n_at_once, weight_decay=0.0, decoder_precision=0.0)
    run = Trainer(model(), Documents(18), Documents(0), ELBO(), schedule, generator())
    run.run_epoch()
    noise, vae = generator(), model().train()
    batches = torch.randperm(18, generator=noise).split(4)
    seeds = [int(torch.randint(2**62, (), generator=noise)) for _ in range(n_at_once - 1)]
    drawn = [noise, *(torch.Generator().manual_seed(seed) for seed in seeds)]
    parameters = trained(vae)
    adam = Adam([Group(parameters, 0.01, 0.0, True)], schedule.epsilon)
    after = [[weight.detach().clone() for weight in parameters]]  # of each step, the weights
    own = {weight: weight.detach() for weight in parameters}
    total = 0.0
    for number, rows in enumerate(batches):
        for weight, old in zip(parameters, after[max(0, number - n_at_once + 1)], strict=True):
            weight.data.copy_(old)
        kl, generator_of_replica = schedule.kl_weight(number / 5 / 6), drawn[number % n_at_once]
        x = Documents(18).batch(rows)
        found = gradient(vae, parameters, x, ELBO(), generator_of_replica, kl, Undivided())
        for weight, newest in zip(parameters, after[-1], strict=True):
            weight.data.copy_(newest)
        adam.step(Step(clipped(found, schedule.clip), schedule.rate(number / 5 / 6), own, own))
        after.append([weight.detach().clone() for weight in parameters])
        total += found.bound * len(rows)
    for found, expected in zip(run.model.parameters(), vae.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    assert run.history[0]["train_bound"] == pytest.approx(total / 18, rel=1e-12)


def on_threads(n_threads, work):
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        with pieces_alone():
            return work()
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("n_threads", [2, 4])
@pytest.mark.parametrize("n_at_once", [1, 2, 3])
@pytest.mark.parametrize("clock", [False, True])
def test_an_epoch_has_the_same_bits_on_any_number_of_threads(monkeypatch, n_threads, n_at_once, clock):
    """Large weights too, which Adam takes in slices; and where the time that is used moves the schedules."""
    monkeypatch.setattr("neuraltopic.core.optimisation.adam._WHOLE", 4)
    monkeypatch.setattr("neuraltopic.core.optimisation.adam._SLICE", 4)
    ends = []
    for threads in (1, n_threads):
        schedule = dataclasses.replace(SCHEDULE, batches_at_once=n_at_once)
        run = Trainer(model(), Documents(18), Documents(5, seed=1), ELBO(), schedule, generator())
        if clock:
            ticks = iter(range(100))
            run.time_used = lambda ticks=ticks: next(ticks) / 15
        on_threads(threads, run.run)
        ends.append((bits(run.model), run.history))
    assert ends[0][1] == ends[1][1]
    assert all(torch.equal(ends[0][0][name], ends[1][0][name]) for name in ends[0][0])


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("n_at_once", [1, 2, 3])
def test_the_schedules_of_a_batch_are_those_of_the_time_told_before_it_begins(n_threads, n_at_once):
    """Batch t of an epoch of six begins once batch t - n has ended, after which the clock is read."""
    ticks, rates, weights = iter(range(100)), [], []

    def rate(progress):
        rates.append(progress)
        return 1.0

    def kl_weight(progress):
        weights.append(progress)
        return 1.0

    kl_weight.full_from = 0.0
    schedule = dataclasses.replace(SCHEDULE, batch_size=3, batches_at_once=n_at_once, rate=rate, kl_weight=kl_weight)
    run = Trainer(model(), Documents(18), Documents(0), ELBO(), schedule, generator())
    run.time_used = lambda: 0.1 * next(ticks)
    on_threads(n_threads, run.run_epoch)
    expected = [max(number / 6 / 6, 0.1 * max(0, number - n_at_once + 1)) for number in range(6)]
    assert rates == pytest.approx(expected)
    assert sorted(weights) == pytest.approx(expected)


@pytest.mark.parametrize(("n_threads", "n_at_once", "expected"), [(1, 2, 1), (2, 1, 1), (2, 2, 2), (4, 2, 2)])
def test_batches_at_once_have_a_thread_each(n_threads, n_at_once, expected):
    threads = set()

    def objective(*arguments):
        threads.add(threading.get_ident())
        return ELBO()(*arguments)

    schedule = dataclasses.replace(SCHEDULE, batches_at_once=n_at_once)
    run = Trainer(model(), Documents(18), Documents(0), objective, schedule, generator())
    on_threads(n_threads, run.run_epoch)
    assert len(threads) == expected
    assert threading.get_ident() in threads


def test_training_raises_the_bound_and_keeps_the_best_weights():
    run = trainer(schedule=dataclasses.replace(SCHEDULE, max_epochs=30, learning_rate=0.03, patience=30))
    run.run()
    held_out = [entry["held_out_bound"] for entry in run.history]
    assert run.history[-1]["train_bound"] > run.history[0]["train_bound"] + 0.5
    assert run.best_bound == max(held_out)
    assert run.best_epoch == held_out.index(max(held_out)) + 1
    assert all(torch.equal(value, run.best[name]) for name, value in run.model.state_dict().items())
    assert not run.model.training


def test_held_out_rows_are_judged_by_the_q_that_is_trained():
    """By the encoder's own, where the latent refines it in eval mode; and neither draws dropout."""
    vae = randomise(VAE(SufficientStatisticsEncoder(K, H), RefinedGaussian(K), EnergySoftmax(K, V)), std=0.3)
    plain = VAE(vae.encoder, DiagonalGaussian(K), vae.decoder).eval()
    data = Documents(7)
    expected = float(ELBO()(plain, data.batch(torch.arange(7)), generator()).value.mean())
    vae.train()
    assert mean_bound(vae, data, ELBO(), generator(), 7) == pytest.approx(expected, rel=1e-12)
    assert float(next(bounds(vae, data, ELBO(), generator(), 7)).mean()) > expected + 0.01
    assert vae.training
    assert vae.latent.training
    run = Trainer(vae, Documents(18), data, ELBO(), SCHEDULE, generator())
    run._record(0.0)
    assert run.best_bound == pytest.approx(mean_bound(vae, data, ELBO(), generator(), 512), rel=1e-12)


def test_patience_stops_only_after_the_kl_has_its_full_weight():
    schedule = dataclasses.replace(SCHEDULE, max_epochs=20, patience=2, kl_weight=LinearWarmUp(0.5))
    run = trainer(schedule=schedule)
    run._record = lambda bound: run.history.append({"epoch": run.epoch + 1, "train_bound": bound})
    run.run()
    assert run.epoch == 12


def test_patience_waits_for_the_last_of_the_cycles():
    """Two cycles, the second rise done at three quarters: 15 of 20 epochs, and 2 of patience."""
    schedule = dataclasses.replace(SCHEDULE, max_epochs=20, patience=2, kl_weight=CyclicalWarmUp(2, rise=0.5))
    run = trainer(schedule=schedule)
    run._record = lambda bound: run.history.append({"epoch": run.epoch + 1, "train_bound": bound})
    run.run()
    assert run.epoch == 17


def test_the_first_step_of_adam_is_the_rate_times_a_share_that_epsilon_takes_from():
    """The moments begin at the gradient g and its square, so the first step is rate * g / (|g| + epsilon)."""
    schedule = Schedule(
        max_epochs=1, batch_size=18, epsilon=0.5, decoder_rate=1.0, weight_decay=0.0, kl_weight=LinearWarmUp()
    )
    run = trainer(held_out=0, schedule=dataclasses.replace(schedule, decoder_precision=0.0, learning_rate=0.1))
    reference, noise = model(), generator()
    rows = torch.randperm(18, generator=noise)
    bound = ELBO()(reference.train(), Documents(18).batch(rows), noise).surrogate.mean()
    gradients = torch.autograd.grad(bound, list(reference.parameters()))
    run.run()
    for before, after, g in zip(reference.parameters(), run.model.parameters(), gradients, strict=True):
        # One cycle begins at a tenth of the rate.
        torch.testing.assert_close(after.detach(), before.detach() + 0.1 * 0.1 * g / (g.abs() + 0.5))


def test_decay_is_the_encoders_matrices_and_the_prior_and_the_higher_rate_the_decoders():
    """Decay takes its share of a weight at the rate; the prior is in the gradient, a row's part of it."""
    schedule = Schedule(
        max_epochs=1,
        batch_size=18,
        epsilon=0.5,
        learning_rate=0.1,
        decoder_rate=3.0,
        weight_decay=2.0,
        decoder_precision=9.0,
        kl_weight=LinearWarmUp(),
    )
    run = trainer(held_out=0, schedule=schedule)
    reference, noise = model(), generator()
    bound = ELBO()(reference.train(), Documents(18).batch(torch.randperm(18, generator=noise)), noise)
    gradients = torch.autograd.grad(bound.surrogate.mean(), list(reference.parameters()))
    run.run()
    trained = dict(run.model.named_parameters())
    for (name, before), g in zip(reference.named_parameters(), gradients, strict=True):
        rate, weight = 0.1 * 0.1, before.detach()
        is_matrix = weight.dim() > 1
        if name.startswith("decoder."):
            rate, g = 3.0 * rate, g - is_matrix * 9.0 / 18 * weight
        elif is_matrix:
            weight = weight * (1.0 - rate * 2.0)
        torch.testing.assert_close(trained[name].detach(), weight + rate * g / (g.abs() + 0.5))


def test_where_the_best_is_not_kept_the_last_weights_stay_and_the_fit_runs_its_length():
    """At a rate that lets the bound go up and down, with a patience that would stop it."""
    schedule = dataclasses.replace(SCHEDULE, max_epochs=12, learning_rate=0.3, patience=1, kl_weight=LinearWarmUp())
    run, stopped = (trainer(schedule=dataclasses.replace(schedule, keep_best=keep)) for keep in (False, True))
    last = []
    run.run(lambda trainer: last.append([parameter.clone() for parameter in trainer.model.parameters()]))
    stopped.run()
    assert run.epoch == 12 > stopped.epoch
    assert "held_out_bound" in run.history[-1]
    assert all(torch.equal(*pair) for pair in zip(run.model.parameters(), last[-1], strict=True))


def test_without_held_out_rows_the_last_weights_stay():
    run = trainer(held_out=0)
    run.run()
    assert run.epoch == SCHEDULE.max_epochs
    assert not run.best
    assert "held_out_bound" not in run.history[0]


def test_same_seed_same_bits_another_seed_others():
    runs = [trainer(seed=seed) for seed in (0, 0, 1)]
    for run in runs:
        run.run()
    first, again, other = (bits(run.model) for run in runs)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_resumed_fit_ends_on_the_same_bits(stop):
    whole = trainer()
    whole.run()
    stopped = trainer()
    while stopped.epoch < stop:
        stopped.run_epoch()
    tensors, numbers = stopped.state()
    tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    resumed = trainer(seed=99)
    resumed.restore(tensors, numbers)
    resumed.run()
    assert resumed.history == whole.history
    assert all(torch.equal(v, whole.model.state_dict()[n]) for n, v in resumed.model.state_dict().items())


def test_fresh_state_can_be_restored():
    run = trainer(held_out=0)
    run.restore(*trainer(held_out=0).state())
    assert run.epoch == 0
    assert run.best_bound == -math.inf


def test_guard_names_epoch_and_batch_and_leaves_the_weights():
    run = trainer()
    with torch.no_grad():
        run.model.decoder.bias[0] = math.nan
    before = bits(run.model.encoder)
    with pytest.raises(NonFiniteLossError, match=r"epoch 1, batch 1 of 5: bound nan.*rows are \[\d+, \d+, \d+, \d+\]"):
        run.run()
    assert all(torch.equal(before[name], value) for name, value in run.model.encoder.state_dict().items())


def test_validation_draws_from_another_generator():
    """The training stream does not know whether held-out rows were looked at."""
    with_rows, without = trainer(held_out=5), trainer(held_out=0)
    with_rows.run_epoch()
    without.run_epoch()
    assert torch.equal(with_rows.generator.get_state(), without.generator.get_state())


LARGE = Schedule(batch_size=2, fewest_epochs=2, enough_rows=6, decoder_rate=1.0, learning_rate=0.01)


def test_the_passes_over_a_large_corpus_fall_towards_one():
    """22 times 20,000 rows are seen, and each row once; batches grow with the root of the rows."""
    schedule = Schedule(patience=30, fewest_epochs=22, largest_batch=200, enough_rows=20_000)
    assert schedule.resolve(20_000) == (22, 200, 30, 1)
    assert schedule.resolve(19_750) == dataclasses.replace(schedule, enough_rows=None).resolve(19_750)
    for n_rows, batch_size, parts, passes in (
        (45_000, 300, 2, 22 / 2.25),
        (200_000, 632, 10, 2.2),
        (440_000, 938, 22, 1.0),
        (10**6, 1414, 50, 1.0),
    ):
        found = schedule.resolve(n_rows)
        assert (found.batch_size, found.parts) == (batch_size, parts)
        assert found.passes == pytest.approx(passes, abs=1 / parts)
        assert found.max_epochs * n_rows / parts >= 22 * 20_000
    assert dataclasses.replace(schedule, max_epochs=3).resolve(200_000) == (30, 632, 30, 10)


def test_the_epochs_of_a_pass_see_each_row_once():
    run = trainer(held_out=0, schedule=LARGE)
    assert (run.parts, run.max_epochs) == (3, 3)
    seen, batch = [], run.data.batch
    run.data.batch = lambda rows, noise=None: seen.append(rows.tolist()) or batch(rows)
    run.run()
    assert [len(rows) for rows in seen] == [2] * 9
    assert sorted(row for rows in seen for row in rows) == list(range(18))
    assert [entry["passes"] for entry in run.history] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert seen != [list(range(first, first + 2)) for first in range(0, 18, 2)]


@pytest.mark.parametrize("stop", [1, 2, 4])
def test_a_fit_resumed_within_a_pass_ends_on_the_same_bits(stop):
    schedule = dataclasses.replace(LARGE, max_epochs=2)
    whole = trainer(schedule=schedule)
    whole.run()
    assert whole.max_epochs == 6
    stopped = trainer(schedule=schedule)
    while stopped.epoch < stop:
        stopped.run_epoch()
    tensors, numbers = stopped.state()
    resumed = trainer(seed=9, schedule=schedule)
    resumed.restore({name: tensor.clone() for name, tensor in tensors.items()}, dict(numbers))
    resumed.run()
    assert resumed.history == whole.history
    for name, value in bits(whole.model).items():
        assert torch.equal(value, bits(resumed.model)[name])


def test_training_ends_in_time_with_the_rate_at_the_end_of_its_course():
    """A clock that has run down after seven of the batches, in the second epoch of six."""
    run = trainer(held_out=0, schedule=dataclasses.replace(SCHEDULE, patience=None))
    ticks = iter(range(100))
    run.time_used = lambda: next(ticks) / 8
    rates, rate = [], run.schedule.rate
    run.schedule = dataclasses.replace(run.schedule, rate=lambda progress: rates.append(progress) or rate(progress))
    run.run()
    assert run.epoch == 2
    assert len(rates) < 2 * 5
    assert rates == sorted(rates)
    assert 0.8 < rates[-1] < 1.0
    assert math.isfinite(run.history[-1]["train_bound"])
