"""95 % confidence intervals of figures, over documents or over topics.

Axes: D sampled things (documents, topics), B resamples, C cells of a table.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neuraltopic.evaluate.figures import Interval

RESAMPLES = 1000
_TAIL = 2.5  # per cent, on either side
_Z = 1.96  # the same in standard deviations of a Gaussian

FloatArray = NDArray[np.float64]


def ratio_interval(
    numerator: FloatArray,
    denominator: FloatArray | None = None,
    *,
    seed: int,
    transform: Callable[[FloatArray], FloatArray] = np.positive,
) -> Interval | None:
    """Percentile bootstrap of transform(sum of numerators / sum of denominators) over D things (Efron 1979).

    Parameters
    ----------
    numerator : (D,)
    denominator : (D,), optional
        Ones by default: the ratio is then the mean.
    seed : int
    transform : callable, monotone

    Returns
    -------
    Interval, or None with fewer than two values
    """
    D = len(numerator)
    if D < 2:
        return None
    rng = np.random.default_rng(seed)
    ratios = np.empty(RESAMPLES)
    for resample in range(RESAMPLES):
        drawn = rng.integers(D, size=D)
        total = numerator[drawn].sum()
        ratios[resample] = total / (D if denominator is None else denominator[drawn].sum())
    low, high = transform(np.percentile(ratios, [_TAIL, 100.0 - _TAIL])).tolist()
    return Interval(min(low, high), max(low, high))


def table_interval(
    table: NDArray[np.integer], statistic: Callable[[FloatArray], FloatArray], *, seed: int
) -> Interval | None:
    """Interval of a statistic of a contingency table, from 0 to 1: its value, and 1.96 bootstrap standard errors.

    Percentiles would be biased: a resample repeats documents, which makes a table look more ordered.

    Parameters
    ----------
    table : int array of shape (R, C)
        Documents in each cell, resampled.
    statistic : callable from tables (B, R, C) to (B,)
    seed : int
    """
    D = int(table.sum())
    if D < 2:
        return None
    cells = np.random.default_rng(seed).multinomial(D, table.ravel() / D, size=RESAMPLES)
    deviation = float(statistic(cells.reshape(-1, *table.shape).astype(np.float64)).std(ddof=1))
    value = float(statistic(table[None].astype(np.float64))[0])
    return _around(value, deviation)


def jackknife_interval(value: float, without_one: FloatArray) -> Interval | None:
    """Interval of a statistic of a set of K topics, from 0 to 1: its value, and 1.96 jackknife standard errors.

    Parameters
    ----------
    value : float
        The statistic of all.
    without_one : (K,)
        The statistic of the set without each (Quenouille 1956, Tukey 1958).
    """
    K = len(without_one)
    if K < 3:
        return None
    deviation = float(np.sqrt((K - 1) * without_one.var()))
    return _around(value, deviation)


def _around(value: float, deviation: float) -> Interval:
    return Interval(max(value - _Z * deviation, 0.0), min(value + _Z * deviation, 1.0))
