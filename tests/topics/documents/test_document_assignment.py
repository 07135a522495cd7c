"""The mixture that lists documents, against its equations written out in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import logsumexp, softmax

from neuraltopic.preprocessing import counts as counts_module
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics import row_blocks
from neuraltopic.topics.documents import document_assignment
from neuraltopic.topics.documents.document_assignment import DocumentAssignment

K, V = 3, 8


def drawn(n, seed=0):
    """Documents of a few topics each, and their shares."""
    rng = np.random.default_rng(seed)
    topics = rng.dirichlet(np.full(V, 0.3), K)
    shares = rng.dirichlet(np.full(K, 0.5), n)
    shares[shares < 0.1] = 0.0
    shares /= shares.sum(1, keepdims=True)
    words = shares @ topics
    words /= words.sum(1, keepdims=True)
    counts = np.stack([rng.multinomial(rng.integers(0, 9), of_document) for of_document in words])
    return shares.astype(np.float32), counts


def parameters(words, documents):
    """pi_k, p_kw and p_w, of sums over all documents."""
    total = words.sum(0) + 0.5
    unigram = total / total.sum()
    smoothed = words + 2.0 * total.sum() / len(words) * unigram
    return (documents + 0.5) / (documents + 0.5).sum(), smoothed / smoothed.sum(1, keepdims=True), unigram


def log_joint(words, documents, shares, counts, proportion_exponent):
    """log pi_k s_dk^g prod_w (p_kw / p_w)^(x_dw / 3), (D, K)."""
    pi, p, unigram = parameters(words, documents)
    guide = np.maximum(shares.astype(np.float64) ** proportion_exponent, 1e-3)
    return np.log(pi) + np.log(guide) + counts @ np.log(p / unigram).T / 3.0


def log_posterior(words, documents, shares, counts, proportion_exponent):
    """What the steps raise: the log likelihood of the documents, and what smoothing says of p and pi."""
    pi, p, unigram = parameters(words, documents)
    tokens = counts.sum() + 0.5 * V
    prior = 2.0 * tokens / K / 3.0 * (unigram * np.log(p)).sum() + 0.5 * np.log(pi).sum()
    return logsumexp(log_joint(words, documents, shares, counts, proportion_exponent), axis=1).sum() + prior


def steps(shares, counts, proportion_exponent, n, earlier=(0.0, 0.0)):
    """Sums after each of n steps, in float64."""
    r, found = shares.astype(np.float64), []
    for _ in range(n):
        found.append((r.T @ counts, r.sum(0)))
        both = [new + before for new, before in zip(found[-1], earlier, strict=True)]
        r = softmax(log_joint(*both, shares, counts, proportion_exponent), axis=1)
    return found


@pytest.mark.parametrize("proportion_exponent", [0.25, 1.0])
def test_assignment_is_ten_steps_of_its_equations(proportion_exponent):
    shares, counts = drawn(60)
    words, documents = steps(shares, counts, proportion_exponent, 10)[-1]
    found = DocumentAssignment.of(shares, Counts.from_scipy(counts), proportion_exponent)
    assert found.words.dtype == found.documents.dtype == np.float32
    np.testing.assert_allclose(found.words, words, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.documents, documents, rtol=1e-4)
    expected = log_joint(words, documents, shares, counts, proportion_exponent).argmax(1)
    topics = found.topics(shares, Counts.from_scipy(counts), proportion_exponent)
    assert topics.tolist() == expected.tolist()
    assert (topics != shares.argmax(1)).any()


@pytest.mark.parametrize("seed", range(5))
def test_every_step_raises_the_posterior(seed):
    shares, counts = drawn(40, seed)
    values = [log_posterior(*sums, shares, counts, 0.25) for sums in steps(shares, counts, 0.25, 30)]
    assert values[-1] > values[0] + 0.02
    assert min(np.diff(values)) > -1e-9


def test_words_decide_where_shares_do_not():
    """Two themes, that shares know of; those of the last document are wrong."""
    counts = np.array([[4, 4, 0, 0]] * 6 + [[0, 0, 4, 4]] * 3 + [[3, 3, 0, 0]])
    shares = np.array([[0.7, 0.3]] * 6 + [[0.3, 0.7]] * 4, np.float32)
    topics = DocumentAssignment.of(shares, Counts.from_scipy(counts), 0.25).topics(
        shares, Counts.from_scipy(counts), 0.25
    )
    assert topics.tolist() == [0] * 6 + [1] * 3 + [0]


def test_shares_decide_where_there_are_no_words():
    shares, counts = drawn(60)
    assignment = DocumentAssignment.of(shares, Counts.from_scipy(counts), 1.0)
    empty = Counts.from_scipy(np.zeros((3, V)))
    assert assignment.topics(np.eye(3, dtype=np.float32), empty, 1.0).tolist() == [0, 1, 2]
    even = np.full((3, 3), 1 / 3, np.float32)
    assert assignment.topics(even, empty, 1.0).tolist() == [assignment.documents.argmax()] * 3


def test_new_documents_join_those_listed_before():
    """Their shares are even: that they are of one theme is known from the earlier documents alone."""
    old = np.array([[4, 4, 0, 0]] * 20 + [[0, 0, 4, 4]] * 20)
    assignment = DocumentAssignment.of(np.eye(2, dtype=np.float32).repeat(20, axis=0), Counts.from_scipy(old), 0.25)
    new, even = Counts.from_scipy([[0, 0, 3, 3], [3, 3, 0, 0]]), np.full((2, 2), 0.5, np.float32)
    later = DocumentAssignment.of(even, new, 0.25, assignment)
    assert (assignment + later).topics(even, new, 0.25).tolist() == [1, 0]
    np.testing.assert_allclose(later.words.sum(0), [3, 3, 3, 3], rtol=1e-5)
    assert later.words[0, 0] > 2.0
    words, documents = steps(even, new.to_scipy().toarray(), 0.25, 10, (assignment.words, assignment.documents))[-1]
    np.testing.assert_allclose(later.words, words, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(later.documents, documents, rtol=1e-4)


def test_topic_without_documents_takes_none_and_breaks_nothing():
    counts = np.array([[2, 0], [0, 2]])
    shares = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    assignment = DocumentAssignment.of(shares, Counts.from_scipy(counts), 0.25)
    assert assignment.topics(shares, Counts.from_scipy(counts), 0.25).tolist() == [0, 1]
    assert assignment.documents[2] < 0.05


def test_blocks_of_documents_are_as_all_at_once(monkeypatch):
    shares, counts = drawn(50)
    counts = Counts.from_scipy(counts)
    whole = DocumentAssignment.of(shares, counts, 0.25)
    topics = whole.topics(shares, counts, 0.25)
    blocks = Counts.blocks
    monkeypatch.setattr(counts_module.Counts, "blocks", lambda self, n_entries: blocks(self, 7))
    parts = DocumentAssignment.of(shares, counts, 0.25)
    np.testing.assert_allclose(parts.words, whole.words, rtol=1e-4, atol=1e-5)
    assert parts.topics(shares, counts, 0.25).tolist() == topics.tolist()


def test_mean_length_is_that_of_all_documents():
    shares, counts = drawn(40)
    assigned = DocumentAssignment.of(shares, Counts.from_scipy(counts), 0.25)
    assert assigned.mean_length() == pytest.approx(counts.sum(1).mean(), rel=1e-6)
    assert (assigned + assigned).mean_length() == pytest.approx(counts.sum(1).mean(), rel=1e-6)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.25, 1.0]), st.floats(1e-3, 1e3))
def test_what_is_listed_adds_up(seed, proportion_exponent, scale):
    """Counts need not be whole, and a document may be empty."""
    shares, counts = drawn(12, seed)
    found = DocumentAssignment.of(shares, Counts.from_scipy(counts * scale), proportion_exponent)
    np.testing.assert_allclose(found.words.sum(0), counts.sum(0) * scale, rtol=1e-4, atol=1e-6)
    assert found.documents.sum() == pytest.approx(12, rel=1e-4)
    assert min(found.words.min(), found.documents.min()) >= 0


def test_a_small_topic_keeps_the_documents_of_which_it_has_the_largest_share():
    """Topic 1 is left 1 of an average 50 documents; its words, all in topic 0 too, would list nothing under it."""
    words = np.array([[500.0, 400.0], [4.0, 3.0]], np.float32)
    assignment = DocumentAssignment(words, np.array([99.0, 1.0], np.float32))
    counts, shares = (
        Counts.from_scipy(sparse.csr_array(np.full((3, 2), 2.0))),
        np.array([[0.6, 0.4], [0.3, 0.7], [0.45, 0.55]]),
    )
    assert assignment.most_likely(shares, counts, 0.25).tolist() == [0, 0, 0]
    assert assignment.topics(shares, counts, 0.25).tolist() == [0, 1, 1]
    larger = DocumentAssignment(words, np.array([85.0, 15.0], np.float32))
    assert larger.topics(shares, counts, 0.25).tolist() == larger.most_likely(shares, counts, 0.25).tolist()


def test_a_large_corpus_is_learnt_from_evenly_spaced_documents(monkeypatch):
    """Of a corpus that repeats a small one they are the small one, and the mixture that of all."""
    random = np.random.default_rng(3)
    counts, shares = random.poisson(0.5, size=(40, 12)), random.dirichlet(np.full(3, 0.3), 40).astype(np.float32)
    many, of_many = Counts.from_scipy(np.repeat(counts, 3, axis=0)), np.repeat(shares, 3, axis=0)
    whole = DocumentAssignment.of(of_many, many, 0.25)
    monkeypatch.setattr(document_assignment, "_DOCUMENTS", 40)
    sampled = []
    monkeypatch.setattr(document_assignment, "_at", lambda shares, rows: sampled.append(rows) or [shares[rows]])
    found = DocumentAssignment.of(of_many, many, 0.25)
    assert (sampled[0] // 3).tolist() == list(range(40))
    np.testing.assert_allclose(found.words, whole.words, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found.documents, whole.documents, rtol=1e-3)


def test_shares_of_some_rows_come_block_by_block(monkeypatch):
    monkeypatch.setattr(row_blocks, "BLOCK_ROWS", 4)
    shares, rows = np.arange(22.0).reshape(11, 2), np.array([0, 3, 4, 9, 10])
    np.testing.assert_array_equal(np.concatenate(list(document_assignment._at(shares, rows))), shares[rows])
