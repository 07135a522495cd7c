"""The gradients of several batches, computed at the same time.

The operations of an update on a few thousand words are too short to be divided among threads. So each thread has a
batch and weights of its own, and the threads step in turn. With n batches at once the weights after t = 1, 2, ... are

    w_t = w_(t-1) less a step of Adam down the gradient of batch t at w_(t-n), or at w_0 where t < n:

each gradient is n - 1 steps late. With a fixed and small delay this converges as fast as gradients without one
(Langford, Smola & Zinkevich 2009). The results do not depend on the number of threads.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from neuraltopic.core.objectives import Objective
from neuraltopic.core.optimisation.adam import Adam, Step
from neuraltopic.core.optimisation.division import Division, Gradient
from neuraltopic.core.vae import VAE


def trained(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def gradient(
    model: VAE,
    parameters: Sequence[nn.Parameter],
    x: Any,
    objective: Objective,
    generator: torch.Generator,
    kl_weight: float,
    divided: Division,
) -> Gradient:
    """That of minus the mean surrogate on one batch, in these parameters of the model.

    Where a matrix cannot be factorised, bound and norm are not finite and there are no parts.
    """
    try:
        bound = objective(divided.model(model), x, generator, kl_weight)
    except torch.linalg.LinAlgError:
        return Gradient(math.nan, math.nan, {})
    # Retained to the end: torch would take the interpreter's lock for every tensor that it gives back on the way.
    found = torch.autograd.grad(divided.loss(bound), parameters, retain_graph=True, allow_unused=True)
    of_parameters = zip(parameters, found, strict=True)
    parts = {parameter: _laid_out(part, parameter) for parameter, part in of_parameters if part is not None}
    return Gradient.of(divided.value(bound), parts)


def _laid_out(part: Tensor, parameter: Tensor) -> Tensor:
    """A gradient as its parameter lies in memory, the order in which the kernel of Adam takes both: that of a product
    with a transposed weight is transposed."""
    return part if part.stride() == parameter.stride() else torch.empty_like(parameter).copy_(part)


class Replicas:
    """A model, and copies of it that have buffers of their own, such as the running moments of batches.

    They take turns: the gradient on a batch is at the weights as they are when the replica begins it, and is then a
    step of the newest weights.

    Parameters
    ----------
    model : VAE
    n_replicas : int
        Number of models together.
    generator : torch.Generator
        The first model draws from it; each of the others from one that is seeded by it.
    apart : bool
        Whether each replica has weights of its own, which are replaced by the newest ones when it takes a step: other
        replicas can be at work then. Otherwise they share weights.
    """

    def __init__(self, model: VAE, n_replicas: int, generator: torch.Generator, *, apart: bool) -> None:
        self._models, self._generators = [model], [generator]
        for _ in range(n_replicas - 1):
            seed = int(torch.randint(2**62, (), generator=generator))
            self._generators.append(torch.Generator().manual_seed(seed))
            shared: dict[int, Any] = {id(w): w for w in model.parameters() if not (apart and w.requires_grad)}
            self._models.append(copy.deepcopy(model, shared))
        self._trained = [trained(each) for each in self._models]
        self._own = [dict(zip(each, self._trained[0], strict=True)) for each in self._trained]
        detached = {weight: weight.detach() for each in self._trained for weight in each}
        self._weights = [{own: detached[weight] for weight, own in each.items()} for each in self._own]
        self._newest = 0

    def gradient(
        self, number: int, data: Any, rows: Tensor, objective: Objective, kl_weight: float, divided: Division
    ) -> Gradient:
        """That on the batch with this number, in the parameters of the first model."""
        place = number % len(self._models)
        model, generator, own = self._models[place], self._generators[place], self._own[place]
        x = data.batch(rows, generator)
        found = gradient(model, self._trained[place], x, objective, generator, kl_weight, divided)
        return found._replace(parts={own[parameter]: part for parameter, part in found.parts.items()})

    def step(self, number: int, parts: Mapping[nn.Parameter, Tensor], factor: float, optimiser: Adam) -> None:
        """Step the newest weights down the gradient on the batch with this number."""
        place = number % len(self._models)
        optimiser.step(Step(parts, factor, self._weights[self._newest], self._weights[place]))
        self._newest = place

    @torch.no_grad()
    def join(self) -> None:
        """Give the first model the newest weights, and the mean of all buffers."""
        for own, newest in self._weights[self._newest].items():
            if own.data_ptr() != newest.data_ptr():
                own.copy_(newest)
        for buffers in zip(*(model.buffers() for model in self._models), strict=True):
            if len(buffers) > 1 and buffers[0].is_floating_point():
                buffers[0].copy_(torch.stack(buffers).mean(0))
