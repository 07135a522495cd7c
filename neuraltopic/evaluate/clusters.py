"""Agreement of clusters with labels: purity and normalised mutual information.

Axes: D documents, R labels, C clusters, B tables, K topics.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def contingency(labels: NDArray[np.integer], clusters: NDArray[np.integer]) -> NDArray[np.int64]:
    """Documents with each label in each cluster, (R, C), from two numbers per document, (D,) and (D,), from 0 up."""
    R, C = int(labels.max()) + 1, int(clusters.max()) + 1
    return np.bincount(labels.astype(np.int64) * C + clusters, minlength=R * C).reshape(R, C)


def purity(tables: FloatArray) -> FloatArray:
    """Share of the documents that have the most frequent label of their cluster, (B,) from tables (B, R, C)."""
    return tables.max(1).sum(1) / tables.sum((1, 2))


def normalised_mutual_information(tables: FloatArray) -> FloatArray:
    """Mutual information of label and cluster over the mean of their entropies, (B,) from tables (B, R, C).

    From 0 to 1; scikit-learn's `normalized_mutual_info_score`. It is 1 for one label and one cluster.
    """
    p = tables / tables.sum((1, 2), keepdims=True)
    of_labels, of_clusters = _entropy(p.sum(2)), _entropy(p.sum(1))
    mean = (of_labels + of_clusters) / 2.0
    information = of_labels + of_clusters - _entropy(p.reshape(len(p), -1))
    return np.divide(np.maximum(information, 0.0), mean, out=np.ones_like(mean), where=mean > 0)


def _entropy(p: FloatArray) -> FloatArray:
    """Of each row, in nats."""
    return -np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0).sum(1)


def kmeans_clusters(vectors: NDArray[np.floating], n_clusters: int) -> NDArray[np.int64]:
    """Number of the cluster of each vector, (D,) from (D, K), by KMeans with 10 starts and seed 0."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Fewer distinct vectors than clusters: this shows as a low mutual information.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(n_clusters, n_init=10, random_state=0).fit_predict(vectors).astype(np.int64)


def unit_rows(vectors: NDArray[np.floating]) -> FloatArray:
    """Each vector divided by its length; a vector of zeros is unchanged."""
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)
