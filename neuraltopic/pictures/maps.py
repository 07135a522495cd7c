"""The map of topics, and of documents among them. Axes: D documents, K topics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.pictures.canvas import BLUE, COLOURS, GREY, WIDTH, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = NDArray[np.floating]
_HEIGHT = 6.0
_LARGEST = 14.0  # points, radius of the largest circle; less where there are many
_DOTS_AS_PIXELS = 2_000  # documents beyond which an SVG holds them as one image


def draw_topics(positions: FloatArray, share: FloatArray, names: Sequence[str]) -> "Figure":
    """Topics as circles, areas in proportion to their shares; names where there is room, largest shares first.

    Parameters
    ----------
    positions : (K, 2)
        From `neuraltopic.topics.layout.topic_positions`.
    share : (K,)
    names : K strings
    """
    with style(names):
        figure = new_figure(WIDTH, _HEIGHT)
        axes = _plane(figure, positions)
        radii = _circles(axes, positions, share)
        _place_names(figure, axes, positions, radii, share, names)
    return figure


def draw_documents(
    documents: FloatArray, topics: NDArray[np.integer], positions: FloatArray, share: FloatArray, names: Sequence[str]
) -> "Figure":
    """Documents as dots among the topics; near topics have other colours, which mean no more than that.

    Parameters
    ----------
    documents : (D, 2)
        From `neuraltopic.topics.layout.spread_positions`.
    topics : (D,)
        The topic that each is listed under.
    positions, share, names
        As for `draw_topics`.
    """
    with style(names):
        figure = new_figure(WIDTH, _HEIGHT)
        axes = _plane(figure, np.concatenate([positions, documents]))
        colours = np.array(COLOURS)[neighbour_colours(positions, len(COLOURS))]
        size = float(np.clip(12_000.0 / max(len(documents), 1), 0.9, 9.0))
        axes.scatter(
            documents[:, 0],
            documents[:, 1],
            s=size,
            c=colours[topics],
            alpha=0.5,
            linewidths=0,
            rasterized=len(documents) > _DOTS_AS_PIXELS,
        )
        radii = np.full(len(positions), 2.0)
        axes.scatter(*positions.T, s=14, c="white", edgecolors="black", linewidths=0.8, zorder=3)
        _place_names(figure, axes, positions, radii, share, names, halo=True)
    return figure


def neighbour_colours(positions: FloatArray, n_colours: int) -> NDArray[np.int64]:
    """A number below `n_colours` for each topic, (K,), that none of its nearest earlier topics has."""
    colours = np.full(len(positions), -1)
    for topic, place in enumerate(positions):
        earlier = np.argsort(np.linalg.norm(positions[:topic] - place, axis=1), kind="stable")[: n_colours - 1]
        taken = set(colours[earlier].tolist())
        colours[topic] = next(colour for colour in np.roll(range(n_colours), -topic) if colour not in taken)
    return colours


def _plane(figure: "Figure", points: FloatArray) -> "Axes":
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_aspect("equal")
    middle = (points.max(0) + points.min(0)) / 2
    # A single point needs a plane about it.
    half = max(float(np.ptp(points, axis=0).max()) / 2, 0.5) * 1.16
    axes.set_xlim(middle[0] - half * WIDTH / _HEIGHT, middle[0] + half * WIDTH / _HEIGHT)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    return axes


def _circles(axes: "Axes", positions: FloatArray, share: FloatArray) -> FloatArray:
    """Draw the circles, large ones first; their radii in points, (K,)."""
    widest = min(_LARGEST, 90.0 / np.sqrt(len(share)))
    radii = np.maximum(widest * np.sqrt(share / max(float(share.max()), 1e-12)), 1.5)
    order = np.argsort(-share, kind="stable")
    axes.scatter(
        *positions[order].T,
        s=np.square(2 * radii[order]),
        c=BLUE,
        alpha=0.35,
        linewidths=0,
    )
    axes.scatter(*positions[order].T, s=np.square(2 * radii[order]), c="none", edgecolors=BLUE, linewidths=0.7)
    return np.asarray(radii)


def _place_names(
    figure: "Figure",
    axes: "Axes",
    positions: FloatArray,
    radii: FloatArray,
    share: FloatArray,
    names: Sequence[str],
    *,
    halo: bool = False,
) -> None:
    """Write each name below its circle, above it or beside it, where it touches neither a circle nor a name."""
    from matplotlib.patheffects import withStroke

    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]  # of Agg, as `new_figure` makes it
    scale = figure.dpi / 72.0
    centres = axes.transData.transform(positions)
    reach = radii[:, None] * scale
    taken = np.concatenate([centres - reach, centres + reach], axis=1)  # left, bottom, right, top
    frame = axes.get_window_extent(renderer)
    size = 7.0 if len(names) <= 100 else 5.5
    effects = [withStroke(linewidth=1.8, foreground="white")] if halo else []
    left_out = 0
    for topic in np.argsort(-share, kind="stable").tolist():
        text = axes.text(0, 0, names[topic], fontsize=size, ha="center", va="center", path_effects=effects)
        extent = text.get_window_extent(renderer)
        half = np.array([extent.width, extent.height]) / 2 + scale
        gap = radii[topic] * scale
        steps = np.array([[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]])
        others = np.delete(taken, topic, axis=0)
        for place in centres[topic] + steps * (half + gap):
            box = np.concatenate([place - half, place + half])
            inside = frame.x0 <= box[0] and box[2] <= frame.x1 and frame.y0 <= box[1] and box[3] <= frame.y1
            beside = (box[2] < others[:, 0]) | (others[:, 2] < box[0])
            apart = beside | (box[3] < others[:, 1]) | (others[:, 3] < box[1])
            if inside and apart.all():
                text.set_position(axes.transData.inverted().transform(place))
                taken = np.concatenate([taken, box[None]])
                break
        else:
            text.remove()
            left_out += 1
    if left_out:
        note = f"{left_out} of {len(names)} names left out for want of room"
        axes.text(0.0, 0.0, note, transform=axes.transAxes, fontsize=6, color=GREY, ha="left", va="bottom")
