"""Adam by torch's fused kernel, which takes one pass over the weights.

torch's optimiser classes call on its compiler, whose import alone takes a second of processor time, and their checks
take longer than a step of some thousands of weights.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from neuraltopic.core.threads import among_threads, even_slices

# The usual decay of the two moments (Kingma & Ba 2015).
_FIRST, _SECOND = 0.9, 0.999
# Weights of a slice of a large parameter, which one thread steps, at most; and of a parameter that is not divided.
_SLICE, _WHOLE = 1 << 19, 1 << 17


@dataclass(frozen=True)
class Group:
    """Parameters with the same learning rate and weight decay.

    Attributes
    ----------
    parameters : sequence of Parameter
    rate : float
        Learning rate, which the factor of a `Step` multiplies.
    weight_decay : float
        Of the weights themselves times the rate where it is `decoupled` (AdamW: Loshchilov & Hutter 2019), else added
        to the gradient times the weights, as a Gaussian prior's would be.
    decoupled : bool
    """

    parameters: Sequence[nn.Parameter]
    rate: float
    weight_decay: float
    decoupled: bool


class Step(NamedTuple):
    """The gradient in each parameter that moves, and the factor on the learning rate of all groups."""

    gradients: Mapping[nn.Parameter, Tensor]
    factor: float


class _Part(NamedTuple):
    """A parameter or some rows of it, and the moments of these."""

    parameter: nn.Parameter
    rows: slice | None
    first: Tensor
    second: Tensor

    def of(self, tensor: Tensor) -> Tensor:
        """The same part of the parameter, or of a tensor like it."""
        return tensor if self.rows is None else tensor[self.rows]


def _parts(parameter: nn.Parameter, first: Tensor, second: Tensor) -> list[_Part]:
    """A parameter; an even number of slices of a large one on the CPU."""
    if parameter.numel() <= _WHOLE or parameter.device.type != "cpu":
        return [_Part(parameter, None, first, second)]
    slices = even_slices(len(parameter), 2 * math.ceil(parameter.numel() / (2 * _SLICE)))
    return [_Part(parameter, rows, first[rows], second[rows]) for rows in slices]


class Adam:
    """Steps down the gradients of some parameters (Kingma & Ba 2015), which are on one device.

    Parameters
    ----------
    groups : sequence of Group
    epsilon : float
        Added to the root of the second moment.
    """

    def __init__(self, groups: Sequence[Group], epsilon: float) -> None:
        self.groups = groups
        self.epsilon = epsilon
        parameters = [parameter for group in groups for parameter in group.parameters]
        self._moments = {
            parameter: {name: torch.zeros_like(parameter, requires_grad=False) for name in ("exp_avg", "exp_avg_sq")}
            for parameter in parameters
        }
        self._n_steps = dict.fromkeys(parameters, 0)
        self._work: list[tuple[int, list[_Part]]] = []  # each for one thread: the number of the group, and some parts
        for number, group in enumerate(groups):
            parts = [_parts(parameter, *self._moments[parameter].values()) for parameter in group.parameters]
            for place in range(max(map(len, parts), default=0)):
                self._work.append((number, [of_one[place] for of_one in parts if place < len(of_one)]))

    @torch.no_grad()
    def step(self, *steps: Step) -> None:
        """Take steps one after another: those of a large parameter slice by slice, so that it is read once, on as many
        threads as torch has."""
        numbers = []  # of each step, by parameter
        for step in steps:
            for parameter in step.gradients:
                self._n_steps[parameter] += 1
            numbers.append(dict(self._n_steps))

        def take(item: tuple[int, list[_Part]]) -> None:
            group, parts = self.groups[item[0]], item[1]
            for step, number in zip(steps, numbers, strict=True):
                _descend(
                    group, step, number, [part for part in parts if part.parameter in step.gradients], self.epsilon
                )

        among_threads(take, self._work)

    @torch.no_grad()
    def copy_moments(self, parameter: nn.Parameter, target: int, source: int, dim: int = 0) -> None:
        """Prepare the moments of an entry along `dim` whose weights were just set after those of another entry.

        The first moment is 0; the second, which sets the size of the steps, is that of the other entry.
        """
        moments = self._moments[parameter]
        moments["exp_avg"].select(dim, target).zero_()
        moments["exp_avg_sq"].select(dim, target).copy_(moments["exp_avg_sq"].select(dim, source))

    def state(self) -> dict[str, Tensor]:
        """State for a resumed fit: steps taken and moments, by the number of the parameter and a name."""
        return dict(self._named())

    @torch.no_grad()
    def restore(self, state: dict[str, Tensor]) -> None:
        """Resume from a `state()`.

        Raises
        ------
        ValueError
            When it is not one of the same parameters.
        """
        own = dict(self._named())
        if {name: tensor.shape for name, tensor in state.items()} != {name: own[name].shape for name in own}:
            raise ValueError("the optimiser's moments are not those of the model's weights")
        for name, tensor in state.items():
            own[name].copy_(tensor)
        for number, parameter in enumerate(self._n_steps):
            self._n_steps[parameter] = int(state[f"{number}.step"])

    def _named(self) -> Iterator[tuple[str, Tensor]]:
        for number, (parameter, moments) in enumerate(self._moments.items()):
            yield f"{number}.step", torch.tensor(float(self._n_steps[parameter]))
            for name, tensor in moments.items():
                yield f"{number}.{name}", tensor


def _descend(
    group: Group, step: Step, numbers: Mapping[nn.Parameter, int], parts: Sequence[_Part], epsilon: float
) -> None:
    """Step parts of the parameters of a group; `numbers` counts the steps of each parameter, this one too."""
    if not parts:
        return
    kernel = torch._fused_adamw_ if group.decoupled else torch._fused_adam_
    kernel(
        [part.of(part.parameter.detach()) for part in parts],
        [part.of(step.gradients[part.parameter]) for part in parts],
        [part.first for part in parts],
        [part.second for part in parts],
        [],
        [torch.full((), numbers[part.parameter], dtype=torch.float32, device=part.first.device) for part in parts],
        amsgrad=False,
        beta1=_FIRST,
        beta2=_SECOND,
        lr=group.rate * step.factor,
        weight_decay=group.weight_decay,
        eps=epsilon,
        maximize=False,
    )
