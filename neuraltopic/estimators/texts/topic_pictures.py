"""Figures of a fitted topic model, drawn by `neuraltopic.pictures`.

Each method returns a matplotlib Figure; `figure.savefig("topics.pdf")` writes it. Axes: D documents, K topics, V words.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuraltopic.errors import UsageError
from neuraltopic.estimators.texts.fitted_topics import FittedTopics
from neuraltopic.topics.tables import topic_labels
from neuraltopic.topics.words.ranking import top_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAME_WORDS = 3
# Largest number of panels of a picture with one panel per topic.
_PANELS = 12


class TopicPictures(FittedTopics):
    """The part of `TopicModel` that draws."""

    def visualize_topics(self) -> "Figure":
        """Topics on a map, near where they use similar words: see `neuraltopic.topics.layout`."""
        from neuraltopic.pictures.maps import draw_topics

        return draw_topics(topic_map(self), self.statistics_.share, short_names(self))

    def visualize_documents(self) -> "Figure":
        """Documents of the fit among the topics.

        Raises
        ------
        NeuralTopicError
            After `load`: a saved model holds nothing of the documents. `neuraltopic plot documents` draws those of a
            run folder.
        """
        from neuraltopic.pictures.maps import draw_documents
        from neuraltopic.topics.layout import document_positions, spread_positions

        self._require_documents()
        positions = topic_map(self)
        documents = spread_positions(
            document_positions(self.reader_.document_weights(self.vectors_), positions), len(positions)
        )
        return draw_documents(documents, self.topics_, positions, self.statistics_.share, short_names(self))

    def visualize_barchart(self, topics: Sequence[int] | None = None, top_n: int = 10) -> "Figure":
        """The first words of topics with their probabilities, one panel per topic.

        Parameters
        ----------
        topics : sequence of int, optional
            The 12 with the largest shares by default.
        top_n : int

        Raises
        ------
        UsageError
            When there is no such topic.
        """
        from neuraltopic.pictures.words import draw_barchart

        chosen = chosen_topics(self, topics)
        probabilities = np.exp(self.reader_.topic_log_probabilities(self.statistics_.strength))
        ranked = top_words(self.word_weights(), top_n)
        share, names = self.statistics_.share, given_names(self)
        return draw_barchart(
            [
                f"{topic} {names[topic]} · {share[topic]:.1%}" if names[topic] else f"topic {topic}, {share[topic]:.1%}"
                for topic in chosen
            ],
            [[self.vocabulary_[w] for w in ranked[topic]] for topic in chosen],
            [probabilities[topic, ranked[topic]].tolist() for topic in chosen],
            len(share),
        )

    def visualize_heatmap(self) -> "Figure":
        """Correlations of the topics' energies, ordered by the hierarchy, so that similar topics are neighbours."""
        from scipy.cluster.hierarchy import leaves_list

        from neuraltopic.pictures.similarity import draw_heatmap
        from neuraltopic.topics.layout import topic_correlations

        reader, tree = self.reader_, topic_hierarchy(self)
        order = leaves_list(tree) if len(tree) else np.zeros(1, np.int64)
        return draw_heatmap(topic_correlations(reader.components_, reader.bias_), order, short_names(self))

    def visualize_hierarchy(self) -> "Figure":
        """The tree of topics by their distributions of words: see `neuraltopic.topics.hierarchy`."""
        from neuraltopic.pictures.similarity import draw_hierarchy

        return draw_hierarchy(topic_hierarchy(self), short_names(self))

    def visualize_term_rank(self, n_ranks: int = 100) -> "Figure":
        """The decrease of the probability of words by rank, one line per topic."""
        from neuraltopic.pictures.words import draw_term_rank

        return draw_term_rank(self.reader_.topic_log_probabilities(self.statistics_.strength), n_ranks)

    def visualize_training(self) -> "Figure":
        """The bound after each epoch, of the training documents and of those held out."""
        from neuraltopic.estimators.fitting import best_epoch
        from neuraltopic.models.recipes import find_recipe
        from neuraltopic.pictures.curves import draw_training

        history = self.document_vae_.history_
        kept = best_epoch(history, keep_best=find_recipe(self.document_vae_.recipe).schedule.keep_best)
        return draw_training(history, kept["epoch"])

    def visualize_topics_over_time(self, table: pd.DataFrame, topics: Sequence[int] | None = None) -> "Figure":
        """Shares of topics in each period, one panel per topic.

        Parameters
        ----------
        table : DataFrame
            One line per topic and period: topic, period, share, and optionally low and high, the ends of an interval.
        topics : sequence of int, optional
            The 12 with the largest shares by default.
        """
        from neuraltopic.pictures.curves import draw_over_time

        return draw_over_time(table, *_chosen_with_names(self, topics))

    def visualize_topics_per_class(self, table: pd.DataFrame, topics: Sequence[int] | None = None) -> "Figure":
        """Shares of topics in each class, one panel per topic.

        Parameters
        ----------
        table : DataFrame
            One line per topic and class: topic, class, share, and optionally low and high, the ends of an interval.
        topics : sequence of int, optional
            The 12 with the largest shares by default.
        """
        from neuraltopic.pictures.curves import draw_per_class

        return draw_per_class(table, *_chosen_with_names(self, topics))


def topic_map(model: FittedTopics) -> NDArray[np.float64]:
    """Positions of the topics, (K, 2)."""
    from neuraltopic.topics.layout import topic_positions

    return topic_positions(model.reader_.components_, model.reader_.bias_, model.vocabulary_)


def topic_hierarchy(model: FittedTopics) -> NDArray[np.float64]:
    """The tree of the topics, (K - 1, 4)."""
    from neuraltopic.topics.hierarchy import topic_distances, topic_tree

    probabilities = np.exp(model.reader_.topic_log_probabilities(model.statistics_.strength))
    return topic_tree(topic_distances(probabilities))


def given_names(model: FittedTopics) -> list[str | None]:
    """The label that each topic was given, None where it has that of its words."""
    own = topic_labels(model.word_weights(), model.vocabulary_)
    return [None if label == default else label for label, default in zip(model.labels_, own, strict=True)]


def short_names(model: FittedTopics) -> list[str]:
    """The number of each topic, and the label that it was given or its first words."""
    from neuraltopic.pictures.canvas import shortened_name

    ranked = top_words(model.word_weights(), _NAME_WORDS).tolist()
    names = [[given] if given else None for given in given_names(model)]
    return [
        f"{topic} {shortened_name(name or [model.vocabulary_[w] for w in row])}"
        for topic, (name, row) in enumerate(zip(names, ranked, strict=True))
    ]


def _chosen_with_names(model: FittedTopics, topics: Sequence[int] | None) -> tuple[list[int], list[str]]:
    chosen, names = chosen_topics(model, topics), short_names(model)
    return chosen, [names[topic] for topic in chosen]


def chosen_topics(model: FittedTopics, topics: Sequence[int] | None) -> list[int]:
    """The requested topics, or those with the largest shares."""
    share = model.statistics_.share
    if topics is None:
        return np.argsort(-share, kind="stable")[:_PANELS].tolist()
    unknown = [topic for topic in topics if not 0 <= topic < len(share)]
    if unknown or not len(topics):
        raise UsageError(
            "topics",
            expected=f"numbers from 0 to {len(share) - 1}, at least one",
            got=repr(unknown[0]) if unknown else "none",
            hint="The table of topics has their numbers",
        )
    return [int(topic) for topic in topics]
