"""The figures of one fitted model: of its topics, its perplexity, and its vectors.

Axes: D training documents, N held-out documents, V words, K topics.
"""

import numpy as np
from numpy.typing import NDArray

from neuraltopic.compare.data import ComparisonData
from neuraltopic.compare.models.protocol import ComparedModel, Embeddings
from neuraltopic.evaluate.clusters import (
    contingency,
    kmeans_clusters,
    normalised_mutual_information,
    purity,
    unit_rows,
)
from neuraltopic.evaluate.completion import split_tokens
from neuraltopic.evaluate.labels import numbered_labels
from neuraltopic.evaluate.perplexity import perplexity_of
from neuraltopic.evaluate.retrieval import precision_at_10, probe_hits
from neuraltopic.topics.coherence import coherence_of_blocks, document_npmi
from neuraltopic.topics.diagnostics import live_topics
from neuraltopic.topics.diversity import diversity
from neuraltopic.topics.words.ranking import top_words

TOP_WORDS = 10
# Of the halves of the held-out documents: one draw, the same for every model and every seed.
_COMPLETION_SEED = 0


def top_topic_words(model: ComparedModel) -> NDArray[np.int64]:
    """Numbers of the `TOP_WORDS` highest-ranked words of each topic, best first, (K, 10)."""
    return top_words(model.word_scores(), TOP_WORDS)


def topic_figures(lists: NDArray[np.int64], data: ComparisonData) -> dict[str, float]:
    """Coherence and diversity of lists of words, (K, n); what needs the order of words only where it is known."""
    if data.tokens is None:
        figures = {"npmi_document": float(document_npmi(lists, data.train).mean())}
    else:
        coherence = coherence_of_blocks(lists, [data.tokens]).to_dict()
        figures = {name: float(coherence[name].mean()) for name in ("npmi", "npmi_document", "c_v")}
    return {**figures, "diversity": diversity(lists)}


def usage_figures(model: ComparedModel, data: ComparisonData) -> dict[str, float]:
    """How many topics are in use in the training documents: see `live_topics`."""
    return {"live_topics": float(live_topics(*model.usage(data.train, data.train_embeddings)).sum())}


def bound_figures(model: ComparedModel, data: ComparisonData) -> dict[str, float]:
    """Perplexity by the bound, the bound per token in nats, and its standard error over documents.

    The bound per token is a ratio of sums over documents, sum_d l_d / sum_d N_d = r; its standard error by the delta
    method is sqrt(sum_d (l_d - r N_d)^2) / sum_d N_d.
    """
    bound = model.bound(data.test, data.test_embeddings)
    if bound is None:
        return {}
    tokens = data.test.totals()
    rate = bound.sum() / tokens.sum()
    error = np.sqrt(np.square(bound - rate * tokens).sum()) / tokens.sum()
    return {
        "perplexity_bound_corpus": perplexity_of(bound, tokens, "corpus"),
        "bound_per_token": float(rate),
        "bound_per_token_error": float(error),
    }


def completion_figures(model: ComparedModel, data: ComparisonData) -> dict[str, float]:
    """Perplexity of a random half of each held-out document's tokens, by the vector of its other half.

    None for a model that reads embeddings: these have read both halves.
    """
    if model.reads_embeddings:
        return {}
    observed, scored = split_tokens(data.test, _COMPLETION_SEED)
    log_likelihood = model.log_likelihood(model.vectors(observed), scored)
    if not scored.nnz:
        return {}
    return {"perplexity_completion": perplexity_of(log_likelihood, scored.totals(), "corpus")}


def label_figures(model: ComparedModel, data: ComparisonData) -> dict[str, float]:
    """Figures of topics and vectors against labels, for documents with one; none without labels."""
    rows = [_labelled(labels) for labels in (data.train_labels, data.test_labels)]
    train_rows, test_rows = rows
    if not len(test_rows):
        return {}
    known = [
        [str(labels[row]) for row in chosen.tolist()]
        for labels, chosen in zip((data.train_labels, data.test_labels), rows, strict=True)
        if labels is not None
    ]
    train_labels, labels = numbered_labels(*known)
    counts = data.test.rows(test_rows)
    test = model.vectors(counts, _rows(data.test_embeddings, test_rows))
    n_labels = len(np.unique(labels))
    figures = {
        **_table_figures(contingency(labels, model.topics_of(test, counts)), "purity", "nmi"),
        **_table_figures(contingency(labels, kmeans_clusters(test, n_labels)), None, "kmeans_nmi"),
        **_table_figures(contingency(labels, kmeans_clusters(unit_rows(test), n_labels)), None, "kmeans_unit_nmi"),
    }
    if len(np.unique(train_labels)) < 2:
        return figures
    train = model.vectors(data.train.rows(train_rows), _rows(data.train_embeddings, train_rows))
    return figures | {
        "probe_accuracy": float(probe_hits(train, train_labels, test, labels).mean()),
        "precision_at_10": float(precision_at_10(train, train_labels, test, labels).mean()),
    }


def _labelled(labels: list[str | None] | None) -> NDArray[np.int64]:
    return np.flatnonzero([label is not None for label in labels or ()])


def _rows(embeddings: Embeddings, rows: NDArray[np.int64]) -> Embeddings:
    return None if embeddings is None else embeddings[rows]


def _table_figures(table: NDArray[np.int64], of_purity: str | None, of_nmi: str) -> dict[str, float]:
    tables = table[None].astype(np.float64)
    figures = {of_nmi: float(normalised_mutual_information(tables)[0])}
    return {of_purity: float(purity(tables)[0]), **figures} if of_purity else figures
