r"""Topics after edits, computed from the topics of the model, which do not change.

A document has the shares s (K,) of the model's topics and, for each split, a coordinate

    d_j = s_t (2 g - 1),

where s_t is the share of the topic that is divided and g how likely the document's words make part 0. Both parts are
then linear, (s_t + d_j) / 2 and (s_t - d_j) / 2, as the shares of merged topics are a sum, and those of the topics
that remain after a drop a selection: with e = (s, d) the shares of T edited topics are e A with one matrix A
(K + S, T). They sum to 1, or to less after a drop.

A split divides a topic by its words: with f_w the share of part 0 in the topic's documents that have word w, and F that
in all of them, the odds of part 0 in a document with the counts x are

    g / (1 - g) = F / (1 - F) prod_w ((f_w / F) / ((1 - f_w) / (1 - F)))^(x_w / 3),

each word counting as often as in `DocumentAssignment`. What the topic explains of word w is divided by f_w, and the
rows of R are R_t + log(f_w / F) / z_t and R_t + log((1 - f_w) / (1 - F)) / z_t, with z_t the strength of the topic, so
that at z_t the words of a part are likelier by what its documents say.

The row of a merged topic, sum_i c_i R_i, is the least-squares one: it comes nearest to the energies sum_i z_i R_i that
the documents have of these topics when z_m = sum_i z_i stands for them, c_i = sum_d z_di z_dm / sum_d z_dm^2.

Axes: D documents, K topics of the model, S splits, T topics after the edits, V words.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import UsageError
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.topics.documents.document_assignment import TOKENS_AS_ONE
from neuraltopic.topics.editing.edits import (
    Drop,
    Junk,
    Merge,
    MergeFindings,
    MoveWord,
    Operation,
    Rename,
    Reorder,
    Split,
    SplitFindings,
    Undo,
)
from neuraltopic.topics.tables import TopicStatistics

FloatArray = NDArray[np.floating]


@dataclass(frozen=True)
class SplitRule:
    """How one split divides documents.

    Attributes
    ----------
    topic, made : int
        The topic, which part 0 remains, and part 1, as they are numbered when it is divided.
    column : (K + j,)
        Its column of A then.
    weight : (V,)
        What a token of each word adds to the log odds of part 0.
    bias : float
        Log odds of a document without words.
    """

    topic: int
    made: int
    column: NDArray[np.float64]
    weight: NDArray[np.float64]
    bias: float


@dataclass(frozen=True)
class EditedTopics:
    """T topics after edits of a model of K topics.

    Attributes
    ----------
    shares_map : (K + S, T)
        A.
    mean : (K + S,)
        Mean of e over the documents of the fit.
    statistics : TopicStatistics of T topics
    labels : T of str or None
        Labels that the user gave.
    junk : bool (T,)
    components, explained : (T, V)
        R, and what the topics explain; None as in `TopicWords`.
    splits : S of SplitRule
    steps : tuple of int arrays and SplitRules
        The new number of each topic after each operation, -1 for a dropped one; or how documents are divided.
    """

    shares_map: NDArray[np.float64]
    mean: NDArray[np.float64]
    statistics: TopicStatistics
    labels: tuple[str | None, ...]
    junk: NDArray[np.bool_]
    components: NDArray[np.float32]
    explained: NDArray[np.float32] | None
    splits: tuple[SplitRule, ...] = ()
    steps: tuple[NDArray[np.int64] | SplitRule, ...] = ()

    @classmethod
    def of(cls, statistics: TopicStatistics, components: FloatArray, explained: FloatArray | None) -> Self:
        """The topics of the model, unedited."""
        K = len(components)
        share = np.asarray(statistics.share, np.float64)
        none = np.zeros(K, bool)
        return cls(np.eye(K), share, statistics, (None,) * K, none, components, explained)

    def __len__(self) -> int:
        """T."""
        return len(self.labels)

    @property
    def n_of_model(self) -> int:
        """K."""
        return len(self.shares_map) - len(self.splits)

    def coordinates(self, shares: FloatArray, counts: Counts) -> NDArray[np.float32]:
        """Split coordinates of documents, (D, S), from their shares of the model's topics (D, K) and counts (D, V)."""
        extended = np.empty((len(shares), len(self.shares_map)))
        K = self.n_of_model
        extended[:, :K] = shares
        weights = np.stack([rule.weight for rule in self.splits], 1) if self.splits else np.zeros((counts.shape[1], 0))
        odds = np.zeros((len(counts), len(self.splits)))
        for start, block in counts.blocks():
            odds[start : start + len(block)] = block.to_scipy() @ weights
        for j, rule in enumerate(self.splits):
            extended[:, K + j] = (extended[:, : K + j] @ rule.column) * np.tanh(0.5 * (odds[:, j] + rule.bias))
        return extended[:, K:].astype(np.float32)

    def shares(self, shares: FloatArray, coordinates: FloatArray) -> NDArray[np.float32]:
        """Share of each topic in each document, (D, T), from those of the model's topics and the coordinates."""
        return np.maximum(np.hstack([shares, coordinates]) @ self.shares_map, 0.0).astype(np.float32)

    def latents(self, latents: FloatArray, shares: FloatArray, coordinates: FloatArray) -> NDArray[np.float32]:
        """z of the edited topics, (D, T): merged topics have the sum, the parts of a split what its shares divide."""
        extended = np.hstack([latents.astype(np.float64), np.zeros_like(coordinates, np.float64)])
        known = np.hstack([shares, coordinates]).astype(np.float64)
        K = self.n_of_model
        for j, rule in enumerate(self.splits):
            before = slice(0, K + j)
            share = known[:, before] @ rule.column
            part = np.divide(known[:, K + j], share, out=np.zeros_like(share), where=share > 0)
            extended[:, K + j] = (extended[:, before] @ rule.column) * np.clip(part, -1.0, 1.0)
        return (extended @ self.shares_map).astype(np.float32)

    def listed(self, listed: NDArray[np.integer], coordinates: FloatArray) -> NDArray[np.int64]:
        """The topic that each document is assigned to, (D,), from the model's; -1 where it was dropped."""
        topics = np.asarray(listed, np.int64)
        for step in self.steps:
            if isinstance(step, SplitRule):
                other = (topics == step.topic) & (coordinates[:, len(step.column) - self.n_of_model] < 0)
                topics = np.where(other, step.made, topics)
            else:
                topics = np.append(step, -1)[topics]
        return topics


def replay(base: EditedTopics, operations: Iterable[Operation], words: Mapping[str, int]) -> EditedTopics:
    """The topics after operations in force, see `effective`.

    Parameters
    ----------
    base : EditedTopics
    operations : iterable of Operation
        With its findings.
    words : mapping
        Column of each word.
    """
    state = base
    for operation in operations:
        state = apply(state, operation, words)
    return state


def apply(state: EditedTopics, operation: Operation, words: Mapping[str, int]) -> EditedTopics:
    """The topics after one more operation.

    Raises
    ------
    UsageError
        When it cannot be done to these topics.
    """
    match operation:
        case Rename(labels):
            require_topics(state, list(labels))
            given = tuple(labels.get(topic, label) for topic, label in enumerate(state.labels))
            return dataclasses.replace(state, labels=given)
        case Junk(topics):
            require_topics(state, topics)
            junk = state.junk.copy()
            junk[list(topics)] = True
            return dataclasses.replace(state, junk=junk)
        case Drop(topics):
            require_topics(state, topics)
            if len(set(topics)) == len(state):
                raise UsageError("drop", expected="at least one topic left", got="all topics", hint="Keep at least one")
            return _selected(state, [topic for topic in range(len(state)) if topic not in topics])
        case Reorder(order):
            if sorted(order) != list(range(len(state))):
                raise UsageError(
                    "order",
                    expected=f"each of the topics 0 to {len(state) - 1} once",
                    got=f"{list(order)!r:.80}",
                    hint="List the present numbers in the new order",
                )
            return _selected(state, list(order))
        case MoveWord(word, source, target):
            return _moved(state, word, source, target, words)
        case Merge(groups, found):
            require_groups(state, groups)
            assert found is not None
            return _merged(state, groups, found)
        case Split(topic, findings):
            require_topics(state, [topic])
            assert findings is not None
            return split(state, topic, findings)
        case Undo():
            raise AssertionError(operation)


def require_groups(state: EditedTopics, groups: Sequence[Sequence[int]]) -> None:
    """Raise a UsageError unless each group has two topics or more, and no topic is in two."""
    members = [topic for group in groups for topic in group]
    require_topics(state, members)
    if len(set(members)) < len(members) or any(len(group) < 2 for group in groups):
        raise UsageError(
            "groups to merge",
            expected="two topics or more in each, no topic twice",
            got=f"{[list(group) for group in groups]!r:.80}",
            hint="Name the topics of one theme, as in 3 7",
        )


def require_topics(state: EditedTopics, topics: Sequence[int]) -> None:
    """Raise a UsageError unless these are numbers of topics."""
    for topic in topics:
        if not 0 <= topic < len(state):
            raise UsageError(
                "topic",
                expected=f"a number from 0 to {len(state) - 1}",
                got=repr(topic),
                hint="Numbers are those after the edits before; see neuraltopic topics",
            )


def _selected(state: EditedTopics, kept: list[int]) -> EditedTopics:
    """The topics of these numbers, in this order."""
    statistics = state.statistics
    renumbered = np.full(len(state), -1)
    renumbered[kept] = np.arange(len(kept))
    return dataclasses.replace(
        state,
        shares_map=state.shares_map[:, kept],
        statistics=TopicStatistics(
            share=statistics.share[kept],
            n_documents=statistics.n_documents[kept],
            strength=statistics.strength[kept],
            information=statistics.information[kept],
            typical=tuple(statistics.typical[topic] for topic in kept),
        ),
        labels=tuple(state.labels[topic] for topic in kept),
        junk=state.junk[kept],
        components=state.components[kept],
        explained=None if state.explained is None else state.explained[kept],
        steps=(*state.steps, renumbered),
    )


def _moved(state: EditedTopics, word: str, source: int, target: int, words: Mapping[str, int]) -> EditedTopics:
    """The larger of the two energies goes to the target, and with it all that the source explained of the word."""
    require_topics(state, [source, target])
    if word not in words or source == target:
        raise UsageError(
            "word to move",
            expected="a word of the vocabulary, from one topic to another",
            got=f"{word!r} from {source} to {target}",
            hint="See neuraltopic topics for the words",
        )
    w, pair = words[word], [source, target]
    components = state.components.copy()
    components[pair, w] = np.sort(components[pair, w])
    explained = None if state.explained is None else state.explained.copy()
    if explained is not None:
        explained[target, w] += explained[source, w]
        explained[source, w] = 0.0
    return dataclasses.replace(state, components=components, explained=explained)


def _merged(state: EditedTopics, groups: Sequence[Sequence[int]], found: Sequence[MergeFindings]) -> EditedTopics:
    into = merged_into(len(state), groups)
    kept = np.unique(into)
    renumbered = np.searchsorted(kept, into)
    summing = np.zeros((len(state), len(kept)))
    summing[np.arange(len(state)), renumbered] = 1.0
    mixing = summing.T.copy()
    old = state.statistics
    n_documents = old.n_documents @ summing.astype(np.int64)
    squares = (old.n_documents * old.strength**2) @ summing
    information, typical = old.information[kept].copy(), [old.typical[topic] for topic in kept]
    labels, junk = [state.labels[topic] for topic in kept], state.junk[kept].copy()
    for group, said in zip(groups, found, strict=True):
        made = renumbered[group[0]]
        moments = np.array(said.moments)
        whole = moments.sum()
        mixing[made, list(group)] = moments / whole if whole > 0 else 1.0 / len(group)
        information[made], typical[made] = said.information, said.typical
        labels[made], junk[made] = None, state.junk[list(group)].all()
    shares_map = state.shares_map @ summing
    explained = state.explained
    single = mixing.astype(np.float32)
    strength = np.where(n_documents > 0, np.sqrt(squares / np.maximum(n_documents, 1)), 1.0)
    return dataclasses.replace(
        state,
        shares_map=shares_map,
        statistics=TopicStatistics(state.mean @ shares_map, n_documents, strength, information, tuple(typical)),
        labels=tuple(labels),
        junk=junk,
        components=single @ state.components,
        explained=None if explained is None else summing.T.astype(np.float32) @ explained,
        steps=(*state.steps, renumbered),
    )


def merged_into(n_topics: int, groups: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """The first topic of the group of each topic, (T,): its own number where it is in none."""
    into = np.arange(n_topics)
    for group in groups:
        into[list(group)] = min(group)
    return into


def split(state: EditedTopics, topic: int, said: SplitFindings) -> EditedTopics:
    """The topics after one is divided."""
    T, V = state.components.shape
    if len(said.fraction) != V:
        raise UsageError(
            "split", expected=f"a fraction for each of {V:,} words", got=f"{len(said.fraction):,}", hint="Split again"
        )
    fraction, part = np.array(said.fraction), said.part
    first, second = np.log(fraction / part), np.log((1.0 - fraction) / (1.0 - part))
    column = state.shares_map[:, topic]
    rule = SplitRule(topic, T, column.copy(), (first - second) / TOKENS_AS_ONE, float(np.log(part / (1.0 - part))))
    shares_map = np.zeros((len(state.shares_map) + 1, T + 1))
    shares_map[:-1, :T] = state.shares_map
    shares_map[:-1, topic] = shares_map[:-1, T] = 0.5 * column
    shares_map[-1, [topic, T]] = 0.5, -0.5
    old, mean = state.statistics, np.append(state.mean, said.mean)
    n_documents, information = (
        np.append(old.n_documents, said.listed[1]),
        np.append(old.information, said.information[1]),
    )
    n_documents[topic], information[topic] = said.listed[0], said.information[0]
    strength = np.append(old.strength, old.strength[topic])
    typical = [*old.typical, said.typical[1]]
    typical[topic] = said.typical[0]
    row, z = state.components[topic], float(old.strength[topic]) or 1.0
    components = np.vstack([state.components, row + second / z]).astype(np.float32)
    components[topic] = row + first / z
    explained = state.explained
    if explained is not None:
        explained = np.vstack([explained, explained[topic] * (1.0 - fraction)]).astype(np.float32)
        explained[topic] *= fraction.astype(np.float32)
    return dataclasses.replace(
        state,
        shares_map=shares_map,
        mean=mean,
        statistics=TopicStatistics(mean @ shares_map, n_documents, strength, information, tuple(typical)),
        labels=(*(None if t == topic else label for t, label in enumerate(state.labels)), None),
        junk=np.append(state.junk, state.junk[topic]),
        components=components,
        explained=explained,
        splits=(*state.splits, rule),
        steps=(*state.steps, rule),
    )
