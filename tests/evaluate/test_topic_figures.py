"""Intervals of figures that belong to a set of topics."""

import numpy as np
import pytest

from neuraltopic.evaluate.intervals import jackknife_interval
from neuraltopic.evaluate.topic_figures import difference_figures, stability_figures
from neuraltopic.topics.diversity import diversity, inverted_rbo


def test_the_intervals_are_those_of_the_figures_without_each_topic():
    rng = np.random.default_rng(0)
    lists = np.stack([rng.permutation(25)[:6] for _ in range(8)])
    figures, values = difference_figures(lists, rng.normal(size=(8, 25)), seed=0)
    found = {figure.metric: figure for figure in figures}
    rest = [np.delete(lists, topic, axis=0) for topic in range(8)]
    for metric, statistic in (("diversity", diversity), ("inverted_rbo", lambda some: inverted_rbo(some).mean())):
        expected = jackknife_interval(statistic(lists), np.array([statistic(some) for some in rest]))
        assert found[metric].value == pytest.approx(statistic(lists)) == pytest.approx(values[metric].mean())
        assert found[metric].interval == pytest.approx(expected)
        assert expected.low < found[metric].value < expected.high


def test_stability_is_the_mean_over_the_other_models():
    """One other model has the same topics in another order, one has none of the words."""
    lists = np.arange(12).reshape(3, 4)
    (figure,), values = stability_figures(lists, [lists[::-1], lists + 12], seed=0)
    np.testing.assert_allclose(values["stability"], 0.5)
    assert (figure.value, figure.n) == (pytest.approx(0.5), 3)
