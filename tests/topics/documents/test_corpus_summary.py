"""What two corpora say of the topics, put together, against what they say as one."""

import numpy as np
import pytest

from neuraltopic.models.priors.earlier_topics import topic_precision
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.documents.corpus_summary import CorpusSummary
from neuraltopic.topics.documents.document_assignment import DocumentAssignment
from neuraltopic.topics.documents.responsibilities import explained_documents
from neuraltopic.topics.interpretation import EnergyInterpretation, GaussianInterpretation, SimplexInterpretation
from neuraltopic.topics.tables import pooled_statistics, topic_statistics

K, V = 3, 6


def drawn(n, seed, gaussian):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(1.0, (n, V))
    vectors = rng.normal(size=(n, K)) if gaussian else rng.dirichlet(np.full(K, 0.3), n)
    return counts, vectors.astype(np.float32), rng.uniform(0.1, 0.9, (n, K)).astype(np.float32)


def summary_of(interpretation, counts, vectors, variance, shares):
    counts = Counts.from_scipy(counts)
    responsibility_prior = interpretation.responsibility_prior(vectors, shares, counts.totals())
    assignment = None
    if interpretation.proportion_exponent is not None:  # sums of the first step, which alone add up
        assignment = DocumentAssignment((shares.T @ counts.to_scipy()).astype(np.float32), shares.sum(0))
    return CorpusSummary(
        len(counts),
        interpretation.information(vectors, variance, shares),
        shares.mean(0, dtype=np.float64),
        None if responsibility_prior is None else explained_documents(responsibility_prior, np.eye(K, V), counts),
        topic_precision(vectors, counts),
        assignment,
    )


@pytest.mark.parametrize("interpretation", [GaussianInterpretation(), SimplexInterpretation(), EnergyInterpretation()])
def test_two_corpora_pooled_are_the_corpus_of_both(interpretation):
    parts = [drawn(n, n, isinstance(interpretation, GaussianInterpretation)) for n in (7, 40)]
    shares = [np.abs(vectors) / np.abs(vectors).sum(1, keepdims=True) for _, vectors, _ in parts]
    first, second = (summary_of(interpretation, *part, share) for part, share in zip(parts, shares, strict=True))
    whole = summary_of(interpretation, *map(np.concatenate, zip(*parts, strict=True)), np.concatenate(shares))
    pooled = first.pooled(second, interpretation)
    assert pooled.n_documents == 47
    assert pooled.information.dtype == np.float32
    for name in ("information", "share", "precision"):
        np.testing.assert_allclose(getattr(pooled, name), getattr(whole, name), rtol=1e-4, atol=1e-6)
    if interpretation.needs_explained:
        np.testing.assert_allclose(pooled.explained, whole.explained, rtol=1e-5, atol=1e-6)
    else:
        assert pooled.explained is None
    if interpretation.proportion_exponent is not None:
        np.testing.assert_allclose(pooled.assignment.words, whole.assignment.words, rtol=1e-5)
        np.testing.assert_allclose(pooled.assignment.documents, whole.assignment.documents, rtol=1e-5)
    else:
        assert pooled.assignment is None


def test_pooled_statistics_are_those_of_all_documents_but_for_the_typical_ones():
    vectors = np.random.default_rng(0).dirichlet(np.full(4, 0.3), 30)
    vectors = vectors[vectors.argmax(1) != 3]  # so that topic 3 is nobody's largest
    n = np.flatnonzero(np.cumsum(vectors.argmax(1) == 2))[0] + 1
    ids = [str(d) for d in range(len(vectors))]
    information = np.arange(4.0)
    # Topic 2 is the largest in the earlier documents only.
    later = vectors[n:][vectors[n:].argmax(1) != 2]
    both = np.concatenate([vectors[:n], later])
    whole = topic_statistics(both, both.argmax(1), both.mean(0), information, ids, np.ones(len(both)))
    before = topic_statistics(vectors[:n], vectors[:n].argmax(1), vectors[:n].mean(0), information, ids[:n], np.ones(n))
    after = topic_statistics(later, later.argmax(1), later.mean(0), information, ids[n:], np.ones(len(later)))
    pooled = pooled_statistics(before, after, whole.share, information)
    assert pooled.n_documents.tolist() == whole.n_documents.tolist()
    assert pooled.n_documents[2:].tolist() == [1, 0]
    np.testing.assert_allclose(pooled.strength, whole.strength)
    assert pooled.typical == (after.typical[0], after.typical[1], before.typical[2], before.typical[3])
