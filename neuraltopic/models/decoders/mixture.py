"""The mixture decoder: p(word | theta) = sum_k theta_k beta_k, with one distribution over words per topic.

It is the energy softmax (17.14) with the rows of R normalised first, which makes it the likelihood of LDA; with R a
product of word and topic vectors it is that of the embedded topic model.

Axes: S samples, B documents, V words, K topics, E dimensions of a word vector.
"""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from neuraltopic.core.networks import SparseRows
from neuraltopic.core.protocols import TopicDecoder
from neuraltopic.models.decoders.topic_weights import TopicWeights

# Non-zeros x topics of a batch that are held at once: 32 MiB of float32.
_AT_ONCE = 1 << 23


class MixtureSoftmax(TopicWeights):
    """p(w | theta) = sum_k theta_k softmax_w(R_k + b) (Miao, Grefenstette, Blunsom 2017; Srivastava & Sutton 2017).

    Parameters
    ----------
    n_components : int
        K.
    n_words : int
        V.

    `weight` (V, K) holds R transposed, the log of how many times likelier a topic makes a word, up to a constant per
    topic; `bias` (V,) holds b. Apart from the K normalisers, only words that occur in a document are read.
    """

    def log_topics(self) -> Tensor:
        """log beta, the log probability of each word in each topic, (V, K)."""
        weight, bias = self.topics()
        return torch.log_softmax(weight + bias[:, None], dim=0)

    def log_likelihood(self, theta: Tensor, counts: SparseRows) -> Tensor:
        """log p(x | theta) = sum_w x_w log p(w | theta), without the multinomial coefficient.

        Parameters
        ----------
        theta : Tensor of shape (S, B, K)
            Shares of the topics, non-negative, summing to 1.
        counts : SparseRows of shape (B, V)

        Returns
        -------
        Tensor of shape (S, B), nats per document
        """
        rows, words = counts.row_numbers, counts.indices.long()
        log_topics = self.log_topics()[words]  # (nnz, K)
        # Relative to the likeliest topic of each word: the sum underflows only where theta is zero there.
        peak = log_topics.detach().amax(1, keepdim=True)
        relative = torch.exp(log_topics - peak)
        out = []
        for share in theta.split(max(1, _AT_ONCE // max(1, relative.numel()))):
            mixed = (share[:, rows] * relative).sum(-1).clamp_min(torch.finfo(theta.dtype).tiny)  # (s, nnz)
            terms = counts.values * (mixed.log() + peak[:, 0])
            out.append(terms.new_zeros(len(share), len(counts)).index_add_(1, rows, terms))
        return torch.cat(out)

    def log_probabilities(self, theta: Tensor) -> Tensor:
        """log p(w | theta) for every word, (N, V) from theta of shape (N, K): only for a few points."""
        return torch.logsumexp(theta.log()[:, None, :] + self.log_topics(), dim=-1)


@runtime_checkable
class WordVectorDecoder(TopicDecoder, Protocol):
    """A decoder of topics in a space of word vectors; the vectors (V, E) may be given.

    Attributes
    ----------
    own : int64 Tensor of shape (M,), or None
        The words without a given vector, ascending; None where no vectors are given.
    """

    own: Tensor | None

    def expect_vectors(self, n_dimensions: int, n_without: int) -> None:
        """Make room for given vectors of E dimensions, of which M words have none."""
        ...

    def hold_vectors(self, vectors: Tensor) -> None:
        """Freeze given vectors (V, E); a row of NaN is a word without a vector."""
        ...

    def held_vectors(self) -> Tensor | None:
        """The given vectors (V, E), NaN for a word without one; None if all are learned."""
        ...


class EmbeddedMixture(MixtureSoftmax):
    """The mixture with R = rho alpha: word vectors times topic vectors (Dieng, Ruiz, Blei 2020).

    Parameters
    ----------
    n_components : int
        K.
    n_words : int
        V.
    n_dimensions : int
        E.

    `embeddings` (V, E) holds rho and `weight` (E, K) the topic vectors alpha. The paper has no b; with b at the log
    frequencies the word vectors need not encode how frequent a word is. Given vectors are frozen, as in the paper, and
    only words without one learn theirs: then `fixed` (V, E) holds the given vectors, `own` (M,) the words without one,
    and `embeddings` (M, E) their learned vectors.
    """

    fixed: Tensor | None
    own: Tensor | None

    def __init__(self, n_components: int, n_words: int, n_dimensions: int) -> None:
        super().__init__(n_components, n_words)
        self.weight = nn.Parameter(torch.zeros(n_dimensions, n_components))
        self.embeddings = nn.Parameter(torch.zeros(n_words, n_dimensions))
        self.register_buffer("fixed", None)
        self.register_buffer("own", None)

    @torch.no_grad()
    def start_at_vectors(self, embeddings: Tensor) -> None:
        """Set word vectors (V, E), which the fit then trains."""
        self.embeddings.copy_(embeddings)

    def expect_vectors(self, n_dimensions: int, n_without: int) -> None:
        """Make room for given vectors of E dimensions, of which M words have none."""
        K, V = self.weight.shape[1], len(self.bias)
        self.weight = nn.Parameter(torch.zeros(n_dimensions, K))
        self.embeddings = nn.Parameter(torch.zeros(n_without, n_dimensions))
        self.fixed = torch.zeros(V, n_dimensions)
        self.own = torch.zeros(n_without, dtype=torch.int64)

    @torch.no_grad()
    def hold_vectors(self, vectors: Tensor) -> None:
        """Freeze rho at vectors (V, E), scaled to a mean square length of 1: only the learning rate of the topic
        vectors depends on the scale. A row of NaN is a word without a vector, which starts at zero, where no topic
        raises it."""
        without = vectors.isnan().any(1)
        self.expect_vectors(vectors.shape[1], int(without.sum()))
        assert self.fixed is not None  # as of now
        length = vectors[~without].square().sum(1).mean().sqrt().clamp_min(torch.finfo(vectors.dtype).tiny)
        self.fixed[~without] = vectors[~without] / length
        self.own = without.nonzero()[:, 0]

    def held_vectors(self) -> Tensor | None:
        """The frozen vectors (V, E), NaN for a word without one; None if all are learned."""
        if self.fixed is None or self.own is None:
            return None
        return self.fixed.index_fill(0, self.own, torch.nan)

    def vectors(self) -> Tensor:
        """rho, (V, E)."""
        if self.fixed is None or self.own is None:
            return self.embeddings
        return self.fixed.index_add(0, self.own, self.embeddings)

    @torch.no_grad()
    def start_topics(self, topics: list[int], log_lift: Tensor) -> None:
        """Set the topic vectors whose rows of R are nearest to these, transposed (V, G), by least squares weighted by
        the frequency of the words."""
        weight = torch.softmax(self.bias.double(), 0).sqrt()[:, None]
        found = torch.linalg.lstsq(weight * self.vectors(), weight * log_lift, driver="gelsd").solution
        self.weight[:, topics] = found.to(self.weight.dtype)

    def topics(self) -> tuple[Tensor, Tensor]:
        """R transposed (V, K) and b (V,), computed from the parameters."""
        return self.vectors() @ self.weight, self.bias
