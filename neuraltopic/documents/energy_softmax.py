"""The energy-softmax decoder: p(word | z) = softmax(z^T R + b), equations (17.14) and (17.15).

Axes: N latent points (S samples x B documents), B documents, V words, K topics.

A document enters its log-likelihood twice. Its counts enter linearly,

    log p(x | z) = z . (R x) + b . x - n log sum_w exp(z . R_w + b_w),      n = sum_w x_w,

so `R x` (B, K) is one sparse product whatever the number of samples; only the log partition needs all V words,
and it is computed in tiles, so that neither documents x words nor samples x words ever stands whole.
"""

import math

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

from neuraltopic.core.networks import SparseRows, sparse_matmul

# A tile of energies has at most this many entries: 4 MiB of float32, which stays in a core's cache
# while it is shifted, exponentiated and multiplied again.
_TILE = 1 << 20
_TILE_WORDS = 1 << 13


class _LogPartition(Function):
    """log sum_w exp(z . R_w + b_w) for each z, with R as (V, K); the gradient computes each tile again."""

    @staticmethod
    def forward(ctx: FunctionCtx, z: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        log_partition = z.new_empty(len(z))
        for rows in _blocks(len(z), _tile_rows(len(bias))):
            running = z.new_full((rows.stop - rows.start,), -math.inf)
            for words in _blocks(len(bias), _TILE_WORDS):
                energies = torch.addmm(bias[words], z[rows], weight[words].T)  # (rows, words)
                peak = torch.maximum(running, energies.amax(1))
                total = energies.sub_(peak[:, None]).exp_().sum(1)
                running = peak + torch.log(total + torch.exp(running - peak))
            log_partition[rows] = running
        ctx.save_for_backward(z, weight, bias, log_partition)
        return log_partition

    @staticmethod
    def backward(ctx: FunctionCtx, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grad_outputs
        z, weight, bias, log_partition = ctx.saved_tensors  # type: ignore[attr-defined]
        grad_z, grad_weight, grad_bias = (torch.zeros_like(t) for t in (z, weight, bias))
        for rows in _blocks(len(z), _tile_rows(len(bias))):
            shift = log_partition[rows, None]
            scaled_z = z[rows] * grad[rows, None]
            for words in _blocks(len(bias), _TILE_WORDS):
                energies = torch.addmm(bias[words], z[rows], weight[words].T)
                probability = energies.sub_(shift).exp_()  # p(w | z), (rows, words)
                grad_z[rows].addmm_(probability, weight[words])
                grad_weight[words].addmm_(probability.T, scaled_z)
                grad_bias[words].addmv_(probability.T, grad[rows])
        return grad_z.mul_(grad[:, None]), grad_weight, grad_bias


def log_partition(z: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Log normaliser of the energy softmax, log sum_w exp(z . R_w + b_w), in nats.

    Parameters
    ----------
    z : Tensor of shape (N, K)
    weight : Tensor of shape (V, K)
        R transposed, as in `torch.nn.Linear`.
    bias : Tensor of shape (V,)

    Returns
    -------
    Tensor of shape (N,)
    """
    return _LogPartition.apply(z, weight, bias)


def _tile_rows(n_words: int) -> int:
    return max(64, _TILE // min(n_words, _TILE_WORDS))


def _blocks(size: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]


class EnergySoftmax(nn.Module):
    """p(w | z) = softmax(z^T R + b): the decoder of the document VAE (17.14, 17.15; Miao, Yu, Blunsom 2016).

    Parameters
    ----------
    n_components : int
        K, the dimension of z.
    n_words : int
        V, the size of the vocabulary.

    `weight` (V, K) holds R transposed and `bias` (V,) holds b; the energy of word w is -z . weight[w] - bias[w].
    """

    def __init__(self, n_components: int, n_words: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_words, n_components))
        self.bias = nn.Parameter(torch.zeros(n_words))

    @torch.no_grad()
    def initialise(self, log_frequency: Tensor, std: float, generator: torch.Generator) -> None:
        """Start b at the log frequencies, so that z = 0 is the unigram model, and R at N(0, std^2)."""
        self.bias.copy_(log_frequency)
        self.weight.copy_(torch.randn(self.weight.shape, generator=generator) * std)

    def log_likelihood(self, z: Tensor, counts: SparseRows) -> Tensor:
        """log p(x | z) = sum_w x_w log p(w | z), the multinomial coefficient left out.

        Parameters
        ----------
        z : Tensor of shape (S, B, K)
        counts : SparseRows of shape (B, V)

        Returns
        -------
        Tensor of shape (S, B), nats per document
        """
        S, B, K = z.shape
        topic_counts = sparse_matmul(counts, self.weight)  # R x, (B, K)
        unigram = sparse_matmul(counts, self.bias[:, None])[:, 0]  # b . x, (B,)
        normaliser = log_partition(z.reshape(S * B, K), self.weight, self.bias).view(S, B)
        return (z * topic_counts).sum(-1) + unigram - counts.row_sums() * normaliser

    def log_probabilities(self, z: Tensor) -> Tensor:
        """log p(w | z) for every word, (N, V) from z of shape (N, K): for a few points, not for a corpus."""
        return torch.log_softmax(torch.addmm(self.bias, z, self.weight.T), dim=-1)
