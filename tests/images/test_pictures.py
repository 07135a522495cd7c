"""Grids and pictures: where each image goes, what colours say, and that the same picture is the same file."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from scipy.stats import norm

from neuraltopic.errors import UsageError
from neuraltopic.images.manifold import COLOURS, draw_manifold, quantile_grid
from neuraltopic.images.tiles import draw_reconstructions, draw_samples, tiled
from neuraltopic.storage.pictures import check_picture, write_picture


def test_the_grid_is_at_quantiles_of_the_prior():
    points = quantile_grid(4).reshape(4, 4, 2)
    steps = norm.ppf([0.125, 0.375, 0.625, 0.875])
    np.testing.assert_allclose(points[0, :, 0], steps)  # to the right
    np.testing.assert_allclose(points[:, 0, 1], steps[::-1])  # the first row is the uppermost
    np.testing.assert_allclose(points[2, 3], [steps[3], steps[1]])
    assert quantile_grid(3)[4].tolist() == [0.0, 0.0]


def test_tiles_stand_row_by_row():
    images = np.arange(5.0).reshape(5, 1, 1).repeat(2, 1).repeat(2, 2) / 10
    page = tiled(images, 3)
    assert page.shape == (4, 6)
    assert page[::2, ::2].tolist() == [[0.0, 0.1, 0.2], [0.3, 0.4, 1.0]]  # white where none is left
    page = tiled(images, 3, gap=1)
    assert page.shape == (5, 8)
    assert page[:, 2].tolist() == [1.0] * 5
    assert page[0, 3] == 0.1


def shown(figure, tmp_path, name="a.png"):
    write_picture(figure, tmp_path / name)
    return np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int)


def test_samples_stand_in_a_square(tmp_path):
    images = np.zeros((4, 8, 8), np.float32)
    images[1] = 0.6
    page = shown(draw_samples(images), tmp_path)[..., 0]
    height, width = page.shape
    corners = [page[height // 4, width // 4], page[height // 4, 3 * width // 4], page[3 * height // 4, width // 4]]
    assert corners == [0, 153, 0]
    assert width > 1000  # 3.5 inches at 300 dots


def test_reconstructions_stand_below_their_images(tmp_path):
    images = np.zeros((8, 14, 14))
    made = np.full_like(images, 0.4)
    (axes,) = draw_reconstructions(images, made).axes
    page = np.asarray(axes.images[0].get_array())
    # Two pairs of rows of four, one pixel between images and three between pairs.
    assert page.shape == (4 * 14 + 2 * 1 + 3, 4 * 14 + 3)
    assert page[[0, 14, 15, 29, 30, 31, 32, 47], 0].tolist() == [0.0, 1.0, 0.4, 1.0, 1.0, 1.0, 0.0, 0.4]


def panels(figure):
    return [axes for axes in figure.axes if axes.collections]


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 4, 5])
def test_the_manifold_has_a_panel_an_epoch(n_epochs):
    codes = {10**e: np.random.default_rng(e).normal(size=(20, 2)) for e in range(n_epochs)}
    labels = [str(n % 10) for n in range(20)]
    figure = draw_manifold(codes, labels, np.zeros((9, 4, 4)))
    drawn = panels(figure)
    assert [axes.get_title() for axes in drawn] == [f"epoch {epoch:,}" for epoch in codes]
    for axes, points in zip(drawn, codes.values(), strict=True):
        np.testing.assert_allclose(axes.collections[0].get_offsets(), points)
        assert axes.get_xlim() == drawn[0].get_xlim() == tuple(-x for x in axes.get_ylim()[::-1])
    (legend,) = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    assert [text.get_text() for text in legend.get_texts()] == [str(n) for n in range(10)]
    # Nothing stands on anything else, letters included.
    FigureCanvasAgg(figure).draw()
    (grid,) = [axes.get_tightbbox() for axes in figure.axes if axes.images]
    boxes = [axes.get_tightbbox() for axes in drawn] + [legend.get_window_extent()]
    assert not any(box.overlaps(grid) for box in boxes)
    assert not any(box.overlaps(boxes[-1]) for box in boxes[:-1])


def test_a_label_keeps_its_colour():
    from matplotlib.colors import to_hex

    labels = ["b", "a", "10", "9"]
    (axes, *_) = panels(draw_manifold({1: np.zeros((4, 2))}, labels, np.zeros((4, 3, 3))))
    colours = [to_hex(colour) for colour in axes.collections[0].get_facecolors()]
    assert colours == [COLOURS[3], COLOURS[2], COLOURS[1], COLOURS[0]]  # 9, 10, a, b
    assert len(set(COLOURS)) == 10


def test_many_labels_and_none():
    many = [f"class {n}" for n in range(30)]
    figure = draw_manifold({1: np.zeros((30, 2))}, many, np.zeros((4, 3, 3)))
    assert len({tuple(colour) for colour in panels(figure)[0].collections[0].get_facecolors()}) == 30
    figure = draw_manifold({1: np.zeros((5, 2))}, None, np.zeros((4, 3, 3)))
    assert not [axes for axes in figure.axes if axes.get_legend() and axes.get_legend().get_texts()]


def test_the_axes_of_the_grid_say_the_coordinates():
    figure = draw_manifold({1: np.zeros((5, 2))}, None, np.zeros((9, 4, 4)))
    (grid,) = [axes for axes in figure.axes if axes.images]
    assert [text.get_text() for text in grid.get_xticklabels()] == ["−1.0", "0.0", "1.0"]
    assert grid.get_yticks().tolist() == [9.5, 5.5, 1.5]  # the largest above


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_picture_is_the_same_file(tmp_path, suffix):
    for name in "ab":
        codes = {1: np.random.default_rng(0).normal(size=(20, 2))}
        write_picture(draw_manifold(codes, ["0", "1"] * 10, np.zeros((4, 3, 3))), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_pictures_leave_the_settings_of_matplotlib_alone(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    write_picture(draw_samples(np.zeros((1, 4, 4))), tmp_path / "a.svg")
    assert dict(matplotlib.rcParams) == before


def test_where_a_picture_may_not_be_written(tmp_path):
    def refused(name, force=False):
        with pytest.raises(UsageError) as raised:
            check_picture(tmp_path / name, force=force)
        return str(raised.value)

    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").mkdir()
    assert "got '.bmp'. Try a.png" in refused("a.bmp")
    assert "got no suffix" in refused("picture")
    assert "no folder" in refused("gone/a.png")
    assert "got a file" in refused("a.png")
    assert "something that is no file" in refused("b.png", force=True)
    check_picture(tmp_path / "a.png", force=True)
    check_picture(tmp_path / "A.SVG", force=False)
