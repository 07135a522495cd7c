"""Adam by torch's fused kernel, which takes one pass over the weights.

torch's optimiser classes call on its compiler, whose import alone takes a second of processor time, and their checks
take longer than a step of some thousands of weights.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from neuraltopic.core.threads import among_threads, even_slices

# The usual decay of the two moments (Kingma & Ba 2015).
_FIRST, _SECOND = 0.9, 0.999
# Minimum number of weights per slice of a large parameter, which one thread steps.
_SLICE = 1 << 16


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


class _Entry(NamedTuple):
    """A parameter or a slice of it, its moments, the number of steps, and its gradient in each of the next steps, None
    where it does not move."""

    parameter: Tensor
    first: Tensor
    second: Tensor
    step: Tensor
    gradients: "list[Tensor | None]"

    def slices(self) -> "list[_Entry]":
        """An even number of slices of a large parameter on the CPU; only the first counts the step."""
        if self.parameter.numel() < 2 * _SLICE or self.parameter.device.type != "cpu":
            return [self]
        n_slices = 2 * math.ceil(self.parameter.numel() / (4 * _SLICE))
        return [
            _Entry(
                self.parameter[rows],
                self.first[rows],
                self.second[rows],
                self.step if rows.start == 0 else self.step.clone(),
                [None if gradient is None else gradient[rows] for gradient in self.gradients],
            )
            for rows in even_slices(len(self.parameter), n_slices)
        ]


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
        self._moments = {
            parameter: {
                "step": torch.zeros((), device=parameter.device),
                "exp_avg": torch.zeros_like(parameter, requires_grad=False),
                "exp_avg_sq": torch.zeros_like(parameter, requires_grad=False),
            }
            for group in groups
            for parameter in group.parameters
        }

    @torch.no_grad()
    def step(self, *steps: Step) -> None:
        """Take steps one after another: those of a large parameter slice by slice, so that it is read once, on as many
        threads as torch has."""
        work: list[tuple[Group, list[_Entry]]] = []
        for group in self.groups:
            small: list[_Entry] = []
            for parameter in group.parameters:
                moments = self._moments[parameter]
                slices = _Entry(
                    parameter.detach(),
                    moments["exp_avg"],
                    moments["exp_avg_sq"],
                    moments["step"],
                    [step.gradients.get(parameter) for step in steps],
                ).slices()
                if len(slices) > 1:
                    work += [(group, [entry]) for entry in slices]
                else:
                    small += slices
            work.append((group, small))

        def take(item: tuple[Group, list[_Entry]]) -> None:
            group, entries = item
            for number, step in enumerate(steps):
                self._step(group, step.factor, [(entry, entry.gradients[number]) for entry in entries])

        among_threads(take, work)

    def _step(self, group: Group, factor: float, moved: "Iterable[tuple[_Entry, Tensor | None]]") -> None:
        """Step some of the parameters of a group, those that have a gradient."""
        pairs = [(entry, gradient) for entry, gradient in moved if gradient is not None]
        if not pairs:
            return
        counts = [entry.step for entry, _ in pairs]
        torch._foreach_add_(counts, 1.0)
        kernel = torch._fused_adamw_ if group.decoupled else torch._fused_adam_
        kernel(
            [entry.parameter for entry, _ in pairs],
            [gradient for _, gradient in pairs],
            [entry.first for entry, _ in pairs],
            [entry.second for entry, _ in pairs],
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

    def _named(self) -> Iterator[tuple[str, Tensor]]:
        for number, moments in enumerate(self._moments.values()):
            for name, tensor in moments.items():
                yield f"{number}.{name}", tensor
