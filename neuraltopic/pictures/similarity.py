"""Similarity of topics as a matrix and as a tree. Axes: K topics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.pictures.canvas import BLUE, GREY, WIDTH, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_NAMES = 50  # most rows of a matrix that have names
_SIDE = 4.0  # inches, approximate side of a matrix beside its names
_MOST_LEAVES = 120
_LEAF = 0.125  # inches


def draw_heatmap(similarity: NDArray[np.floating], order: NDArray[np.integer], names: Sequence[str]) -> "Figure":
    """Matrix of similarities, ordered so that similar topics are neighbours.

    Parameters
    ----------
    similarity : (K, K)
        From -1 to 1, as `neuraltopic.topics.layout.topic_correlations`.
    order : (K,)
        Topics from top to bottom.
    names : K strings
        Written for at most 50 topics.
    """
    K = len(order)
    named = K <= _MOST_NAMES
    with style(names):
        height = float(np.clip(0.13 * K, 2.2, 6.4)) if named else 5.4
        figure = new_figure(WIDTH if named else WIDTH * 0.86, height + 0.3)
        axes = figure.add_subplot()
        shown = similarity[np.ix_(order, order)]
        # Blue to red through white, distinguishable with colour-vision deficiency.
        image = axes.imshow(shown, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
        axes.set_xticks([])
        size = min(7.0, 0.8 * 72 * _SIDE / K)
        axes.set_yticks(range(K), [names[topic] for topic in order], fontsize=size) if named else axes.set_yticks([])
        axes.tick_params(length=0)
        if not named:
            axes.set_ylabel(f"{K} topics, similar topics beside one another")
        bar = figure.colorbar(image, ax=axes, shrink=0.7, aspect=28)
        bar.set_label("correlation of energies", fontsize=7)
        bar.outline.set_visible(False)
    return figure


def draw_hierarchy(tree: NDArray[np.floating], names: Sequence[str]) -> "Figure":
    """Tree of topics; for more than 120 topics the lowest branches are single leaves labelled with their size.

    Parameters
    ----------
    tree : (K - 1, 4)
        From `neuraltopic.topics.hierarchy.topic_tree`.
    names : K strings
    """
    from matplotlib.collections import LineCollection

    leaves = min(len(names), _MOST_LEAVES)
    with style(names):
        figure = new_figure(WIDTH, max(1.2, _LEAF * leaves + 0.5))
        axes = figure.add_subplot()
        lines, labels = _branches(tree, names)
        axes.add_collection(LineCollection(lines, colors=BLUE, linewidths=0.9))
        axes.set_yticks(range(len(labels)), labels, fontsize=6.5)
        axes.yaxis.tick_right()
        axes.set_ylim(len(labels) - 0.4, -0.6)
        top = float(tree[-1, 2]) if len(tree) else 1.0
        axes.set_xlim(top * 1.03, 0)
        axes.set_xlabel("mean Jensen-Shannon distance at which topics join")
        for side in ("left", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
        if leaves < len(names):
            note = f"{len(names)} topics as {leaves} branches"
            axes.set_title(note, loc="left", fontsize=7, color=GREY)
    return figure


def _branches(tree: NDArray[np.floating], names: Sequence[str]) -> tuple[list[list[tuple[float, float]]], list[str]]:
    """Lines of the tree (x: distance, y: leaf), and the names of the leaves."""
    from scipy.cluster.hierarchy import dendrogram

    if not len(tree):
        return [[(0.0, 0.0), (1.0, 0.0)]], [names[0]]

    def named(node: int) -> str:
        if node < len(names):
            return names[node]
        first = node
        while first >= len(names):
            first = int(tree[first - len(names), 0])
        return f"{names[first]} and {int(tree[node - len(names), 3]) - 1} more"

    drawn = dendrogram(tree, no_plot=True, truncate_mode="lastp", p=_MOST_LEAVES, leaf_label_func=named)
    lines = [
        [(distance, (height - 5.0) / 10.0) for distance, height in zip(distances, heights, strict=True)]
        for distances, heights in zip(drawn["dcoord"], drawn["icoord"], strict=True)
    ]
    return lines, list(drawn["ivl"])
