"""All figures of a fitted model on held-out documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuraltopic.errors import UsageError
from neuraltopic.estimators.texts.counted_documents import no_known_word
from neuraltopic.evaluate.documents import cluster_figures, supervised_figures
from neuraltopic.evaluate.figures import Evaluation, Figure
from neuraltopic.evaluate.labels import DEFAULT_LABEL, Labelled, column_of, label_texts
from neuraltopic.evaluate.perplexity import perplexity_figures
from neuraltopic.evaluate.topic_figures import Values, coherence_figures, difference_figures, stability_figures
from neuraltopic.preprocessing.ledger.ledger import LEDGER_COLUMNS
from neuraltopic.reading.readers import StandardInput, open_corpus
from neuraltopic.reading.rows import Corpus, Row
from neuraltopic.topics.coherence import coherence_of_blocks
from neuraltopic.topics.words.ranking import top_words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from neuraltopic.estimators.topic_model import TopicModel
    from neuraltopic.preprocessing.counts import Counts
    from neuraltopic.preprocessing.preprocessor import Prepared
    from neuraltopic.progress import Progress
    from neuraltopic.reading.vectors.embeddings import Embeddings

Documents = Sequence[str] | str | Path | Corpus


def evaluate_model(
    model: "TopicModel",
    held_out: Documents,
    *,
    embeddings: Any = None,
    reference: Documents | None = None,
    training: Labelled | None = None,
    label: str | None = None,
    others: Sequence["TopicModel"] = (),
    n_words: int = 10,
    ranking: str = "default",
    seed: int = 0,
    progress: "Progress | None" = None,
) -> Evaluation:
    """Measure the topics of a model, and its vectors of held-out documents.

    Parameters
    ----------
    model : TopicModel
        Fitted. The documents go through its own preprocessing.
    held_out, reference : sequence of str, path, or Corpus
        Documents that were not in the fit, and those in which coherence counts words; by default the same.
    embeddings : floating-point array of shape (N, C) or EmbeddingSource, optional
        Of the held-out documents, as for `TopicModel.transform`. Completion is then left out, since an embedding has
        seen the half to be predicted.
    training : Labelled, optional
        Documents of the fit, for the probe and for retrieval, which are left out without them: see `training_vectors`.
    label : str, optional
        The column of `held_out` that holds labels; by default "label", where there is one.
    others : sequence of TopicModel
        The same fit from other seeds, for stability.
    n_words, ranking : int, str
        Number of words of each topic that are compared, and their ranking: see `TopicModel.word_weights`.
    seed : int
        For the halves of completion and the resamples of intervals. The same seed gives the same figures.
    progress : callable of (stage, done, total), optional

    Raises
    ------
    UsageError
        When there is no such label or ranking, another model has another vocabulary or number of topics, or `n_words`
        is less than 1; about embeddings as `TopicModel.transform` does.
    NeuralTopicError
        When no held-out document has a word of the model.
    """
    lists, other_lists = _word_lists(model, others, n_words, ranking)
    documents = _read(model, held_out, embeddings, label, progress)
    counted_in, name = (documents.rows, documents.name) if reference is None else _reference(reference)
    parts = _topic_figures(model, lists, other_lists, counted_in, name, seed, progress)
    of_perplexity = perplexity_figures(
        model.document_vae_, documents.counts, embeddings=documents.embeddings, seed=seed, progress=progress
    )
    of_documents, notes = _document_figures(model, documents, training, seed, progress)
    return Evaluation(
        figures=(*(figure for figures, _ in parts for figure in figures), *of_perplexity, *of_documents),
        topics=_topics_table(model, [values for _, values in parts]),
        reference=name,
        held_out=documents.name,
        notes=(*notes, *documents.notes),
    )


@dataclass(frozen=True)
class _HeldOut:
    """Held-out documents: as they were read, as they were counted, and the column of their labels."""

    name: str
    rows: "Corpus | list[Row]"
    prepared: "Prepared"
    embeddings: "Embeddings | None"
    ledger: "pd.DataFrame"
    column: str | None

    @property
    def counts(self) -> "Counts":
        """Counts of each document, (N, V)."""
        return self.prepared.counts

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left out of the perplexity."""
        seen = "left out: perplexity_completion: an embedding has seen the half that is to be predicted"
        return () if self.embeddings is None else (seen,)


def _read(
    model: "TopicModel", held_out: Documents, embeddings: Any, label: str | None, progress: "Progress | None"
) -> _HeldOut:
    """Read and count held-out documents.

    Raises
    ------
    UsageError
        When the embeddings are not usable, or there is no such label.
    NeuralTopicError
        When no document has a word of the model.
    """
    model.document_vae_.require_embeddings_given(embeddings)
    corpus = _opened(held_out)
    rows = list(corpus) if isinstance(corpus, StandardInput) else corpus  # which can be read once
    prepared = model.preprocessor_.transform(rows, progress=progress)
    if not prepared.counts.nnz:
        raise no_known_word(corpus.name, prepared.ledger)
    ledger = prepared.ledger.to_frame()
    column = column_of([str(name) for name in ledger if name not in LEDGER_COLUMNS], label, corpus.name)
    return _HeldOut(corpus.name, rows, prepared, model.embeddings_of(prepared, embeddings), ledger, column)


def _reference(reference: Documents) -> tuple[Corpus, str]:
    corpus = _opened(reference)
    return corpus, corpus.name


def _word_lists(
    model: "TopicModel", others: Sequence["TopicModel"], n_words: int, ranking: str
) -> "tuple[NDArray[np.int64], list[NDArray[np.int64]]]":
    """The first words of each topic, (K, n_words), of a model and of the same fit from other seeds."""
    if isinstance(n_words, bool) or not isinstance(n_words, int | np.integer) or n_words < 1:
        raise UsageError("n_words", expected="a whole number of 1 or more", got=repr(n_words), hint="Try 10")
    lists = top_words(model.word_weights(ranking), n_words)
    return lists, [_lists_of(other, model, n_words, ranking) for other in others]


def _topic_figures(
    model: "TopicModel",
    lists: "NDArray[np.int64]",
    other_lists: "list[NDArray[np.int64]]",
    reference: "Corpus | list[Row]",
    name: str,
    seed: int,
    progress: "Progress | None",
) -> "list[tuple[list[Figure], Values]]":
    """Figures of the word lists, with their value for each topic: coherence in a reference corpus of this name,
    diversity, and with the lists of other seeds stability."""
    coherence = coherence_of_blocks(
        lists,
        model.preprocessor_.token_blocks(reference),
        report=(lambda done: progress("coherence", done, None)) if progress else None,
    )
    log_probabilities = model.reader_.topic_log_probabilities(model.statistics_.strength)
    parts = [coherence_figures(coherence, name, seed=seed), difference_figures(lists, log_probabilities, seed=seed)]
    if other_lists:
        parts.append(stability_figures(lists, other_lists, seed=seed))
    return parts


def _document_figures(
    model: "TopicModel",
    documents: _HeldOut,
    training: Labelled | None,
    seed: int,
    progress: "Progress | None",
) -> tuple[list[Figure], list[str]]:
    """Figures that need labels, and notes on the figures that are left out."""
    clusters, supervised = "purity, nmi and KMeans", "probe_accuracy and precision_at_10"
    column, position = documents.column, documents.prepared.position
    if column is None:
        missing = f"the held-out documents have no column {DEFAULT_LABEL!r}"
        return [], [f"left out: {clusters}, {supervised}: {missing}"]
    readable = position >= 0
    texts = label_texts(documents.ledger[column][readable])
    labelled = [row for row, text in enumerate(texts) if text is not None]
    if not labelled:
        return [], [f"left out: {clusters}, {supervised}: no held-out document has a {column!r}"]
    notes = []
    if len(labelled) < len(texts):
        notes.append(f"{len(texts) - len(labelled):,} held-out documents have no {column!r}, and no part in {clusters}")
    rows = position[readable][labelled]
    given_embeddings = None if documents.embeddings is None else documents.embeddings.of(rows)
    counts = documents.counts.rows(rows)
    # Without the coordinates of splits, like the vectors of the fit.
    vectors = np.asarray(model.document_vae_.transform(counts, embeddings=given_embeddings))
    held_out = Labelled(vectors, [texts[row] for row in labelled])
    topics = model.topics_of_vectors(counts, vectors)
    figures = cluster_figures(held_out, topics, seed=seed, progress=progress)
    known = training.known() if training else None
    if known is None or not len(known.labels):
        notes.append(f"left out: {supervised}: there are no vectors of the fit with a {column!r}")
    elif len(set(known.labels)) < 2:
        notes.append(f"left out: {supervised}: the documents of the fit have one {column!r} only")
    else:
        figures += supervised_figures(known, held_out, seed=seed, progress=progress)
    return figures, notes


def _lists_of(other: "TopicModel", model: "TopicModel", n_words: int, ranking: str) -> "NDArray[np.int64]":
    for what, ours, theirs in (
        ("vocabulary", model.vocabulary_, other.vocabulary_),
        ("number of topics", len(model.components_), len(other.components_)),
    ):
        if ours != theirs:
            raise UsageError(
                "model to compare with",
                expected=f"the same {what}",
                got="a model with another",
                hint="Fit both to the same documents with the same settings, and another seed",
            )
    return top_words(other.word_weights(ranking), n_words)


def _opened(documents: Documents) -> Corpus:
    return documents if isinstance(documents, Corpus) else open_corpus(documents)


def _topics_table(model: "TopicModel", parts: Sequence[Values]) -> "pd.DataFrame":
    import pandas as pd

    labels = model.labels_
    table = pd.DataFrame({"topic": np.arange(len(labels)), "label": labels})
    return table.assign(**{metric: values for part in parts for metric, values in part.items()})
