"""The energy-softmax decoder: p(word | z) = softmax(z^T R + b), equations (17.14) and (17.15).

Axes: N latent points (S samples x B documents), B documents, V words, K topics.

A document enters its log-likelihood twice. Its counts enter linearly,

    log p(x | z) = z . (R x) + b . x - n log sum_w exp(z . R_w + b_w),      n = sum_w x_w,

so `R x` (B, K) is one sparse product for any number of samples; only the log partition needs all V words. It is
computed in tiles: no array of documents x words or samples x words is allocated.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from neuraltopic.core.boltzmann.machine import Terms
from neuraltopic.core.compiled import without_lock
from neuraltopic.core.networks import SparseRows, sparse_matmul, sparse_product
from neuraltopic.core.threads import among_threads, even_slices, n_available
from neuraltopic.models.decoders.document_likelihood import DocumentLikelihood
from neuraltopic.models.decoders.split_vocabulary import covariance
from neuraltopic.models.decoders.topic_weights import TopicWeights

# Bytes of a tile of energies at most, so that it stays in a core's cache.
_TILE = 1 << 22
# Words of a tile at most: the matrix product takes half the time that it takes with 8,192.
_TILE_WORDS = 1 << 10
# Entries of all tiles together (128 MiB of float32) up to which they are kept for the backward pass.
_KEPT = 1 << 25
# The same on a GPU: shares of its memory for one tile and for all that are kept, and words of a tile.
_GPU_TILE, _GPU_KEPT, _GPU_TILE_WORDS = 1 / 64, 1 / 8, 1 << 14


class _Terms(Function):
    """log sum_w exp(point . factor_w) for each point (N, P), see `_points`, and with counts (B, V) the product of these
    with the factors (V, P), for weight (V, K) and bias (V,).

    The words are divided into tiles, and these into shares, which are computed on as many threads as torch has. The
    tiles, and the order in which they are added, do not depend on the number of threads, and so neither do the bits.
    Small problems keep their tiles for the backward pass; large ones recompute them, to the same bits.
    """

    @staticmethod
    def forward(
        ctx: Any, points: Tensor, weight: Tensor, bias: Tensor, counts: SparseRows | None
    ) -> tuple[Tensor, Tensor | None]:
        factors, n_rows, shares = _factors(weight, bias), _tile_rows(weight), _shares(weight)
        keep = any(ctx.needs_input_grad) and len(points) * len(weight) <= _kept(weight)

        def of_share(ends: list[int]) -> tuple[Tensor, Tensor, list[Tensor]]:
            return _exponentials(points, factors, n_rows, ends, keep)

        peaks, totals, kept = map(list, zip(*_in_pieces(weight)(of_share, shares), strict=True))
        log_partition = _log_partition(peaks, totals)
        ctx.save_for_backward(points, factors, log_partition)
        ctx.shares, ctx.counts, ctx.n_components = list(zip(shares, peaks, kept, strict=True)), counts, weight.shape[1]
        return log_partition, None if counts is None else sparse_product(counts, factors)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor | None) -> tuple[Tensor | None, ...]:
        grad, of_statistics = grad_outputs
        points, factors, log_partition = ctx.saved_tensors
        assert grad is not None
        if of_statistics is None:
            grad_factors = torch.zeros_like(factors)
        else:
            grad_factors = sparse_product(ctx.counts.transposed(), of_statistics.contiguous())
        n_rows = _tile_rows(grad_factors)

        def of_share(share: tuple[list[int], Tensor, list[Tensor]]) -> list[Tensor]:
            """The contributions of some tiles to the gradient in the points; those in their factors are added."""
            ends, peaks, kept = share
            return _add_gradients(points, factors, n_rows, ends, peaks, kept, log_partition, grad, grad_factors)

        grad_points = _total(list(_in_pieces(points)(of_share, ctx.shares)))
        K = ctx.n_components
        return grad_points, grad_factors[:, :K], grad_factors[:, K], None


@without_lock
def _exponentials(
    points: Tensor, factors: Tensor, n_rows: int, ends: list[int], keep: bool
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Of consecutive tiles, each from one end to the next: for each point the peaks, the largest energies
    point . factor_w, and the sums over the words of exp(energy - peak), both (tiles, N); and, if they are to be kept,
    these exponentials, tile by tile and within a tile by blocks of `n_rows` points."""
    peaks: list[Tensor] = []
    totals: list[Tensor] = []
    kept: list[Tensor] = []
    for tile in range(len(ends) - 1):
        of_words = factors[ends[tile] : ends[tile + 1]].t()
        for first in range(0, max(1, len(points)), n_rows):
            energies = torch.mm(points[first : first + n_rows], of_words)
            peak = energies.amax(1)
            exponentials = energies.sub_(peak.unsqueeze(1)).exp_()
            peaks.append(peak)
            totals.append(exponentials.sum(1))
            if keep:
                kept.append(exponentials)
    shape = [len(ends) - 1, len(points)]
    return torch.cat(peaks).view(shape), torch.cat(totals).view(shape), kept


@without_lock
def _log_partition(peaks: list[Tensor], totals: list[Tensor]) -> Tensor:
    """log sum_w exp(energy) of all shares, (N,)."""
    return torch.logsumexp(torch.cat(totals).log_().add_(torch.cat(peaks)), 0)


@without_lock
def _add_gradients(
    points: Tensor,
    factors: Tensor,
    n_rows: int,
    ends: list[int],
    peaks: Tensor,
    kept: list[Tensor],
    log_partition: Tensor,
    grad: Tensor,
    grad_factors: Tensor,
) -> list[Tensor]:
    """The parts of the gradient in the points that come from the tiles of `_exponentials`, given that in the log
    partitions, tile by tile and within a tile by blocks; those of the first share are added up to one for each block.
    The gradient in the factors is added."""
    # p(w | z) is an exponential times exp(peak - log partition), one factor per point and tile.
    scales = torch.exp(peaks - log_partition).mul_(grad).unsqueeze(2)
    parts: list[Tensor] = []
    number = 0
    for tile in range(len(ends) - 1):
        of_words, grad_of_words = factors[ends[tile] : ends[tile + 1]], grad_factors[ends[tile] : ends[tile + 1]]
        for block, first in enumerate(range(0, max(1, len(points)), n_rows)):
            of_points, scale = points[first : first + n_rows], scales[tile, first : first + n_rows]
            if len(kept) > 0:
                exponentials = kept[number]
            else:
                peak = peaks[tile, first : first + n_rows].unsqueeze(1)
                exponentials = torch.mm(of_points, of_words.t()).sub_(peak).exp_()
            part = torch.mm(exponentials, of_words).mul_(scale)
            if tile > 0 and ends[0] == 0:
                parts[block].add_(part)
            else:
                parts.append(part)
            grad_of_words.addmm_(exponentials.t(), of_points * scale)
            number += 1
    return parts


@without_lock
def _total(shares: list[list[Tensor]]) -> Tensor:
    """The sum of the parts of all tiles, in their order, (N, P); the first share becomes it."""
    total = shares[0]
    for share in shares[1:]:
        for number, part in enumerate(share):
            total[number % len(total)].add_(part)
    return torch.cat(total)


def _tiles_of_words(factors: Tensor) -> list[slice]:
    """Tiles of all words: an even number, to divide evenly between two threads, or one if there are few words."""
    n_words = len(factors)
    largest = _TILE_WORDS if factors.device.type == "cpu" else _GPU_TILE_WORDS
    n_tiles = 1 if n_words <= largest else 2 * math.ceil(n_words / (2 * largest))
    return even_slices(n_words, n_tiles)


def _shares(factors: Tensor) -> list[list[int]]:
    """The ends of the tiles that each thread computes."""
    tiles = _tiles_of_words(factors)
    n_threads = n_available() if factors.device.type == "cpu" else 1
    shares = [tiles[share] for share in even_slices(len(tiles), n_threads)]
    return [[share[0].start, *(tile.stop for tile in share)] for share in shares]


def _in_pieces(factors: Tensor) -> Callable[..., Iterable[Any]]:
    """`among_threads` on the CPU; `map` on other devices."""
    return among_threads if factors.device.type == "cpu" else map


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
    return _terms(_points(z), weight, bias, None)[0]


def _terms(points: Tensor, weight: Tensor, bias: Tensor, counts: SparseRows | None) -> tuple[Tensor, Tensor | None]:
    """`_Terms`: the log partitions (N,), and the statistics of the counts, (B, P)."""
    differentiable: Callable[..., tuple[Tensor, Tensor | None]] = _Terms.apply
    return differentiable(points, weight, bias, counts)


def partition_and_mean(z: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """`log_partition` (N,) and the mean of R under p(w | z), (N, K), in one pass; nothing is differentiable."""
    # In columns: the product that sums takes a quarter less time in float64.
    points, factors = _points(z), _factors(weight, bias).T.contiguous().T
    log_partition, mean = z.new_empty(len(z)), torch.empty_like(points)
    for rows in _blocks(len(z), _tile_rows(factors)):
        peak = z.new_full((rows.stop - rows.start,), -math.inf)
        total, moment = torch.zeros_like(peak), torch.zeros_like(points[rows])
        for words in _blocks(len(factors), _TILE_WORDS):
            energies = points[rows] @ factors[words].T  # (rows, words)
            before, peak = peak, torch.maximum(peak, energies.amax(1))
            exponentials = energies.sub_(peak[:, None]).exp_()
            shrink = torch.exp(before - peak)
            total = total * shrink + exponentials.sum(1)
            moment = torch.addmm(moment * shrink[:, None], exponentials, factors[words])
        log_partition[rows] = peak + total.log()
        mean[rows] = moment / total[:, None]
    return log_partition, mean[:, : z.shape[1]]


def energy_log_likelihood(z: Tensor, counts: SparseRows, weight: Tensor, bias: Tensor) -> Tensor:
    """log p(x | z) (S, B) from z (S, B, K), counts (B, V), R transposed (V, K) and b (V,): see `EnergySoftmax`."""
    S, B, K = z.shape
    points = _points(z.reshape(S * B, K))
    on_cpu = weight.device.type == "cpu"
    log_partition, statistics = _terms(points, weight, bias, counts if on_cpu else None)
    if statistics is None:
        statistics = sparse_matmul(counts, _factors(weight, bias))
    explained = (points.view(S, B, points.shape[-1]) * statistics).sum(-1)
    return explained - counts.row_sums() * log_partition.view(S, B)


def _points(z: Tensor) -> Tensor:
    """z with a 1 appended, so that b is one more column of R, and zeros: (N, P)."""
    N, K = z.shape
    return torch.cat([z, z.new_ones(N, 1), z.new_zeros(N, _padding(K))], 1)


def _factors(weight: Tensor, bias: Tensor) -> Tensor:
    """R transposed with b appended as a column, and zeros: (V, P)."""
    V, K = weight.shape
    return torch.cat([weight, bias[:, None], weight.new_zeros(V, _padding(K))], 1)


def _padding(n_components: int) -> int:
    """Number of zeros that pad K + 1 to P, a multiple of 4: at K = 50 products over P take a fifth less time."""
    return -(n_components + 1) % 4


def _tile_rows(factors: Tensor) -> int:
    """Rows of a tile at most."""
    if factors.device.type == "cuda":
        return max(64, _share_of_memory(_GPU_TILE, factors) // min(len(factors), _GPU_TILE_WORDS))
    return max(64, _TILE // (factors.element_size() * min(len(factors), _TILE_WORDS)))


def _kept(factors: Tensor) -> int:
    """Entries of all tiles together up to which they are kept for the backward pass."""
    return _share_of_memory(_GPU_KEPT, factors) if factors.device.type == "cuda" else _KEPT


def _share_of_memory(share: float, factors: Tensor) -> int:
    """Entries that a share of the GPU's memory holds: of all of it, so that tiles, and with them bits, do not depend on
    what else is there."""
    total: int = torch.cuda.get_device_properties(factors.device).total_memory
    return int(share * total) // factors.element_size()


def _blocks(size: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]


def draw_words(log_probabilities: Tensor, n_tokens: Tensor, generator: torch.Generator) -> Tensor:
    """Words drawn independently from one distribution per row, by inversion: (sum of n,), row by row.

    Parameters
    ----------
    log_probabilities : Tensor of shape (C, V)
    n_tokens : int64 tensor of shape (C,)
    generator : torch.Generator
    """
    C, V = log_probabilities.shape
    device = log_probabilities.device
    cumulative = log_probabilities.double().exp().cumsum(1)
    # One ascending sequence for all rows; row i occupies the interval from i to i + 1.
    rows = torch.arange(C, device=device)
    line = (cumulative / cumulative[:, -1:] + rows[:, None]).flatten()
    row = torch.repeat_interleave(rows, n_tokens)
    uniform = torch.rand(len(row), generator=generator, dtype=torch.float64).to(device)
    places = torch.searchsorted(line, row + uniform, right=True)
    return torch.minimum(places - row * V, places.new_tensor(V - 1))  # rounding may reach the end of the interval


class EnergySoftmax(TopicWeights):
    """p(w | z) = softmax(z^T R + b): the decoder of the document VAE (17.14, 17.15; Miao, Yu, Blunsom 2016).

    Parameters
    ----------
    n_components : int
        K, the dimension of z.
    n_words : int
        V, the size of the vocabulary.

    `weight` (V, K) holds R transposed and `bias` (V,) holds b; the energy of word w is -z . weight[w] - bias[w].
    """

    in_pieces = True  # the log partition, nearly all the work of an update, is computed by `among_threads`

    def log_likelihood(self, z: Tensor, counts: SparseRows) -> Tensor:
        """log p(x | z) = sum_w x_w log p(w | z), without the multinomial coefficient.

        Parameters
        ----------
        z : Tensor of shape (S, B, K)
        counts : SparseRows of shape (B, V)

        Returns
        -------
        Tensor of shape (S, B), nats per document
        """
        return energy_log_likelihood(z, counts, *self.topics())

    def terms(self, counts: SparseRows) -> Terms:
        """R x (B, K), b . x (B,) and the number of tokens of each document, (B,), which with `log_partition` give
        log p(x | z)."""
        weight, bias = self.topics()
        of_bias = counts.segment_sums(counts.values * bias[counts.indices])
        return Terms(sparse_matmul(counts, weight), of_bias, counts.row_sums())

    def log_partition(self, z: Tensor) -> Tensor:
        """log sum_w exp(z . R_w + b_w) in nats, (...,) from z (..., K)."""
        return log_partition(z.reshape(-1, z.shape[-1]), *self.topics()).view(z.shape[:-1])

    def sample_statistics(self, z: Tensor, trials: Tensor, generator: torch.Generator) -> Tensor:
        """R x of a document x drawn from p(x | z), (C, K) from z (C, K) and the number of tokens of each, (C,).

        A number that is not whole is rounded, to at least 1, and the drawn statistics are scaled to it.
        """
        weight, _ = self.topics()
        drawn = trials.round().clamp(min=1.0)
        words = torch.cat(
            [
                draw_words(self.log_probabilities(z[rows]), drawn[rows].long(), generator)
                for rows in _blocks(len(z), max(1, _TILE // len(weight)))
            ]
        )
        offsets = torch.cat([words.new_zeros(1), drawn.long().cumsum(0)])
        values = weight.new_ones(len(words))
        statistics = sparse_matmul(SparseRows(words, offsets, values, len(weight)), weight)
        return statistics * (trials / drawn)[:, None]

    def likelihood_of(self, counts: SparseRows) -> DocumentLikelihood:
        """log p(x | z) of counts (B, V) as a function of z; nothing is differentiable."""
        with torch.no_grad():
            weight, bias = self.topics()
            return DocumentLikelihood.of(weight.detach(), bias.detach(), counts)

    def condensed(self, n_words: int) -> tuple[Tensor, Tensor]:
        """R transposed and b of a vocabulary of at most n_words + 1: the most probable words, and one word that stands
        for the rest, with their mean under softmax(b) and their total probability; nothing is differentiable."""
        with torch.no_grad():
            weight, bias = self.topics()
            if len(bias) <= n_words:
                return weight, bias
            likeliest = bias.topk(n_words).indices
            rest = torch.ones_like(bias, dtype=torch.bool)
            rest[likeliest] = False
            left = bias[rest]
            return (
                torch.cat([weight[likeliest], (torch.softmax(left, 0) @ weight[rest])[None]]),
                torch.cat([bias[likeliest], torch.logsumexp(left, 0)[None]]),
            )

    def unigram_moments(self) -> tuple[Tensor, Tensor]:
        """Mean (K,) and covariance (K, K) of R's columns under softmax(b); nothing is differentiable."""
        with torch.no_grad():
            weight, bias = self.topics()
            unigram = torch.softmax(bias, 0)
            return unigram @ weight, covariance(weight, unigram)

    def log_probabilities(self, z: Tensor) -> Tensor:
        """log p(w | z) of every word, (N, V) from z of shape (N, K); dense, so for a few points only."""
        weight, bias = self.topics()
        return torch.log_softmax(torch.addmm(bias, z, weight.T), dim=-1)
