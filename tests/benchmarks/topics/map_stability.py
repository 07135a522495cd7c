"""How alike the maps of two fits are that differ in their seed, beside how alike the topics themselves are.

    python -m tests.benchmarks.topics.map_stability run-0/ run-1/

Topics are matched by their ten first words. For all pairs, and for those that are alike (rank-biased overlap of 0.3 or
more): the correlation of the distances of matched topics in one fit and in the other, before any layout, which is what
the fits themselves have in common, and on the map. Then how well a map shows a fit: the correlation of its distances
with those of the topics, and the share of the five nearest topics that are nearest on the map too. The map as it is
stands beside classical scaling and beside the least stress of the distances themselves (SMACOF), from classical scaling
on and as the best of 30 random starts.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist, pdist
from sklearn.manifold import smacof

from neuraltopic.runs.documents import open_run
from neuraltopic.topics.layout import classical_scaling, topic_correlations, topic_distances, topic_positions
from neuraltopic.topics.overlap import rank_biased_overlap
from neuraltopic.topics.stability import align_topics
from neuraltopic.topics.words.ranking import top_words

_NEAR, _ALIKE = 5, 0.3


def least_stress(distances: np.ndarray, *, starts: int = 0) -> np.ndarray:
    """The stress of the distances themselves: from classical scaling on, or the best of random starts."""
    start = {"n_init": starts, "random_state": 0} if starts else {"n_init": 1, "init": classical_scaling(distances)}
    found, _ = smacof(distances, n_components=2, max_iter=300, eps=1e-7, normalized_stress=False, **start)
    return found


def pairs(distances: np.ndarray, topics: np.ndarray) -> np.ndarray:
    """Distances of every two of these topics."""
    return distances[np.ix_(topics, topics)][np.triu_indices(len(topics), 1)]


def neighbours_kept(distances: np.ndarray, positions: np.ndarray) -> float:
    """Share of the nearest topics that are nearest on the map too."""
    near = [
        np.argsort(d + np.diag(np.full(len(d), -1.0)), axis=1)[:, 1 : _NEAR + 1]
        for d in (distances, cdist(*[positions] * 2))
    ]
    return float(np.mean([len(set(a) & set(b)) / _NEAR for a, b in zip(*near, strict=True)]))


def main() -> None:
    """Print a line a layout."""
    models = [open_run(Path(name), device="cpu") for name in sys.argv[1:3]]
    nets = [model.document_vae_ for model in models]
    distances = [topic_distances(topic_correlations(net.components_, net.bias_)) for net in nets]
    matched = align_topics(rank_biased_overlap(*[top_words(model.word_weights(), 10) for model in models]))
    alike = matched.similarity >= _ALIKE
    print(f"{len(alike)} pairs of topics, {alike.sum()} of them alike")

    def between(tables: list[np.ndarray]) -> str:
        figures = []
        for kept in (np.ones_like(alike), alike):
            a, b = pairs(tables[0], matched.first[kept]), pairs(tables[1], matched.second[kept])
            figures.append(f"{np.corrcoef(a, b)[0, 1]:8.3f}")
        return "".join(figures)

    print(f"{'':34}{'all':>8}{'alike':>8}{'fit':>8}{'near':>8}\n{'topics, before any layout':34}{between(distances)}")
    maps = {
        "the map": [topic_positions(n.components_, n.bias_, m.vocabulary_) for n, m in zip(nets, models, strict=True)],
        "classical scaling": [classical_scaling(d) for d in distances],
        "least stress": [least_stress(d) for d in distances],
        "least stress, best of 30 starts": [least_stress(d, starts=30) for d in distances],
    }
    for name, positions in maps.items():
        fit = np.mean(
            [
                np.corrcoef(pdist(p), pairs(d, np.arange(len(d))))[0, 1]
                for p, d in zip(positions, distances, strict=True)
            ]
        )
        near = np.mean([neighbours_kept(d, p) for p, d in zip(positions, distances, strict=True)])
        print(f"{name:34}{between([cdist(p, p) for p in positions])}{fit:8.3f}{near:8.3f}", flush=True)


if __name__ == "__main__":
    main()
