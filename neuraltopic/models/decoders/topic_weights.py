"""The weights of a decoder that has a row of energies for each topic.

Axes: V words, K topics.
"""

import torch
from torch import Tensor, nn


class TopicWeights(nn.Module):
    """R, in `weight` (V, K) transposed, and b, in `bias` (V,).

    Parameters
    ----------
    n_components : int
        K.
    n_words : int
        V.
    """

    def __init__(self, n_components: int, n_words: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_words, n_components))
        self.bias = nn.Parameter(torch.zeros(n_words))

    @torch.no_grad()
    def initialise(self, log_frequency: Tensor, std: float, generator: torch.Generator) -> None:
        """Start b at the log frequencies, so that all topics are near the unigram model, and draw R from N(0,
        std^2)."""
        self.bias.copy_(log_frequency)
        self.weight.copy_(torch.randn(self.weight.shape, generator=generator) * std)

    @torch.no_grad()
    def start_topics(self, topics: list[int], log_lift: Tensor) -> None:
        """Set the rows of R of some topics, transposed (V, G)."""
        self.weight[:, topics] = log_lift

    def topics(self) -> tuple[Tensor, Tensor]:
        """R transposed (V, K) and b (V,)."""
        return self.weight, self.bias
