"""What is wrong with a set of topics: dimensions that carry no information, and topics that repeat."""

import numpy as np
from numpy.typing import NDArray

# Nats a document below which the posterior of a dimension is the prior for all practical purposes:
# the threshold of Burda, Grosse and Salakhutdinov (2016) for an active unit, on the KL instead of the variance.
INACTIVE_BELOW = 0.01
# Two lists of ten words that share six or more are read as one topic told twice.
REPEATED_SHARE = 0.6


def inactive_topics(information: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which dimensions carry less than `INACTIVE_BELOW` nats a document, (K,), from their mean KL, (K,)."""
    return information < INACTIVE_BELOW


def repeated_topics(words: NDArray[np.integer]) -> dict[int, int]:
    """Each topic that repeats an earlier one, and which, from the top words of each, (K, n).

    A topic repeats the first that shares at least `REPEATED_SHARE` of its words.
    """
    sets = [set(row.tolist()) for row in words]
    repeats: dict[int, int] = {}
    for topic, own in enumerate(sets):
        for earlier in range(topic):
            if earlier not in repeats and own and len(own & sets[earlier]) >= REPEATED_SHARE * len(own):
                repeats[topic] = earlier
                break
    return repeats
