"""Clusters and labels, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

from neuraltopic.evaluate.clusters import (
    contingency,
    kmeans_clusters,
    normalised_mutual_information,
    purity,
    unit_rows,
)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=40))
def test_as_scikit_learn_has_it(pairs):
    labels, clusters = np.array(pairs).T
    table = contingency(labels, clusters)
    assert table.sum() == len(pairs)
    assert all(table[pair] == pairs.count(pair) for pair in pairs)
    expected = normalized_mutual_info_score(labels, clusters)
    found = normalised_mutual_information(np.stack([table, table * 3]).astype(float))
    np.testing.assert_allclose(found, expected, atol=1e-9)
    commonest = sum(max(np.bincount(labels[clusters == cluster])) for cluster in set(clusters.tolist()))
    np.testing.assert_allclose(purity(table[None].astype(float)), commonest / len(pairs))


def test_by_hand():
    """Three labels of two documents each: clusters that are the labels, one cluster, and one that joins two."""
    whole = np.eye(3)[None] * 2
    assert (purity(whole)[0], normalised_mutual_information(whole)[0]) == (1.0, pytest.approx(1.0))
    one = np.full((1, 3, 1), 2.0)
    assert (purity(one)[0], normalised_mutual_information(one)[0]) == (pytest.approx(1 / 3), 0.0)
    joined = np.array([[[2.0, 0.0], [2.0, 0.0], [0.0, 2.0]]])
    entropy = np.log(3) - 2 / 3 * np.log(2)  # of the clusters, and what they tell
    assert purity(joined)[0] == pytest.approx(2 / 3)
    assert normalised_mutual_information(joined)[0] == pytest.approx(entropy / ((np.log(3) + entropy) / 2))


def test_kmeans_is_scikit_learns():
    vectors = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    expected = KMeans(5, n_init=10, random_state=0).fit_predict(vectors)
    np.testing.assert_array_equal(kmeans_clusters(vectors, 5), expected)


def test_fewer_distinct_vectors_than_clusters():
    assert len(set(kmeans_clusters(np.zeros((5, 2), np.float32), 3).tolist())) == 1


def test_unit_rows():
    np.testing.assert_allclose(unit_rows(np.array([[3.0, -4.0], [0.0, 0.0]], np.float32)), [[0.6, -0.8], [0.0, 0.0]])
