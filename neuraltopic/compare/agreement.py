"""The agreement of the topics of fits with different seeds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuraltopic.preprocessing.tokenisation.token_stream import FormIds
from neuraltopic.topics.overlap import rank_biased_overlap
from neuraltopic.topics.stability import align_topics

FEWEST_SEEDS = 3  # needed for the spread of an agreement of pairs
Topics = Sequence[Sequence[str]]


def seed_agreement(topics: Topics, others: Sequence[Topics]) -> float:
    """Mean rank-biased overlap of the topics of a fit with their partners in other fits, from 0 to 1.

    Topics are paired one to one with those of each other fit so that the sum of the overlaps is the largest.
    """
    ids = FormIds()

    def numbers(lists: Topics) -> NDArray[np.int64]:
        return np.array([[ids[word] for word in words] for words in lists], np.int64)

    own = numbers(topics)
    return float(np.mean([align_topics(rank_biased_overlap(own, numbers(other))).agreement for other in others]))


def pseudo_values(agreements: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Contribution of each seed to the mean agreement of pairs, (S,): the jackknife's pseudo-values (Tukey 1958).

    The agreements of the seeds share their pairs, so that their own spread understates that of their mean U.
    Without seed i the mean over pairs is :math:`U_{-i} = (S U - 2 h_i) / (S - 2)`, and the pseudo-value is
    :math:`S U - (S - 1) U_{-i}`. These have the mean U, and are used as a sample of S independent values.

    Parameters
    ----------
    agreements : (S,)
        :math:`h_i`, the mean agreement of each seed with the others; three or more.
    """
    S = len(agreements)
    mean = agreements.mean()
    return mean + 2.0 * (S - 1) / (S - 2) * (agreements - mean)
