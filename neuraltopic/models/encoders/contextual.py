"""Inference networks that see a document's embedding, with or without its words.

Axes: B documents, V words, C dimensions of the embedding, H hidden units, P parameters of q.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuraltopic.core.networks import SparseRows, precise_dtype
from neuraltopic.models.batches import ContextualRows
from neuraltopic.models.encoders.bag import NORM, BagEncoder, BatchNormalisation, ResidualEncoder


class EmbeddingLayer(nn.Module):
    """A linear layer on embeddings of documents: (B, H) from (B, C).

    Each embedding is scaled to length 1, then each dimension is standardised to mean 0 and one variance, such that a
    document has the norm of a bag of words in `BagEncoder`: embeddings of language models have a direction that all
    documents share, and dimensions a hundred times larger than the rest.

    Parameters
    ----------
    n_dimensions : int
        C.
    hidden : int
        H.
    """

    def __init__(self, n_dimensions: int, hidden: int) -> None:
        super().__init__()
        self.normalisation = BatchNormalisation(n_dimensions)
        self.weight = nn.Parameter(torch.zeros(hidden, n_dimensions))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights; the units start with unit variance."""
        self.weight.copy_(torch.randn(self.weight.shape, generator=generator) / NORM)

    def forward(self, embedding: Tensor) -> Tensor:
        """(B, H), in eval mode with a precision at which the other rows do not change it."""
        unit = F.normalize(embedding, dim=1, eps=torch.finfo(embedding.dtype).tiny)
        x = self.normalisation(unit) * (NORM / embedding.shape[1] ** 0.5)
        x = x if self.training else x.to(precise_dtype(x.device))
        return F.linear(x, self.weight.to(x.dtype))


class EmbeddingEncoder(ResidualEncoder):
    """q(z | embedding), (B, P): the words are not used (ZeroShotTM; Bianchi et al. 2021).

    Multilingual embeddings place documents in a language whose words the model does not know.

    Parameters
    ----------
    n_dimensions : int
        C.
    hidden, n_parameters
        As for `BagEncoder`.
    """

    def __init__(self, n_dimensions: int, hidden: int, n_parameters: int, *, dropout_rate: float = 0.0) -> None:
        super().__init__(hidden, n_parameters, dropout_rate=dropout_rate)
        self.embedding = EmbeddingLayer(n_dimensions, hidden)
        self.shift = nn.Parameter(torch.zeros(hidden))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights."""
        self.embedding.initialise(generator)
        super().initialise(generator)

    def first(self, rows: SparseRows, generator: torch.Generator | None) -> Tensor:
        """The first hidden layer before its activation, (B, H)."""
        assert isinstance(rows, ContextualRows)
        return self.embedding(rows.embedding) + self.shift


class ContextualEncoder(BagEncoder):
    """q(z | words, embedding), (B, P): both enter the first hidden layer (CombinedTM; Bianchi, Terragni, Hovy 2021).

    Parameters
    ----------
    n_words : int
        V.
    n_dimensions : int
        C.
    hidden, n_parameters, dropout_rate, masked
        As for `BagEncoder`.
    wordless : float
        Share of the documents whose words are all hidden from the encoder in training: it learns to place a document
        without a known word.
    """

    def __init__(
        self,
        n_words: int,
        n_dimensions: int,
        hidden: int,
        n_parameters: int,
        *,
        dropout_rate: float = 0.0,
        masked: float = 0.0,
        wordless: float = 0.0,
    ) -> None:
        super().__init__(n_words, hidden, n_parameters, dropout_rate=dropout_rate, masked=masked)
        self.embedding = EmbeddingLayer(n_dimensions, hidden)
        self.wordless = wordless

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights."""
        super().initialise(generator)
        self.embedding.initialise(generator)

    def shown(self, counts: SparseRows, generator: torch.Generator | None) -> SparseRows:
        """The words that the encoder sees: all, or in training some, and of some documents none."""
        counts = super().shown(counts, generator)
        if generator is None or self.wordless == 0.0:
            return counts
        keep = torch.empty(len(counts), dtype=counts.values.dtype).bernoulli_(1.0 - self.wordless, generator=generator)
        return counts.with_values(counts.values * keep.to(counts.values.device)[counts.row_numbers])

    def first(self, rows: SparseRows, generator: torch.Generator | None) -> Tensor:
        """The first hidden layer before its activation, (B, H)."""
        assert isinstance(rows, ContextualRows)
        return super().first(rows, generator) + self.embedding(rows.embedding)
