"""Perplexity against models whose perplexity is known, and against dense arithmetic."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from neuraltopic import DocumentVAE
from neuraltopic.evaluate import perplexity
from neuraltopic.evaluate.completion import split_tokens
from neuraltopic.evaluate.perplexity import completion_log_likelihood, perplexity_figures, perplexity_of
from neuraltopic.preprocessing.counts import Counts

D, V, K = 30, 12, 3


@pytest.fixture
def counts():
    matrix = np.random.default_rng(0).poisson(1.5, (D, V))
    matrix[3] = 0
    return matrix


@pytest.fixture
def vae(counts):
    return DocumentVAE(K, max_epochs=3, random_state=0).fit(counts)


def figures(vae, counts, **options):
    return {figure.metric: figure for figure in perplexity_figures(vae, Counts.from_scipy(counts), seed=0, **options)}


def without_topics(vae, bias):
    with torch.no_grad():
        vae.vae_.decoder.weight.zero_()
        vae.vae_.decoder.bias.copy_(torch.as_tensor(bias))
    return vae


def test_zero_energies_have_the_size_of_the_vocabulary(vae, counts):
    found = figures(without_topics(vae, np.zeros(V)), counts)
    assert found["perplexity_completion"].value == pytest.approx(V, rel=1e-5)
    assert found["perplexity_completion"].interval == pytest.approx((V, V), rel=1e-5)
    for name in ("perplexity_bound_document", "perplexity_bound_corpus"):
        assert found[name].value >= V * (1 - 1e-5)


def test_without_topics_it_is_the_unigram(vae, counts):
    bias = np.linspace(-1, 1, V)
    _, scored = split_tokens(Counts.from_scipy(counts), 0)
    y = scored.to_scipy().toarray()
    expected = np.exp(-(y @ log_softmax(bias)).sum() / y.sum())
    found = figures(without_topics(vae, bias), counts)
    assert found["perplexity_completion"].value == pytest.approx(expected, rel=1e-5)


def test_completion_is_the_dense_sum(vae, counts, monkeypatch):
    monkeypatch.setattr(perplexity, "_AT_ONCE", 7)
    told = []
    observed, scored = split_tokens(Counts.from_scipy(counts), 5)
    log_likelihood, tokens = completion_log_likelihood(
        vae, Counts.from_scipy(counts), seed=5, progress=lambda *said: told.append(said)
    )
    z = vae.latents(vae.transform(observed.to_scipy()))
    log_p = log_softmax(z.astype(np.float64) @ vae.components_ + vae.bias_, axis=1)
    y = scored.to_scipy().toarray()
    np.testing.assert_allclose(log_likelihood, (y * log_p).sum(1), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(tokens, y.sum(1))
    assert log_likelihood[3] == tokens[3] == 0
    assert told == [("completion", done, D) for done in (0, 7, 14, 21, 28, 30)]


def test_bounds_are_those_of_the_model(vae, counts):
    found = figures(vae, counts)
    for metric, options in (
        ("bound", {"n_samples": perplexity.BOUND_SAMPLES}),
        ("iw", {"n_samples": perplexity.IMPORTANCE_SAMPLES, "importance_weighted": True}),
    ):
        for per in ("document", "corpus"):
            figure = found[f"perplexity_{metric}_{per}"]
            assert figure.value == pytest.approx(vae.perplexity(counts, per=per, **options), rel=1e-12)
            assert figure.n == D - 1
            assert figure.interval.low < figure.value < figure.interval.high
            assert figure.better == "lower"


def test_both_forms_by_hand():
    """log p of -2 in 1 token, -2 in 2, and 0 in none."""
    log_likelihood, tokens = np.array([-2.0, -2.0, 0.0]), np.array([1.0, 2.0, 0.0])
    assert perplexity_of(log_likelihood, tokens, "document") == pytest.approx(np.exp(1.5))
    assert perplexity_of(log_likelihood, tokens, "corpus") == pytest.approx(np.exp(4 / 3))


def test_documents_of_one_token_have_no_half_to_score(vae):
    assert "perplexity_completion" not in figures(vae, np.eye(V, dtype=int))
    assert figures(vae, np.eye(V, dtype=int))["perplexity_bound_corpus"].n == V


def test_progress_is_told(vae, counts):
    told = []
    figures(vae, counts, progress=lambda *said: told.append(said))
    assert told[:4] == [(stage, done, D) for stage in ("bound", "importance weighting") for done in (0, D)]
