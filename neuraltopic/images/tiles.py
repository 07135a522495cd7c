"""Grids of images: samples of a model, and images above their reconstructions.

Axes: N images, H rows and W columns of pixels.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuraltopic.storage.pictures import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 3.5  # inches, a column of a page
_WHITE = 1.0


def tiled(images: NDArray[np.floating], columns: int, gap: int = 0) -> NDArray[np.floating]:
    """Images in rows, with white between and after them.

    Parameters
    ----------
    images : array of shape (N, H, W)
    columns : int
    gap : int
        Pixels between two images.
    """
    n, height, width = images.shape
    rows = math.ceil(n / columns)
    page = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), _WHITE, images.dtype)
    for number, image in enumerate(images):
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        page[top : top + height, left : left + width] = image
    return page


def draw_samples(images: NDArray[np.floating]) -> "Figure":
    """Images in a square, or as near to one as their number allows; (N, H, W) in [0, 1]."""
    return _draw(tiled(images, math.ceil(math.sqrt(len(images))), gap=_gap(images)))


def draw_reconstructions(images: NDArray[np.floating], reconstructed: NDArray[np.floating]) -> "Figure":
    """Rows of images, each above a row of their reconstructions; both (N, H, W) in [0, 1]."""
    n = len(images)
    pairs = math.ceil(math.sqrt(n / 2))
    columns = math.ceil(n / pairs)
    gap = _gap(images)
    rows = []
    for start in range(0, n, columns):
        rows += [tiled(part[start : start + columns], columns, gap) for part in (images, reconstructed)]
    height, width = rows[0].shape
    page = np.full((len(rows) // 2 * (2 * height + 4 * gap) - 3 * gap, width), _WHITE, images.dtype)
    for number, row in enumerate(rows):
        top = number // 2 * (2 * height + 4 * gap) + number % 2 * (height + gap)
        page[top : top + height] = row
    return _draw(page)


def show_tiles(axes: "Axes", page: NDArray[np.floating]) -> None:
    """Show grey levels, 0 black and 1 white, without a frame."""
    axes.imshow(page, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest", aspect="auto")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _gap(images: NDArray[np.floating]) -> int:
    return max(1, images.shape[1] // 14)


def _draw(page: NDArray[np.floating]) -> "Figure":
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, _WIDTH * page.shape[0] / page.shape[1]))
        show_tiles(figure.add_axes((0, 0, 1, 1)), page)
    return figure
