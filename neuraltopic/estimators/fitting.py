"""The parts that the fits of all estimators share: validation of parameters, the seed, the held-out rows, the training
loop."""

from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_array, check_random_state

from neuraltopic.core.training import NonFiniteLossError, Trainer
from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.estimators.checkpoints import Checkpoint
from neuraltopic.estimators.devices import mixed_precision

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# All epochs are compared on the same rows, so a few hundred rows are enough; the rest are for training.
_HELD_OUT = 0.05
_MOST_HELD_OUT = 250


def require_whole(name: str, value: object, smallest: int = 1) -> None:
    """Raise a UsageError unless the parameter is a whole number of `smallest` or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < smallest:
        raise UsageError(
            parameter(name),
            expected=f"a whole number of {smallest} or more",
            got=repr(value),
            hint=f"Set {parameter(name)} to at least {smallest}",
        )


def require_positive(name: str, value: Any, hint: str) -> None:
    """Raise a UsageError unless the parameter is a finite number above 0."""
    if not _is_number(value) or not 0.0 < value < np.inf:
        raise UsageError(parameter(name), expected="a number above 0", got=repr(value), hint=hint)


def require_share(name: str, value: Any, hint: str) -> None:
    """Raise a UsageError unless the parameter is a number from 0 to below 1."""
    if not _is_number(value) or not 0.0 <= value < 1.0:
        raise UsageError(parameter(name), expected="a share from 0 to below 1", got=repr(value), hint=hint)


def require_one_of(name: str, value: Any, known: Any) -> None:
    """Raise a UsageError unless the parameter is one of these names."""
    if not isinstance(value, str) or value not in known:
        raise UsageError(
            parameter(name), expected=f"one of {', '.join(known)}", got=repr(value), hint="Choose one of these"
        )


def require_random_state(value: object) -> None:
    """Raise a UsageError unless a generator can be seeded with it."""
    try:
        check_random_state(value)
    except ValueError as error:
        raise UsageError(
            parameter("random_state"),
            expected="None, a RandomState or a whole number from 0 to 2**32 - 1",
            got=repr(value),
            hint="Try 0",
        ) from error


def checked_codes(Z: Any, n_columns: int) -> NDArray[np.floating]:
    """The codes to decode, checked, (N, n_columns).

    Raises
    ------
    ValueError
        As scikit-learn's `check_array` does.
    NeuralTopicError
        When there is another number of columns.
    """
    Z = check_array(Z, dtype=[np.float32, np.float64], input_name="Z")
    if Z.shape[1] != n_columns:
        raise NeuralTopicError(
            "codes", expected=f"{n_columns:,} columns", got=f"{Z.shape[1]:,}", hint="Pass what transform gave"
        )
    return Z


def draw_seed(random_state: Any) -> int:
    """`random_state` if that is a whole number, else a number drawn from it."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def n_held_out(n_rows: int, fraction: float | None) -> int:
    """Number of rows held out, which leaves at least one for training; by default a twentieth, at most 250."""
    wanted = min(round(_HELD_OUT * n_rows), _MOST_HELD_OUT) if fraction is None else round(fraction * n_rows)
    return min(wanted, n_rows - 1)


def split_rows(
    rows: NDArray[np.int64], fraction: float | None, generator: torch.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Held-out and training rows, each in order: see `n_held_out`."""
    order = torch.randperm(len(rows), generator=generator).numpy()
    first, rest = np.split(rows[order], [n_held_out(len(rows), fraction)])
    return np.sort(first), np.sort(rest)


def train(
    trainer: Trainer,
    checkpoint: Checkpoint | None,
    progress: "Progress | None",
    *,
    hint: str,
    stage: str = "training",
    after_epoch: Callable[[Trainer], None] = lambda _: None,
) -> None:
    """Train to the end, from the checkpoint if it exists; it is written after every epoch.

    If training is divided among processes, the first has the checkpoint and the others start from its state.

    Parameters
    ----------
    trainer : Trainer
    checkpoint : Checkpoint, optional
    progress : callable of (stage, done, total), optional
    hint : str
        Advice for when training stops being finite.
    stage : str
        Its name in progress and errors.
    after_epoch : callable of the trainer
        Called before the checkpoint is written, so that its files are there when a fit resumes.

    Raises
    ------
    NeuralTopicError
        When the bound or its gradient is not finite, or the checkpoint cannot be used.
    """

    def tell(trainer: Trainer) -> None:
        if progress:
            progress(stage, trainer.epoch, trainer.max_epochs)

    def end_epoch(trainer: Trainer) -> None:
        after_epoch(trainer)
        if checkpoint:
            checkpoint.save(trainer)
        tell(trainer)

    checkpoint = checkpoint if trainer.divided.first else None
    if checkpoint:
        checkpoint.restore(trainer)
    trainer.divided.agree(trainer)
    tell(trainer)
    device = next(trainer.model.parameters()).device
    try:
        with mixed_precision(device):
            trainer.run(end_epoch)
    except NonFiniteLossError as error:
        raise NeuralTopicError(stage, expected="a finite bound", got=str(error), hint=hint) from error


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def best_epoch(history: list[dict[str, float]], *, keep_best: bool = True) -> dict[str, float]:
    """The history entry of the kept weights: the best on the held-out rows, or the last, see `Schedule.keep_best`."""
    if not keep_best:
        return history[-1]
    return max(history, key=lambda entry: entry.get("held_out_bound", entry["epoch"]))
