"""Coordinate descent against the best number by number, against scikit-learn's, and on factors that vanish."""

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.decomposition import NMF

from neuraltopic.models.initialisation import factorisation
from neuraltopic.models.initialisation.factorisation import descend


def _case(n_documents=30, n_words=20, n_topics=4, seed=0):
    random = np.random.default_rng(seed)
    matrix = sparse.random_array((n_documents, n_words), density=0.2, rng=random, format="csr")
    loadings, topics = (random.exponential(0.3, size=shape) for shape in ((n_documents, n_topics), (n_topics, n_words)))
    return matrix, torch.from_numpy(loadings), torch.from_numpy(topics)


def _error(matrix, loadings, topics):
    return float(np.square(matrix.toarray() - loadings.numpy() @ topics.numpy()).sum())


def test_a_step_puts_each_number_where_the_error_is_least():
    """The squared error along one number is a parabola: its lowest point, or 0 where that is below."""
    matrix, loadings, topics = _case()
    found_loadings, found_topics = descend(matrix, loadings, topics, 1)
    dense, W, H = matrix.toarray(), loadings.numpy().copy(), topics.numpy().copy()
    for factor, other, target in ((W, H, dense), (H.T, W.T, dense.T)):
        for k in range(4):
            for i in range(len(factor)):
                rest = target[i] - factor[i] @ other + factor[i, k] * other[k]
                factor[i, k] = max(0.0, rest @ other[k] / (other[k] @ other[k]))
    assert 0 < (W == 0.0).sum() < W.size
    np.testing.assert_allclose(found_loadings, W, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found_topics, H, rtol=1e-10, atol=1e-12)


def test_many_steps_are_those_of_scikit_learn():
    matrix, loadings, topics = _case(seed=1)
    model = NMF(4, init="custom", solver="cd", max_iter=40, tol=0.0)
    expected = model.fit_transform(matrix, W=loadings.numpy().copy(), H=topics.numpy().copy())
    found_loadings, found_topics = descend(matrix, loadings, topics, 40)
    np.testing.assert_allclose(found_loadings, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found_topics, model.components_, rtol=1e-8, atol=1e-10)


def test_the_error_falls_and_the_start_stays_as_it_was():
    matrix, loadings, topics = _case(seed=2)
    before = loadings.clone(), topics.clone()
    errors = [_error(matrix, *descend(matrix, loadings, topics, n)) for n in range(6)]
    assert errors[0] == pytest.approx(_error(matrix, *before), rel=1e-12)
    assert np.all(np.diff(errors) < 0)
    assert torch.equal(loadings, before[0])
    assert torch.equal(topics, before[1])


def test_a_topic_of_nothing_and_an_empty_document_stay_finite():
    """With H_k = 0 no W_k is better than another, so it stays; a document without words gets no topic."""
    matrix, loadings, topics = _case(seed=3)
    dense = matrix.toarray()
    dense[5] = 0.0
    topics[2] = 0.0
    loadings[:, 2] = 0.0
    found_loadings, found_topics = descend(sparse.csr_array(dense), loadings, topics, 30)
    assert not found_topics[2].any()
    assert not found_loadings[:, 2].any()
    assert found_loadings[5].max() < 1e-6
    assert torch.isfinite(found_loadings).all()
    assert torch.isfinite(found_topics).all()


def test_blocks_of_topics_and_slices_of_columns_change_no_step(monkeypatch):
    """23 topics are three blocks, and 60 documents and 50 words ten and eight slices."""
    matrix, loadings, topics = _case(60, 50, 23, seed=4)
    topics[11] = 0.0
    model = NMF(23, init="custom", solver="cd", max_iter=5, tol=0.0)
    monkeypatch.setattr(factorisation, "_COLUMNS", 7)
    expected = model.fit_transform(matrix, W=loadings.numpy().copy(), H=topics.numpy().copy())
    found_loadings, found_topics = descend(matrix, loadings, topics, 5)
    np.testing.assert_allclose(found_loadings, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found_topics, model.components_, rtol=1e-8, atol=1e-10)


def test_any_number_of_threads_gives_the_same_bits():
    matrix, loadings, topics = _case(300, 200, 23, seed=5)
    before, found = torch.get_num_threads(), {}
    try:
        for n_threads in (1, 2, 3):
            torch.set_num_threads(n_threads)
            found[n_threads] = descend(matrix, loadings, topics, 5)
    finally:
        torch.set_num_threads(before)
    for n_threads in (2, 3):
        assert all(torch.equal(*pair) for pair in zip(found[1], found[n_threads], strict=True))
