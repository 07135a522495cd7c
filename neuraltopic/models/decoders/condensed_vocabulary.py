"""R and b of the energy softmax with the important words one by one, and the other words in groups.

Documents are inferred with a vocabulary of a few thousand words and some groups, for any V. The importance of a word is
the largest of its probabilities under the topics at a share of 3/4. The other words are grouped by the topic under
which they are likeliest, and those of a topic into eight groups by the mean of their R over all topics. The log of a
group's part of the partition function is approximated by a sum of functions of one coordinate each,

    log sum_w exp(s . R_w + b_w) = c + sum_k (m_k s_k + v_k s_k^2 / 2),

with m and v such that it is exact at s = 0 and, for each topic k, at 0.4 e_k and 0.8 e_k: most documents have little of
most topics and much of one.

Axes: V words, H of them in the head, G groups, K topics, T documents, P columns: K + 1 and zeros up to a multiple of 4.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

# Words that are counted one by one, and groups of the others for each topic: see tests/benchmarks/README.md. Words of
# one topic differ most in their mean over all topics, which many small shares add up to.
HEAD_WORDS = 1 << 12
_GROUPS = 8
# The share of a topic at which the importance and the group of words are determined, and the two at which groups are
# exact.
_USUAL = 0.75
_EXACT_AT = (0.4, 0.8)


@dataclass(frozen=True)
class Groups:
    """Words that are summed in groups.

    Attributes
    ----------
    log_mass : Tensor of shape (G,)
        c, log sum_w exp(b_w) over the group.
    slope, bend : Tensor of shape (G, K)
        m and v.
    """

    log_mass: Tensor
    slope: Tensor
    bend: Tensor

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, group: Tensor) -> "Groups":
        """The groups of words with these rows of R transposed (W, K), b (W,) and group numbers (W,); empty groups are
        left out."""
        weight, bias = weight.double(), bias.double()
        present, group = torch.unique(group, return_inverse=True)
        at_zero = _log_masses(bias[:, None], group, len(present))
        near, far = (
            (_log_masses(share * weight + bias[:, None], group, len(present)) - at_zero) / share for share in _EXACT_AT
        )
        bend = 2.0 * (far - near) / (_EXACT_AT[1] - _EXACT_AT[0])
        return cls(at_zero[:, 0], near - 0.5 * _EXACT_AT[0] * bend, bend)

    def to(self, dtype: torch.dtype) -> "Groups":
        """The same in another dtype."""
        return Groups(self.log_mass.to(dtype), self.slope.to(dtype), self.bend.to(dtype))


def _grouped(topic: Tensor, mean: Tensor) -> Tensor:
    """The group of each word, (W,), from its topic and the mean of its R: those of a topic are divided into `_GROUPS`
    equal parts."""
    by_mean = mean.argsort(stable=True)
    order = by_mean[topic[by_mean].argsort(stable=True)]
    lengths = torch.bincount(topic)
    first = torch.repeat_interleave(lengths.cumsum(0) - lengths, lengths)
    part = (torch.arange(len(order), device=order.device) - first) * _GROUPS // lengths[topic[order]].clamp_min(1)
    return torch.empty_like(topic).index_copy_(0, order, topic[order] * _GROUPS + part)


def _log_masses(energies: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """log sum exp of the energies (W, N) over the words of each group, (G, N)."""
    shape = (n_groups, energies.shape[1])
    peak = energies.new_full(shape, -torch.inf).scatter_reduce(0, group[:, None].expand_as(energies), energies, "amax")
    return peak + energies.new_zeros(shape).index_add_(0, group, torch.exp(energies - peak[group])).log()


@dataclass(frozen=True)
class CondensedVocabulary:
    """The terms of the partition function of the energy softmax, and of its covariance.

    Attributes
    ----------
    head : Tensor of shape (H, P)
        One row per word: R_w, b_w, and zeros.
    groups : Groups
        The other words; none where V is no more than H.
    means : Tensor of shape (K, K)
        Mean of R under each topic's own words, p(w | k) = softmax(R_k + b): one row per topic.
    variances : Tensor of shape (K, K)
        Variance of R's columns under the same.
    correlation : Tensor of shape (K, K)
        Correlation of R's columns within topics, from the mean of the topics' covariances.
    """

    head: Tensor
    groups: Groups
    means: Tensor
    variances: Tensor
    correlation: Tensor

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, n_words: int = HEAD_WORDS) -> "CondensedVocabulary":
        """From R transposed (V, K) and b (V,)."""
        (V, K), dtype = weight.shape, weight.dtype
        usual = torch.log_softmax(_USUAL * weight + bias[:, None], dim=0).max(1)
        order = usual.values.argsort(descending=True, stable=True)
        first, others = order[:n_words], order[n_words:]
        rows = torch.cat([weight, bias[:, None], weight.new_zeros(V, -(K + 1) % 4)], 1)
        words = torch.softmax(weight + bias[:, None], dim=0).T  # (K, V)
        means = words @ weight
        variances = (words @ weight.square() - means.square()).clamp_min(torch.finfo(dtype).tiny)
        within = weight.T @ (weight * words.mean(0)[:, None]) - means.T @ means / K
        scale = within.diagonal().clamp_min(torch.finfo(dtype).tiny).rsqrt()
        return cls(
            rows[first],
            Groups.of(weight[others], bias[others], _grouped(usual.indices[others], weight[others].mean(1))).to(dtype),
            means,
            variances,
            within * scale[:, None] * scale,
        )

    def log_partition(self, seen: Tensor) -> Tensor:
        """log sum_w exp(s . R_w + b_w), (T,) from s (T, K)."""
        energies = self._energies(seen)
        peak = energies.amax(1)
        return peak + energies.sub_(peak[:, None]).exp_().sum(1).log()

    def partition_and_mean(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and its gradient, the mean of R under p(w | s), (T, K)."""
        K, H = seen.shape[1], len(self.head)
        energies = self._energies(seen)
        peak = energies.amax(1)
        exponentials = energies.sub_(peak[:, None]).exp_()
        total = exponentials.sum(1)
        of_head, of_groups = exponentials[:, :H], exponentials[:, H:]
        moment = (of_head @ self.head)[:, :K]
        moment = moment + of_groups @ self.groups.slope + seen * (of_groups @ self.groups.bend)
        return peak + total.log(), moment / total[:, None]

    def _energies(self, seen: Tensor) -> Tensor:
        """Of the head, then of the groups, (T, H + G)."""
        T, K = seen.shape
        points = torch.cat([seen, seen.new_ones(T, 1), seen.new_zeros(T, -(K + 1) % 4)], 1)
        groups = self.groups
        of_groups = groups.log_mass + seen @ groups.slope.T + 0.5 * seen.square() @ groups.bend.T
        return torch.cat([points @ self.head.T, of_groups], 1)
