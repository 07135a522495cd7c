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
    """A step of the weights.

    Attributes
    ----------
    gradients : dict of Parameter to Tensor
        In each parameter that moves.
    factor : float
        On the learning rate of all groups.
    begin, end : dict of Parameter to Tensor
        The weights that are stepped, and those that become the result, which may be the same ones.
    """

    gradients: Mapping[nn.Parameter, Tensor]
    factor: float
    begin: Mapping[nn.Parameter, Tensor]
    end: Mapping[nn.Parameter, Tensor]


class _Part(NamedTuple):
    """A parameter, by its number, or some rows of it, and the moments of these."""

    number: int
    rows: slice | None
    first: Tensor
    second: Tensor

    def of(self, tensor: Tensor) -> Tensor:
        """The same part of a tensor like the parameter."""
        return tensor if self.rows is None else tensor[self.rows]


def _parts(number: int, parameter: nn.Parameter, first: Tensor, second: Tensor) -> list[_Part]:
    """A parameter; an even number of slices of a large one on the CPU."""
    if parameter.numel() <= _WHOLE or parameter.device.type != "cpu":
        return [_Part(number, None, first, second)]
    slices = even_slices(len(parameter), 2 * math.ceil(parameter.numel() / (2 * _SLICE)))
    return [_Part(number, rows, first[rows], second[rows]) for rows in slices]


class _Move(NamedTuple):
    """What a `Step` is for one parameter: the weights before and after, and, if it has a gradient, this and the number
    of its steps as a tensor."""

    begin: Tensor
    end: Tensor
    descent: tuple[Tensor, Tensor] | None


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
        self._work: list[tuple[Group, list[_Part]]] = []  # each for one thread: some parts of a group's parameters
        first = 0
        for group in groups:
            numbered = enumerate(group.parameters, first)
            parts = [_parts(number, each, *self._moments[each].values()) for number, each in numbered]
            first += len(parts)
            for place in range(max(map(len, parts), default=0)):
                self._work.append((group, [of_one[place] for of_one in parts if place < len(of_one)]))

    @torch.no_grad()
    def step(self, step: Step) -> None:
        """Take a step: that of a large parameter slice by slice, on as many threads as torch has."""
        moves = self._moves(step)
        among_threads(lambda item: self._take(moves, step.factor, *item), self._work)

    def _moves(self, step: Step) -> list[_Move | None]:
        """By the number of the parameter, which is looked up once; None for one without weights in this step."""
        moves: list[_Move | None] = []
        counts: dict[int, Tensor] = {}
        for parameter in self._n_steps:
            end, gradient, descent = step.end.get(parameter), step.gradients.get(parameter), None
            if gradient is not None:
                self._n_steps[parameter] = n = self._n_steps[parameter] + 1
                if n not in counts:
                    counts[n] = torch.full((), n, dtype=torch.float32, device=parameter.device)
                descent = gradient, counts[n]
            moves.append(None if end is None else _Move(step.begin[parameter], end, descent))
        return moves

    def _take(self, moves: Sequence[_Move | None], factor: float, group: Group, parts: Sequence[_Part]) -> None:
        """Move some parts of the parameters of a group."""
        kept, moved, gradients, counts = [], [], [], []
        carried: tuple[list[Tensor], list[Tensor]] = ([], [])
        for part in parts:
            move = moves[part.number]
            if move is None:
                continue
            end = part.of(move.end)
            if move.begin is not move.end:
                carried[0].append(end)
                carried[1].append(part.of(move.begin))
            if move.descent is not None:
                kept.append(part)
                moved.append(end)
                gradients.append(part.of(move.descent[0]))
                counts.append(move.descent[1])
        if carried[0]:
            torch._foreach_copy_(*carried)
        if not moved:
            return
        kernel = torch._fused_adamw_ if group.decoupled else torch._fused_adam_
        kernel(
            moved,
            gradients,
            [part.first for part in kept],
            [part.second for part in kept],
            [],
            counts,
            amsgrad=False,
            beta1=_FIRST,
            beta2=_SECOND,
            lr=group.rate * factor,
            weight_decay=group.weight_decay,
            eps=self.epsilon,
            maximize=False,
        )

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
