"""How much the topics of a fit are those of fits with other seeds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuraltopic.documents.token_stream import FormIds
from neuraltopic.topics.overlap import rank_biased_overlap
from neuraltopic.topics.stability import align_topics

Topics = Sequence[Sequence[str]]


def seed_agreement(topics: Topics, others: Sequence[Topics]) -> float:
    """Mean rank-biased overlap of the topics of a fit with their likes in other fits, from 0 to 1.

    Topics are paired one to one with those of each other fit so that the sum of the overlaps is the largest.
    """
    ids = FormIds()

    def numbers(lists: Topics) -> NDArray[np.int64]:
        return np.array([[ids[word] for word in words] for words in lists], np.int64)

    own = numbers(topics)
    return float(np.mean([align_topics(rank_biased_overlap(own, numbers(other))).agreement for other in others]))
