"""The energy softmax with batch normalisation of each word's energy, as in ProdLDA.

Over a batch of points h the energy of word w, h . R_w, has the mean m . R_w and the variance R_w^T C R_w, with m and C
the mean and covariance of h: so normalising the energies rescales R and shifts b, and needs no array of documents x
words.

Axes: S samples, B documents, V words, K topics.
"""

import torch
from torch import Tensor

from neuraltopic.core.networks import BATCH_EPSILON, BATCH_MOMENTUM, SparseRows
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax, energy_log_likelihood


class NormalisedEnergySoftmax(EnergySoftmax):
    """p(w | h) = softmax_w((h - m) . R_w / sqrt(R_w^T C R_w + epsilon) + b_w) (Srivastava & Sutton 2017).

    Parameters
    ----------
    n_components : int
        K.
    n_words : int
        V.

    In training m and C are those of the batch; in eval mode their running means, and `topics` gives the R and b that
    follow from these. The energies have no learned scale, which keeps one word from outgrowing the others.
    """

    couples_rows = True  # while training
    running_mean: Tensor
    running_covariance: Tensor

    def __init__(self, n_components: int, n_words: int) -> None:
        super().__init__(n_components, n_words)
        self.register_buffer("running_mean", torch.zeros(n_components))
        self.register_buffer("running_covariance", torch.eye(n_components))

    def topics(self) -> tuple[Tensor, Tensor]:
        """R transposed (V, K) and b (V,) by the running moments."""
        return self._normalised(self.running_mean, self.running_covariance)

    def log_likelihood(self, z: Tensor, counts: SparseRows) -> Tensor:
        """log p(x | h) (S, B), nats per document, from h (S, B, K) and counts (B, V)."""
        if not self.training or z.shape[0] * z.shape[1] == 1:
            return super().log_likelihood(z, counts)
        points = z.reshape(-1, z.shape[-1])
        mean = points.mean(0)
        centred = points - mean
        covariance = centred.T @ centred / len(points)
        with torch.no_grad():
            self.running_mean.lerp_(mean, BATCH_MOMENTUM)
            self.running_covariance.lerp_(covariance * len(points) / (len(points) - 1), BATCH_MOMENTUM)
        return energy_log_likelihood(z, counts, *self._normalised(mean, covariance))

    def _normalised(self, mean: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor]:
        variance = ((self.weight @ covariance) * self.weight).sum(1)
        weight = self.weight * torch.rsqrt(variance + BATCH_EPSILON)[:, None]
        return weight, self.bias - weight @ mean
