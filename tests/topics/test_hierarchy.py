"""The hierarchy of topics, against distances and mergers computed by their definition."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from neuraltopic.errors import UsageError
from neuraltopic.topics import hierarchy
from neuraltopic.topics.hierarchy import cut, hierarchy_table, topic_distances, topic_tree


def distributions(K, V, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(V, 0.2), K)


def average_linkage(distances):
    """Mergers by the definition: at every step the two groups of the smallest mean distance between their members."""
    groups = {topic: [topic] for topic in range(len(distances))}
    mergers = []
    while len(groups) > 1:
        pairs = [(a, b) for a in groups for b in groups if a < b]
        mean = {(a, b): distances[np.ix_(groups[a], groups[b])].mean() for a, b in pairs}
        a, b = min(pairs, key=lambda pair: mean[pair])
        made = len(distances) + len(mergers)
        mergers.append((a, b, mean[a, b], len(groups[a]) + len(groups[b])))
        groups[made] = groups.pop(a) + groups.pop(b)
    return np.array(mergers)


@pytest.mark.parametrize("at_once", [1, 64, 1 << 22])
def test_distances_are_those_of_scipy(at_once, monkeypatch):
    monkeypatch.setattr(hierarchy, "_AT_ONCE", at_once)
    p = distributions(7, 30)
    expected = [[jensenshannon(first, second) for second in p] for first in p]
    np.testing.assert_allclose(topic_distances(p), expected, rtol=0, atol=1e-7)


def test_distances_of_equal_and_of_disjoint_topics():
    p = np.array([[0.5, 0.5, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.1, 0.9]])
    far = np.sqrt(np.log(2))
    np.testing.assert_allclose(topic_distances(p), [[0, 0, far], [0, 0, far], [far, far, 0]], atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_tree_is_average_linkage(seed):
    distances = topic_distances(distributions(9, 25, seed))
    np.testing.assert_allclose(topic_tree(distances), average_linkage(distances), rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_cut_undoes_the_last_mergers(seed):
    distances = topic_distances(distributions(8, 20, seed))
    mergers = average_linkage(distances)
    for n in range(1, 9):
        groups = {topic: (topic,) for topic in range(8)}
        for made, (a, b, *_) in enumerate(mergers[: 8 - n]):
            groups[8 + made] = tuple(sorted(groups.pop(int(a)) + groups.pop(int(b))))
        assert cut(topic_tree(distances), n) == sorted(groups.values())


def test_one_topic_has_no_mergers():
    tree = topic_tree(np.zeros((1, 1)))
    assert tree.shape == (0, 4)
    assert cut(tree, 1) == [(0,)]
    assert len(hierarchy_table(tree, ["0_a"])) == 0


@pytest.mark.parametrize("n", [0, 4, True, 1.5])
def test_cut_refuses_a_number_that_cannot_be(n):
    with pytest.raises(UsageError, match="a number from 1 to 3"):
        cut(topic_tree(topic_distances(distributions(3, 5))), n)


def test_table():
    tree = topic_tree(np.array([[0, 0.1, 0.5, 0.7], [0.1, 0, 0.3, 0.7], [0.5, 0.3, 0, 0.7], [0.7, 0.7, 0.7, 0]]))
    table = hierarchy_table(tree, ["a", "b", "c", "d"])
    assert table["node"].tolist() == [4, 5, 6]
    assert table["topics"].tolist() == [[0, 1], [0, 1, 2], [0, 1, 2, 3]]
    np.testing.assert_allclose(table["distance"], [0.1, 0.4, 0.7])
    assert {(row.left_label, row.right_label) for row in table.itertuples()} == {
        ("a", "b"),
        ("c", "a + b"),
        ("d", "a + b + c"),
    }
