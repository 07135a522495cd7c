"""How well the model of a run fits new documents."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError
from neuraltopic.estimators.texts.counted_documents import no_known_word
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.reading.rows import Corpus
from neuraltopic.runs.editing import corpus_of, open_with_documents
from neuraltopic.topics.groups.drift import UNFAMILIAR, TopicDrift, familiarity, topic_drift, verdict

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.preprocessing.preprocessor import Prepared
    from neuraltopic.progress import Progress

# Documents of the fit that new ones are compared with, at most, drawn with a fixed seed.
_COMPARED = 20_000


@dataclass(frozen=True)
class Drift:
    """A comparison of new documents with those of the fit.

    Attributes
    ----------
    verdict, advice : str
        See `neuraltopic.topics.groups.drift.verdict`.
    n_documents : int
        New documents with a known word.
    n_wordless : int
        Those without, which the other figures leave out.
    unfamiliar : float
        Share of the documents below 0.01 of those of the fit.
    unknown, unknown_of_fit : float
        Share of tokens that the vocabulary does not have.
    topics : TopicDrift
    labels : list of str
    documents : DataFrame
        One line per new document with a known word: id, n_tokens, score (nats per token), familiarity, topic.
    """

    verdict: str
    advice: str
    n_documents: int
    n_wordless: int
    unfamiliar: float
    unknown: float
    unknown_of_fit: float
    topics: TopicDrift
    labels: list[str]
    documents: "pd.DataFrame"

    def topics_table(self) -> "pd.DataFrame":
        """One line per topic: topic, label, change, low, high, moved."""
        import pandas as pd

        moved = (self.topics.change < self.topics.low) | (self.topics.change > self.topics.high)
        return pd.DataFrame(
            {
                "topic": np.arange(len(self.labels)),
                "label": self.labels,
                "change": self.topics.change,
                "low": self.topics.low,
                "high": self.topics.high,
                "moved": moved,
            }
        )

    def facts(self) -> dict[str, Any]:
        """All but the tables, as a JSON object."""
        return {
            "verdict": self.verdict,
            "advice": self.advice,
            "n_documents": self.n_documents,
            "n_wordless": self.n_wordless,
            "unfamiliar": self.unfamiliar,
            "unknown": self.unknown,
            "unknown_of_fit": self.unknown_of_fit,
            "topic_distance": self.topics.distance,
            "topic_distance_expected": self.topics.expected,
        }


def drift(
    run: Path, new: Corpus, *, corpus: Corpus | None = None, seed: int = 0, progress: "Progress | None" = None
) -> Drift:
    """Compare new documents with those that a run was fitted on.

    Parameters
    ----------
    run : Path
        Run folder.
    new : Corpus
    corpus : Corpus, optional
        The documents of the fit, which are read again; by default those that run.json names.
    seed : int
        Of the samples that the topics are compared with.
    progress : callable of (stage, done, total), optional

    Raises
    ------
    NeuralTopicError
        When no new document has a word of the model.
    UsageError
        When the recipe takes embeddings, or the documents of the fit are not there.
    """
    model = open_with_documents(run)
    _require_counts_alone(model)
    before = model.preprocessor_.transform(corpus or corpus_of(run), only_new=True, progress=progress)
    after = model.preprocessor_.transform(new, progress=progress)
    rng = np.random.default_rng(seed)
    rows = np.arange(len(before.counts))
    if len(rows) > _COMPARED:
        rows = np.sort(rng.choice(len(rows), _COMPARED, replace=False))
    known = np.flatnonzero(after.counts.totals() > 0)
    if not len(known):
        raise no_known_word(new.name, after.ledger)
    old_scores, old_lengths, old_shares, _ = _scored(model, before, rows)
    scores, lengths, shares, listed = _scored(model, after, known)
    u = familiarity(old_scores, old_lengths, scores, lengths)
    topics = topic_drift(old_shares, shares, rng)
    unknown, of_fit = _unknown(after), _unknown(before)
    unfamiliar = float((u < UNFAMILIAR).mean())
    word, advice = verdict(unfamiliar, unknown, of_fit, topics.moved)
    return Drift(
        word,
        advice,
        len(known),
        len(after.counts) - len(known),
        unfamiliar,
        unknown,
        of_fit,
        topics,
        model.labels_,
        _documents(after, known, scores, lengths, u, listed),
    )


def _require_counts_alone(model: TopicModel) -> None:
    if model.document_vae_.n_dimensions_in_ is not None:
        raise UsageError(
            "run",
            expected="a recipe of counts alone",
            got=f"{model.recipe}, with embeddings",
            hint="Use neuraltopic evaluate on the new documents instead",
        )


def _scored(model: TopicModel, prepared: "Prepared", rows: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
    """Log likelihood per token, tokens, shares and topic of documents."""
    counts = prepared.counts.rows(rows)
    vectors = np.asarray(model.document_vae_.transform(counts))
    lengths = counts.totals()
    scores = model.document_vae_.log_likelihood(counts, vectors) / lengths
    reader = model.reader_
    whole = np.asarray(reader.transform(counts)) if model.edits_ else vectors
    return scores, lengths, reader.document_weights(whole), reader.topics_of(counts, whole)


def _unknown(prepared: "Prepared") -> float:
    known = float(prepared.counts.totals().sum())
    return prepared.n_unknown / max(prepared.n_unknown + known, 1.0)


def _documents(
    prepared: "Prepared",
    known: NDArray[np.int64],
    scores: NDArray[np.float64],
    lengths: NDArray[np.float64],
    u: NDArray[np.float64],
    listed: NDArray[np.int64],
) -> "pd.DataFrame":
    import pandas as pd

    rows = np.flatnonzero(prepared.position >= 0)
    id_of = {position: prepared.ledger.ids[row] for position, row in zip(prepared.position[rows], rows, strict=True)}
    table = pd.DataFrame(
        {
            "id": [id_of[document] for document in known.tolist()],
            "n_tokens": lengths.astype(np.int64),
            "score": scores,
            "familiarity": u,
            "topic": listed,
        }
    )
    return table.sort_values("familiarity", kind="stable").reset_index(drop=True)
