"""Figures of document vectors against the labels that documents have.

Axes: D held-out documents with a label, T training documents with one, K topics.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.evaluate.clusters import (
    contingency,
    kmeans_clusters,
    normalised_mutual_information,
    purity,
    unit_rows,
)
from neuraltopic.evaluate.figures import Figure
from neuraltopic.evaluate.intervals import ratio_interval, table_interval
from neuraltopic.evaluate.labels import Labelled, numbered_labels
from neuraltopic.evaluate.retrieval import precision_at_10, probe_hits

if TYPE_CHECKING:
    from neuraltopic.progress import Progress


def cluster_figures(
    held_out: Labelled, topics: NDArray[np.integer], *, seed: int, progress: "Progress | None" = None
) -> list[Figure]:
    """Purity and mutual information of documents by topic and by KMeans, with their labels.

    Parameters
    ----------
    held_out : Labelled
        D documents, all with a label.
    topics : int array of shape (D,)
        The topic that each is assigned to.
    seed : int
        For the resamples of the intervals.
    progress : callable of (stage, done, total), optional
    """
    (labels,) = numbered_labels(held_out.labels)
    n_labels = int(labels.max()) + 1
    clusterings: list[tuple[str, NDArray[np.integer], str]] = [("", topics, "")]
    for done, (prefix, vectors) in enumerate(
        [("kmeans_", held_out.vectors), ("kmeans_unit_", unit_rows(held_out.vectors))]
    ):
        if progress:
            progress("clustering", done, 2)
        clusterings.append((prefix, kmeans_clusters(vectors, n_labels), f"{n_labels} clusters"))
    if progress:
        progress("clustering", 2, 2)
    figures = []
    for prefix, clusters, detail in clusterings:
        table = contingency(labels, clusters)
        for metric, statistic in (("purity", purity), ("nmi", normalised_mutual_information)):
            value = float(statistic(table[None].astype(np.float64))[0])
            interval = table_interval(table, statistic, seed=seed)
            figures.append(Figure.of(f"{prefix}{metric}", value, interval, len(labels), "documents", detail))
    return figures


def supervised_figures(
    training: Labelled, held_out: Labelled, *, seed: int, progress: "Progress | None" = None
) -> list[Figure]:
    """Accuracy of a linear probe, and precision of the ten nearest training documents.

    Parameters
    ----------
    training, held_out : Labelled
        T documents and D, all with a label; two labels at least in training.
    seed : int
        For the resamples of the intervals.
    progress : callable of (stage, done, total), optional
    """
    known, labels = numbered_labels(training.labels, held_out.labels)
    figures = []
    for done, (metric, measure) in enumerate([("probe_accuracy", probe_hits), ("precision_at_10", precision_at_10)]):
        if progress:
            progress("probing", done, 2)
        hits = measure(training.vectors, known, held_out.vectors, labels).astype(np.float64)
        interval = ratio_interval(hits, seed=seed)
        figures.append(Figure.of(metric, float(hits.mean()), interval, len(hits), "documents"))
    if progress:
        progress("probing", 2, 2)
    return figures
