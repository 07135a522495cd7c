"""Word lists without common words, if the vocabulary is large enough.

Axes: K topics, V words.
"""

import numpy as np
from numpy.typing import NDArray

from neuraltopic.topics.words.ranking import FloatArray, top_words

# Maximum number of words per topic; longer lists are not read.
_ROUNDS = 50


def distinct_scores(scores: FloatArray, rounds: int = _ROUNDS) -> FloatArray:
    """Scores that rank first, in each topic, words that are not first in another, (K, V).

    In each round every topic takes the best available word. If several topics choose a word, it goes to the topic in
    which its score is highest, and the others choose again (deferred acceptance, Gale & Shapley 1962). The words of a
    topic, 50 or as many as there are for each, keep their scores, and so their order; all others are lowered below
    them.

    Parameters
    ----------
    scores : (K, V)
        Comparable between topics.
    rounds : int
        Words that each topic takes; fewer once all are taken.
    """
    K, V = scores.shape
    # A topic can be refused no more words than the others take.
    preferences = top_words(scores, rounds * K)
    position = np.zeros(K, np.int64)
    taken = np.zeros(V, bool)
    own = np.zeros((K, V), bool)
    for _ in range(rounds):
        for word, topic in _one_round(scores, preferences, position, taken).items():
            taken[word] = own[topic, word] = True
    lowest, highest = scores.min(initial=0.0), scores.max(initial=0.0)
    return np.where(own, scores, scores - (highest - lowest) - 1.0)


def _one_round(
    scores: FloatArray, preferences: NDArray[np.int64], position: NDArray[np.int64], taken: NDArray[np.bool_]
) -> dict[int, int]:
    """The topic of each word that is taken in this round; `position` (K,) moves past the words that a topic missed."""
    holder: dict[int, int] = {}
    asking = list(range(len(preferences)))[::-1]
    while asking:
        topic = asking.pop()
        while position[topic] < preferences.shape[1]:
            word = int(preferences[topic, position[topic]])
            if not taken[word]:
                rival = holder.get(word)
                if rival is None or (scores[topic, word], -topic) > (scores[rival, word], -rival):
                    holder[word] = topic
                    if rival is not None:
                        asking.append(rival)
                    break
            position[topic] += 1
    return holder
