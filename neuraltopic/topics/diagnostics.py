"""Flags of topics: not in use, without information, or repeating another."""

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import parameter

# Nats per document below which the posterior of a dimension is practically the prior: the threshold of Burda, Grosse
# and Salakhutdinov (2016) for an active unit, on the KL instead of the variance.
INACTIVE_BELOW = 0.01
# Two lists of ten words that share six or more count as the same topic.
REPEATED_SHARE = 0.6
# A topic is live with a tenth of an even share, and this many documents assigned to it.
LIVE_SHARE = 0.1
LIVE_DOCUMENTS = 5
# Share of the documents under one topic above which the topics have collapsed. Fewer topics than this do not collapse.
_MOST = 0.5
_FEWEST_TOPICS = 5
# Shares of the topics that may be unused, or repeat another, before a user is warned.
_MANY_UNUSED = 0.1
_MANY_REPEATED = 0.2


def live_topics(share: NDArray[np.floating], n_documents: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which topics are in use, (K,): with a share above 0.1 / K and at least 5 documents assigned to them.

    Parameters
    ----------
    share, n_documents : (K,)
        Of the training documents. Where an average topic has fewer than 10, half of that many documents are enough.
    """
    K = len(share)
    least = min(LIVE_DOCUMENTS, max(1.0, 0.5 * float(n_documents.sum()) / K))
    return (share > LIVE_SHARE / K) & (n_documents >= least)


def largest_part(n_documents: NDArray[np.integer]) -> float | None:
    """The share of documents under the largest of five or more topics where that is more than half, else None."""
    total = int(n_documents.sum())
    if len(n_documents) < _FEWEST_TOPICS or total == 0:
        return None
    part = float(n_documents.max()) / total
    return part if part > _MOST else None


def collapse(share: NDArray[np.floating], n_documents: NDArray[np.integer], words: NDArray[np.integer]) -> str | None:
    """A warning if the topics have collapsed, and what to try; None if they have not.

    Fewer than 5 topics do not collapse.

    Parameters
    ----------
    share, n_documents : (K,)
    words : (K, n)
        The top words of each topic.
    """
    K = len(share)
    if K < _FEWEST_TOPICS:
        return None
    unused, repeated = int((~live_topics(share, n_documents)).sum()), len(repeated_topics(words))
    found = []
    if (part := largest_part(n_documents)) is not None:
        found.append(f"{part:.0%} of the documents are assigned to one topic")
    if unused > _MANY_UNUSED * K:
        found.append(f"{unused} of {K} topics are not in use")
    if repeated > _MANY_REPEATED * K:
        found.append(f"{repeated} of {K} topics repeat another")
    if not found:
        return None
    return (
        f"{'; '.join(found)}. The documents may support fewer topics: try {max(2, K - max(unused, repeated))} "
        f"({parameter('n_components')}), or more documents; see also whether stop words fill the lists"
    )


def inactive_topics(information: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which dimensions carry less than `INACTIVE_BELOW` nats per document, (K,), from their mean KL, (K,)."""
    return information < INACTIVE_BELOW


def repeated_topics(words: NDArray[np.integer]) -> dict[int, int]:
    """Each topic that repeats an earlier one, with the number of that one, from the top words of each, (K, n).

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
