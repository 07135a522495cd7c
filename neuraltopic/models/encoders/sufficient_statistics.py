"""The inference network for bags of words, which reads a document through the weights of its decoder.

Axes: B documents, V words, K topics, H hidden units.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuraltopic.core.networks import SparseRows, initialise_linear, sparse_matmul
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax, partition_and_mean

# Standard deviations of the prior beyond which the ridge solution, a step on a quadratic model, is unreliable.
_LONGEST_START = 6.0
# Words whose probability at z0 is computed; the rest are treated as one word, since the feature need not be exact.
_WORDS_SEEN = 1 << 11


class SufficientStatisticsEncoder(nn.Module):
    """q(z | x) from R x and the length n of a document: (B, V) counts to (B, 2 K), mean then log variance.

    Under the energy softmax (17.15) a document enters log p(x, z) only by R x, b . x and n, so its posterior is a
    function of R x and n. To second order around z = 0 it is the Gaussian

        mean z0 = (I + n C)^-1 (R x - n e),  log variance  -log(1 + n C_kk),

    with e and C the mean and covariance of R's columns under the unigram softmax(b). The network starts from there: it
    sees z0, the result of one more Newton step with the same C, and log n, and learns a correction. The only sparse
    product is R x, which the decoder needs too: K columns instead of hundreds in another encoder.

    Parameters
    ----------
    n_components : int
        K.
    hidden : int
        H.
    """

    def __init__(self, n_components: int, hidden: int) -> None:
        super().__init__()
        self.input = nn.Linear(2 * n_components + 1, hidden)
        self.hidden = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, 2 * n_components)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights; the output's are small, so that the fit starts near the Gaussian above."""
        initialise_linear(self.input, generator)
        initialise_linear(self.hidden, generator)
        initialise_linear(self.output, generator, gain=0.1)

    @torch.no_grad()
    def rotate(self, rotation: Tensor) -> None:
        """Follow a decoder whose R became rotation^T R: the same mean, on the new axes.

        A diagonal covariance cannot be rotated; further training adapts its part.
        """
        K = len(rotation)
        for part in (slice(0, K), slice(K, 2 * K)):
            self.input.weight[:, part] = self.input.weight[:, part] @ rotation
        self.output.weight[:K] = rotation.T @ self.output.weight[:K]
        self.output.bias[:K] = rotation.T @ self.output.bias[:K]

    def forward(self, counts: SparseRows, decoder: EnergySoftmax, generator: torch.Generator | None = None) -> Tensor:
        """Mean and log variance of each document, (B, 2 K); nothing is drawn from the generator."""
        with torch.no_grad():
            start, features = _statistics(counts, decoder)
        h = F.silu(self.input(features))
        return start + self.output(h + F.silu(self.hidden(h)))


def _statistics(counts: SparseRows, decoder: EnergySoftmax) -> tuple[Tensor, Tensor]:
    """The Gaussian around z = 0, (B, 2 K), and what the network sees, (B, 2 K + 1)."""
    n = counts.row_sums()[:, None]
    mean, covariance = decoder.unigram_moments()
    eigenvalues, eigenvectors = torch.linalg.eigh(covariance)

    def ridge(gradient: Tensor) -> Tensor:
        """(I + n C)^-1 gradient, shortened to a reliable length."""
        step = (gradient @ eigenvectors / (1.0 + n * eigenvalues)) @ eigenvectors.T
        return step * (_LONGEST_START / step.norm(dim=1, keepdim=True).clamp_min(_LONGEST_START))

    topic_counts = sparse_matmul(counts, decoder.topics()[0])
    z0 = ridge(topic_counts - n * mean)
    _, mean_at_z0 = partition_and_mean(z0, *decoder.condensed(_WORDS_SEEN))
    correction = ridge(topic_counts - n * mean_at_z0 - z0)
    log_variance = -torch.log1p(n * covariance.diagonal())
    # A document of the usual length has about exp(4) words: the shift centres the input.
    return torch.cat([z0, log_variance], 1), torch.cat([z0, correction, torch.log1p(n) - 4.0], 1)
