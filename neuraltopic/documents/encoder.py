"""The inference network for bags of words: counts in, hidden units out, only the non-zeros multiplied.

Axes: B documents, V words, H hidden units.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuraltopic.core.networks import MLP, SparseRows, dropout, initialise_linear, sparse_matmul


def log_count_features(counts: SparseRows) -> tuple[SparseRows, Tensor]:
    """What the encoder sees of a document: log(1 + count) scaled to unit length, and the log of its tokens.

    The first says what the document is about whatever its length, the second, (B, 1), how sure to be of it.
    """
    values = torch.log1p(counts.values)
    norm = counts.segment_sums(values.square()).sqrt()  # (B,)
    scaled = values / norm.clamp_min(torch.finfo(values.dtype).tiny)[counts.row_numbers()]
    return counts.with_values(scaled), torch.log1p(counts.row_sums())[:, None]


class BagOfWordsEncoder(nn.Module):
    """Sparse first layer, then a residual layer: (B, V) counts to (B, H)."""

    def __init__(
        self,
        n_words: int,
        hidden: int,
        depth: int = 1,
        dropout_rate: float = 0.2,
        word_dropout: float = 0.0,
        scale: float = 4.0,
    ) -> None:
        super().__init__()
        self.words = nn.Parameter(torch.zeros(n_words, hidden))
        self.length = nn.Linear(1, hidden)
        self.mlp = MLP([hidden] * (depth + 1), F.softplus)
        self.dropout_rate = dropout_rate
        self.word_dropout = word_dropout
        self.scale = scale

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights from `generator`."""
        with torch.no_grad():
            self.words.copy_(torch.randn(self.words.shape, generator=generator) * 0.1)
        initialise_linear(self.length, generator)
        self.mlp.initialise(generator)

    def forward(self, counts: SparseRows, generator: torch.Generator | None = None) -> Tensor:
        """Hidden units of each document, (B, H)."""
        features, length = log_count_features(counts)
        values = dropout(features.values, self.word_dropout, generator) * self.scale
        h = F.softplus(sparse_matmul(features.with_values(values), self.words) + self.length(length - 4.0))
        h = dropout(h, self.dropout_rate, generator)
        return dropout(self.mlp(h), self.dropout_rate, generator) if len(self.mlp.layers) else h
