"""The gradients of several batches at the same weights, computed at the same time.

The operations of an update on a few thousand words are too short to be divided among threads. So each thread has a
batch of its own, and the weights then step down the gradients one after another: all but the first are gradients at
weights of a few steps before. With a fixed and small delay this converges as fast as gradients without one (Langford,
Smola & Zinkevich 2009). The results do not depend on the number of threads.
"""

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from neuraltopic.core.objectives import Objective
from neuraltopic.core.optimisation.division import Division, Gradient
from neuraltopic.core.threads import side_by_side
from neuraltopic.core.vae import VAE


def trained(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def gradient(
    model: VAE, x: Any, objective: Objective, generator: torch.Generator, kl_weight: float, divided: Division
) -> Gradient:
    """That of minus the mean surrogate on one batch, in the trained parameters.

    Where a matrix cannot be factorised, bound and norm are not finite and there are no parts.
    """
    try:
        bound = objective(divided.model(model), x, generator, kl_weight)
    except torch.linalg.LinAlgError:
        return Gradient(math.nan, math.nan, {})
    parameters = trained(model)
    found = zip(parameters, torch.autograd.grad(divided.loss(bound), parameters, allow_unused=True), strict=True)
    parts = {parameter: _laid_out(part, parameter) for parameter, part in found if part is not None}
    return Gradient.of(divided.value(bound), parts)


def _laid_out(part: Tensor, parameter: Tensor) -> Tensor:
    """A gradient as its parameter lies in memory, the order in which the kernel of Adam takes both: that of a product
    with a transposed weight is transposed."""
    return part if part.stride() == parameter.stride() else torch.empty_like(parameter).copy_(part)


class Replicas:
    """A model, and copies that share its parameters but not its buffers, such as the running moments of batches.

    Parameters
    ----------
    model : VAE
    n_replicas : int
        Number of models together.
    generator : torch.Generator
        The first model draws from it; each of the others from one that is seeded by it.
    """

    def __init__(self, model: VAE, n_replicas: int, generator: torch.Generator) -> None:
        self._models, self._generators = [model], [generator]
        for _ in range(n_replicas - 1):
            seed = int(torch.randint(2**62, (), generator=generator))
            self._generators.append(torch.Generator().manual_seed(seed))
            shared: dict[int, Any] = {id(parameter): parameter for parameter in model.parameters()}
            self._models.append(copy.deepcopy(model, shared))

    def gradients(
        self, data: Any, batches: Sequence[Tensor], objective: Objective, kl_weight: float, divided: Division
    ) -> list[Gradient]:
        """The `gradient` on each of at most as many batches as there are replicas, given by the numbers of their rows
        in a `Data`."""

        def of_batch(number: int) -> Gradient:
            model, generator = self._models[number], self._generators[number]
            return gradient(model, data.batch(batches[number], generator), objective, generator, kl_weight, divided)

        on_cpu = next(self._models[0].parameters()).device.type == "cpu"
        numbers = range(len(batches))
        return side_by_side(of_batch, numbers) if on_cpu else list(map(of_batch, numbers))

    @torch.no_grad()
    def average(self) -> None:
        """Set the buffers of all models to their mean."""
        for buffers in zip(*(model.buffers() for model in self._models), strict=True):
            if len(buffers) > 1 and buffers[0].is_floating_point():
                mean = torch.stack(buffers).mean(0)
                for buffer in buffers:
                    buffer.copy_(mean)
