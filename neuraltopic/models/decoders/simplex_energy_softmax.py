"""log p(x | s) of a batch of documents under the energy softmax, as a function of s = theta^a of the topics' shares.

With R and b of (17.15), p(w | s) = softmax(s . R_w + b_w) and n the length of a document,

    d/ds log p(x | s) = R x - n E_p[R],    -d^2/ds^2 log p(x | s) = n Cov_p[R].

log Z is that of a `CondensedVocabulary`, which sums the likely words one by one. The covariance under p only shapes the
steps of Newton's method, so for theta on the simplex the mixture sum_k theta_k softmax(R_k + b) replaces p: the
covariance between its topics and the variances within them are exact, and all topics share one correlation, so that a
product with a vector takes a few products with matrices of K x K numbers.

The model treats tokens as independent evidence of what their document is about, which they are not: a word that
occurred once is likely to occur again (Church & Gale 1995), and a word that is as frequent in all topics says nothing
about them. The counts of a document are therefore weighted when its shares are estimated,

    c_w = n x_w^(3/4) u_w / sum_v x_v^(3/4) u_v,

with u the words' evidence (`word_information`). This preserves its length n, and with it the weight of the evidence
relative to the prior. Tokens that are drawn from p and count in proportion to u have the weighted distribution (Rao
1965)

    p_u(w | s) = u_w p(w | s) / sum_v u_v p(v | s) = softmax(s . R_w + b_w + log u_w),

so c is scored under p_u: under p the shares would have to make the informative words as likely as their weights.

Axes: B documents, V words, K topics.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from neuraltopic.core.networks import SparseRows, sparse_matmul
from neuraltopic.models.decoders.condensed_vocabulary import CondensedVocabulary
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax

# The power of a count. See tests/benchmarks/README.md.
_POWER = 0.75


@dataclass(frozen=True)
class MixtureCurvature:
    """n times the covariance of R under the mixture of B documents.

    Attributes
    ----------
    theta : Tensor of shape (B, K)
    length : Tensor of shape (B,)
        n.
    vocabulary : CondensedVocabulary
    """

    theta: Tensor
    length: Tensor
    vocabulary: CondensedVocabulary

    @cached_property
    def mean(self) -> Tensor:
        """Of R under the mixture, (B, K)."""
        return self.theta @ self.vocabulary.means

    @cached_property
    def within(self) -> Tensor:
        """Variance of R's columns within topics, (B, K)."""
        return self.theta @ self.vocabulary.variances

    def diagonal(self) -> Tensor:
        """Its diagonal, (B, K)."""
        between = self.theta @ self.vocabulary.means.square() - self.mean.square()
        return self.length[:, None] * (between.clamp_min(0.0) + self.within)

    def times(self, vectors: Tensor) -> Tensor:
        """Its product with a vector each, (B, K) from (B, K)."""
        root, means = self.within.sqrt(), self.vocabulary.means
        on_topics = self.theta * (vectors @ means.T - (vectors * self.mean).sum(1, keepdim=True))
        between = on_topics @ means - on_topics.sum(1, keepdim=True) * self.mean
        return self.length[:, None] * (between + root * ((root * vectors) @ self.vocabulary.correlation))


@dataclass(frozen=True)
class EnergyShareLikelihood:
    """log p_u(c | s) of B documents; nothing is differentiable.

    Attributes
    ----------
    vocabulary : CondensedVocabulary
    length : Tensor of shape (B,)
        n.
    statistics : Tensor of shape (B, K + 1)
        R c and (b + log u) . c.
    """

    vocabulary: CondensedVocabulary
    length: Tensor
    statistics: Tensor

    def __getitem__(self, rows: Tensor) -> "EnergyShareLikelihood":
        """The same of the documents with these numbers."""
        return EnergyShareLikelihood(self.vocabulary, self.length[rows], self.statistics[rows])

    def value(self, seen: Tensor) -> Tensor:
        """log p(x | s) (B,) from s (B, K)."""
        return self._value(seen, self.vocabulary.log_partition(seen))

    def value_and_gradient(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x | s) (B,), and its gradient (B, K) from s (B, K)."""
        log_normaliser, mean = self.vocabulary.partition_and_mean(seen)
        return self._value(seen, log_normaliser), self.statistics[:, :-1] - self.length[:, None] * mean

    def _value(self, seen: Tensor, log_normaliser: Tensor) -> Tensor:
        factors, offset = self.statistics[:, :-1], self.statistics[:, -1]
        return (seen * factors).sum(1) + offset - self.length * log_normaliser

    def curvature(self, theta: Tensor) -> MixtureCurvature:
        """n times the covariance of R under the mixture, from theta (B, K)."""
        return MixtureCurvature(theta, self.length, self.vocabulary)


class SimplexEnergySoftmax(EnergySoftmax):
    """The energy softmax of shares theta on the simplex, p(w | s) = softmax(s^T R + b) with s = theta^a, a = 1 or less.

    Each topic raises its own words: the product of experts of Srivastava & Sutton (2017).

    Parameters
    ----------
    n_components : int
        K.
    n_words : int
        V.

    Attributes
    ----------
    evidence : Tensor of shape (V,)
        u, the weight of each word as evidence of the shares of a document, above 0 and not trained; 1 until `weigh` is
        given it.
    """

    evidence: Tensor

    def __init__(self, n_components: int, n_words: int) -> None:
        super().__init__(n_components, n_words)
        self.register_buffer("evidence", torch.ones(n_words))
        self._held: _Condensed | None = None

    @torch.no_grad()
    def start_at(self, log_lift: Tensor, log_frequency: Tensor) -> None:
        """Set R transposed (V, K) and b (V,)."""
        self.weight.copy_(log_lift)
        self.bias.copy_(log_frequency)

    @torch.no_grad()
    def weigh(self, evidence: Tensor) -> None:
        """Set u, the weights of the words as evidence, (V,), above 0."""
        self.evidence.copy_(evidence)

    def weighted(self, counts: SparseRows) -> SparseRows:
        """The counts (B, V) weighted as evidence, c; each document keeps its sum."""
        values = counts.values.pow(_POWER) * self.evidence[counts.indices]
        scale = counts.row_sums() / counts.segment_sums(values).clamp_min(torch.finfo(values.dtype).tiny)
        return counts.with_values(values * scale[counts.row_numbers])

    @torch.no_grad()
    def share_likelihood_of(self, counts: SparseRows) -> EnergyShareLikelihood:
        """log p_u(c | s) of the weighted counts c of documents (B, V), as a function of s."""
        counts, condensed = self.weighted(counts), self._condensed()
        statistics = sparse_matmul(counts, condensed.factors)
        return EnergyShareLikelihood(condensed.vocabulary, counts.row_sums(), statistics)

    def _condensed(self) -> "_Condensed":
        """The values that all documents share, computed once for the current parameters."""
        weight, bias = (part.detach() for part in self.topics())
        parts = (weight, bias, self.evidence)
        made_of = tuple((part.data_ptr(), part._version, part.dtype, part.device) for part in parts)
        if self._held is None or self._held.made_of != made_of:
            bias = bias + self.evidence.log()
            vocabulary = CondensedVocabulary.of(weight, bias)
            self._held = _Condensed(made_of, vocabulary, torch.cat([weight, bias[:, None]], 1))
        return self._held


class _Condensed(NamedTuple):
    made_of: tuple[object, ...]
    vocabulary: CondensedVocabulary
    factors: Tensor  # R transposed and b + log u, (V, K + 1)
