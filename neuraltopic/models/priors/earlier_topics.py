"""A prior for learning from new documents, near the topics learned from earlier documents that are no longer available.

The likelihood of R and b in earlier documents is, to second order, a Gaussian about the values found for them, whose
precision is the Fisher information (Laplace's approximation; its diagonal alone: Kirkpatrick et al. 2017, elastic
weight consolidation). One token of a document with z informs R_kw by z_k^2 p_w (1 - p_w), (17.14), which summed over
tokens, with the count of a word in place of its expectation and 1 in place of 1 - p_w, gives

    precision of R_kw = sum_d z_dk^2 x_dw,    precision of b_w = sum_d x_dw.

So each topic is held where earlier documents were evidence of it, in proportion to that evidence, and is free
elsewhere. Precisions of successive corpora add up.

Axes: D documents, V words, K topics.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuraltopic.core.vae import TopicVAE
from neuraltopic.preprocessing.counts import Counts


def topic_precision(latents: NDArray[np.floating], counts: Counts) -> NDArray[np.float32]:
    """Precision of R in its first K rows and of b in the last, (K + 1, V), from z (D, K) and counts (D, V)."""
    K = latents.shape[1]
    precision = np.zeros((K + 1, counts.shape[1]))
    for start, block in counts.blocks():
        squares = np.ones((len(block), K + 1), np.float32)
        np.square(latents[start : start + len(block)], out=squares[:, :K])
        precision += (block.to_scipy().astype(np.float32).T @ squares).T
    return precision.astype(np.float32)


@dataclass(frozen=True)
class EarlierTopics:
    """log p(R, b) = -1/2 sum precision (topics - earlier)^2 in nats, up to a constant.

    Parameters
    ----------
    topics : Tensor of shape (K + 1, V)
        Where R and, in the last row, b were.
    precision : Tensor of shape (K + 1, V)
        See `topic_precision`.

    R and b are those of `TopicDecoder.topics`, for any parameters of the decoder.
    """

    topics: Tensor
    precision: Tensor

    def __call__(self, model: TopicVAE) -> Tensor:
        """log p(R, b), a scalar."""
        return -0.5 * (self.precision * (in_force(model) - self.topics).square()).sum()


def in_force(model: TopicVAE) -> Tensor:
    """R, and b in the last row, (K + 1, V)."""
    weight, bias = model.decoder.topics()
    return torch.cat([weight.T, bias[None]])
