"""Word vectors of a corpus of two themes, which share no document."""

import numpy as np
import pytest
import torch
from scipy import sparse

from neuraltopic.models.initialisation.word_vectors import word_vectors
from neuraltopic.preprocessing.counts import Counts
from tests.parts import generator


@pytest.fixture(scope="module")
def counts():
    """Words 0 to 4 and 5 to 9 in documents of their own; word 10 in none."""
    random = np.random.default_rng(0)
    dense = np.zeros((400, 11), np.int64)
    dense[:200, :5] = random.integers(0, 3, (200, 5))
    dense[200:, 5:10] = random.integers(0, 3, (200, 5))
    return Counts.from_scipy(sparse.csr_array(dense))


def test_words_of_one_theme_are_nearer_than_words_of_two(counts):
    vectors = torch.nn.functional.normalize(word_vectors(counts, 8, generator())[:10], dim=1)
    cosine = vectors @ vectors.T
    within = torch.cat([cosine[:5, :5].flatten(), cosine[5:, 5:].flatten()])
    assert within.min() > cosine[:5, 5:].max()


def test_same_generator_same_bits_and_a_word_of_no_document_is_zero(counts):
    first, again, other = (word_vectors(counts, 4, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (11, 4)
    assert not first[10].any()
    assert first[:10].any(dim=1).all()
