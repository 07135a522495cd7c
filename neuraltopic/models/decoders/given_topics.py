"""The mixture of topics that are given and stay as they are: p(word | theta) = sum_k theta_k beta_k.

Axes: V words, K topics.
"""

import torch
from torch import Tensor, nn

from neuraltopic.errors import UsageError
from neuraltopic.models.decoders.mixture import MixtureSoftmax


class GivenTopics(MixtureSoftmax):
    """The likelihood of LDA with topics beta that another tool has learned; there is nothing in it to learn.

    Parameters
    ----------
    n_components : int
        K.
    n_words : int
        V.

    `fixed` (V, K) holds log beta, up to a constant per topic, stored as word vectors, and `bias` (V,) the log
    frequencies of the words, from which R = log beta - b is counted. `own` holds the words without a vector: none.
    """

    fixed: Tensor
    own: Tensor | None

    def __init__(self, n_components: int, n_words: int) -> None:
        nn.Module.__init__(self)
        self.register_buffer("fixed", torch.zeros(n_words, n_components))
        self.register_buffer("bias", torch.zeros(n_words))
        self.register_buffer("own", None)

    @torch.no_grad()
    def initialise(self, log_frequency: Tensor, std: float, generator: torch.Generator) -> None:
        """Take b from the documents; draw nothing."""
        self.bias.copy_(log_frequency)

    def expect_vectors(self, n_dimensions: int, n_without: int) -> None:
        """Make room for the K numbers of each word.

        Raises
        ------
        UsageError
            When the words have another number, or some have none.
        """
        K = self.fixed.shape[1]
        if n_dimensions != K or n_without:
            raise UsageError(
                "given topics",
                expected=f"{K:,} probabilities, one per topic, of every word",
                got=f"{n_dimensions:,}, and {n_without:,} words without",
                hint="Import the topics again",
            )
        self.own = torch.zeros(0, dtype=torch.int64)

    @torch.no_grad()
    def hold_vectors(self, vectors: Tensor) -> None:
        """Hold log beta (V, K)."""
        self.expect_vectors(vectors.shape[1], int(vectors.isnan().any(1).sum()))
        self.fixed.copy_(vectors)

    def held_vectors(self) -> Tensor | None:
        """log beta (V, K), None before it is given."""
        return None if self.own is None else self.fixed

    def topics(self) -> tuple[Tensor, Tensor]:
        """R transposed (V, K) and b (V,)."""
        return self.fixed - self.bias[:, None], self.bias
