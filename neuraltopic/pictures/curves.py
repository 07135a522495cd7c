"""Training curve, and topic shares over time and by class. Axes: K topics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

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

_ABREAST = 3
_LETTERS_BELOW = 26  # of tick labels that fit below a panel
_MOST_MARKED = 40  # most periods that are drawn with points
_LONGEST_CLASS = 24  # letters
# Key in the history, label, colour and line style.
_CURVES = (("train_bound", "training", BLUE, "-"), ("held_out_bound", "held out", ORANGE, "--"))


def draw_training(history: Sequence[dict[str, float]], best: float) -> "Figure":
    """The bound on the log likelihood after each epoch, in nats per document.

    Parameters
    ----------
    history : sequence of dict
        epoch, train_bound and, if documents were held out, held_out_bound.
    best : float
        Epoch whose weights were kept.
    """
    from matplotlib.ticker import MaxNLocator

    with style([]):
        figure = new_figure(WIDTH / 2, 2.6)
        axes = figure.add_subplot()
        for key, name, colour, line in _CURVES:
            known = [(entry["epoch"], entry[key]) for entry in history if key in entry]
            if known:
                look: dict[str, Any] = {"color": colour, "linestyle": line, "linewidth": 1.4, "label": name}
                if len(known) == 1:
                    look["marker"] = "o"
                axes.plot([epoch for epoch, _ in known], [bound for _, bound in known], **look)
        axes.axvline(best, color=GREY, linewidth=0.8, linestyle=":", label=f"weights kept: epoch {best:.0f}")
        axes.set_xlabel("epoch")
        axes.set_ylabel("bound, nats per document")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color=QUIET, linewidth=0.5)
        axes.legend(frameon=False, fontsize=7)
    return figure


def draw_over_time(table: pd.DataFrame, topics: Sequence[int], names: Sequence[str]) -> "Figure":
    """One panel per topic: its share in each period, with intervals if the table has them.

    Parameters
    ----------
    table : DataFrame
        topic, period, share, and optionally low and high.
    topics : sequence of int
        Topics to draw, in this order.
    names : sequence of str
        Name of each of these topics.
    """
    periods = list(dict.fromkeys(table["period"].tolist()))
    labels = short_dates(periods)
    every = -(-len(periods) // max(_LETTERS_BELOW // max(map(len, labels)), 1))
    look: dict[str, Any] = {"color": BLUE, "linewidth": 1.3}
    if len(periods) <= _MOST_MARKED:
        look |= {"marker": "o", "markersize": 2}
    with style([*names, *labels]):
        columns, rows = _grid(len(topics))
        figure = new_figure(WIDTH * columns / _ABREAST, 1.5 * rows + 0.2)
        for number, (topic, name) in enumerate(zip(topics, names, strict=True)):
            axes = figure.add_subplot(rows, columns, number + 1)
            own = table[table["topic"] == topic].set_index("period").reindex(periods)
            places = range(len(periods))
            axes.plot(places, 100 * own["share"], **look)
            if {"low", "high"} <= set(own):
                axes.fill_between(places, 100 * own["low"], 100 * own["high"], color=BLUE, alpha=0.2, linewidth=0)
            axes.set_xticks(list(places)[::every], labels[::every], fontsize=6)
            axes.set_ylim(bottom=0)
            axes.set_title(name, loc="left", fontsize=7.5)
            axes.grid(color=QUIET, linewidth=0.5)
        figure.supylabel(_share_label(table), fontsize=7)
        if left_out := some_of(len(topics), table["topic"].nunique(), "topics"):
            figure.supxlabel(left_out, fontsize=7)
        fit_titles(figure)
    return figure


def short_dates(periods: Sequence[Any]) -> list[str]:
    """Labels of periods given by their first days, shortened to years or months if possible."""
    texts = [str(period)[:10] for period in periods]
    for first in ("-01-01", "-01"):
        if all(len(text) == 10 and text.endswith(first) for text in texts):
            return [text.removesuffix(first) for text in texts]
    return texts


def draw_per_class(table: pd.DataFrame, topics: Sequence[int], names: Sequence[str]) -> "Figure":
    """One panel per topic: its share in each class, largest first, with intervals if the table has them.

    Parameters as for `draw_over_time`; the table has a column class instead of period.
    """
    most = 12
    with style([*names, *table["class"].astype(str).unique()]):
        columns, rows = _grid(len(topics))
        n_bars = min(most, table["class"].nunique())
        figure = new_figure(WIDTH * columns / _ABREAST, rows * (0.45 + 0.14 * line_height() * n_bars))
        for number, (topic, name) in enumerate(zip(topics, names, strict=True)):
            axes = figure.add_subplot(rows, columns, number + 1)
            own = table[table["topic"] == topic].nlargest(most, "share")
            labels = [shortened(text, _LONGEST_CLASS) for text in own["class"].astype(str)]
            axes.barh(range(len(own)), 100 * own["share"], color=BLUE, height=0.72)
            if {"low", "high"} <= set(own):
                axes.hlines(range(len(own)), 100 * own["low"], 100 * own["high"], color="black", linewidth=1)
            axes.set_yticks(range(len(own)), labels, fontsize=6)
            axes.set_ylim(n_bars - 0.4, -0.6)
            axes.tick_params(axis="y", length=0)
            axes.locator_params(axis="x", nbins=3)
            axes.set_title(name, loc="left", fontsize=7.5)
            axes.grid(axis="x", color=QUIET, linewidth=0.5)
        left_out = (
            some_of(len(topics), table["topic"].nunique(), "topics"),
            some_of(n_bars, table["class"].nunique(), "classes"),
        )
        figure.supxlabel("; ".join(filter(None, (_share_label(table), *left_out))), fontsize=7)
        fit_titles(figure)
    return figure


def _share_label(table: pd.DataFrame) -> str:
    return "share of the topic, %" + (", and 95 % interval" if {"low", "high"} <= set(table) else "")


def _grid(n_panels: int) -> tuple[int, int]:
    """Columns and rows."""
    columns = min(_ABREAST, n_panels)
    return columns, -(-n_panels // columns)
