"""R and b of the energy softmax with the important words first, and a cloud in place of the last words.

Axes: V words, H of them in the head, K topics, P columns: K + 2 and zeros up to a multiple of 4, which saves a fifth of
the time of products over P at K = 50.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

# Up to this many words are summed one by one for every document; twice as many would not improve q more than the words
# listed for each document do.
HEAD_WORDS = 1 << 11
# Words after them that the rough likelihood sums one by one as well: a sixth of the time of 100,000 words.
BODY_WORDS = 1 << 14


@dataclass(frozen=True)
class Cloud:
    """Words with R_w ~ N(m, C): they add exp(b_cloud + m . z + z^T C z / 2) to the partition function at z.

    Attributes
    ----------
    log_mass : Tensor of shape ()
        b_cloud, log sum_w exp(b_w); minus infinity for no words.
    mean : Tensor of shape (K,)
        m, the mean of R_w under softmax(b).
    covariance : Tensor of shape (K, K)
        C, the covariance under softmax(b).
    """

    log_mass: Tensor
    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor) -> "Cloud":
        """The cloud of words with these rows of R transposed (W, K) and b (W,)."""
        share = torch.softmax(bias, 0)
        return cls(torch.logsumexp(bias, 0), share @ weight, covariance(weight, share))

    def energy(self, z: Tensor) -> Tensor:
        """b_cloud + m . z + z^T C z / 2, (B,) from z (B, K)."""
        return self.log_mass + z @ self.mean + 0.5 * ((z @ self.covariance) * z).sum(1)

    def centre(self, z: Tensor) -> Tensor:
        """m + C z, the mean of the cloud under p(w | z), (B, K)."""
        return self.mean + z @ self.covariance


@dataclass(frozen=True)
class SplitVocabulary:
    """A vocabulary in two parts: the head of likely words, and the tail, which begins with the body.

    Attributes
    ----------
    head, tail : Tensor of shape (H, P) and (V - H, P)
        One row per word: R_w, b_w, 1, and zeros.
    place : Tensor of shape (V,)
        Place of a word in the tail; -1 for the words of the head.
    spread : Tensor of shape (K, K)
        Covariance of the tail under softmax(b).
    n_body : int
        Words in the body.
    cloud : Cloud
        The tail without the body.
    """

    head: Tensor
    tail: Tensor
    place: Tensor
    spread: Tensor
    n_body: int
    cloud: Cloud

    @classmethod
    def split(cls, weight: Tensor, bias: Tensor) -> "SplitVocabulary":
        """From R transposed (V, K) and b (V,)."""
        V, K = weight.shape
        # The importance of a word is its squared distance from the mean times its probability, which grows with |R_w|^2
        # as z moves away from 0: by this much for z ~ N(0, I / 4).
        squares = (weight - torch.softmax(bias, 0) @ weight).square().sum(1)
        score = bias + squares.log() + 0.125 * weight.square().sum(1)
        first = score.topk(min(V, HEAD_WORDS + BODY_WORDS)).indices
        others = torch.ones_like(bias, dtype=torch.bool).index_fill_(0, first, False)
        order = torch.cat([first, others.nonzero()[:, 0]])
        place = torch.empty_like(order)
        place[order] = torch.arange(V, device=order.device) - HEAD_WORDS
        words = torch.cat([weight, bias[:, None], weight.new_ones(V, 1), weight.new_zeros(V, -(K + 2) % 4)], 1)[order]
        tail = words[HEAD_WORDS:]
        return cls(
            head=words[:HEAD_WORDS],
            tail=tail,
            place=place.clamp_min(-1),
            spread=covariance(tail[:, :K], torch.softmax(tail[:, K], 0)),
            n_body=min(BODY_WORDS, len(tail)),
            cloud=Cloud.of(tail[BODY_WORDS:, :K], tail[BODY_WORDS:, K]),
        )

    @cached_property
    def products(self) -> Tensor:
        """R_wi R_wj for i <= j and the words of the head, (K (K + 1) / 2, H)."""
        K = len(self.spread)
        return torch.cat([self.head[:, i] * self.head[:, i:K].T for i in range(K)])


def points(z: Tensor, shift: Tensor | None = None) -> Tensor:
    """z, the 1 that multiplies b, and minus the shift (B,) that multiplies the words' 1, (B, P).

    The products with the rows of head and tail are the energies z . R_w + b_w, less the shift.
    """
    B, K = z.shape
    shift = z.new_zeros(B) if shift is None else shift
    return torch.cat([z, z.new_ones(B, 1), -shift[:, None], z.new_zeros(B, -(K + 2) % 4)], 1)


def covariance(rows: Tensor, probability: Tensor) -> Tensor:
    """Covariance of the rows (W, K) under `probability` (W,), (K, K)."""
    centred = rows - probability @ rows
    return centred.T @ (centred * probability[:, None])
