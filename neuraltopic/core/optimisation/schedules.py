"""Schedules of a fit: the learning rate and the weight of the KL, each a function of progress in [0, 1].

The shape is given in fractions of the fit, so that it suits a fit of any length.
"""

import bisect
import itertools
import math
from dataclasses import dataclass
from typing import Protocol


class Rate(Protocol):
    """A schedule of the learning rate."""

    def __call__(self, progress: float) -> float:
        """Factor on the learning rate at `progress`."""
        ...


class KLWeight(Protocol):
    """A schedule of the weight of the KL."""

    @property
    def full_from(self) -> float:
        """The progress from which the weight is constant."""
        ...

    def __call__(self, progress: float) -> float:
        """Weight of the KL at `progress`."""
        ...


@dataclass(frozen=True)
class OneCycle:
    """A linear rise from a tenth to 1, then half a cosine down to 0 (Smith & Topin 2018).

    Parameters
    ----------
    warm_up : float
        Share of the fit that the rise takes.
    """

    warm_up: float = 0.1

    def __call__(self, progress: float) -> float:
        """The factor at `progress`."""
        if progress < self.warm_up:
            return 0.1 + 0.9 * progress / self.warm_up
        return 0.5 * (1.0 + math.cos(math.pi * (progress - self.warm_up) / (1.0 - self.warm_up)))


@dataclass(frozen=True)
class Steps:
    """A constant factor for each stretch of the fit.

    Parameters
    ----------
    lengths : tuple of float
        Relative length of each stretch.
    factors : tuple of float
        Factor of each stretch.
    """

    lengths: tuple[float, ...]
    factors: tuple[float, ...]

    def __call__(self, progress: float) -> float:
        """The factor at `progress`."""
        ends = list(itertools.accumulate(self.lengths))
        # An epoch's share of the fit, multiplied back, may round to just below the epoch's start.
        return self.factors[bisect.bisect_right(ends[:-1], progress * ends[-1] * (1.0 + 1e-12))]


# 3^i epochs at 10^(-i/7) of the rate, i = 0, ..., 7: 3,280 epochs in all (Burda, Grosse, Salakhutdinov 2016).
BURDA_STEPS = Steps(tuple(3**i for i in range(8)), tuple(10.0 ** (-i / 7) for i in range(8)))


@dataclass(frozen=True)
class LinearWarmUp:
    """A weight that rises from 0 once (Bowman et al. 2016).

    Parameters
    ----------
    share : float
        Share of the fit that the rise takes; with 0 the weight is full throughout.
    full : float
        What it rises to. Above 1 (Higgins et al. 2017) the surrogate counts a row as less evidence than independent
        parts would be, and the words of a document are not independent; the reported bound has weight 1.
    """

    share: float = 0.0
    full: float = 1.0

    @property
    def full_from(self) -> float:
        """The end of the rise."""
        return self.share

    def __call__(self, progress: float) -> float:
        """The weight at `progress`."""
        return self.full * (min(1.0, progress / self.share) if self.share > 0 else 1.0)


@dataclass(frozen=True)
class CyclicalWarmUp:
    """A weight that rises from 0 to 1 and stays there a while, several times over (Fu et al. 2019).

    Each time the weight returns to 0, the encoder learns to use dimensions that the decoder had stopped using.

    Parameters
    ----------
    n_cycles : int
        M of the paper.
    rise : float
        R of the paper: share of a cycle that the rise takes.
    """

    n_cycles: int = 4
    rise: float = 0.5

    @property
    def full_from(self) -> float:
        """The end of the last rise."""
        return (self.n_cycles - 1 + self.rise) / self.n_cycles

    def __call__(self, progress: float) -> float:
        """The weight at `progress`; the fit ends on a full one."""
        if progress >= self.full_from:
            return 1.0
        return min(1.0, progress * self.n_cycles % 1.0 / self.rise)
