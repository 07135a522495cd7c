r"""How well a model fits new documents: their likelihood, words and topics, compared with documents of its fit.

Fit. The score of a document of n tokens is log p(x | z) / n at the z inferred from it, in nats per token. It is
compared with documents of the fit of similar length, as long ones score lower than short ones: u is the share of these
that score as low or lower, which is uniform from 0 to 1 if new documents are like those of the fit. A document with u
below 0.01 is unfamiliar.

Words. Share of the tokens that the settings keep and the vocabulary does not have.

Topics. Jensen-Shannon distance of the mean shares, compared with its distribution over samples of the fit of the
same size.

Axes: D documents of the fit, N new ones, K topics.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

FloatArray = NDArray[np.floating]
UNFAMILIAR = 0.01
# Number of documents of similar length for the comparison.
_NEIGHBOURS = 500
_RESAMPLES = 500
# Thresholds above which the advice is to update or fit again.
MANY_UNFAMILIAR = 0.05
MANY_UNKNOWN = 1.5  # times the share among documents of the fit


@dataclass(frozen=True)
class TopicDrift:
    """The change of the mean shares.

    Attributes
    ----------
    distance : float
        Jensen-Shannon distance of the mean shares, from 0 to 0.833.
    expected : float
        95th percentile of the distances of samples of the fit.
    change : (K,)
        Mean share in the new documents minus that in the documents of the fit.
    low, high : (K,)
        2.5th and 97.5th percentile of the change in samples of the fit.
    """

    distance: float
    expected: float
    change: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def moved(self) -> bool:
        """Whether the topics moved more than samples do."""
        return self.distance > self.expected


def familiarity(
    scores: FloatArray, lengths: FloatArray, new_scores: FloatArray, new_lengths: FloatArray
) -> NDArray[np.float64]:
    """u of each new document, (N,), above 0 and at most 1.

    Parameters
    ----------
    scores, lengths : (D,)
        Nats per token, and tokens, of documents of the fit.
    new_scores, new_lengths : (N,)

    With m documents of the fit of similar length, r of which score as low or lower, u = (r + 1) / (m + 1): a conformal
    p-value (Vovk, Gammerman & Shafer 2005).
    """
    order = np.argsort(lengths, kind="stable")
    ordered, n_near = lengths[order], min(_NEIGHBOURS, len(scores))
    place = np.searchsorted(ordered, new_lengths)
    first = np.clip(place - n_near // 2, 0, len(scores) - n_near)
    u = np.empty(len(new_scores))
    for document, start in enumerate(first.tolist()):
        near = scores[order[start : start + n_near]]
        u[document] = (np.count_nonzero(near <= new_scores[document]) + 1) / (n_near + 1)
    return u


def topic_drift(shares: FloatArray, new_shares: FloatArray, rng: np.random.Generator) -> TopicDrift:
    """Compare mean shares of documents of the fit (D, K) with those of new ones (N, K)."""
    old, new = shares.mean(0, dtype=np.float64), new_shares.mean(0, dtype=np.float64)
    samples = np.stack(
        [shares[rng.integers(len(shares), size=len(new_shares))].mean(0, dtype=np.float64) for _ in range(_RESAMPLES)]
    )
    distances = np.array([_jensen_shannon(old, sample) for sample in samples])
    low, high = np.percentile(samples - old, [2.5, 97.5], axis=0)
    return TopicDrift(_jensen_shannon(old, new), float(np.percentile(distances, 95.0)), new - old, low, high)


def verdict(unfamiliar: float, unknown: float, unknown_of_fit: float, topics_moved: bool) -> tuple[str, str]:
    """The verdict on the figures, and the advice.

    Returns
    -------
    verdict : str
        "known": the model knows these documents. "moved": it knows them, but topics have other shares. "new words":
        many of their words are not in the vocabulary. "unfamiliar": many documents are unlike those of the fit.
    advice : str
    """
    if unknown > max(MANY_UNKNOWN * unknown_of_fit, unknown_of_fit + 0.02):
        return "new words", "fit again with these documents: an update keeps the vocabulary"
    if unfamiliar > MANY_UNFAMILIAR:
        return (
            "unfamiliar",
            "look at the least familiar documents; update with them, or fit again for a new theme",
        )
    if topics_moved:
        return "moved", "the model holds; its shares are those of its fit: read the shares of the new documents"
    return "known", "nothing: the model knows these documents"


def _jensen_shannon(p: FloatArray, q: FloatArray) -> float:
    """Jensen-Shannon distance of two share vectors, each over its sum."""
    p, q = p / p.sum(), q / q.sum()
    between = 0.5 * (p + q)
    divergence = -xlogy(between, between).sum() + 0.5 * (xlogy(p, p).sum() + xlogy(q, q).sum())
    return float(np.sqrt(max(divergence, 0.0)))
