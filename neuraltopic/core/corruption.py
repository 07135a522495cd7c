"""Corruption q_D(x~ | x) of the inputs of a denoising autoencoder: equation (17.4).

Axes: B rows, D features.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from neuraltopic.core.networks import SparseRows, moved

Rows = Tensor | SparseRows


class Corruption(Protocol):
    """A callable that draws x~ from x and does not change x."""

    def __call__(self, x: Rows, generator: torch.Generator) -> Rows:
        """x~ for each row, (B, D); all noise comes from `generator`."""
        ...


@dataclass(frozen=True)
class GaussianNoise:
    """x~ = x + e with e ~ N(0, std^2 I), for continuous x (17.4; Vincent et al. 2010).

    The mean mu_D of (17.4) is 0: the biases cancel a constant added to every input. Sparse rows become dense, since the
    zeros get noise too.

    Parameters
    ----------
    std : float
        In the units of x.
    """

    std: float

    def __call__(self, x: Rows, generator: torch.Generator) -> Tensor:
        """x plus noise, dense, (B, D)."""
        dense = x.dense() if isinstance(x, SparseRows) else x
        noise = torch.randn(dense.shape, generator=generator, dtype=dense.dtype)
        return dense + self.std * moved(noise, dense.device)


@dataclass(frozen=True)
class MaskingNoise:
    """A random fraction of the inputs set to zero, the rest as they were (17.4; Vincent et al. 2010).

    In sparse rows only the non-zeros are masked, since masking a zero changes nothing: x~ stays sparse, with some
    values of 0, and a bag of words loses some of its words.

    Parameters
    ----------
    fraction : float
        p, the probability of each input to be masked.
    """

    fraction: float

    def __call__(self, x: Rows, generator: torch.Generator) -> Rows:
        """x with a fraction of its inputs masked, (B, D); sparse where x is."""
        values = x.values if isinstance(x, SparseRows) else x
        keep = torch.empty(values.shape, dtype=values.dtype).bernoulli_(1.0 - self.fraction, generator=generator)
        masked = values * moved(keep, values.device)
        return x.with_values(masked) if isinstance(x, SparseRows) else masked
