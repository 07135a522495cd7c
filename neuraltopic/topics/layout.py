"""Positions of topics and documents on the map: two dimensions computed from R, deterministically.

The distance of two topics is that of their energies, standardised: with G = Cov_p[R] (see
`neuraltopic.topics.documents.document_metric`) and its correlations c_jk = G_jk / sqrt(G_jj G_kk),

    d_jk = sqrt(2 (1 - c_jk)),

0 for topics that raise and lower the same words and sqrt(2) for unrelated topics. Classical scaling (Torgerson 1952) of
these distances is the start of interval scaling: see `interval_scaling`. Topics that would hide one another are moved
apart. The words determine the rotation and the reflection: see `_turned`.

Axes: K topics, V words, D documents.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from neuraltopic.topics.documents.document_metric import energy_covariance

FloatArray = NDArray[np.floating]
# Power of the shares that weight the topics of a document: at 1 documents crowd in the middle, far from any topic.
_PULL = 2.0
_MOST_STEPS = 1_000
_LEAST_GAIN = 1e-4  # of the stress, relative, in a step of the scaling
_APART = 0.8  # over sqrt(K): the least distance of two topics, where a disc of radius 1 has them all
_SAME = 1e-6  # topics this near are one topic found twice, and keep one position
# Of the disc in which documents of one place are spread: topics cover a like part of the map for any number of them.
_SPREAD, _MOST_SPREAD = 0.5, 0.3
# The farthest that a document can be from the origin.
EXTENT = 1.0 + _MOST_SPREAD
# The plastic number's powers, whose multiples fill a square evenly (Roberts 2018).
_STEPS = np.array([0.7548776662466927, 0.5698402909980532])


def topic_correlations(components: FloatArray, bias: FloatArray) -> NDArray[np.float64]:
    """c, (K, K), from R (K, V) and b (V,): 1 on the diagonal; 0 with a topic whose energies are all equal."""
    covariance = energy_covariance(components, bias)
    scale = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    product = np.outer(scale, scale)
    correlations = np.divide(covariance, product, out=np.zeros_like(covariance), where=product > 0)
    np.fill_diagonal(correlations, 1.0)
    return np.clip(correlations, -1.0, 1.0)


def topic_distances(correlations: FloatArray) -> NDArray[np.float64]:
    """d, (K, K), from c."""
    return np.sqrt(np.maximum(2.0 * (1.0 - correlations), 0.0))


def topic_positions(components: FloatArray, bias: FloatArray, words: Sequence[str]) -> NDArray[np.float64]:
    """Positions of the topics, (K, 2), about the origin, the farthest at distance 1.

    Parameters
    ----------
    components : (K, V)
        R.
    bias : (V,)
        b.
    words : V strings
        The orientation depends on them alone, so that fits from other seeds, which find similar topics, give similar
        maps.
    """
    distances = topic_distances(topic_correlations(components, bias))
    positions = _moved_apart(_within_disc(interval_scaling(distances, classical_scaling(distances))))
    return _within_disc(_turned(positions - positions.mean(0), components, bias, words))


def document_positions(weights: FloatArray, positions: FloatArray) -> NDArray[np.float32]:
    """Positions of documents, (D, 2), among their topics (K, 2).

    The mean of the topics' positions, each by the square of its share in the document; `weights` (D, K) are the shares.
    A document without a share of any topic is at the origin.
    """
    pull = np.power(weights.astype(np.float64), _PULL)
    total = pull.sum(1, keepdims=True)
    return np.asarray(pull @ positions / np.where(total > 0, total, 1.0), np.float32)


def spread_positions(positions: FloatArray, n_topics: int) -> NDArray[np.float32]:
    """Positions of documents (D, 2) moved a little, so that documents at one position do not hide one another.

    Document d goes to point d of a sequence that fills a disc of radius 0.5 / sqrt(K), at most 0.3, evenly: nothing is
    random.
    """
    fractions = np.mod(0.5 + np.arange(len(positions))[:, None] * _STEPS, 1.0)
    radius = min(_MOST_SPREAD, _SPREAD / np.sqrt(n_topics)) * np.sqrt(fractions[:, 0])
    angle = 2.0 * np.pi * fractions[:, 1]
    moved = positions + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(moved, np.float32)


def classical_scaling(distances: FloatArray) -> NDArray[np.float64]:
    """Classical multidimensional scaling of distances (K, K) to (K, 2): the two principal axes of the points."""
    K = len(distances)
    centring = np.eye(K) - 1.0 / K
    values, axes = np.linalg.eigh(-0.5 * centring @ np.square(distances) @ centring)
    positions = np.zeros((K, 2))
    order = np.argsort(-values)[:2]
    positions[:, : len(order)] = axes[:, order] * np.sqrt(np.maximum(values[order], 0.0))
    return positions


def interval_scaling(distances: FloatArray, start: FloatArray) -> NDArray[np.float64]:
    """The positions whose distances are nearest to a linear function of the given ones, starting at `start`.

    With D the distances of the positions, minimises sum_{j<k} (D_jk - max(alpha + beta d_jk, 0))^2 in turn over alpha
    and beta >= 0, by least squares, and over the positions, by the Guttman transform (interval scaling: Borg & Groenen
    2005, chapter 9; de Leeuw 1977). The scale is fixed by a mean square of 1 of the fitted distances. Most topics are
    nearly unrelated, at a distance near sqrt(2), which a plane cannot represent for all. alpha absorbs this, which
    would otherwise dominate the stress.
    """
    given = distances[np.triu_indices(len(distances), 1)]
    if len(distances) < 3 or not np.ptp(given) > 0:
        return np.asarray(start, np.float64)
    from scipy.spatial.distance import pdist, squareform

    positions, before = np.asarray(start, np.float64), np.inf
    for _ in range(_MOST_STEPS):
        reached = pdist(positions)
        slope = max(float(np.cov(given, reached)[0, 1] / given.var(ddof=1)), 0.0)
        wanted = np.maximum(reached.mean() + slope * (given - given.mean()), 0.0)
        scale = np.sqrt(np.square(wanted).mean())
        stress = float(np.square(reached - wanted).sum() / np.square(wanted).sum())
        if before - stress < _LEAST_GAIN * stress:
            break
        before = stress
        ratio = squareform(np.divide(wanted / scale, reached, out=np.zeros_like(reached), where=reached > 0))
        positions = (positions * ratio.sum(1)[:, None] - ratio @ positions) / len(distances)
    return positions


def _within_disc(positions: FloatArray) -> NDArray[np.float64]:
    """Positions about their mean, the farthest at distance 1."""
    centred = positions - positions.mean(0)
    radius = np.linalg.norm(centred, axis=1).max()
    return np.asarray(centred / radius if radius > 0 else centred, np.float64)


def _moved_apart(positions: FloatArray) -> NDArray[np.float64]:
    """Positions with no two nearer than 0.8 / sqrt(K), each moved as little as necessary."""
    least = _APART / np.sqrt(len(positions))
    for _ in range(_MOST_STEPS):
        steps = positions[:, None] - positions
        distances = np.linalg.norm(steps, axis=2)
        lacking = np.where(distances > _SAME, np.maximum(least - distances, 0.0), 0.0)
        if lacking.max() < 0.01 * least:
            break
        # A quarter of what a pair lacks, on either side, so that three topics at one position do not oscillate.
        share = np.divide(lacking / 4, distances, out=np.zeros_like(distances), where=lacking > 0)
        positions = positions + (share[:, :, None] * steps).sum(1)
    return np.asarray(positions, np.float64)


def _turned(
    positions: FloatArray, components: FloatArray, bias: FloatArray, words: Sequence[str]
) -> NDArray[np.float64]:
    """Positions rotated and reflected to be nearest to a projection of the topics' energies that depends on words
    alone.

    Each word has a direction in the plane, from a digest of its letters. A topic's is the mean over the unigram model p
    of its standardised energy times the direction of the word. The orthogonal Procrustes solution (Schönemann 1966)
    rotates the map towards these.
    """
    unigram = softmax(bias.astype(np.float64))
    centred = components - (components @ unigram)[:, None]
    scale = np.sqrt(np.square(centred) @ unigram)[:, None]
    standard = np.divide(centred, scale, out=np.zeros(centred.shape), where=scale > 0)
    reference = (standard * np.sqrt(unigram)) @ _directions(words)
    left, _, right = np.linalg.svd(positions.T @ (reference - reference.mean(0)))
    return np.asarray(positions @ (left @ right))


def _directions(words: Sequence[str]) -> NDArray[np.float64]:
    """A unit vector for each word, (V, 2), the same wherever the word occurs."""
    digests = b"".join(hashlib.blake2b(word.encode(), digest_size=4).digest() for word in words)
    angles = np.frombuffer(digests, "<u4") * (2.0 * np.pi / 2**32)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
