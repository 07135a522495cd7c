"""Hierarchical clustering of topics by their word distributions.

The distance of two topics is the Jensen-Shannon distance of their distributions of words,

    d(p, q) = (H((p + q) / 2) - (H(p) + H(q)) / 2)^(1/2),    H the entropy in nats,

a metric from 0 to (log 2)^(1/2) = 0.833 (Endres & Schindelin 2003). The distance of two groups of topics is the mean
distance of a topic of one and a topic of the other (average linkage; Sokal & Michener 1958), which gives every topic
the same weight, for any size.

Axes: K topics, V words.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform
from scipy.special import xlogy

from neuraltopic.errors import UsageError

FloatArray = NDArray[np.floating]
# Entries of distributions whose logarithm is taken at once.
_AT_ONCE = 1 << 22


def topic_distances(probabilities: FloatArray) -> NDArray[np.float64]:
    """Jensen-Shannon distance of every two topics, (K, K), from p(w | topic), (K, V)."""
    p = probabilities.astype(np.float64)
    K, V = p.shape
    entropy = -xlogy(p, p).sum(1)
    at_once = max(1, _AT_ONCE // V)
    distances = np.zeros((K, K))
    for topic in range(K - 1):
        for start in range(topic + 1, K, at_once):
            others = slice(start, min(start + at_once, K))
            between = 0.5 * (p[topic] + p[others])
            divergence = -xlogy(between, between).sum(1) - 0.5 * (entropy[topic] + entropy[others])
            distances[topic, others] = distances[others, topic] = np.sqrt(np.maximum(divergence, 0.0))
    return distances


def topic_tree(distances: FloatArray) -> NDArray[np.float64]:
    """The K - 1 mergers of average linkage, nearest first, from distances (K, K).

    Returns
    -------
    (K - 1, 4), as `scipy.cluster.hierarchy` has them: two nodes, their distance, the topics below them. Nodes 0 to
    K - 1 are the topics, node K + i is made by merger i.
    """
    if len(distances) < 2:
        return np.zeros((0, 4))
    return linkage(squareform(distances, checks=False), "average")


def cut(tree: NDArray[np.float64], n_groups: int) -> list[tuple[int, ...]]:
    """The topics of each of `n_groups` groups, where the tree is cut; ordered by their first topic.

    Raises
    ------
    UsageError
        When there are fewer topics than groups, or no group is asked for.
    """
    K = len(tree) + 1
    if isinstance(n_groups, bool) or not isinstance(n_groups, int | np.integer) or not 1 <= n_groups <= K:
        raise UsageError(
            "number of topics", expected=f"a number from 1 to {K}", got=repr(n_groups), hint=f"Ask for {K} or fewer"
        )
    if K == 1:
        return [(0,)]
    group = cut_tree(tree, n_clusters=int(n_groups))[:, 0]
    groups = [tuple(np.flatnonzero(group == number).tolist()) for number in range(n_groups)]
    return sorted(groups)


def hierarchy_table(tree: NDArray[np.float64], labels: Sequence[str]) -> pd.DataFrame:
    """One line per merger, nearest first: node, left, right, distance, topics (a list), left_label, right_label.

    The label of a node above the topics names the labels below it, at most three.
    """
    K = len(labels)
    members: list[list[int]] = [[topic] for topic in range(K)]
    for left, right in tree[:, :2].astype(int).tolist():
        members.append(sorted(members[left] + members[right]))

    def label(node: int) -> str:
        below = members[node]
        more = f" and {len(below) - 3} more" if len(below) > 3 else ""
        return " + ".join(labels[topic] for topic in below[:3]) + more

    left, right = tree[:, 0].astype(int), tree[:, 1].astype(int)
    return pd.DataFrame(
        {
            "node": np.arange(K, K + len(tree)),
            "left": left,
            "right": right,
            "distance": tree[:, 2],
            "topics": members[K:],
            "left_label": [label(node) for node in left.tolist()],
            "right_label": [label(node) for node in right.tolist()],
        }
    )
