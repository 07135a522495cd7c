import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.special import softmax

from neuraltopic.topics.layout import (
    classical_scaling,
    document_positions,
    interval_scaling,
    spread_positions,
    topic_correlations,
    topic_distances,
    topic_positions,
)


def planted(seed=0, K=12, V=400):
    """R with three groups of like topics, whose distances a plane can hold, b, and words."""
    generator = np.random.default_rng(seed)
    groups = generator.normal(size=(3, V))
    R = groups[np.arange(K) % 3] + 0.5 * generator.normal(size=(K, V))
    return R, generator.normal(size=V), [f"word{v}" for v in range(V)]


def test_correlations_are_those_of_energies_under_the_unigram_model():
    R, b, _ = planted()
    p = softmax(b)
    expected = np.cov(R, aweights=p, ddof=0)
    scale = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(topic_correlations(R, b), expected / np.outer(scale, scale), atol=1e-12)


def test_distance_of_topics_that_are_one_or_unrelated_or_opposite():
    np.testing.assert_allclose(
        topic_distances(np.array([[1.0, 0.0], [0.0, -1.0]])), [[0.0, np.sqrt(2.0)], [np.sqrt(2.0), 2.0]]
    )


def test_classical_scaling_finds_points_of_a_plane():
    points = np.random.default_rng(1).normal(size=(9, 2))
    found = classical_scaling(squareform(pdist(points)))
    np.testing.assert_allclose(pdist(found), pdist(points), atol=1e-10)


def test_interval_scaling_leaves_out_what_all_distances_share():
    points = np.random.default_rng(1).normal(size=(40, 2))
    for shared in (0.0, 1.0, 3.0):
        distances = squareform(pdist(points) + shared)
        found = interval_scaling(distances, classical_scaling(distances))
        assert np.corrcoef(pdist(found), pdist(points))[0, 1] > 0.999


def test_interval_scaling_lowers_its_stress():
    points = np.random.default_rng(2).normal(size=(30, 8))
    distances = squareform(pdist(points))

    def stress(positions):
        """By the definition: the share of the variance of the map's distances that no line explains."""
        return 1.0 - np.corrcoef(pdist(positions), pdist(points))[0, 1] ** 2

    start = classical_scaling(distances)
    assert stress(interval_scaling(distances, start)) < 0.9 * stress(start)


@pytest.mark.parametrize("K", [5, 50])
def test_no_two_topics_hide_one_another(K):
    generator = np.random.default_rng(3)
    R = generator.normal(size=(2, 300))[np.arange(K) % 2] + 0.01 * generator.normal(size=(K, 300))
    positions = topic_positions(R, np.zeros(300), [f"word{v}" for v in range(300)])
    # 0.8 before the map is scaled to its disc, out of which a group that is moved apart grows.
    assert pdist(positions).min() > 0.5 / np.sqrt(K)


def test_like_topics_are_near():
    R, b, words = planted()
    distances = cdist(*[topic_positions(R, b, words)] * 2)
    same = np.arange(12)[:, None] % 3 == np.arange(12) % 3
    assert distances[same].max() < distances[~same].min()


def test_the_order_of_topics_and_words_does_not_matter():
    R, b, words = planted()
    positions = topic_positions(R, b, words)
    generator = np.random.default_rng(2)
    topics, columns = generator.permutation(len(R)), generator.permutation(len(b))
    again = topic_positions(R[topics][:, columns], b[columns], [words[v] for v in columns])
    np.testing.assert_allclose(again, positions[topics], atol=2e-3)  # as far as the minimisation of the stress goes


def test_the_map_is_nearly_the_same_for_nearly_the_same_topics():
    R, b, words = planted()
    positions = topic_positions(R, b, words)
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(size=R.shape)
        again = topic_positions(R + 0.1 * noise, b, words)
        # Topics of one group may change places.
        shift = [(again - positions)[group::3].mean(0) for group in range(3)]
        assert np.abs(shift).max() < 0.1


def test_the_farthest_topic_is_at_distance_1():
    positions = topic_positions(*planted())
    assert np.linalg.norm(positions, axis=1).max() == pytest.approx(1.0)


@pytest.mark.parametrize("K", [1, 2, 3])
def test_few_topics(K):
    R, b, words = planted(K=K)
    positions = topic_positions(R, b, words)
    assert positions.shape == (K, 2)
    assert np.isfinite(positions).all()
    if K == 2:
        np.testing.assert_allclose(positions[0], -positions[1], atol=1e-12)


def test_topics_of_no_energy_have_a_place():
    R, b, words = planted()
    R[3] = 0.0
    assert np.isfinite(topic_positions(R, b, words)).all()
    assert np.isfinite(topic_positions(np.zeros_like(R), b, words)).all()


def test_equal_topics_have_one_place():
    R, b, words = planted()
    R[1] = R[0]
    positions = topic_positions(R, b, words)
    np.testing.assert_allclose(positions[0], positions[1], atol=1e-3)


def test_a_document_is_drawn_among_its_topics():
    positions = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    weights = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.2, 0.2, 0.6]], np.float32)
    expected = [[0.0, 0.0], [0.5, 0.5], [0.04 / 0.44, 0.36 / 0.44]]
    np.testing.assert_allclose(document_positions(weights, positions), expected, atol=1e-6)


def test_documents_of_one_place_are_spread_over_a_disc():
    positions = np.tile([[0.2, -0.1]], (4000, 1))
    moved = spread_positions(positions, 9) - positions
    radius = np.linalg.norm(moved, axis=1)
    assert radius.max() <= 1 / 6 + 1e-6
    # Evenly: the mean is the centre, and half of them lie within 1 / sqrt(2) of the radius.
    assert np.abs(moved.mean(0)).max() < 0.002
    assert (radius < 1 / 6 / np.sqrt(2)).mean() == pytest.approx(0.5, abs=0.005)
    assert len(np.unique(moved, axis=0)) == 4000
