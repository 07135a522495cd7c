"""Adam by the functional form of torch's fused kernel, which takes one pass over the weights.

torch's optimiser classes call on its compiler, whose import alone takes a second of processor time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from neuraltopic.core.threads import among_threads, even_slices

# The usual decay of the two moments (Kingma & Ba 2015).
_FIRST, _SECOND = 0.9, 0.999
# Minimum number of weights per slice of a large parameter, which one thread steps.
_SLICE = 1 << 19


@dataclass(frozen=True)
class Group:
    """Parameters with the same learning rate and weight decay.

    Attributes
    ----------
    parameters : sequence of Parameter
    rate : float
        Learning rate, which `Adam.factor` multiplies.
    weight_decay : float
        Of the weights themselves times the rate where it is `decoupled` (AdamW: Loshchilov & Hutter 2019), else added
        to the gradient times the weights, as a Gaussian prior's would be.
    decoupled : bool
    """

    parameters: Sequence[nn.Parameter]
    rate: float
    weight_decay: float
    decoupled: bool


class _Entry(NamedTuple):
    """A parameter or a slice of it, its gradient and moments, and the number of steps."""

    parameter: Tensor
    gradient: Tensor
    first: Tensor
    second: Tensor
    step: Tensor

    def slices(self) -> "list[_Entry]":
        """An even number of slices of a large parameter on the CPU; only the first counts the step."""
        n_slices = 2 * (self.parameter.numel() // (2 * _SLICE))
        if n_slices < 2 or self.parameter.device.type != "cpu":
            return [self]
        return [
            _Entry(
                self.parameter[rows],
                self.gradient[rows],
                self.first[rows],
                self.second[rows],
                self.step if rows.start == 0 else self.step.clone(),
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

    Attributes
    ----------
    factor : float
        On the learning rate of all groups.
    """

    def __init__(self, groups: Sequence[Group], epsilon: float) -> None:
        self.groups = groups
        self.epsilon = epsilon
        self.factor = 1.0
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
    def step(self) -> None:
        """Step all parameters that have a gradient; slices of large ones on as many threads as torch has."""
        for group in self.groups:
            small: list[_Entry] = []
            slices: list[_Entry] = []
            for parameter in group.parameters:
                if parameter.grad is not None:
                    moments = self._moments[parameter]
                    entry = _Entry(
                        parameter.detach(), parameter.grad, moments["exp_avg"], moments["exp_avg_sq"], moments["step"]
                    )
                    divided = entry.slices()
                    if len(divided) > 1:
                        slices += divided
                    else:
                        small.append(entry)
            self._step(group, small)
            among_threads(partial(self._step, group), [[entry] for entry in slices])

    def _step(self, group: Group, entries: "list[_Entry]") -> None:
        """Step some of the parameters of a group."""
        if entries:
            adam(
                [entry.parameter for entry in entries],
                [entry.gradient for entry in entries],
                [entry.first for entry in entries],
                [entry.second for entry in entries],
                [],
                [entry.step for entry in entries],
                fused=True,
                decoupled_weight_decay=group.decoupled,
                amsgrad=False,
                beta1=_FIRST,
                beta2=_SECOND,
                lr=group.rate * self.factor,
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
