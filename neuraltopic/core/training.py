"""Fit a VAE by stochastic gradient ascent on a bound: one step, and the loop around it.

`Trainer.state()` holds everything that an interrupted fit needs to resume to the same bits: weights, optimiser moments,
the best weights so far, the history and the state of the one generator.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from neuraltopic.core.objectives import Objective
from neuraltopic.core.optimisation.adam import Adam, Group
from neuraltopic.core.optimisation.division import Gradient, division
from neuraltopic.core.optimisation.gradients import Replicas
from neuraltopic.core.optimisation.schedules import KLWeight, LinearWarmUp, OneCycle, Rate
from neuraltopic.core.threads import in_turns, n_available
from neuraltopic.core.vae import VAE


class Data(Protocol):
    """Rows that can be drawn as batches; only the model's encoder and decoder know what a batch is."""

    def __len__(self) -> int: ...

    def batch(self, rows: Tensor, generator: torch.Generator) -> Any:
        """The rows with these numbers (int64, on the CPU), on the model's device. Random data, such as pixels that are
        binarised at each draw, use the generator."""
        ...


@dataclass(frozen=True)
class Schedule:
    """How a fit proceeds.

    Parameters
    ----------
    max_epochs : int, optional
        Passes over the training rows. The learning rate runs its course over all of them, so this is the length of the
        schedule, not only its end. By default enough for 1,000 updates, at least `fewest_epochs` and at most 200. For
        more than `enough_rows` rows, enough to see `fewest_epochs` times `enough_rows` rows, and each row at least
        once.
    batch_size : int, optional
        By default a thirty-second of the rows, from 32 to `largest_batch`: small data need many updates, large data
        fast ones. Beyond `enough_rows` rows the limit grows with their square root.
    learning_rate : float
        Rate of Adam (Kingma & Ba 2015) where the factor of `rate` is 1.
    decoder_rate : float
        Factor on the learning rate of the decoder's parameters.
    weight_decay : float
        Decoupled decay of the encoder's matrices (AdamW); biases are left alone.
    decoder_precision : float
        Precision of the Gaussian prior N(0, 1/precision) on the decoder's matrices, whose mode the fit finds: weights
        that few rows support stay small.
    epsilon : float
        Added to the root of Adam's second moment. With a larger epsilon small gradients make smaller steps.
    batches_at_once : int
        Batches whose gradients are computed at the same time where there are several threads. With n at once each
        gradient is at the weights of n - 1 steps before, or at the first weights of the epoch; on one thread too.
    rate : callable
        Factor on the learning rate at a progress in [0, 1], `OneCycle` or `Steps`.
    kl_weight : callable
        Weight of the KL at a progress in [0, 1], `LinearWarmUp` or `CyclicalWarmUp`.
    patience : int, optional
        Epochs without a better validation bound, once the KL has its full weight, after which the fit stops. By
        default a sixth of them.
    keep_best : bool
        Whether to keep the weights with the best held-out bound and to stop after `patience` epochs without a better
        one. With False the fit runs its whole length and keeps the last weights, for objectives that do not raise a
        bound.
    clip : float
        Largest norm of the gradient of the mean bound per row; ordinary steps are far below it.
    fewest_epochs, largest_batch : int
        Limits of the defaults of `max_epochs` and `batch_size`.
    enough_rows : int, optional
        Number of rows of which `fewest_epochs` passes are enough. A pass over more rows is divided into equal parts of
        about this many rows; each part is an epoch, which ends with a bound and a checkpoint.
    """

    max_epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float = 5.6e-3
    decoder_rate: float = 2.5
    weight_decay: float = 1e-2
    decoder_precision: float = 10.0
    epsilon: float = 1e-8
    batches_at_once: int = 1
    rate: Rate = field(default_factory=OneCycle)
    kl_weight: KLWeight = field(default_factory=LinearWarmUp)
    patience: int | None = None
    keep_best: bool = True
    clip: float = 100.0
    fewest_epochs: int = 10
    largest_batch: int = 400
    enough_rows: int | None = None

    def resolve(self, n_rows: int) -> "ResolvedSchedule":
        """The schedule for so many training rows, every default filled in."""
        excess = n_rows / self.enough_rows if self.enough_rows else 1.0
        growth = max(1.0, math.sqrt(excess))
        batch_size = self.batch_size or min(max(n_rows // 32, 32), round(growth * self.largest_batch))
        n_batches = math.ceil(n_rows / batch_size)
        parts = max(1, min(round(excess), n_batches))
        if self.max_epochs:
            max_epochs = self.max_epochs * parts
        elif excess > 1.0:
            max_epochs = math.ceil(parts * max(1.0, self.fewest_epochs / excess))
        else:
            max_epochs = min(max(math.ceil(1000 / n_batches), self.fewest_epochs), 200)
        return ResolvedSchedule(max_epochs, batch_size, self.patience or math.ceil(max_epochs / 6), parts)


class ResolvedSchedule(NamedTuple):
    """A `Schedule` for a given number of rows, without defaults.

    Attributes
    ----------
    max_epochs : int
    batch_size : int
    patience : int
    parts : int
        Epochs per pass over the rows: 1 unless there are many.
    """

    max_epochs: int
    batch_size: int
    patience: int
    parts: int

    @property
    def passes(self) -> float:
        """Passes over the rows."""
        return self.max_epochs / self.parts


class NonFiniteLossError(ArithmeticError):
    """The bound or its gradient stopped being finite; the message names the epoch, the batch and its rows."""


def clipped(gradient: Gradient, norm: float) -> Mapping[nn.Parameter, Tensor]:
    """The parts of a gradient; a norm above this one becomes this one."""
    scale = norm / (gradient.norm + 1e-6)
    return gradient.parts if scale >= 1.0 else {parameter: part * scale for parameter, part in gradient.parts.items()}


def mean_bound(model: VAE, data: Data, objective: Objective, generator: torch.Generator, batch_size: int) -> float:
    """Mean of the `bounds` of q as it is trained, in nats, over all of `data`."""
    parts = bounds(model, data, objective, generator, batch_size, amortised=True)
    return float(torch.cat(list(parts)).double().mean())


def bounds(
    model: VAE,
    data: Data,
    objective: Objective,
    generator: torch.Generator,
    batch_size: int,
    *,
    amortised: bool = False,
) -> Iterator[Tensor]:
    """The bound on each row of `data` in nats, batch by batch, on the CPU, without dropout and without a gradient.

    With `amortised`, q is the encoder's output as in training, also where the latent refines it in eval mode.
    """
    was_training = model.training
    model.eval()
    if amortised:
        model.amortise()
    try:
        with torch.no_grad():
            for rows in torch.arange(len(data)).split(batch_size):
                yield objective(model, data.batch(rows, generator), generator).value.cpu()
    finally:
        model.train(was_training)


class Trainer:
    """Trains `model` on `data` and keeps the weights with the best bound on `held_out`.

    Parameters
    ----------
    model : VAE
    data, held_out : Data
        `held_out` may be empty: then the last weights are kept and the fit runs its whole length.
    objective : Objective
    schedule : Schedule
    generator : torch.Generator
        The only source of randomness: batch order, dropout and latent noise.

    Attributes
    ----------
    time_used : callable, or None
        Fraction of the time limit that is used; None without a limit. The schedules advance at least as fast, so that
        they are complete when it reaches 1 and training ends.
    divided : Division
        How an update is divided among the processes of torch.distributed, if there are any.
    """

    def __init__(
        self,
        model: VAE,
        data: Data,
        held_out: Data,
        objective: Objective,
        schedule: Schedule,
        generator: torch.Generator,
    ) -> None:
        self.time_used: Callable[[], float] | None = None
        self.divided = division()
        self.model = model
        self.data = data
        self.held_out = held_out
        self.objective = objective
        self.schedule = schedule
        self.max_epochs, self.batch_size, self.patience, self.parts = schedule.resolve(len(data))
        self.generator = generator
        self.optimiser = _optimiser(model, schedule, len(data))
        self.history: list[dict[str, float]] = []
        self.best_bound = -math.inf
        self.best_epoch = 0
        self.best: dict[str, Tensor] = {}
        self._order_seed = 0

    @property
    def epoch(self) -> int:
        """Epochs finished: passes over the rows, or parts of passes where there are many."""
        return len(self.history)

    @property
    def finished(self) -> bool:
        """Whether the schedule is complete, the time is used up, or patience has run out."""
        if self.epoch >= self.max_epochs or (self.epoch and self._time_used() >= 1.0):
            return True
        if not len(self.held_out) or not self.schedule.keep_best:
            return False
        settled = max(self.best_epoch, math.ceil(self.schedule.kl_weight.full_from * self.max_epochs))
        return self.epoch - settled >= self.patience

    def forget_best(self) -> None:
        """Discard the best weights so far, which belong to another model: only those of later epochs are kept."""
        self.best_bound = -math.inf
        self.best_epoch = self.epoch
        self.best = {}

    def run(self, after_epoch: Callable[["Trainer"], None] = lambda _: None) -> None:
        """Train to the end, calling `after_epoch` between epochs, and load the best weights into the model."""
        while not self.finished:
            self.run_epoch()
            after_epoch(self)
        if self.best:
            self.model.load_state_dict(self.best)
            # Estimate again: the estimate that made an epoch the best is biased upwards.
            self.model.settle(self.generator)
        self.model.eval()

    def run_epoch(self) -> None:
        """One pass over the training rows in random order, or a part of it, then the bound on the held-out rows.

        With divided training, every process starts from the state of the first.
        """
        self.divided.agree(self)
        self.model.train()
        bound = self.update_on(self._batches())
        self.model.settle(self.generator)
        self._record(bound)

    def update_on(self, batches: Sequence[Tensor]) -> float:
        """Step down the gradient on each batch, given by the numbers of its rows, while there is time: the mean bound
        per row, in nats."""
        schedule = self.schedule
        on_cpu = next(self.model.parameters()).device.type == "cpu"
        apart = on_cpu and min(n_available(), schedule.batches_at_once, len(batches)) > 1
        replicas = Replicas(self.model, schedule.batches_at_once, self.generator, apart=apart)
        # Of each batch, where the schedules are: the share of the time that is used is told between batches.
        used = min(self._time_used(), 1.0)
        progress = [max((self.epoch + place / len(batches)) / self.max_epochs, used) for place in range(len(batches))]
        seen: list[tuple[float, int]] = []  # of each batch, its mean bound and its rows

        def begin(number: int) -> Gradient:
            weight = schedule.kl_weight(progress[number])
            return replicas.gradient(number, self.data, batches[number], self.objective, weight, self.divided)

        def end(number: int, own: Gradient) -> bool:
            gradient, rows = self.divided.gather(own), batches[number]
            if not (math.isfinite(gradient.bound) and math.isfinite(gradient.norm)):
                raise NonFiniteLossError(
                    f"epoch {self.epoch + 1}, batch {number + 1} of {len(batches)}: bound {gradient.bound}, "
                    f"gradient norm {gradient.norm}; its rows are {rows[:5].tolist()}"
                    f"{' ...' if len(rows) > 5 else ''}"
                )
            replicas.step(number, clipped(gradient, schedule.clip), schedule.rate(progress[number]), self.optimiser)
            seen.append((gradient.bound, len(rows)))
            used = min(self._time_used(), 1.0)
            for later in range(number + schedule.batches_at_once, len(batches))[:1]:
                progress[later] = max(progress[later], used)
            return used < 1.0

        in_turns(begin, end, len(batches), schedule.batches_at_once, apart=apart)
        replicas.join()
        return sum(bound * n_rows for bound, n_rows in seen) / sum(n_rows for _, n_rows in seen)

    def _time_used(self) -> float:
        return 0.0 if self.time_used is None else self.divided.agreed(self.time_used())

    def _batches(self) -> Sequence[Tensor]:
        """The rows of each batch of the next epoch."""
        n_rows, part = len(self.data), self.epoch % self.parts
        if self.parts == 1:
            return torch.randperm(n_rows, generator=self.generator).split(self.batch_size)
        if part == 0:
            self._order_seed = int(torch.randint(2**62, (), generator=self.generator))
        # The order of a pass is drawn again for each part of it, so that a checkpoint need not hold it.
        order = torch.randperm(n_rows, generator=torch.Generator().manual_seed(self._order_seed))
        batches = order.split(self.batch_size)
        return batches[part * len(batches) // self.parts : (part + 1) * len(batches) // self.parts]

    def _record(self, train_bound: float) -> None:
        entry: dict[str, float] = {"epoch": self.epoch + 1, "train_bound": train_bound}
        if self.parts > 1:
            entry["passes"] = (self.epoch + 1) / self.parts
        if len(self.held_out):
            # The same noise after every epoch: what differs between epochs is the model.
            noise = torch.Generator().manual_seed(0)
            bound = self.divided.agreed(mean_bound(self.model, self.held_out, self.objective, noise, 512))
            entry["held_out_bound"] = bound
            # The bound has the full KL also while the surrogate has not, so bounds of all epochs can be compared.
            if bound > self.best_bound:
                self.best_bound = bound
                self.best_epoch = self.epoch + 1
                if self.schedule.keep_best:
                    self.best = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.history.append(entry)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that a resumed fit needs: tensors by name, and numbers that JSON can hold."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        tensors["generator"] = self.generator.get_state()
        tensors |= {f"optimiser.{name}": value for name, value in self.optimiser.state().items()}
        numbers: dict[str, Any] = {"history": self.history, "best_epoch": self.best_epoch}
        if self.parts > 1:
            numbers["order_seed"] = self._order_seed
        if self.best:
            numbers["best_bound"] = self.best_bound
        return tensors, numbers

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        """Go on from a `state()`."""
        self.model.load_state_dict(_under("model", tensors))
        self.best = _under("best", tensors)
        self.generator.set_state(tensors["generator"])
        self.optimiser.restore(_under("optimiser", tensors))
        self.history = list(numbers["history"])
        self.best_epoch = numbers["best_epoch"]
        self.best_bound = numbers.get("best_bound", -math.inf)
        self._order_seed = numbers.get("order_seed", 0)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")}


def _optimiser(model: VAE, schedule: Schedule, n_rows: int) -> Adam:
    """Adam with decoupled decay for the encoder, and the decoder's prior, shared among the rows, in its gradient."""
    groups: dict[tuple[float, float, bool], list[nn.Parameter]] = {}
    decoder: object = model.decoder
    for part in model.children():
        is_decoder = part is decoder
        rate = schedule.learning_rate * (schedule.decoder_rate if is_decoder else 1.0)
        decay = schedule.decoder_precision / n_rows if is_decoder else schedule.weight_decay
        for parameter in part.parameters():
            settings = (rate, decay if parameter.dim() > 1 else 0.0, not is_decoder)
            groups.setdefault(settings, []).append(parameter)
    return Adam([Group(parameters, *settings) for settings, parameters in groups.items()], schedule.epsilon)
