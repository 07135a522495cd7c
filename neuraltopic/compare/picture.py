"""Pictures for papers: quality against processor time, and against the number of topics."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from neuraltopic.compare.page import heading
from neuraltopic.compare.results import ChoiceOfK, Comparison
from neuraltopic.evaluate.metrics import Metric
from neuraltopic.pictures.canvas import COLOURS, PICTURE_STYLE, WIDTH
from neuraltopic.storage.pictures import SUFFIXES, write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Costs are the horizontal axis, and have no panel.
_COSTS = ("cpu_seconds", "wall_seconds", "memory_mb")
# With shapes, models are distinct in print too.
_COLOURS = (*COLOURS[:6], "#000000", *COLOURS[6:])
# A fit without measurable time is drawn at the left of a logarithmic axis.
_LEAST_SECONDS = 1e-3
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
_STYLE: Any = {**PICTURE_STYLE, "axes.grid": True, "grid.color": "#e6e6e6", "grid.linewidth": 0.5}
_PANEL_HEIGHT = 1.55  # inches


def draw_comparison(comparison: Comparison) -> "Figure":
    """A panel per metric: its value against the CPU seconds of the fit, with a small mark per seed and a large one for
    their median."""
    from matplotlib import rc_context

    metrics = [metric for metric in comparison.metrics if metric.name not in _COSTS and _several(comparison, metric)]
    all_times = [time for model in comparison.models for time in comparison.values(model, "cpu_seconds")]
    least, most = (max(end(all_times), _LEAST_SECONDS) for end in (min, max))
    with rc_context(_STYLE):
        figure, panels = _grid(len(metrics), legend_rows=-(-len(comparison.models) // 6))
        handles = []
        for number, model in enumerate(comparison.models):
            look: dict[str, Any] = {
                "color": _COLOURS[number % len(_COLOURS)],
                "marker": _MARKERS[number % len(_MARKERS)],
                "linestyle": "none",
            }
            for panel, metric in zip(panels, metrics, strict=True):
                values = comparison.values(model, metric.name)
                if not values:
                    continue
                times = [max(time, _LEAST_SECONDS) for time in comparison.values(model, "cpu_seconds")]
                panel.plot(times, values, markersize=2.5, alpha=0.45, mew=0, **look)
                panel.plot([median(times)], [median(values)], markersize=6.5, mec="white", mew=0.6, **look)
            (handle,) = panels[0].plot([], [], markersize=6, label=model, **look)
            handles.append(handle)
        for number, (panel, metric) in enumerate(zip(panels, metrics, strict=True)):
            panel.set_title(heading(metric), loc="left")
            _logarithmic(panel, least, most)
            _widened(panel)
            if number >= len(metrics) - _abreast(len(metrics)):
                panel.set_xlabel("CPU seconds")
        figure.legend(handles=handles, loc="outside upper left", ncols=6, frameon=False, handletextpad=0.2)
    return figure


def _widened(panel: "Axes") -> None:
    """Widen the axis so that nearly equal values are drawn near one another: at least 0.05 for shares, 5% for
    others."""
    low, high = panel.get_ylim()
    lack = 0.05 * max(1.0, abs(high)) - (high - low)
    if lack > 0:
        panel.set_ylim(low - lack / 2, high + lack / 2)


def draw_curves(
    ks: Sequence[int], curves: Sequence[tuple[str, Sequence[float], Sequence[float]]], chosen: int
) -> "Figure":
    """A panel per curve over K, with its intervals, and the chosen K marked in each.

    Parameters
    ----------
    ks : sequence of int
    curves : sequence of (heading, values, half widths of the intervals)
    chosen : int
        One of `ks`.
    """
    from matplotlib import rc_context

    with rc_context(_STYLE):
        figure, panels = _grid(len(curves), legend_rows=0)
        for panel, (name, values, halves) in zip(panels, curves, strict=True):
            panel.axvline(chosen, color=_COLOURS[1], linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
            look: Any = {"color": _COLOURS[0], "marker": "o", "markersize": 3.5, "linewidth": 1, "elinewidth": 0.8}
            panel.errorbar(ks, values, yerr=halves, capsize=2, **look)
            panel.set_title(name, loc="left")
            _logarithmic(panel, min(ks), max(ks))
            panel.set_xticks(list(ks), [f"{k:,}" for k in ks])
            panel.set_xticks([], minor=True)
            panel.set_xlabel("topics, K")
    return figure


def draw_choice(choice: ChoiceOfK) -> "Figure":
    """The curves of a choice of K: means over seeds with their intervals."""
    curves = [
        (
            heading(metric),
            [sample.mean(metric.name) for sample in choice.samples],
            [sample.half_width(metric.name) for sample in choice.samples],
        )
        for metric in choice.metrics
    ]
    return draw_curves([sample.k for sample in choice.samples], curves, choice.recommendation.k)


def _several(comparison: Comparison, metric: Metric) -> bool:
    """Whether more than one model has finished."""
    having = sum(bool(comparison.values(model, metric.name)) for model in comparison.models)
    return having >= min(2, sum(bool(comparison.finished(model)) for model in comparison.models))


def write_pictures(figure: "Figure", path: Path) -> None:
    """Write the figure in every format, `path` with its suffix."""
    for suffix in SUFFIXES:
        write_picture(figure, path.with_name(path.name + suffix))


def _grid(n_panels: int, *, legend_rows: int) -> "tuple[Figure, list[Axes]]":
    # Not pyplot, which keeps figures and asks for a screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = _abreast(n_panels)
    rows = -(-n_panels // columns)
    figure = Figure(figsize=(WIDTH, _PANEL_HEIGHT * rows + 0.25 * legend_rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = [figure.add_subplot(rows, columns, number + 1) for number in range(n_panels)]
    return figure, panels


def _abreast(n_panels: int) -> int:
    """Panels in a row: 4, or 5 or 3 where that leaves fewer places empty."""
    return min((4, 5, 3), key=lambda columns: -n_panels % columns)


def _logarithmic(panel: "Axes", least: float, most: float) -> None:
    """From `least` to `most` with some room, and few enough ticks to read."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    panel.set_xscale("log")
    room = (most / least) ** 0.08 * 1.1
    panel.set_xlim(least / room, most * room)
    decades = math.log10(most / least)
    panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 1.3 else (1.0,), numticks=6))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_locator(NullLocator() if decades < 1.3 else LogLocator(subs=(2.0, 5.0), numticks=20))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.margins(y=0.15)
