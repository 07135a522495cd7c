"""Pictures are read back: what is drawn where, and that no label touches another."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

from neuraltopic.errors import NeuralTopicWarning
from neuraltopic.pictures.canvas import fonts_for, shortened_name
from neuraltopic.pictures.curves import draw_over_time, draw_per_class, draw_training
from neuraltopic.pictures.maps import draw_documents, draw_topics, neighbour_colours
from neuraltopic.pictures.similarity import draw_heatmap, draw_hierarchy
from neuraltopic.pictures.words import draw_barchart, draw_term_rank
from neuraltopic.storage.pictures import write_picture
from neuraltopic.topics.hierarchy import topic_tree

KS = [1, 2, 50, 500]


def topics(K, seed=0):
    """Positions, shares and names."""
    generator = np.random.default_rng(seed)
    positions = generator.uniform(-1, 1, (K, 2)) if K > 1 else np.zeros((1, 2))
    return positions, generator.dirichlet(np.full(K, 0.5)), [f"{k} words · of · topic" for k in range(K)]


def boxes(figure, texts):
    """Extents of texts that are drawn, in dots."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in texts if text.get_visible() and text.get_text()]


def overlaps(extents) -> int:
    """How many pairs of boxes overlap by more than a rounding error."""
    return sum(
        min(a.x1, b.x1) - max(a.x0, b.x0) > 0.5 and min(a.y1, b.y1) - max(a.y0, b.y0) > 0.5
        for a, b in itertools.combinations(extents, 2)
    )


def numbers_and_key(figure, names):
    """Topics whose number is on the map, and those whose name is below it."""
    numbers = {text.get_text() for text in figure.axes[0].texts if text.get_text().isdigit()}
    return numbers, {text.get_text().partition(" ")[0] for text in figure.texts if text.get_text() in names}


@pytest.mark.parametrize("K", KS)
def test_names_on_a_map_touch_no_other_and_none_is_lost_in_silence(K):
    positions, share, names = topics(K)
    figure = draw_topics(positions, share, names)
    (axes,) = figure.axes
    drawn = [text for text in axes.texts if text.get_text() in names]
    numbers, key = numbers_and_key(figure, names)
    assert numbers == key
    left_out = [text.get_text() for text in figure.texts if "left out" in text.get_text()]
    without = K - len(drawn) - len(key)
    assert left_out == ([f"{without} of {K} names left out for want of room"] if without else [])
    on_map = [text for text in axes.texts if text.get_text() in [*names, *numbers]]
    assert overlaps(boxes(figure, on_map)) == 0
    assert overlaps(boxes(figure, [*figure.texts, *axes.texts])) == 0
    for box in boxes(figure, [*figure.texts, *axes.texts]):
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
    assert len(drawn) >= min(K, 20)
    # The largest has its name.
    assert names[int(share.argmax())] in [text.get_text() for text in drawn]


def test_a_name_without_room_is_in_the_key_and_its_number_on_the_map():
    positions, share, names = clustered(50)
    long = [f"{name} and five more words" for name in names]
    figure = draw_topics(positions, share, long)
    drawn = {text.get_text().partition(" ")[0] for text in figure.axes[0].texts if text.get_text() in long}
    numbers, key = numbers_and_key(figure, long)
    assert numbers == key
    assert len(key) >= 5
    assert not drawn & key
    assert drawn | key == {str(topic) for topic in range(50)}
    # Each in its circle or nearer to it than to any other.
    centres, _ = circles_in_dots(figure)
    by_size = np.argsort(-share, kind="stable")
    for text in figure.axes[0].texts:
        if text.get_text() in numbers:
            place = figure.axes[0].transData.transform(text.get_position())
            assert str(by_size[np.linalg.norm(centres - place, axis=1).argmin()]) == text.get_text()


def clustered(K):
    """Positions in four crowded places, as topics of few subjects have, of which no two hide one another."""
    _, share, names = topics(K)
    side = int(np.ceil(np.sqrt(K / 4)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) - (side - 1) / 2
    places = np.array([[-0.6, -0.5], [0.5, -0.6], [0.6, 0.6], [-0.5, 0.5]])
    positions = places[np.arange(K) % 4] + 0.8 / np.sqrt(K) * grid[np.arange(K) // 4]
    return positions, share, names


def circles_in_dots(figure):
    """Centres and radii of the circles that are drawn."""
    figure.draw_without_rendering()
    axes, scale = figure.axes[0], figure.dpi / 72
    circles = axes.collections[0]
    return axes.transData.transform(circles.get_offsets()), np.sqrt(circles.get_sizes()) / 2 * scale


@pytest.mark.parametrize("K", [50, 200])
def test_names_and_their_lines_cover_no_circle(K):
    positions, share, names = clustered(K)
    figure = draw_topics(positions, share, names)
    (axes,) = figure.axes
    centres, radii = circles_in_dots(figure)
    drawn = [text for text in axes.texts if text.get_text() in names]
    extents = boxes(figure, drawn)
    assert overlaps(extents) == 0
    for box in extents:
        nearest = np.clip(centres, [box.x0, box.y0], [box.x1, box.y1])
        assert (np.linalg.norm(nearest - centres, axis=1) >= radii).all()
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
    assert len(axes.lines) > 5
    crossing = 0
    for line in axes.lines:
        start, end = axes.transData.transform(line.get_xydata())
        points = start + np.linspace(0, 1, 200)[:, None] * (end - start)
        for box in extents:
            assert not ((points[:-1] > [box.x0, box.y0]) & (points[:-1] < [box.x1, box.y1])).all(1).any()
        away = np.linalg.norm(points[:, None] - centres, axis=2) - radii
        crossing += np.delete(away, away[0].argmin(), axis=1).min() < 0
    assert crossing <= 20  # of the largest, that start in the middle of a crowd
    largest = np.argsort(-share)[:30]
    assert {names[topic] for topic in largest[: 30 if K == 50 else 20]} <= {text.get_text() for text in drawn}


def test_circles_have_areas_in_proportion_to_shares():
    share = np.array([0.4, 0.1, 0.5])
    figure = draw_topics(np.array([[0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]]), share, ["a", "b", "c"])
    circles = figure.axes[0].collections[0]
    by_place = dict(zip(map(tuple, circles.get_offsets()), circles.get_sizes(), strict=True))
    sizes = np.array([by_place[0.0, 1.0], by_place[1.0, 0.0], by_place[-1.0, 0.0]])
    np.testing.assert_allclose(sizes / sizes.sum(), share, rtol=1e-6)


def test_documents_have_the_colours_of_their_topics():
    positions, share, names = topics(4)
    documents = np.repeat(positions, 3, axis=0)
    of = np.repeat(np.arange(4), 3)
    dots = draw_documents(documents, of, positions, share, names).axes[0].collections[0]
    colours = [tuple(colour) for colour in dots.get_facecolors()]
    assert len(set(colours)) == 4
    for topic in range(4):
        assert len({colour for colour, own in zip(colours, of, strict=True) if own == topic}) == 1


def test_some_of_many_documents_say_how_many_there_are():
    positions, share, names = topics(4)
    for n, said in ((3_000, ["4 of 3,000 documents"]), (4, []), (None, [])):
        figure = draw_documents(positions, np.arange(4), positions, share, names, n)
        assert [text.get_text() for text in figure.texts] == said


@pytest.mark.parametrize("K", KS)
def test_near_topics_have_other_colours(K):
    positions, _, _ = topics(K)
    colours = neighbour_colours(positions, 7)
    assert set(colours) <= set(range(7))
    for topic in range(1, K):
        nearest = int(np.linalg.norm(positions[:topic] - positions[topic], axis=1).argmin())
        assert colours[topic] != colours[nearest]


@pytest.mark.parametrize("K", KS)
def test_a_heatmap_shows_every_pair_and_names_that_fit(K):
    generator = np.random.default_rng(1)
    similarity = np.corrcoef(generator.normal(size=(K, 30))).reshape(K, K)
    order = generator.permutation(K)
    names = topics(K)[2]
    figure = draw_heatmap(similarity, order, names)
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), similarity[order][:, order])
    labels = axes.get_yticklabels()
    assert [label.get_text() for label in labels] == ([names[topic] for topic in order] if K <= 50 else [])
    assert overlaps(boxes(figure, labels)) == 0


@pytest.mark.parametrize("K", KS)
def test_a_tree_has_a_leaf_for_each_topic_or_says_how_many_a_branch_has(K):
    points = np.random.default_rng(2).normal(size=(K, 4))
    tree = topic_tree(np.linalg.norm(points[:, None] - points, axis=2))
    figure = draw_hierarchy(tree, topics(K)[2])
    (axes,) = figure.axes
    labels = axes.get_yticklabels()
    assert len(labels) == min(K, 120)
    assert overlaps(boxes(figure, labels)) == 0
    more = [int(label.get_text().split(" and ")[1].split()[0]) for label in labels if " and " in label.get_text()]
    assert len(labels) + sum(more) == K
    joins = sorted(max(x for x, _ in path) for path in axes.collections[0].get_segments())
    if K > 1:
        np.testing.assert_allclose(joins, np.sort(tree[-(len(labels) - 1) :, 2]))


@pytest.mark.parametrize("n", [1, 2, 12])
def test_bars_are_probabilities(n):
    words = [[f"word{k}-{i}" for i in range(10)] for k in range(n)]
    values = np.random.default_rng(3).uniform(0.001, 0.1, (n, 10))
    figure = draw_barchart([f"topic {k}" for k in range(n)], words, values.tolist())
    extents = iter(boxes(figure, [label for axes in figure.axes for label in labels_of(axes)]))
    for k, axes in enumerate(figure.axes):
        assert [label.get_text() for label in axes.get_yticklabels()] == words[k]
        np.testing.assert_allclose([bar.get_width() for bar in axes.patches], 1000 * values[k])
        own = [label for label in labels_of(axes) if label.get_visible() and label.get_text()]
        assert overlaps(list(itertools.islice(extents, len(own)))) == 0


def labels_of(axes):
    return [*axes.get_yticklabels(), *axes.get_xticklabels()]


def test_term_ranks_are_sorted_probabilities_and_their_median():
    log_p = np.log(np.random.default_rng(4).dirichlet(np.ones(30), size=5))
    axes = draw_term_rank(log_p, 20).axes[0]
    ranked = -np.sort(-np.exp(log_p), axis=1)[:, :20]
    for line, expected in zip(axes.lines, [*ranked, np.median(ranked, axis=0)], strict=False):
        np.testing.assert_allclose(line.get_ydata(), expected)


def test_a_training_curve_is_the_history():
    history = [{"epoch": e, "train_bound": -100.0 + e, "held_out_bound": -90.0 + e} for e in (1, 2, 3)]
    axes = draw_training(history, 2).axes[0]
    assert list(axes.lines[0].get_ydata()) == [-99.0, -98.0, -97.0]
    assert list(axes.lines[1].get_ydata()) == [-89.0, -88.0, -87.0]
    assert list(axes.lines[2].get_xdata()) == [2, 2]


def test_shares_over_time_with_their_intervals_and_gaps():
    table = pd.DataFrame({"topic": [0, 0, 0, 1], "period": ["a", "b", "c", "b"], "share": [0.1, 0.2, 0.3, 0.5]}).assign(
        low=lambda t: t["share"] - 0.05, high=lambda t: t["share"] + 0.05
    )
    figure = draw_over_time(table, [1, 0], ["one", "zero"])
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), [10.0, 20.0, 30.0])
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [np.nan, 50.0, np.nan])
    vertices = figure.axes[1].collections[0].get_paths()[0].vertices
    assert vertices[:, 1].min() == pytest.approx(5.0)
    assert vertices[:, 1].max() == pytest.approx(35.0)


def texts_of_panels(figure):
    """Titles, labels of the ticks that are drawn, and labels of the figure."""
    figure.draw_without_rendering()
    found = list(filter(None, (figure._supxlabel, figure._supylabel)))
    for axes in figure.axes:
        found.append(axes._left_title)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            found += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return found


def assert_apart_and_inside(figure):
    extents = boxes(figure, texts_of_panels(figure))
    assert overlaps(extents) == 0
    for box in extents:
        assert figure.bbox.x0 - 1 <= box.x0 <= box.x1 <= figure.bbox.x1 + 1
        assert figure.bbox.y0 - 1 <= box.y0 <= box.y1 <= figure.bbox.y1 + 1


LONG = [f"{k} administration · responsibilities…" for k in range(6)]


@pytest.mark.parametrize(("freq", "n"), [("YS", 1), ("YS", 11), ("MS", 132), ("D", 400)])
def test_names_and_dates_of_panels_are_apart(freq, n):
    periods = [str(day.date()) for day in pd.date_range("2012-01-01", periods=n, freq=freq)]
    table = pd.DataFrame([{"topic": k, "period": p, "share": 0.1 * (k + 1) / 6} for k in range(6) for p in periods])
    figure = draw_over_time(table, range(6), LONG)
    assert_apart_and_inside(figure)
    for axes, name in zip(figure.axes, LONG, strict=True):
        assert axes.get_title(loc="left").replace("\n", " · ") == name
        shown = [label.get_text() for label in axes.get_xticklabels()]
        assert len(shown) >= min(n, 2)
        assert {len(text) for text in shown} == {{"YS": 4, "MS": 7, "D": 10}[freq]}


def test_names_and_classes_of_panels_are_apart():
    classes = [f"comp.sys.hardware.of.class{i}" for i in range(12)]
    table = pd.DataFrame([{"topic": k, "class": c, "share": 0.05} for k in range(6) for c in classes])
    figure = draw_per_class(table, range(6), LONG)
    assert_apart_and_inside(figure)
    assert figure.axes[0].get_yticklabels()[0].get_text() == "comp.sys.hardware.of.cl…"


def test_a_word_that_is_wider_than_its_panel_is_cut():
    table = pd.DataFrame([{"topic": k, "period": 2000 + p, "share": 0.1} for k in range(3) for p in range(3)])
    figure = draw_over_time(table, range(3), ["W" * 36, "one · " + "M" * 30, "short"])
    assert_apart_and_inside(figure)
    first, second, third = [axes.get_title(loc="left") for axes in figure.axes]
    assert first.endswith("…")
    assert second.startswith("one\nM")
    assert third == "short"


def test_shares_by_class_are_the_largest_first():
    table = pd.DataFrame({"topic": 0, "class": [f"c{i}" for i in range(20)], "share": np.arange(20) / 200})
    (axes,) = draw_per_class(table, [0], ["zero"]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"c{i}" for i in range(19, 7, -1)]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], np.arange(19, 7, -1) / 2)


def test_a_picture_of_some_topics_or_classes_says_of_how_many():
    table = pd.DataFrame([{"topic": k, "class": c, "period": c, "share": 0.1} for k in range(5) for c in range(20)])
    few = table[table["class"] < 12]
    with_bounds = table.assign(low=0.05, high=0.15)
    assert draw_per_class(with_bounds, [0, 3], ["zero", "three"])._supxlabel.get_text() == (
        "share of the topic, %, and 95 % interval; 2 of 5 topics; 12 of 20 classes"
    )
    assert draw_over_time(with_bounds, [1], ["one"])._supylabel.get_text().endswith("%, and 95 % interval")
    assert draw_per_class(few, range(5), LONG[:5])._supxlabel.get_text() == "share of the topic, %"
    assert draw_over_time(table, [1], ["one"])._supxlabel.get_text() == "1 of 5 topics"
    assert draw_over_time(table, range(5), LONG[:5])._supxlabel is None
    words, values = [["a", "b"]] * 2, [[0.2, 0.1]] * 2
    assert draw_barchart(["0", "1"], words, values, 1_500)._supxlabel.get_text().endswith("mille; 2 of 1,500 topics")
    assert draw_barchart(["0", "1"], words, values, 2)._supxlabel.get_text().endswith("per mille")


def test_letters_that_no_font_has_are_told(monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fonts_for(["plain words", "ένα", "слово"]) == ["DejaVu Sans"]
    monkeypatch.setattr("matplotlib.font_manager.fontManager.ttflist", [])
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", list)
    with pytest.warns(NeuralTopicWarning, match="no installed font has 2 of 2 letters"):
        fonts_for(["日本"])


def ink(text):
    """Which columns of pixels a text leaves ink in."""
    from neuraltopic.pictures.canvas import new_figure, style

    with style([text]):
        figure = new_figure(4, 1)
        figure.text(0.5, 0.5, text, fontsize=30, ha="center", va="center")
        figure.canvas.draw()
        return (np.asarray(figure.canvas.buffer_rgba())[..., 0] < 128).any(0)


def widths(columns):
    """Widths of the runs of ink, from left to right."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], columns.astype(int), [0]])))
    return (edges[1::2] - edges[::2]).tolist()


def test_letters_of_arabic_join():
    assert len(widths(ink("بيت"))) == 1
    assert len(widths(ink("ب\u200cي\u200cت"))) > 1  # kept apart by a sign for that


def test_hebrew_goes_from_right_to_left():
    narrow, wide = widths(ink("ו"))[0], widths(ink("ש"))[0]
    assert narrow < 0.6 * wide
    assert widths(ink("שו")) == pytest.approx([narrow, wide], abs=2)


def test_a_font_of_boxes_is_no_font_of_a_script(monkeypatch):
    from matplotlib.font_manager import FontEntry, fontManager

    boxes_for_all = [font for font in fontManager.ttflist if font.name.startswith("Last Resort")]
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", list)
    monkeypatch.setattr(fontManager, "ttflist", boxes_for_all)
    assert all(isinstance(font, FontEntry) for font in boxes_for_all)
    with pytest.warns(NeuralTopicWarning, match="no installed font has 3 of 3 letters"):
        assert fonts_for(["โลก"]) == ["DejaVu Sans"]


def test_fonts_that_were_installed_since_are_found(monkeypatch):
    from matplotlib import font_manager

    installed = [font for font in font_manager.findSystemFonts() if "Thai" in font]
    if not installed:
        pytest.skip("no font of Thai is installed")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert any("Thai" in family for family in fonts_for(["โลก"]))


def test_a_long_name_is_cut():
    assert shortened_name(["one", "two"]) == "one · two"
    assert shortened_name(["a" * 30, "b" * 30]) == "a" * 30 + " · bb…"
    assert len(shortened_name(["a" * 30, "b" * 30])) == 36


@pytest.mark.parametrize(
    ("suffix", "begins"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".html", b"<!DOC")]
)
def test_the_same_picture_is_the_same_file_in_every_format(tmp_path, suffix, begins):
    for name in ("a", "b"):
        write_picture(draw_topics(*topics(3)), (tmp_path / name).with_suffix(suffix), "topics")
    written = (tmp_path / f"a{suffix}").read_bytes()
    assert written.startswith(begins)
    assert written == (tmp_path / f"b{suffix}").read_bytes()


def test_a_picture_as_a_page_has_its_title_as_text_and_no_script(tmp_path):
    write_picture(draw_topics(*topics(3)), tmp_path / "a.html", 'topics of <b>&"run"')
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("topics of &lt;b&gt;&amp;&quot;run&quot;") == 3
    assert "<b>" not in page
    assert "<?xml" not in page
    assert page.count("<svg") == page.count("</svg>") == 1
    assert "default-src 'none'" in page
    assert "<script" not in page
