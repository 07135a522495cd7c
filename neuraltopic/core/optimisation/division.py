"""Data-parallel training on several processes or machines.

Every process encodes the whole batch, with the same noise, and decodes its own rows: the decoder's log likelihood, over
all words, is nearly all the work of an update. The gradients are averaged with torch.distributed, and equal those of
one process up to the order of summation. torchrun starts the processes; each makes the same `Trainer` of the same data.

Axes: S samples, B rows of data.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, distributed, nn

from neuraltopic.core.objectives import Bound
from neuraltopic.core.vae import VAE
from neuraltopic.errors import UsageError, parameter


class Gradient(NamedTuple):
    """The gradient of the loss on one batch.

    Attributes
    ----------
    bound : float
        Mean bound per row in nats.
    norm : float
        Of all parts together.
    parts : dict of Parameter to Tensor
        The gradient in each parameter that is trained, unless it is 0.
    """

    bound: float
    norm: float
    parts: Mapping[nn.Parameter, Tensor]

    @classmethod
    def of(cls, bound: float, parts: Mapping[nn.Parameter, Tensor]) -> "Gradient":
        """With its norm."""
        norms = torch._foreach_norm(list(parts.values())) if parts else [torch.zeros(())]
        return cls(bound, float(torch.linalg.vector_norm(torch.stack(norms))), parts)


class Stateful(Protocol):
    """A `Trainer`, whose state is that of the whole training."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors by name, and numbers."""
        ...

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        """Resume from a `state()`."""
        ...


class Division(Protocol):
    """How an update is divided."""

    @property
    def first(self) -> bool:
        """Whether this is the first process, which reads and writes the checkpoint."""
        ...

    def agree(self, training: Stateful) -> None:
        """Take the state of the first process."""
        ...

    def model(self, model: VAE) -> Any:
        """The model that the objective is computed with."""
        ...

    def loss(self, bound: Bound) -> Tensor:
        """The loss to differentiate, a scalar."""
        ...

    def value(self, bound: Bound) -> float:
        """The part of the mean bound per row that is computed here."""
        ...

    def gather(self, gradient: Gradient) -> Gradient:
        """The gradient on the whole batch."""
        ...

    def agreed(self, value: float) -> float:
        """The value that the first process has."""
        ...


class Undivided:
    """One process."""

    first = True

    def agree(self, training: Stateful) -> None:
        """Do nothing."""

    def model(self, model: VAE) -> VAE:
        """The model itself."""
        return model

    def loss(self, bound: Bound) -> Tensor:
        """Minus the mean of the surrogate."""
        return -bound.surrogate.mean()

    def value(self, bound: Bound) -> float:
        """The mean bound."""
        return float(bound.value.mean())

    def gather(self, gradient: Gradient) -> Gradient:
        """The gradient."""
        return gradient

    def agreed(self, value: float) -> float:
        """The value."""
        return value


class AmongProcesses:
    """The rows of each batch, divided equally among the processes of the default group of torch.distributed."""

    def __init__(self) -> None:
        self._rank, self._n = distributed.get_rank(), distributed.get_world_size()

    @property
    def first(self) -> bool:
        """Whether this is the first process."""
        return self._rank == 0

    def agree(self, training: Stateful) -> None:
        """Take the state of the first process; on other machines it may differ by rounding."""
        sent: list[Any] = [training.state() if self.first else None]
        distributed.broadcast_object_list(sent, src=0)
        if not self.first:
            training.restore(*sent[0])

    def model(self, model: VAE) -> "DividedVAE":
        """A model whose log likelihood is that of this process's rows, and 0 for the others."""
        return DividedVAE(model, self)

    def rows(self, n_rows: int) -> slice:
        """The rows of this process in a batch of `n_rows`."""
        return slice(self._rank * n_rows // self._n, (self._rank + 1) * n_rows // self._n)

    def loss(self, bound: Bound) -> Tensor:
        """Minus the sum of the surrogate over this process's rows, times the number of processes over that of rows."""
        n_rows = len(bound.surrogate)
        return -self._n * bound.surrogate[self.rows(n_rows)].sum() / n_rows

    def value(self, bound: Bound) -> float:
        """The sum of the bound over this process's rows, divided by the number of all rows."""
        n_rows = len(bound.value)
        return float(bound.value[self.rows(n_rows)].sum().double()) / n_rows

    def gather(self, gradient: Gradient) -> Gradient:
        """The sum of the values and the average of the gradients over processes."""
        value = torch.tensor(gradient.bound, dtype=torch.float64)
        distributed.all_reduce(value)
        parts = list(gradient.parts.values())
        if parts:
            flat = torch.cat([part.reshape(-1) for part in parts])
            distributed.all_reduce(flat)
            flat /= self._n
            for part, own in zip(parts, flat.split([part.numel() for part in parts]), strict=True):
                part.copy_(own.view_as(part))
        return Gradient.of(float(value), gradient.parts)

    def agreed(self, value: float) -> float:
        """The value that the first process has, so that every process decides alike."""
        shared = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(shared, src=0)
        return float(shared)


class DividedVAE:
    """A model whose decoder reads only the rows of one process, unless `require_divisible` refuses it."""

    def __init__(self, model: VAE, division: AmongProcesses) -> None:
        require_divisible(model)
        self._model = model
        self._division = division

    def __getattr__(self, name: str) -> Any:
        """Every other attribute is that of the model itself."""
        return getattr(self._model, name)

    def log_likelihood(self, z: Tensor, x: Any) -> Tensor:
        """log p(x | z) in nats, (S, B) from z (S, B, Z), for the rows of this process, and 0 for the others."""
        own = self._division.rows(z.shape[1])
        numbers = torch.arange(own.start, own.stop, device=z.device)
        found = self._model.log_likelihood(z[:, own], x[numbers])
        return nn.functional.pad(found, (own.start, z.shape[1] - own.stop))


def require_divisible(model: VAE) -> None:
    """Refuse a model whose decoder has `couples_rows`: the likelihood of a row depends on the other rows.

    Raises
    ------
    UsageError
    """
    if getattr(model.decoder, "couples_rows", False):
        raise UsageError(
            parameter("recipe"),
            expected="one whose decoder reads each document by itself, where training is divided among processes",
            got=f"{type(model.decoder).__name__}, which normalises over the batch",
            hint="Fit in one process, or choose another recipe",
        )


def division() -> Division:
    """The division among the processes of torch.distributed; `Undivided` if there is one."""
    if distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1:
        return AmongProcesses()
    return Undivided()
