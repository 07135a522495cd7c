"""Findings of an edit: statistics of its new topics in the documents, kept in the log so that it replays without them.

Axes: D documents, K topics of the model, S splits, T topics before the edit, V words.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from neuraltopic.errors import NeuralTopicError
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.editing.edited_topics import (
    EditedTopics,
    apply,
    merged_into,
    require_groups,
    require_topics,
    split,
)
from neuraltopic.topics.editing.edits import Merge, MergeFindings, Operation, Split, SplitFindings, plain_numbers
from neuraltopic.topics.editing.splits import split_documents
from neuraltopic.topics.interpretation import TopicInterpretation
from neuraltopic.topics.tables import TopicStatistics
from neuraltopic.topics.words.ranking import top_words

FloatArray = NDArray[np.floating]
# Documents of a topic by which the share of a word's documents in a part is smoothed.
_PSEUDO_DOCUMENTS = 2.0
_TYPICAL = 5


@dataclass(frozen=True)
class Documents:
    """Inferences on D documents that edits use.

    Attributes
    ----------
    latents, shares : (D, K)
        z, and the shares of the model's topics.
    listed : (D,)
        The model's topic that each is assigned to.
    coordinates : (D, S)
        Of the splits so far.
    ids : D strings
    copies : (D,)
        Rows of the input that have the text of each.
    counts : Counts of shape (D, V), optional
        Their words, which a split needs.
    """

    latents: FloatArray
    shares: FloatArray
    listed: NDArray[np.integer]
    coordinates: FloatArray
    ids: Sequence[str]
    copies: FloatArray
    counts: Counts | None = None


def with_findings(state: EditedTopics, operation: Operation, documents: Documents) -> Operation:
    """The operation with its findings in the documents of the topics that it makes.

    Raises
    ------
    UsageError
        When it cannot be done to these topics.
    NeuralTopicError
        When the documents of a topic to split do not form two groups.
    """
    if isinstance(operation, Merge):
        return _merge_with_findings(state, operation, documents)
    if isinstance(operation, Split):
        require_topics(state, [operation.topic])
        return Split(operation.topic, _split_findings(state, operation.topic, documents))
    return operation


def _merge_with_findings(state: EditedTopics, operation: Merge, documents: Documents) -> Merge:
    require_groups(state, operation.groups)
    latents, shares = _of_topics(state, documents)
    found = (_merge_findings(state, group, latents, shares, documents) for group in operation.groups)
    return Merge(operation.groups, tuple(found))


def _of_topics(state: EditedTopics, documents: Documents) -> tuple[FloatArray, FloatArray]:
    known = (documents.shares, documents.coordinates)
    return state.latents(documents.latents, *known).astype(np.float64), state.shares(*known).astype(np.float64)


def _merge_findings(
    state: EditedTopics, group: Sequence[int], latents: FloatArray, shares: FloatArray, documents: Documents
) -> MergeFindings:
    members = list(group)
    z = latents[:, members]
    merged = z.sum(1)
    information = float(state.statistics.information[members].sum())
    if state.explained is not None:
        information = _information(shares[:, members].sum(1))
    moments = (z * merged[:, None]).mean(0)
    return MergeFindings(plain_numbers(moments), float(np.float32(information)), _typical(merged, documents.ids))


def _split_findings(state: EditedTopics, topic: int, documents: Documents) -> SplitFindings:
    listed = state.listed(documents.listed, documents.coordinates)
    part, fraction = divide(documents.counts, np.flatnonzero(listed == topic), topic)
    draft = SplitFindings(part, fraction, 0.0, (0, 0), (0.0, 0.0), ((), ()))
    after = split(state, topic, draft)
    assert documents.counts is not None
    new = after.coordinates(documents.shares, documents.counts)[:, -1]
    return described(state, topic, draft, documents, new)


def described(
    state: EditedTopics, topic: int, found: SplitFindings, documents: Documents, new: FloatArray
) -> SplitFindings:
    """Findings on the two parts of a split in documents with the coordinates `new` (D,)."""
    after = split(state, topic, found)
    coordinates = np.column_stack([documents.coordinates, new])
    both = dataclasses.replace(documents, coordinates=coordinates)
    latents, shares = _of_topics(after, both)
    parts = [topic, len(state)]
    listed = after.listed(documents.listed, coordinates) + 1
    count = np.bincount(listed, weights=documents.copies, minlength=len(after) + 1)[1:].round()
    whole = float(state.statistics.information[topic])
    told = (whole * found.part, whole * (1.0 - found.part))
    if state.explained is not None:
        told = (_information(shares[:, parts[0]]), _information(shares[:, parts[1]]))
    typical = tuple(_typical(latents[:, part], documents.ids) for part in parts)
    return dataclasses.replace(
        found,
        mean=float(np.average(new.astype(np.float64), weights=documents.copies)),
        listed=(int(count[parts[0]]), int(count[parts[1]])),
        information=(float(np.float32(told[0])), float(np.float32(told[1]))),
        typical=(typical[0], typical[1]),
        coordinates=plain_numbers(new),
    )


def divide(counts: Counts | None, rows: NDArray[np.integer], topic: int) -> tuple[float, tuple[float, ...]]:
    """F, and f of each word, of the two parts of the documents `rows` of the counts.

    Raises
    ------
    NeuralTopicError
        When they do not form two groups.
    """
    assert counts is not None
    own = counts.rows(rows).to_scipy()
    unigram = counts.word_totals() + 0.5
    division = split_documents(own, np.ones(len(rows)), unigram / unigram.sum())
    if division is None:
        raise NeuralTopicError(
            f"topic {topic}",
            expected="documents that form two groups by their words",
            got=f"{len(rows):,} that do not",
            hint="Split a larger topic",
        )
    has = own.astype(bool).astype(np.float64)
    part = 1.0 - float(division.smaller.mean())
    larger = has[~division.smaller].sum(0)
    fraction = (larger + _PSEUDO_DOCUMENTS * part) / (has.sum(0) + _PSEUDO_DOCUMENTS)
    return part, plain_numbers(fraction)


def _information(share: FloatArray) -> float:
    """E[s log(s / E[s])], as in `SimplexInterpretation.information`."""
    mean = float(share.mean())
    return float(xlogy(share, share).mean() - xlogy(mean, mean))


def _typical(latents: FloatArray, ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(ids[d]) for d in top_words(latents[None], _TYPICAL)[0].tolist())


def pooled_findings(
    operation: Operation,
    earlier: EditedTopics,
    later: EditedTopics,
    documents: Documents,
    weights: NDArray[np.float64],
    interpretation: TopicInterpretation,
    words: Mapping[str, int],
) -> tuple[Operation, Operation]:
    """The operation with the findings in later documents, and with those in both.

    Parameters
    ----------
    operation : Operation
        With the findings in earlier documents.
    earlier, later : EditedTopics
        The topics before the operation, by the statistics of the earlier and of the later documents.
    documents : Documents
        The later ones, with their coordinates of the splits so far, and counts.
    weights : (2,)
        Share of the earlier and of the later documents in all.
    interpretation : TopicInterpretation
    words : mapping
        Column of each word.
    """
    if not isinstance(operation, Merge | Split):
        return operation, operation
    new = _said_by_later(later, operation, documents)
    pool = _Pool(
        apply(earlier, operation, words).statistics, apply(later, new, words).statistics, weights, interpretation
    )
    if isinstance(operation, Merge) and isinstance(new, Merge):
        made = np.searchsorted(
            np.unique(merged_into(len(earlier), operation.groups)), [min(g) for g in operation.groups]
        )
        found = zip(operation.found or (), new.found or (), made.tolist(), strict=True)
        return new, Merge(operation.groups, tuple(pool.merge(before, after, topic) for before, after, topic in found))
    assert isinstance(operation, Split)
    assert isinstance(new, Split)
    return new, Split(operation.topic, pool.split(operation.found, new.found, operation.topic, len(earlier)))


def _said_by_later(later: EditedTopics, operation: Merge | Split, documents: Documents) -> Merge | Split:
    """The same operation with the findings in later documents; the split rule does not change."""
    if isinstance(operation, Merge):
        return _merge_with_findings(later, operation, documents)
    assert operation.found is not None
    assert documents.counts is not None
    after = split(later, operation.topic, operation.found)
    new = after.coordinates(documents.shares, documents.counts)[:, -1]
    return Split(operation.topic, described(later, operation.topic, operation.found, documents, new))


@dataclass(frozen=True)
class _Pool:
    """Findings of edited topics in earlier and later documents together."""

    before: TopicStatistics
    after: TopicStatistics
    weights: NDArray[np.float64]
    interpretation: TopicInterpretation

    def merge(self, before: MergeFindings, after: MergeFindings, topic: int) -> MergeFindings:
        moments = self.weights @ np.array([before.moments, after.moments])
        return MergeFindings(plain_numbers(moments), self._information(topic), self._typical(topic))

    def split(self, before: SplitFindings | None, after: SplitFindings | None, topic: int, made: int) -> SplitFindings:
        assert before is not None
        assert after is not None
        return dataclasses.replace(
            after,
            mean=float(self.weights @ np.array([before.mean, after.mean])),
            listed=(before.listed[0] + after.listed[0], before.listed[1] + after.listed[1]),
            information=(self._information(topic), self._information(made)),
            typical=(self._typical(topic), self._typical(made)),
        )

    def _information(self, topic: int) -> float:
        told = np.array([[self.before.information[topic]], [self.after.information[topic]]])
        share = np.array([[self.before.share[topic]], [self.after.share[topic]]])
        return float(self.interpretation.pooled_information(self.weights, told, share)[0])

    def _typical(self, topic: int) -> tuple[str, ...]:
        return self.after.typical[topic] if self.after.n_documents[topic] else self.before.typical[topic]
