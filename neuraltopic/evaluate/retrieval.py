"""Two uses of document vectors: linear classification of labels, and retrieval of documents with the same label.

Axes: D documents with labels to predict, T training documents, K numbers of a vector.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

from neuraltopic.evaluate.clusters import unit_rows

NEIGHBOURS = 10
# Similarities held at once.
_TILE = 1 << 22

Vectors = NDArray[np.floating]
Labels = NDArray[np.integer]


def probe_hits(training: Vectors, training_labels: Labels, vectors: Vectors, labels: Labels) -> NDArray[np.bool_]:
    """Whether a linear classifier of training vectors, (T, K), tells the label of each other vector, (D,).

    Standardised, then multinomial logistic regression with C = 1 and at most 1,000 iterations.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    with warnings.catch_warnings():
        # The number of iterations is part of the definition, reached or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        probe.fit(training.astype(np.float64), training_labels)
    return probe.predict(vectors.astype(np.float64)) == labels


def precision_at_10(
    training: Vectors, training_labels: Labels, vectors: Vectors, labels: Labels
) -> NDArray[np.float64]:
    """Share of the ten training documents nearest by cosine that have each document's label, (D,).

    With fewer than ten training documents, all of them are used. Ties are in the order of their numbers.
    """
    base, queries = unit_rows(training), unit_rows(vectors)
    n = min(NEIGHBOURS, len(base))
    precision = np.empty(len(queries))
    for rows in np.array_split(np.arange(len(queries)), -(-len(queries) * len(base) // _TILE)):
        # Equal vectors have equal similarity only to rounding.
        similarity = np.round(queries[rows] @ base.T, 12)
        cut = -np.partition(-similarity, n - 1, axis=1)[:, n - 1 : n]
        nearer = similarity > cut
        level = similarity == cut
        chosen = nearer | (level & (np.cumsum(level, axis=1) <= n - nearer.sum(1, keepdims=True)))
        precision[rows] = (chosen & (training_labels == labels[rows, None])).sum(1) / n
    return precision
