"""Familiarity and moved topics, by their definition and on documents of which it is known."""

import numpy as np
from scipy.spatial.distance import jensenshannon

from neuraltopic.topics.groups.drift import familiarity, topic_drift, verdict


def test_familiarity_is_a_rank_among_documents_of_like_length():
    scores = np.array([-1.0, -2.0, -3.0, -4.0])
    u = familiarity(scores, np.ones(4), np.array([-0.5, -2.0, -9.0]), np.ones(3))
    np.testing.assert_allclose(u, [5 / 5, 4 / 5, 1 / 5])


def test_familiarity_of_like_documents_is_uniform_whatever_their_length():
    rng = np.random.default_rng(0)

    def draw(n, lengths):
        return -5.0 - 3.0 * np.log(lengths) / 10 + rng.standard_normal(n) / np.sqrt(lengths)

    lengths = rng.integers(1, 400, size=20_000).astype(float)
    for new in (rng.integers(10, 30, size=4000), rng.integers(300, 400, size=4000)):
        u = familiarity(draw(20_000, lengths), lengths, draw(4000, new.astype(float)), new.astype(float))
        np.testing.assert_allclose([(u <= q).mean() for q in (0.01, 0.1, 0.5)], [0.01, 0.1, 0.5], atol=0.03)
    u = familiarity(draw(20_000, lengths), lengths, np.full(50, -9.0), np.full(50, 100.0))
    assert (u < 0.01).all()


def test_moved_topics():
    rng = np.random.default_rng(1)
    shares = rng.dirichlet([0.3, 0.3, 0.3], 4000)
    same = topic_drift(shares, rng.dirichlet([0.3, 0.3, 0.3], 300), rng)
    assert not same.moved
    other = rng.dirichlet([0.9, 0.3, 0.3], 300)
    found = topic_drift(shares, other, rng)
    assert found.moved
    np.testing.assert_allclose(found.distance, jensenshannon(shares.mean(0), other.mean(0)), atol=1e-9)
    np.testing.assert_allclose(found.change, other.mean(0) - shares.mean(0))
    assert found.change[0] > found.high[0]
    assert found.change[1] < found.low[1]


def test_verdicts():
    assert verdict(0.01, 0.1, 0.1, False)[0] == "known"
    assert verdict(0.01, 0.1, 0.1, True)[0] == "moved"
    assert verdict(0.2, 0.1, 0.1, True)[0] == "unfamiliar"
    assert verdict(0.2, 0.4, 0.1, True)[0] == "new words"
