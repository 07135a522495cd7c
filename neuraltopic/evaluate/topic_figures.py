"""Figures of the word lists of K topics, the value of each topic, and intervals over topics."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuraltopic.evaluate.figures import Figure, Interval
from neuraltopic.evaluate.intervals import jackknife_interval, ratio_interval
from neuraltopic.topics.coherence import Coherence
from neuraltopic.topics.diversity import diversity, exclusivity, inverted_rbo, uniqueness
from neuraltopic.topics.overlap import PERSISTENCE, rank_biased_overlap
from neuraltopic.topics.stability import align_topics

Values = dict[str, NDArray[np.float64]]


def coherence_figures(coherence: Coherence, reference: str, *, seed: int) -> tuple[list[Figure], Values]:
    """Mean coherence over topics, and that of each.

    Parameters
    ----------
    coherence : Coherence of K topics
    reference : str
        Name of the documents that the words were looked for in.
    seed : int
        For the resamples of the intervals.
    """
    values = coherence.to_dict()
    metrics = ("npmi", "npmi_document", "c_v", "umass", "uci")
    return [_mean(metric, values[metric], seed, f"in {reference}") for metric in metrics], values


def difference_figures(
    lists: NDArray[np.integer], log_probabilities: NDArray[np.floating], *, seed: int
) -> tuple[list[Figure], Values]:
    """Diversity, inverted rank-biased overlap and exclusivity of topics, and each topic's part.

    Parameters
    ----------
    lists : int array of shape (K, n)
        The top words of each topic.
    log_probabilities : (K, V)
        log p(w | topic).
    seed : int
    """
    values = {
        "diversity": uniqueness(lists),
        "inverted_rbo": inverted_rbo(lists),
        "exclusivity": exclusivity(log_probabilities, lists),
    }
    diversity_without_one = np.array([diversity(np.delete(lists, topic, axis=0)) for topic in range(len(lists))])
    rbo_without_one = _inverted_rbo_without_one(values["inverted_rbo"])
    figures = [
        _of_set("diversity", values["diversity"], diversity_without_one),
        _of_set("inverted_rbo", values["inverted_rbo"], rbo_without_one, f"p = {PERSISTENCE}"),
        _mean("exclusivity", values["exclusivity"], seed),
    ]
    return figures, values


def stability_figures(
    lists: NDArray[np.integer], others: Sequence[NDArray[np.integer]], *, seed: int
) -> tuple[list[Figure], Values]:
    """Overlap of each topic's list with those of other models of the same vocabulary: rank-biased overlap with its
    partner in the best pairing, mean over the models.

    Parameters
    ----------
    lists : int array of shape (K, n)
    others : sequence of int arrays of shape (K, n)
        Of the other models, one at least.
    seed : int
    """
    agreement = np.zeros(len(lists))
    for other in others:
        aligned = align_topics(rank_biased_overlap(lists, other))
        agreement[aligned.first] += aligned.similarity / len(others)
    models = "1 other model" if len(others) == 1 else f"{len(others)} other models"
    return [_mean("stability", agreement, seed, models)], {"stability": agreement}


def _inverted_rbo_without_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the pairs that are left without each topic, (K,), from each topic's mean over its pairs, (K,)."""
    K = len(values)
    return 1.0 - ((1.0 - values).sum() - 2.0 * (1.0 - values)) / max(K - 2, 1)


def _mean(metric: str, values: NDArray[np.float64], seed: int, detail: str = "") -> Figure:
    return _figure(metric, values, ratio_interval(values, seed=seed), detail)


def _of_set(metric: str, values: NDArray[np.float64], without_one: NDArray[np.float64], detail: str = "") -> Figure:
    """A figure of the whole set, with the part of each topic; a bootstrap is not used, since a resample would repeat
    topics."""
    return _figure(metric, values, jackknife_interval(float(values.mean()), without_one), detail)


def _figure(metric: str, values: NDArray[np.float64], interval: Interval | None, detail: str) -> Figure:
    return Figure.of(metric, float(values.mean()), interval, len(values), "topics", detail)
