"""The map of topics, and of documents among them. Axes: D documents, K topics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.pictures.canvas import BLUE, COLOURS, GREY, WIDTH, line_height, new_figure, shortened, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

FloatArray = NDArray[np.floating]
_HEIGHT = 6.0
_LARGEST = 14.0  # points, radius of the largest circle; less where there are many
# Where a name stands about its circle: below, above, beside, at the corners.
_SIDES = np.array([[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]])
_APART = 3.0  # points between a name and the circle of another topic, whose name it could be taken for
_GAP = 1.0  # points between a name and its own circle
# Of the topics with the largest shares: names that have no room at their circle stand where there is some, with a line.
_WITH_LINES, _BEHIND = 50, 20  # and the first of them, whose lines may run behind circles
_DIRECTIONS = np.array([[np.cos(angle), np.sin(angle)] for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False)])
_REACH, _LINE_POINTS = np.arange(8.0, 160.0, 8.0), 24  # points from a circle to a name with a line; points of the line
_MOST_IN_KEY, _KEY_COLUMNS, _KEY_SIZE = 60, 3, 5.5  # names below the map; points of their letters
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
    """Write each name below its circle, above it or beside it, where it touches neither a circle nor another name.

    Names of large topics that have no such place are written farther off, with a line that crosses no name; the lines
    of the largest topics may run behind circles. Of other topics the map has the number, and the key below it the name.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    assert isinstance(figure.canvas, FigureCanvasAgg)  # as `new_figure` makes it
    scale, window = figure.dpi / 72.0, axes.get_window_extent(figure.canvas.get_renderer())
    room = _Room(axes.transData.transform(positions), radii, np.asarray(window.extents), scale)
    size = 7.0 if len(names) <= 100 else 5.5
    without = list[int]()
    for rank, topic in enumerate(np.argsort(-share, kind="stable").tolist()):
        text, half = _text(axes, names[topic], size)
        place, line = room.at_circle(topic, half), None
        for behind in (False, True)[: (rank < _WITH_LINES) + (rank < _BEHIND)]:
            if place is None:
                place, line = room.with_line(topic, half, behind=behind)
        if place is None:
            text.remove()
            without.append(topic)
            continue
        _put(axes, text, place, half, room)
        if line is not None:
            room.take(line, np.full(2, 3.0 * scale))  # each point up to the next
            axes.plot(*axes.transData.inverted().transform(line[[0, -1]]).T, color=GREY, linewidth=0.5, zorder=0)
    in_key = _place_numbers(axes, room, without, names)
    if len(in_key) < len(without):
        note = f"{len(without) - len(in_key)} of {len(names)} names left out for want of room"
        axes.text(0.0, 0.0, note, transform=axes.transAxes, fontsize=6, color=GREY, ha="left", va="bottom")
    if in_key:
        _write_key(figure, axes, [names[topic] for topic in sorted(in_key)])


def _text(axes: "Axes", content: str, size: float) -> tuple["Text", FloatArray]:
    """A text without a place yet, and half of its width and height in dots, (2,)."""
    from matplotlib.patheffects import withStroke

    effects = [withStroke(linewidth=1.8, foreground="white")]
    text = axes.text(0, 0, content, fontsize=size, ha="center", va="center", path_effects=effects)
    extent = text.get_window_extent()
    figure = axes.get_figure()
    assert figure is not None
    return text, np.array([extent.width, extent.height]) / 2 + figure.dpi / 72.0


def _put(axes: "Axes", text: "Text", place: FloatArray, half: FloatArray, room: "_Room") -> None:
    room.take(place[None], half)
    text.set_position(tuple(axes.transData.inverted().transform(place).tolist()))


def _place_numbers(axes: "Axes", room: "_Room", topics: Sequence[int], names: Sequence[str]) -> list[int]:
    """Write the numbers of topics, with which their names begin, in or at their circles; the topics that have one."""
    numbered = list[int]()
    for topic in topics:
        if len(numbered) == _MOST_IN_KEY:
            break
        text, half = _text(axes, names[topic].partition(" ")[0], _KEY_SIZE)
        place = room.in_circle(topic, half)
        if place is None:
            place = room.at_circle(topic, half)
        if place is None:
            text.remove()
        else:
            _put(axes, text, place, half, room)
            numbered.append(topic)
    return numbered


def _write_key(figure: "Figure", axes: "Axes", names: Sequence[str]) -> None:
    """Add room below the map, and write the names into it in columns."""
    rows = -(-len(names) // _KEY_COLUMNS)
    line = _KEY_SIZE / 72.0 * 1.3 * line_height()
    width, before = figure.get_size_inches()
    below = (rows + 0.5) * line
    box = axes.get_position(original=True)
    figure.set_size_inches(width, before + below)
    axes.set_position(
        (box.x0, (box.y0 * before + below) / (before + below), box.width, box.height * before / (before + below))
    )
    room = figure.bbox.width * (0.97 / _KEY_COLUMNS)
    for number, name in enumerate(names):
        column, row = divmod(number, rows)
        across, up = 0.01 + 0.99 * column / _KEY_COLUMNS, (below - row * line) / (before + below)
        text = figure.text(across, up, name, fontsize=_KEY_SIZE, ha="left", va="top")
        length = len(name)
        while length > 1 and text.get_window_extent().width > room:
            length -= 1
            text.set_text(shortened(name, length))


class _Room:
    """What is free of circles, names and lines, in dots. Boxes are left, bottom, right, top."""

    def __init__(self, centres: FloatArray, radii: FloatArray, frame: FloatArray, scale: float) -> None:
        self._centres, self._frame, self._scale = centres, frame, scale
        self._rims = (radii + _GAP) * scale
        reach = (radii[:, None] + _APART) * scale
        self._circles = np.concatenate([centres - reach, centres + reach], axis=1)
        self._written = np.empty((0, 4))

    def take(self, places: FloatArray, half: FloatArray) -> None:
        """Let boxes of this half width and height, about these places (n, 2), be free no more."""
        self._written = np.concatenate([self._written, np.concatenate([places - half, places + half], axis=1)])

    def at_circle(self, topic: int, half: FloatArray) -> FloatArray | None:
        """A free place for a name at its circle; None for none."""
        places = self._centres[topic] + _SIDES * (half + self._rims[topic])
        return next((place for place in places if self._free(place, half, topic)), None)

    def in_circle(self, topic: int, half: FloatArray) -> FloatArray | None:
        """The centre of the circle where the circle is as large as a text and no name is written there; else None."""
        centre = self._centres[topic]
        free = np.linalg.norm(half) <= self._rims[topic] and _off(self._written, centre, half).all()
        return centre if free else None

    def with_line(
        self, topic: int, half: FloatArray, *, behind: bool
    ) -> tuple[FloatArray, FloatArray] | tuple[None, None]:
        """The nearest free place off the circle, and points of the line to it, (n, 2), that are free too.

        With `behind` a line may cross other circles.
        """
        centre, others = self._centres[topic], np.arange(len(self._rims)) != topic
        for distance in _REACH * self._scale:
            for direction in _DIRECTIONS:
                start = centre + direction * self._rims[topic]
                # The side or corner of the name that faces the circle is at this distance.
                place = start + direction * distance + half * direction / np.abs(direction).max()
                if not self._free(place, half, topic):
                    continue
                line = start + np.linspace(0.0, 1.0, _LINE_POINTS)[:, None] * (
                    np.clip(centre, place - half, place + half) - start
                )
                crossed = _distances_to_line(line[0], line[-1], self._centres) <= self._rims
                off_names = _off(self._written, line[:, None], np.zeros(2)).all()
                if off_names and (behind or not (crossed & others).any()):
                    return place, line
        return None, None

    def _free(self, place: FloatArray, half: FloatArray, topic: int) -> bool:
        """Whether a box about this place is inside and touches no other, but for its own circle's."""
        inside = (place - half >= self._frame[:2]).all() and (place + half <= self._frame[2:]).all()
        off_circles = _off(self._circles, place, half)
        off_circles[topic] = True
        return bool(inside and off_circles.all() and _off(self._written, place, half).all())


def _off(boxes: FloatArray, place: FloatArray, half: FloatArray) -> NDArray[np.bool_]:
    """Which of the boxes, (n,), a box of this half width and height does not touch; of places (m, 1, 2), (m, n)."""
    return np.asarray(((place + half < boxes[:, :2]) | (boxes[:, 2:] < place - half)).any(-1))


def _distances_to_line(start: FloatArray, end: FloatArray, points: FloatArray) -> FloatArray:
    """How far the points, (n, 2), are from the line between two others."""
    along = end - start
    where = np.clip((points - start) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - start - where[:, None] * along, axis=1))
