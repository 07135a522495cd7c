"""Perplexity of held-out documents by the bound, by importance weighting, and by document completion.

Axes: D documents, V words, K numbers of a latent point.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from neuraltopic.evaluate.completion import split_tokens
from neuraltopic.evaluate.figures import Figure
from neuraltopic.evaluate.intervals import ratio_interval
from neuraltopic.preprocessing.counts import Counts

if TYPE_CHECKING:
    from neuraltopic.estimators.document_vae import DocumentVAE
    from neuraltopic.progress import Progress
    from neuraltopic.reading.vectors.embeddings import Embeddings

# Draws from q(z | x) a document: for the bound those of `DocumentVAE.perplexity`, for the tighter one more.
BOUND_SAMPLES = 20
IMPORTANCE_SAMPLES = 100
# Documents scored at once; the answer depends on it by rounding only.
_AT_ONCE = 1024

Form = Literal["document", "corpus"]
_FORMS: tuple[Form, ...] = ("document", "corpus")

FloatArray = NDArray[np.float64]


def perplexity_figures(
    vae: "DocumentVAE",
    counts: Counts,
    *,
    embeddings: "Embeddings | None" = None,
    seed: int,
    progress: "Progress | None" = None,
) -> list[Figure]:
    """Perplexity of documents by the ELBO, by the importance-weighted bound, and by completion; lower is better.

    With embeddings, which have seen the whole document, there is no completion. Documents without a word are left out.
    Intervals are over documents.

    Parameters
    ----------
    vae : DocumentVAE
    counts : Counts of shape (D, V)
        At least one document has words.
    embeddings : Embeddings of D documents, optional
    seed : int
        For the halves of the completion and the resamples of the intervals.
    progress : callable of (stage, done, total), optional
    """
    tokens = counts.totals()
    figures = []
    for metric, stage, n_samples, importance_weighted in (
        ("perplexity_bound", "bound", BOUND_SAMPLES, False),
        ("perplexity_iw", "importance weighting", IMPORTANCE_SAMPLES, True),
    ):
        if progress:
            progress(stage, 0, len(counts))
        log_likelihood = vae.bound(
            counts, embeddings=embeddings, n_samples=n_samples, importance_weighted=importance_weighted
        )
        if progress:
            progress(stage, len(counts), len(counts))
        by = "an estimate by annealing, no bound" if vae.vae_.exact_posterior else f"{n_samples} samples"
        for per in _FORMS:
            figures.append(_figure(f"{metric}_{per}", log_likelihood, tokens, per, seed, by))
    if embeddings is not None:
        return figures
    log_likelihood, tokens = completion_log_likelihood(vae, counts, seed=seed, progress=progress)
    if tokens.any():
        figures.append(_figure("perplexity_completion", log_likelihood, tokens, "corpus", seed))
    return figures


def completion_log_likelihood(
    vae: "DocumentVAE", counts: Counts, *, seed: int, progress: "Progress | None" = None
) -> tuple[FloatArray, FloatArray]:
    """log p(scored half | z) of each document in nats, (D,), at the vector of its observed half, and the tokens
    scored, (D,)."""
    observed, scored = split_tokens(counts, seed)
    log_likelihood = np.empty(len(counts))
    if progress:
        progress("completion", 0, len(counts))
    for start in range(0, len(counts), _AT_ONCE):
        stop = min(start + _AT_ONCE, len(counts))
        vectors = np.asarray(vae.transform(observed.slice(start, stop)))
        log_likelihood[start:stop] = vae.log_likelihood(scored.slice(start, stop), vectors)
        if progress:
            progress("completion", stop, len(counts))
    return log_likelihood, scored.totals()


def perplexity_of(log_likelihood: FloatArray, tokens: FloatArray, per: Form) -> float:
    """exp(-1/D sum_d (1/N_d) log p_d) per document, exp(-sum_d log p_d / sum_d N_d) per corpus.

    Parameters
    ----------
    log_likelihood, tokens : (D,)
        log p_d in nats, and N_d; documents with N_d = 0 are left out.
    """
    numerator, denominator = _terms(log_likelihood, tokens, per)
    return float(np.exp(-numerator.sum() / denominator.sum()))


def _terms(log_likelihood: FloatArray, tokens: FloatArray, per: Form) -> tuple[FloatArray, FloatArray]:
    """The terms of the numerator and of the denominator."""
    filled = tokens > 0
    log_likelihood, tokens = log_likelihood[filled], tokens[filled]
    return (log_likelihood / tokens, np.ones_like(tokens)) if per == "document" else (log_likelihood, tokens)


def _figure(
    metric: str, log_likelihood: FloatArray, tokens: FloatArray, per: Form, seed: int, detail: str = ""
) -> Figure:
    numerator, denominator = _terms(log_likelihood, tokens, per)
    interval = ratio_interval(numerator, denominator, seed=seed, transform=lambda mean: np.exp(-mean))
    return Figure.of(metric, perplexity_of(log_likelihood, tokens, per), interval, len(numerator), "documents", detail)
