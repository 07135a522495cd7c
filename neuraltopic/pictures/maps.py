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
# Where a name stands about its circle: below, above, beside, at the corners.
_SIDES = np.array([[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]])
_APART = 3.0  # points between a name and the circle of another topic, whose name it could be taken for
_NAMED_OVER_OTHERS = 25  # topics of large shares whose names may cover circles of smaller ones
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
        The topic that each is assigned to, -1 for none.
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
            c=np.where(topics >= 0, colours[topics], GREY),
            alpha=0.5,
            linewidths=0,
            rasterized=len(documents) > _DOTS_AS_PIXELS,
        )
        radii = np.full(len(positions), 2.0)
        axes.scatter(positions[:, 0], positions[:, 1], s=14, c="white", edgecolors="black", linewidths=0.8, zorder=3)
        _place_names(figure, axes, positions, radii, share, names)
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
    across, up, areas = positions[order, 0], positions[order, 1], np.square(2 * radii[order])
    axes.scatter(across, up, s=areas, c=BLUE, alpha=0.35, linewidths=0)
    axes.scatter(across, up, s=areas, c="none", edgecolors=BLUE, linewidths=0.7)
    return np.asarray(radii)


def _place_names(
    figure: "Figure",
    axes: "Axes",
    positions: FloatArray,
    radii: FloatArray,
    share: FloatArray,
    names: Sequence[str],
) -> None:
    """Write each name below its circle, above it or beside it, where it touches neither a circle nor a name."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.patheffects import withStroke

    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    assert isinstance(figure.canvas, FigureCanvasAgg)  # as `new_figure` makes it
    renderer = figure.canvas.get_renderer()
    scale = figure.dpi / 72.0
    centres = axes.transData.transform(positions)
    reach = (radii[:, None] + _APART) * scale
    taken = np.concatenate([centres - reach, centres + reach], axis=1)  # left, bottom, right, top
    window = axes.get_window_extent(renderer)
    frame = (window.x0, window.y0, window.x1, window.y1)
    size = 7.0 if len(names) <= 100 else 5.5
    effects = [withStroke(linewidth=1.8, foreground="white")]
    left_out = 0
    order = np.argsort(-share, kind="stable")
    for rank, topic in enumerate(order.tolist()):
        text = axes.text(0, 0, names[topic], fontsize=size, ha="center", va="center", path_effects=effects)
        extent = text.get_window_extent(renderer)
        half = np.array([extent.width, extent.height]) / 2 + scale
        places = centres[topic] + _SIDES * (half + radii[topic] * scale)
        place = _free(places, half, np.delete(taken, topic, axis=0), frame)
        if place is None and rank < _NAMED_OVER_OTHERS:
            # Over smaller circles then, but over no larger one and over no name.
            kept = np.concatenate([taken[order[:rank]], taken[len(names) :]])
            place = _free(places, half, kept, frame)
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})  # no rim of a circle between letters
        if place is None:
            text.remove()
            left_out += 1
        else:
            text.set_position(tuple(axes.transData.inverted().transform(place).tolist()))
            taken = np.concatenate([taken, [[*(place - half), *(place + half)]]])
    if left_out:
        note = f"{left_out} of {len(names)} names left out for want of room"
        axes.text(0.0, 0.0, note, transform=axes.transAxes, fontsize=6, color=GREY, ha="left", va="bottom")


def _free(places: FloatArray, half: FloatArray, taken: FloatArray, frame: tuple[float, ...]) -> FloatArray | None:
    """The first place about which a box of this half width and height touches no box that is taken; None for none."""
    for place in places:
        (left, bottom), (right, top) = (place - half).tolist(), (place + half).tolist()
        inside = frame[0] <= left and right <= frame[2] and frame[1] <= bottom and top <= frame[3]
        beside = (right < taken[:, 0]) | (taken[:, 2] < left) | (top < taken[:, 1]) | (taken[:, 3] < bottom)
        if inside and beside.all():
            return np.asarray(place)
    return None
