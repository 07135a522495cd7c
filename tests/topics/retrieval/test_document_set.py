"""Postings, directions and unit rows against their definitions."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.retrieval.document_set import Postings, directions, unit_rows


def test_postings_are_the_transpose():
    rng = np.random.default_rng(5)
    counts = Counts.from_scipy(csr_array(rng.poisson(0.6, (30, 12))))
    dense = counts.to_scipy().toarray()
    for word in range(12):
        documents, values = Postings.of(counts).of_word(word)
        assert documents.tolist() == np.flatnonzero(dense[:, word]).tolist()
        assert values.tolist() == dense[documents, word].tolist()


def test_directions_have_length_one_from_nothing():
    nothing = np.array([1.0, 1.0])
    found = directions(np.array([[4.0, 5.0], [1.0, 1.0], [1.0 + 1e-7, 1.0]]), nothing)
    assert found[0] == pytest.approx([0.6, 0.8], abs=1e-7)
    assert found[1:].tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_unit_rows_have_length_one_or_none():
    assert unit_rows(np.array([[3.0, -4.0], [0.0, 0.0]])) == pytest.approx(
        np.array([[0.6, -0.8], [0.0, 0.0]]), abs=1e-7
    )
