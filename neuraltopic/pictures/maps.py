"""Map of topics, and of documents among them. Axes: D documents, K topics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.pictures.canvas import BLUE, COLOURS, GREY, WIDTH, line_height, new_figure, shortened, some_of, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

FloatArray = NDArray[np.floating]
_HEIGHT = 6.0
_LARGEST = 14.0  # points, radius of the largest circle; smaller for many topics
# Places of a name around its circle: below, above, beside, at the corners.
_SIDES = np.array([[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]])
_APART = 3.0  # points between a name and the circle of another topic
_GAP = 1.0  # points between a name and its own circle
# How many of the largest topics may have their names farther off with a line, and a line that runs behind circles.
_WITH_LINES, _BEHIND = 50, 20
_DIRECTIONS = np.array([[np.cos(angle), np.sin(angle)] for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False)])
_REACH, _LINE_POINTS = np.arange(8.0, 160.0, 8.0), 24  # points from a circle to a name with a line; points of the line
_MOST_IN_KEY, _KEY_COLUMNS, _KEY_SIZE = 60, 3, 5.5  # names below the map; points of their letters
_DOTS_AS_PIXELS = 2_000  # more documents than this are one image in an SVG


def draw_topics(positions: FloatArray, share: FloatArray, names: Sequence[str]) -> "Figure":
    """Topics as circles with areas proportional to their shares, and their names.

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
    documents: FloatArray,
    topics: NDArray[np.integer],
    positions: FloatArray,
    share: FloatArray,
    names: Sequence[str],
    n_documents: int | None = None,
) -> "Figure":
    """Documents as dots among the topics; colours only separate neighbouring topics.

    Parameters
    ----------
    documents : (D, 2)
        From `neuraltopic.topics.layout.spread_positions`.
    topics : (D,)
        Topic of each document, -1 for none.
    positions, share, names
        As for `draw_topics`.
    n_documents : int, optional
        Number of all documents, D or more.
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
        note = some_of(len(documents), n_documents or len(documents), "documents")
        radii = np.full(len(positions), 2.0)
        axes.scatter(positions[:, 0], positions[:, 1], s=14, c="white", edgecolors="black", linewidths=0.8, zorder=3)
        _place_names(figure, axes, positions, radii, share, names, note)
    return figure


def neighbour_colours(positions: FloatArray, n_colours: int) -> NDArray[np.int64]:
    """Colour number below `n_colours` of each topic, (K,), different from those of its nearest earlier topics."""
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
    # A single point has no extent.
    half = max(float(np.ptp(points, axis=0).max()) / 2, 0.5) * 1.16
    axes.set_xlim(middle[0] - half * WIDTH / _HEIGHT, middle[0] + half * WIDTH / _HEIGHT)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    return axes


def _circles(axes: "Axes", positions: FloatArray, share: FloatArray) -> FloatArray:
    """Draw the circles, large ones first, and return their radii in points, (K,)."""
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
    note: str = "",
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
        _put(axes, text, place, half, room, line)
    in_key = _place_numbers(axes, room, without, names)
    notes = [note] if note else []
    if len(in_key) < len(without):
        notes.append(f"{len(without) - len(in_key)} of {len(names)} names left out for want of room")
    _write_below(figure, axes, [names[topic] for topic in sorted(in_key)], "; ".join(notes))


def _text(axes: "Axes", content: str, size: float) -> tuple["Text", FloatArray]:
    """Create a text at the origin; return it and half of its width and height in dots, (2,)."""
    from matplotlib.patheffects import withStroke

    effects = [withStroke(linewidth=1.8, foreground="white")]
    text = axes.text(0, 0, content, fontsize=size, ha="center", va="center", path_effects=effects)
    extent = text.get_window_extent()
    figure = axes.get_figure()
    assert figure is not None
    return text, np.array([extent.width, extent.height]) / 2 + figure.dpi / 72.0


def _put(
    axes: "Axes", text: "Text", place: FloatArray, half: FloatArray, room: "_Room", line: FloatArray | None = None
) -> None:
    """Move a text to its place, and draw the line to it if there is one."""
    back = axes.transData.inverted()
    room.take_name(place, half)
    text.set_position(tuple(back.transform(place).tolist()))
    if line is not None:
        room.take_line(line)
        axes.plot(*back.transform(line[[0, -1]]).T, color=GREY, linewidth=0.5, zorder=0)


def _place_numbers(axes: "Axes", room: "_Room", topics: Sequence[int], names: Sequence[str]) -> list[int]:
    """Write topic numbers, the first word of the names, in or at the circles; return the topics that have one."""
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
            continue
        _put(axes, text, place, half, room)
        numbered.append(topic)
    return numbered


def _write_below(figure: "Figure", axes: "Axes", names: Sequence[str], note: str) -> None:
    """Enlarge the figure at the bottom, and write the names there in columns and the note below them."""
    if not names and not note:
        return
    rows = -(-len(names) // _KEY_COLUMNS)
    line = _KEY_SIZE / 72.0 * 1.3 * line_height()
    width, before = figure.get_size_inches()
    below = (rows + 0.5 + bool(note)) * line
    after = before + below
    box = axes.get_position(original=True)
    figure.set_size_inches(width, after)
    axes.set_position((box.x0, (box.y0 * before + below) / after, box.width, box.height * before / after))
    room = figure.bbox.width * (0.97 / _KEY_COLUMNS)
    for number, name in enumerate(names):
        column, row = divmod(number, rows)
        across, up = 0.01 + 0.99 * column / _KEY_COLUMNS, (below - row * line) / after
        text = figure.text(across, up, name, fontsize=_KEY_SIZE, ha="left", va="top")
        length = len(name)
        while length > 1 and text.get_window_extent().width > room:
            length -= 1
            text.set_text(shortened(name, length))
    if note:
        figure.text(0.01, (below - rows * line) / after, note, fontsize=_KEY_SIZE, color=GREY, ha="left", va="top")


class _Room:
    """Free space between circles, names and lines, in dots. Boxes are left, bottom, right, top."""

    def __init__(self, centres: FloatArray, radii: FloatArray, frame: FloatArray, scale: float) -> None:
        self._centres, self._frame, self._scale = centres, frame, scale
        self._rims = (radii + _GAP) * scale
        reach = (radii[:, None] + _APART) * scale
        self._circles = np.concatenate([centres - reach, centres + reach], axis=1)
        self._names, self._lines = np.empty((0, 4)), np.empty((0, 4))

    def take_name(self, place: FloatArray, half: FloatArray) -> None:
        """Mark a box with this centre (2,) and half width and height as taken."""
        self._names = np.vstack([self._names, np.concatenate([place - half, place + half])])

    def take_line(self, points: FloatArray) -> None:
        """Mark the points of a line, (n, 2), as taken, each up to the next."""
        half = 3.0 * self._scale
        self._lines = np.vstack([self._lines, np.concatenate([points - half, points + half], axis=1)])

    def at_circle(self, topic: int, half: FloatArray) -> FloatArray | None:
        """Free place for a name at its circle, or None."""
        places = self._centres[topic] + _SIDES * (half + self._rims[topic])
        return next((place for place in places if self._free(place, half, topic)), None)

    def in_circle(self, topic: int, half: FloatArray) -> FloatArray | None:
        """Centre of the circle if a text there touches no other circle and no name, else None; it may cover a line."""
        centre = self._centres[topic]
        nearest = np.clip(self._centres, centre - half, centre + half)
        touched = np.linalg.norm(nearest - self._centres, axis=1) < self._rims
        touched[topic] = False
        free = not touched.any() and _off(self._names, centre, half).all()
        return centre if free else None

    def with_line(
        self, topic: int, half: FloatArray, *, behind: bool
    ) -> tuple[FloatArray, FloatArray] | tuple[None, None]:
        """Nearest free place away from the circle, and points of a free line to it, (n, 2).

        With `behind` the line may cross other circles.
        """
        centre, others = self._centres[topic], np.arange(len(self._rims)) != topic
        for distance in _REACH * self._scale:
            for direction in _DIRECTIONS:
                start = centre + direction * self._rims[topic]
                # Distance of the side or corner of the name that faces the circle.
                place = start + direction * distance + half * direction / np.abs(direction).max()
                if not self._free(place, half, topic):
                    continue
                line = start + np.linspace(0.0, 1.0, _LINE_POINTS)[:, None] * (
                    np.clip(centre, place - half, place + half) - start
                )
                crossed = _distances_to_line(line[0], line[-1], self._centres) <= self._rims
                free = _off(self._written, line[:, None], np.zeros(2)).all()
                if free and (behind or not (crossed & others).any()):
                    return place, line
        return None, None

    @property
    def _written(self) -> FloatArray:
        return np.vstack([self._names, self._lines])

    def _free(self, place: FloatArray, half: FloatArray, topic: int) -> bool:
        """Whether a box at this place is inside the frame and touches no other box, except its own circle."""
        inside = (place - half >= self._frame[:2]).all() and (place + half <= self._frame[2:]).all()
        off_circles = _off(self._circles, place, half)
        off_circles[topic] = True
        return bool(inside and off_circles.all() and _off(self._written, place, half).all())


def _off(boxes: FloatArray, place: FloatArray, half: FloatArray) -> NDArray[np.bool_]:
    """Which of the boxes, (n,), a box at this place does not touch; (m, n) for places (m, 1, 2)."""
    return np.asarray(((place + half < boxes[:, :2]) | (boxes[:, 2:] < place - half)).any(-1))


def _distances_to_line(start: FloatArray, end: FloatArray, points: FloatArray) -> FloatArray:
    """Distances of points (n, 2) from a line segment."""
    along = end - start
    where = np.clip((points - start) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - start - where[:, None] * along, axis=1))
