import numpy as np
import pytest

from neuraltopic.compare.picture import draw_comparison, draw_curves
from neuraltopic.compare.results import Comparison


def test_a_panel_a_metric_that_models_share(tmp_path):
    results = [
        {
            "model": model,
            "n_components": 2,
            "seed": seed,
            "figures": {
                "cpu_seconds": seconds,
                "memory_mb": 9.0,
                "npmi": 0.1 * seed,
                **({"perplexity_bound_corpus": 9.0, "diversity": 0.5} if model == "a" else {"diversity": 0.7}),
            },
        }
        for model, seconds in (("a", 0.0), ("b", 30.0))
        for seed in range(3)
    ]
    figure = draw_comparison(Comparison(tmp_path, "x", ("a", "b"), results, {}))
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["NPMI ↑", "diversity ↑"]
    first = figure.axes[0]
    assert first.get_xscale() == "log"
    points = {tuple(line.get_ydata()) for line in first.lines}
    assert (0.0, 0.1, 0.2) in points
    assert (0.1,) in points
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
    alone = draw_comparison(Comparison(tmp_path, "x", ("a",), results[:3], {}))
    assert [panel.get_title(loc="left") for panel in alone.axes] == ["NPMI ↑", "diversity ↑", "perplexity, bound ↓"]


def test_values_that_are_nearly_equal_lie_near_to_one_another(tmp_path):
    results = [
        {"model": model, "n_components": 2, "seed": 0, "figures": {"cpu_seconds": 1.0, "probe_accuracy": value, **more}}
        for model, value, more in (
            ("a", 0.500, {"diversity": 0.1, "perplexity_bound_corpus": 2000.0}),
            ("b", 0.502, {"diversity": 0.9, "perplexity_bound_corpus": 2001.0}),
        )
    ]
    figure = draw_comparison(Comparison(tmp_path, "x", ("a", "b"), results, {}))
    spans = {panel.get_title(loc="left"): np.diff(panel.get_ylim())[0] for panel in figure.axes}
    assert spans == {
        "diversity ↑": pytest.approx(0.8 * 1.3),
        "perplexity, bound ↓": pytest.approx(100, rel=0.01),
        "probe ↑": pytest.approx(0.05),
    }


def test_curves_over_k_mark_the_chosen_one():
    figure = draw_curves([10, 20, 40], [("a ↑", [1.0, 2.0, 3.0], [0.1, 0.1, 0.1])], 20)
    (panel,) = figure.axes
    assert list(panel.lines[0].get_xdata()) == [20, 20]
    assert [text.get_text() for text in panel.get_xticklabels()] == ["10", "20", "40"]
