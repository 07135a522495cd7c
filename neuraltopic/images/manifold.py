"""Figure 11: the codes of images in the course of training, and the images decoded on a grid over the prior.

Axes: N images, R rows and C columns of the grid, H rows and W columns of pixels.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from neuraltopic.images.tiles import show_tiles, tiled
from neuraltopic.storage.pictures import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patheffects import AbstractPathEffect

# Ten colours that the colour-blind can distinguish too (Petroff 2021, Accessible color sequences).
COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
# Inches.
_HEIGHT = 3.5  # of the grid, and of the panels with their legend
_TITLE = 0.2
_GAP = 0.06
_BETWEEN = 0.45
_LEGEND_ROW = 0.17
_MARK = 0.2
_LETTER = 0.07


def quantile_grid(side: int) -> NDArray[np.float64]:
    """Points of the plane at equal steps of the probability of N(0, I), (side * side, 2) row by row.

    The first coordinate grows to the right and the second upwards, as in the scatter of codes: the first row has the
    largest second coordinate.
    """
    steps = _quantiles(side)
    across, up = np.meshgrid(steps, steps[::-1])
    return np.stack([across.ravel(), up.ravel()], axis=1)


def draw_manifold(
    codes: Mapping[int, NDArray[np.floating]], labels: Sequence[str] | None, grid: NDArray[np.floating]
) -> "Figure":
    """A panel for the codes after each epoch, coloured by label, and one for the images decoded on the grid.

    Parameters
    ----------
    codes : mapping of int to array of shape (N, 2)
        By epoch.
    labels : sequence of N str, optional
    grid : array of shape (side * side, H, W)
        What `quantile_grid` decodes to, in [0, 1].
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = math.ceil(math.sqrt(len(codes)))
    columns = math.ceil(len(codes) / rows)
    names = sorted(set(labels), key=_in_order) if labels else []
    side = round(math.sqrt(len(grid)))
    tiles = tiled(grid, side)
    width = _HEIGHT * tiles.shape[1] / tiles.shape[0]
    # The legend takes a panel's place where one is free, else rows below them.
    free = len(codes) < rows * columns
    panel = (_HEIGHT + _TITLE) / rows - _TITLE - _GAP
    entry = _MARK + _LETTER * max(map(len, names), default=1)
    fitting = max(1, int((1 if free else columns) * panel / entry))
    lines = math.ceil(len(names) / (min(fitting, 2) if free else fitting))
    abreast = math.ceil(len(names) / max(1, lines))
    legend = 0.0 if free or not names else _LEGEND_ROW * lines + 0.2
    panel -= legend / rows
    left = columns * (panel + _GAP)
    with rc_context(STYLE):
        figure = Figure(figsize=(left + _BETWEEN + width, _HEIGHT + _TITLE))
        page = _Page(figure)
        limit = _limit(codes)
        for number, (epoch, points) in enumerate(sorted(codes.items())):
            row, column = divmod(number, columns)
            axes = page.axes(column * (panel + _GAP), row * (panel + _TITLE + _GAP) + _TITLE, panel, panel)
            _scatter(axes, points, labels, names, limit)
            axes.set_title(f"epoch {epoch:,}", pad=3)
            outermost = number + columns >= len(codes)
            axes.tick_params(labelleft=column == 0, labelbottom=outermost)
        if free:
            place = page.axes(
                (columns - 1) * (panel + _GAP), (rows - 1) * (panel + _TITLE + _GAP) + _TITLE, panel, panel
            )
        else:
            place = page.axes(0, page.height - legend, left, legend)
        _legend(place, names, abreast, "center" if free else "lower center")
        axes = page.axes(left + _BETWEEN, _TITLE, width, _HEIGHT)
        show_tiles(axes, tiles)
        axes.set_title("decoded at quantiles of the prior", pad=3)
        _mark_quantiles(axes, side, tiles.shape)
    return figure


class _Page:
    """Axes placed in inches from the upper left corner."""

    def __init__(self, figure: "Figure") -> None:
        self.figure = figure
        self.width, self.height = figure.get_size_inches()

    def axes(self, left: float, top: float, width: float, height: float) -> "Axes":
        bottom = self.height - top - height
        return self.figure.add_axes((left / self.width, bottom / self.height, width / self.width, height / self.height))


def _scatter(
    axes: "Axes", points: NDArray[np.floating], labels: Sequence[str] | None, names: list[str], limit: float
) -> None:
    colours = [_colour(names.index(label), len(names)) for label in labels] if labels else COLOURS[0]
    # As pixels also in an SVG, where thousands of circles would weigh megabytes.
    axes.scatter(points[:, 0], points[:, 1], s=1.6, c=colours, alpha=0.7, linewidths=0, rasterized=True)
    for name in names if all(len(name) <= 2 for name in names) else []:
        across, up = np.median(points[[label == name for label in labels or ()]], axis=0)
        axes.text(across, up, name, size=7, weight="bold", ha="center", va="center", path_effects=_halo())
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    axes.tick_params(length=2, width=0.5, labelsize=6, pad=1.5, color="#808080")
    for spine in axes.spines.values():
        spine.set(linewidth=0.5, color="#808080")


def _halo() -> "list[AbstractPathEffect]":
    """A white rim, by which a letter is read on points of any colour."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=1.5, foreground="white")]


def _legend(axes: "Axes", names: list[str], abreast: int, where: Literal["center", "lower center"]) -> None:
    from matplotlib.lines import Line2D

    axes.set_axis_off()
    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=4, color=_colour(n, len(names)), label=name)
        for n, name in enumerate(names)
    ]
    axes.legend(
        handles=handles,
        loc=where,
        ncols=abreast,
        frameon=False,
        fontsize=7,
        handlelength=1,
        handletextpad=0.2,
        columnspacing=0.8,
        borderaxespad=0,
        borderpad=0,
    )


def _mark_quantiles(axes: "Axes", side: int, shape: tuple[int, ...]) -> None:
    """The coordinates of the outer and middle tiles."""
    steps = _quantiles(side)
    marked = sorted({0, side // 2, side - 1})
    named = [f"{steps[n]:.1f}".replace("-0.0", "0.0").replace("-", "\N{MINUS SIGN}") for n in marked]
    height, width = shape[0] / side, shape[1] / side
    axes.set_xticks([(n + 0.5) * width - 0.5 for n in marked], named)
    axes.set_yticks([(side - n - 0.5) * height - 0.5 for n in marked], named)
    axes.tick_params(length=2, width=0.5, labelsize=6, pad=1.5, color="#808080")


def _quantiles(side: int) -> NDArray[np.float64]:
    return ndtri((np.arange(side) + 0.5) / side)


def _limit(codes: Mapping[int, NDArray[np.floating]]) -> float:
    """Half the side of a square about 0 that shows all codes but the outermost in a thousand, the same for all."""
    return max(2.5, 1.05 * float(np.quantile(np.abs(np.concatenate(list(codes.values()))), 0.999)))


def _colour(number: int, of: int) -> str:
    if of <= len(COLOURS):
        return COLOURS[number]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return to_hex(colormaps["turbo"](number / (of - 1)))


def _in_order(label: str) -> tuple[int, str]:
    """Numbers by their size, then names."""
    return (int(label), "") if label.isdecimal() else (10**9, label)
