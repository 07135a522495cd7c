"""A prior that keeps seed words in their topics while the rest of the topic is learned.

Axes: V words, K topics, N pairs of a seed and its topic.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neuraltopic.core.vae import TopicVAE
from neuraltopic.models.initialisation.seed_topics import own_lift
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.seed_words import Seeds

# Weight of the prior per occurrence of the seed: one nat below the centre costs half a nat per occurrence, about as
# precise as the data are for the same entry of R.
_NATS_AN_OCCURRENCE = 1.0


@dataclass(frozen=True)
class SeedPrior:
    """log p(R) = -1/2 sum_i tau_i max(0, m - l_i)^2 in nats, up to a constant, l_i the log lift of a seed in its topic.

    With (17.15), l_wk = log softmax_w(R_k + b) - log p(w), p(w) the share of the word in the corpus: it does not change
    when constants are added to the rows or columns of R. The prior is half a Gaussian at m = log K, the lift of a word
    that only one of K equal topics has: a seed that is more typical than that is not pulled down. tau_i is the number
    of times that the seed occurs, so that the prior gives way where the corpus contradicts it, as the seeds of keyATM
    do (Eshima, Imai, Sasaki 2024). b takes no gradient: a seed must be raised in its topic, not everywhere.

    Attributes
    ----------
    words, topics : int64 Tensor of shape (N,)
    log_unigram : Tensor of shape (N,)
    precision : Tensor of shape (N,)
        tau, nats per squared nat of log lift.
    centre : float
        m.
    """

    words: Tensor
    topics: Tensor
    log_unigram: Tensor
    precision: Tensor
    centre: float

    @classmethod
    def of(cls, seeds: Seeds, counts: Counts, n_components: int, device: torch.device) -> "SeedPrior":
        """The prior of seeds in a corpus."""
        words = np.concatenate([np.array(columns, np.int64) for columns in seeds.values()])
        topics = np.repeat(np.fromiter(seeds, np.int64, len(seeds)), [len(columns) for columns in seeds.values()])
        totals = counts.word_totals()
        smoothed = (totals + 0.5) / (totals + 0.5).sum()
        return cls(
            torch.from_numpy(words).to(device),
            torch.from_numpy(topics).to(device),
            torch.from_numpy(np.log(smoothed[words])).float().to(device),
            torch.from_numpy(_NATS_AN_OCCURRENCE * totals[words]).float().to(device),
            own_lift(n_components),
        )

    def __call__(self, model: TopicVAE) -> Tensor:
        """log p(R), a scalar."""
        weight, bias = model.decoder.topics()
        topics, column = self.topics.unique(return_inverse=True)
        log_topics = torch.log_softmax(weight[:, topics] + bias.detach()[:, None], dim=0)
        short = (self.centre - log_topics[self.words, column] + self.log_unigram).clamp_min(0.0)
        return -0.5 * (self.precision * short.square()).sum()
