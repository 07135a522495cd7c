"""The tidy tables of a fitted model: one line per word, one line per topic, one line per document."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuraltopic.topics.diagnostics import inactive_topics, live_topics, repeated_topics
from neuraltopic.topics.row_blocks import FloatRows, blocks
from neuraltopic.topics.words.ranking import frex, lift, top_words

# Words in a label, as in 12_orbit_lunar_shuttle.
_LABEL_WORDS = 3
# Length of the word lists that are compared when topics repeat.
_COMPARED_WORDS = 10


@dataclass(frozen=True)
class TopicStatistics:
    """Statistics of each topic in the training documents; arrays of shape (K,).

    Attributes
    ----------
    share : float
        Mean share of the topic in the documents; sums to 1.
    n_documents : int
        Documents assigned to it, copies included.
    strength : float
        Root mean square of z_k over those documents; 1, the prior's, if there is none.
    information : float
        See `TopicInterpretation.information`.
    typical : tuple of tuple of str
        Ids of the documents with the largest z_k, most typical first.
    """

    share: NDArray[np.floating]
    n_documents: NDArray[np.integer]
    strength: NDArray[np.floating]
    information: NDArray[np.floating]
    typical: tuple[tuple[str, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able lists."""
        return {
            "share": self.share.tolist(),
            "n_documents": self.n_documents.tolist(),
            "strength": self.strength.tolist(),
            "information": self.information.tolist(),
            "typical": [list(ids) for ids in self.typical],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TopicStatistics":
        """Back from `to_dict`."""
        return cls(
            share=np.asarray(values["share"], np.float64),
            n_documents=np.asarray(values["n_documents"], np.int64),
            strength=np.asarray(values["strength"], np.float64),
            information=np.asarray(values["information"], np.float64),
            typical=tuple(tuple(ids) for ids in values["typical"]),
        )


def topic_statistics(
    latents: FloatRows,
    topics: NDArray[np.integer],
    share: NDArray[np.floating],
    information: NDArray[np.floating],
    ids: Sequence[str],
    copies: NDArray[np.floating],
    n_typical: int = 5,
) -> TopicStatistics:
    """Statistics of K topics from D documents.

    Parameters
    ----------
    latents : FloatRows of shape (D, K)
        What the decoder sees of the posterior means of z.
    topics : int array of shape (D,)
        The topic that each document is assigned to.
    share : (K,)
        Mean share of each topic in all documents, as the model has it.
    information : (K,)
        See `TopicInterpretation.information`.
    ids : D strings
    copies : (D,)
        Number of input rows with the text of each.
    """
    K = latents.shape[1]
    n_documents = np.bincount(topics, weights=copies, minlength=K).round().astype(np.int64)
    squares, typical = np.zeros(K), _Largest(n_typical)
    for rows in blocks(len(latents)):
        block, listed = latents[rows], topics[rows]
        of_rows = np.square(block[np.arange(len(block)), listed]) * copies[rows]
        squares += np.bincount(listed, weights=of_rows, minlength=K)
        typical.add(rows.start, block)
    return TopicStatistics(
        share=np.asarray(share, np.float64),
        n_documents=n_documents,
        strength=np.where(n_documents > 0, np.sqrt(squares / np.maximum(n_documents, 1)), 1.0),
        information=np.asarray(information, np.float64),
        typical=tuple(tuple(str(ids[d]) for d in row) for row in typical.documents),
    )


class _Largest:
    """The n documents with the largest z on each topic, the largest first; ties go to the earlier document."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._values: NDArray[np.floating] | None = None
        self.documents: list[list[int]] = []

    def add(self, start: int, latents: NDArray[np.floating]) -> None:
        """Add documents (B, K), the first of which has this number."""
        found = top_words(latents.T, self._n)
        values, documents = np.take_along_axis(latents.T, found, 1), found + start
        if self._values is not None:
            values = np.concatenate([self._values, values], 1)
            documents = np.concatenate([np.array(self.documents), documents], 1)
        best = top_words(values, self._n)
        self._values = np.take_along_axis(values, best, 1)
        self.documents = np.take_along_axis(documents, best, 1).tolist()


def pooled_statistics(
    earlier: TopicStatistics,
    later: TopicStatistics,
    share: NDArray[np.floating],
    information: NDArray[np.floating],
) -> TopicStatistics:
    """Statistics of the documents of both, given the share and information in all of them.

    Typical documents are the later ones, whose vectors belong to the current topics, if one of them is assigned to the
    topic, else the earlier ones.
    """
    n_documents = earlier.n_documents + later.n_documents
    squares = earlier.n_documents * earlier.strength**2 + later.n_documents * later.strength**2
    return TopicStatistics(
        share=share,
        n_documents=n_documents,
        strength=np.where(n_documents > 0, np.sqrt(squares / np.maximum(n_documents, 1)), 1.0),
        information=np.asarray(information, np.float64),
        typical=tuple(
            after if n else before
            for before, after, n in zip(earlier.typical, later.typical, later.n_documents, strict=True)
        ),
    )


def topic_labels(weights: NDArray[np.floating], words: Sequence[str]) -> list[str]:
    """A label for each topic: its number and its first words, 12_orbit_lunar_shuttle.

    `weights` (K, V) rank the words, here and below: see `reliable_weights`.
    """
    ranked = top_words(weights, _LABEL_WORDS)
    return [f"{topic}_{'_'.join(words[w] for w in row)}" for topic, row in enumerate(ranked.tolist())]


def topic_words_table(
    labels: Sequence[str],
    weights: NDArray[np.floating],
    log_probabilities: NDArray[np.floating],
    log_unigram: NDArray[np.floating],
    words: Sequence[str],
    top_n: int,
) -> pd.DataFrame:
    """One line per word: topic, label, rank (from 1), word, weight, frex, lift.

    Parameters
    ----------
    labels : K strings
    weights, log_probabilities : (K, V)
        Weights that rank the words, and log p(w | topic).
    log_unigram : (V,)
        log p(w), the baseline of lift.
    """
    ranked = top_words(weights, top_n)
    topics = np.repeat(np.arange(len(ranked)), ranked.shape[1])
    chosen = (topics, ranked.ravel())
    return pd.DataFrame(
        {
            "topic": topics,
            "label": [labels[topic] for topic in topics.tolist()],
            "rank": np.tile(np.arange(1, ranked.shape[1] + 1), len(ranked)),
            "word": [words[w] for w in ranked.ravel().tolist()],
            "weight": weights[chosen],
            "frex": frex(log_probabilities)[chosen],
            "lift": lift(log_probabilities, log_unigram)[chosen],
        }
    )


def topics_table(
    weights: NDArray[np.floating],
    words: Sequence[str],
    statistics: TopicStatistics,
    top_n: int = 10,
    labels: Sequence[str] | None = None,
    junk: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """One line per topic: topic, label, share, n_documents, information (nats per document), words, typical_documents
    (a list of ids), flags ("junk", "unused", "inactive", "repeats 7").

    Labels are those of `topic_labels`, and no topic is junk, by default.
    """
    ranked = top_words(weights, top_n)
    repeats = repeated_topics(top_words(weights, _COMPARED_WORDS))
    inactive = inactive_topics(statistics.information)
    live = live_topics(statistics.share, statistics.n_documents)
    flags = []
    for topic in range(len(weights)):
        flag = ["junk"] if junk is not None and junk[topic] else []
        if not live[topic]:
            flag.append("unused")
        if inactive[topic]:
            flag.append("inactive")
        if topic in repeats:
            flag.append(f"repeats {repeats[topic]}")
        flags.append(", ".join(flag))
    return pd.DataFrame(
        {
            "topic": np.arange(len(weights)),
            "label": topic_labels(weights, words) if labels is None else list(labels),
            "share": statistics.share,
            "n_documents": statistics.n_documents,
            "information": statistics.information,
            "words": [" ".join(words[w] for w in row) for row in ranked.tolist()],
            "typical_documents": [list(ids) for ids in statistics.typical],
            "flags": flags,
        }
    )


def documents_table(
    ledger: pd.DataFrame,
    position: NDArray[np.integer],
    topics: NDArray[np.integer],
    weight: NDArray[np.floating],
    labels: Sequence[str],
) -> pd.DataFrame:
    """One line per input row, in input order: the ledger's columns, then topic, topic_label and topic_weight.

    They name the topic that the document is assigned to, and its share in the document. A column of the corpus with one
    of these names gets the suffix "_".

    Parameters
    ----------
    ledger : DataFrame of N rows
    position : (N,)
        Entry of `topics` and `weight` for each input row, -1 where it has none; its topic is then missing.
    topics : (D,)
        -1 where a document is assigned to none, whose topic is missing too.
    weight : (D,)
    """
    rows = np.flatnonzero(position >= 0)
    rows = rows[topics[position[rows]] >= 0]
    listed = topics[position[rows]]
    topic = pd.array([pd.NA] * len(position), dtype="Int64")
    topic[rows] = listed
    label = np.full(len(position), None, dtype=object)
    label[rows] = [labels[number] for number in listed.tolist()]
    share = np.full(len(position), np.nan)
    share[rows] = weight[position[rows]]
    ours: dict[str, Any] = {"topic": topic, "topic_label": pd.array(label, dtype="str"), "topic_weight": share}
    table = ledger.rename(columns={name: _free(name, [*ledger.columns, *ours]) for name in ours})
    return table.assign(**ours)


def _free(name: str, taken: Sequence[str]) -> str:
    """The name, with "_" appended until it is new."""
    while name in taken:
        name += "_"
    return name
