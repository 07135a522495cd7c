"""Words of the topics for the page, ranked by relevance at every weight and in the model's own order.

Axes: K topics, V words.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.topics.words.ranking import relevance, top_words

# Relevance weights of the slider.
RELEVANCE_WEIGHTS = tuple(step / 10 for step in range(11))


@dataclass(frozen=True)
class TopicBars:
    """Words that are among the first of a topic, by the model's ranking or at some relevance weight.

    Attributes
    ----------
    words : list of str
        These words of all topics.
    log_unigram : list of float
        log p(w) of each.
    columns : K lists of int
        Words of each topic, as indices into `words`: first by the model's ranking, then the others.
    log_probabilities : K lists of float
        log p(w | topic) of these.
    """

    words: list[str]
    log_unigram: list[float]
    columns: list[list[int]]
    log_probabilities: list[list[float]]


def topic_bars(model: TopicModel, top_n: int) -> TopicBars:
    """Words that include the first `top_n` of each topic by the model's ranking and at every weight."""
    log_probabilities = model.reader_.topic_log_probabilities(model.statistics_.strength)
    log_unigram = model.reader_.log_unigram()
    own = top_words(model.word_weights(), top_n)
    by_weight = [top_words(relevance(log_probabilities, log_unigram, weight), top_n) for weight in RELEVANCE_WEIGHTS]
    chosen = [
        np.array(
            list(dict.fromkeys([*own[topic].tolist(), *(w for ranked in by_weight for w in ranked[topic].tolist())]))
        )
        for topic in range(len(own))
    ]
    used = np.unique(np.concatenate(chosen))
    return TopicBars(
        words=[model.vocabulary_[w] for w in used.tolist()],
        log_unigram=_rounded(log_unigram[used]),
        columns=[np.searchsorted(used, row).tolist() for row in chosen],
        log_probabilities=[_rounded(log_probabilities[topic, row]) for topic, row in enumerate(chosen)],
    )


def _rounded(values: NDArray[np.floating]) -> list[float]:
    return [round(value, 3) for value in values.tolist()]
