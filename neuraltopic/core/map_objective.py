"""A bound with a prior on the weights: maximum a posteriori estimation (MAP)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from neuraltopic.core.objectives import Bound, Objective
from neuraltopic.core.vae import VAE


@dataclass(frozen=True)
class WithPrior:
    """The bound on rows of data, and in the surrogate a share of the weights' log prior with each row.

    The mean of the surrogate over a batch is an unbiased estimate of (1/D) (sum_d bound_d + log p(weights)). The bound
    that is reported has no prior in it.

    Parameters
    ----------
    objective : Objective
    log_prior : callable of the model
        log p(weights) in nats, a scalar, up to a constant.
    n_rows : int
        D, among which the prior is shared.
    """

    objective: Objective
    log_prior: Callable[[VAE[Any]], Tensor]
    n_rows: int

    def __call__(self, model: VAE, x: Any, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate the bound on x."""
        bound = self.objective(model, x, generator, kl_weight)
        return Bound(bound.value, bound.surrogate + self.log_prior(model) / self.n_rows)
