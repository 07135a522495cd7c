"""Word bars of topics, and word probabilities by rank. Axes: K topics, V words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.pictures.canvas import (
    BLUE,
    GREY,
    ORANGE,
    QUIET,
    WIDTH,
    fit_titles,
    line_height,
    new_figure,
    shortened,
    some_of,
    style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ABREAST = 4


def draw_barchart(
    titles: Sequence[str],
    words: Sequence[Sequence[str]],
    probabilities: Sequence[Sequence[float]],
    n_topics: int | None = None,
) -> "Figure":
    """One panel per topic: its words, best first, with bars of 1000 p(w | topic); panels have their own scales.

    Parameters
    ----------
    titles : n strings
    words : n sequences of str
    probabilities : n sequences of float
    n_topics : int, optional
        Number of all topics, n or more.
    """
    columns = min(_ABREAST, len(titles))
    rows = -(-len(titles) // columns)
    n_words = max(map(len, words))
    with style([*titles, *(word for row in words for word in row)]):
        figure = new_figure(WIDTH * max(columns, 2) / _ABREAST, rows * (0.5 + 0.145 * line_height() * n_words))
        for number, (title, row, values) in enumerate(zip(titles, words, probabilities, strict=True)):
            axes = figure.add_subplot(rows, columns, number + 1)
            axes.barh(range(len(row)), 1000 * np.array(values), color=BLUE, height=0.72)
            axes.set_yticks(range(len(row)), [shortened(word, 18) for word in row])
            axes.set_ylim(n_words - 0.4, -0.6)
            axes.set_xlim(0, 1000 * max(values) * 1.05)
            axes.set_title(title, loc="left", fontsize=7.5)
            axes.tick_params(axis="y", length=0)
            axes.locator_params(axis="x", nbins=3)
            axes.grid(axis="x", color=QUIET, linewidth=0.5)
        left_out = some_of(len(titles), n_topics or len(titles), "topics")
        label = "probability of the word in the topic, per mille"
        figure.supxlabel("; ".join(filter(None, (label, left_out))), fontsize=7)
        fit_titles(figure)
    return figure


def draw_term_rank(log_probabilities: NDArray[np.floating], n_ranks: int = 100) -> "Figure":
    """p(w | topic) by rank, one line per topic, and the median. Words in the flat part say little about a topic.

    Parameters
    ----------
    log_probabilities : (K, V)
    n_ranks : int
    """
    n_ranks = min(n_ranks, log_probabilities.shape[1])
    ranked = np.exp(-np.sort(-log_probabilities, axis=1)[:, :n_ranks])
    ranks = np.arange(1, n_ranks + 1)
    with style([]):
        figure = new_figure(WIDTH / 2, 2.6)
        axes = figure.add_subplot()
        thin = float(np.clip(8.0 / len(ranked), 0.06, 0.7))
        axes.plot(ranks, ranked.T, color=GREY, linewidth=0.6, alpha=thin, rasterized=len(ranked) > 100)
        axes.plot(ranks, np.median(ranked, axis=0), color=ORANGE, linewidth=1.6, label="median of the topics")
        axes.plot([], [], color=GREY, linewidth=0.8, label="a topic")
        axes.set_yscale("log")
        axes.set_xlabel("rank of the word")
        axes.set_ylabel("p(word | topic)")
        axes.grid(color=QUIET, linewidth=0.5)
        axes.legend(frameon=False, fontsize=7)
    return figure
