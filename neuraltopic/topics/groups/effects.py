r"""Regression of topic shares on metadata, with intervals that include the uncertainty of the inferred shares.

The method of composition (Treier & Jackman 2008; Roberts, Stewart & Airoldi 2016): shares are drawn from the posterior
of each document, every draw s^(m) is regressed on the design X by least squares, and the fits are pooled,

    b = mean_m b^(m),    Var b = mean_m V^(m) + (1 + 1/M) var_m b^(m)        (Rubin 1987)

with V the heteroscedasticity-consistent covariance (HC3; MacKinnon & White 1985).

Draws from q(z | x) alone would shrink every document to the mean of the collection and understate effects (Mislevy
1991). As in stm, the prior of z therefore depends on the metadata. q(z | x) = N(m, v) beside its prior N(m_0, v_0) says
as much of z as an observation l of precision p,

    p = 1/v - 1/v_0,    l = (m/v - m_0/v_0) / p,

so that with z ~ N(X c, t) in place of the prior z given words and metadata is N((p l + X c / t) / (p + 1/t),
1 / (p + 1/t)); c and t of each coordinate are learned by expectation maximisation.

Axes: D documents, P columns of X, K topics, M draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuraltopic.errors import UsageError

FloatArray = NDArray[np.floating]
_Z = 1.959963984540054
_STEPS = 50
_LEAST_PRECISION = 1e-6
_LEAST_VARIANCE = 1e-4


@dataclass(frozen=True)
class Coefficients:
    """Effects of P columns of the design on K shares.

    Attributes
    ----------
    estimate, error : (P, K)
        Coefficients, and their standard errors.
    """

    estimate: NDArray[np.float64]
    error: NDArray[np.float64]


def posterior_given_metadata(
    mean: FloatArray, variance: FloatArray, prior_mean: FloatArray, prior_variance: FloatArray, design: FloatArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of z given words and metadata, both (D, K).

    Parameters
    ----------
    mean, variance : (D, K)
        Of q(z | x).
    prior_mean, prior_variance : (K,) or ()
        Of the prior used in the inference of q.
    design : (D, P)
        Of full rank.
    """
    precision = np.maximum(1.0 / variance.astype(np.float64) - 1.0 / prior_variance, _LEAST_PRECISION)
    told = mean / variance - prior_mean / prior_variance  # p l
    projection = design @ np.linalg.pinv(design)
    fitted = projection @ mean
    spread = np.maximum((mean - fitted).var(0), _LEAST_VARIANCE)
    for _ in range(_STEPS):
        whole = precision + 1.0 / spread
        z = (told + fitted / spread) / whole
        fitted = projection @ z
        spread = np.maximum((np.square(z - fitted) + 1.0 / whole).mean(0), _LEAST_VARIANCE)
    whole = precision + 1.0 / spread
    return (told + fitted / spread) / whole, 1.0 / whole


def regression(shares: FloatArray, design: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least-squares coefficients (P, K) of shares (D, K) on the design (D, P), and their HC3 variances (P, K)."""
    inverse = np.linalg.pinv(design)  # (P, D)
    coefficients = inverse @ shares
    leverage = np.einsum("dp,pd->d", design, inverse)
    residuals = (shares - design @ coefficients) / np.maximum(1.0 - leverage, 1e-9)[:, None]
    return coefficients, np.square(inverse) @ np.square(residuals)


def composed_effects(
    draw: Callable[[NDArray[np.float64]], FloatArray],
    mean: FloatArray,
    variance: FloatArray,
    design: FloatArray,
    n_draws: int,
    rng: np.random.Generator,
) -> Coefficients:
    """Regress draws of the shares on the design, and pool.

    Parameters
    ----------
    draw : callable
        Maps z to shares (D, K).
    mean, variance : (D, Z)
        Of the posterior of z.
    design : (D, P)
    n_draws : int
        M, 2 or more.
    rng : Generator
    """
    std = np.sqrt(variance)
    found = [regression(draw(mean + std * rng.standard_normal(mean.shape)), design) for _ in range(n_draws)]
    coefficients, variances = (np.stack(part) for part in zip(*found, strict=True))
    total = variances.mean(0) + (1.0 + 1.0 / n_draws) * coefficients.var(0, ddof=1)
    return Coefficients(coefficients.mean(0), np.sqrt(total))


def require_full_rank(design: FloatArray, names: Sequence[str]) -> None:
    """Raise a UsageError unless the columns of the design are linearly independent."""
    if len(design) <= len(names) or np.linalg.matrix_rank(design) < len(names):
        raise UsageError(
            "formula",
            expected="terms of which none follows from the others, and more documents than terms",
            got=f"{len(names)} columns of rank {np.linalg.matrix_rank(design)} for {len(design):,} documents",
            hint="Leave a term out",
        )


def effects_table(found: Coefficients, terms: Sequence[str], labels: Sequence[str]) -> pd.DataFrame:
    """One line per term of a topic: topic, label, term, estimate, error, low, high (95 %)."""
    P, K = found.estimate.shape
    estimate, error = found.estimate.T.ravel(), found.error.T.ravel()
    return pd.DataFrame(
        {
            "topic": np.repeat(np.arange(K), P),
            "label": [label for label in labels for _ in range(P)],
            "term": list(terms) * K,
            "estimate": estimate,
            "error": error,
            "low": estimate - _Z * error,
            "high": estimate + _Z * error,
        }
    )
