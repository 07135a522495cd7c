"""The choice of axes on which topics are read, for models that do not determine them.

With z ~ N(0, I) and a full covariance in q, the model (R, z) and the model (Q^T R, Q^T z) are the same for every
rotation Q: same likelihood, same bound. A fit ends at an arbitrary rotation, whose axes mix themes. Varimax chooses the
one whose loadings are either large or near zero, so that an axis has few words and a word few axes (Kaiser 1958; for
evidence that this finds directions that people can name: Rohe & Zeng 2023, Vintage factor analysis with varimax).

Axes: V words, K topics.
"""

import torch
from torch import Tensor

from neuraltopic.core.vae import TopicVAE
from neuraltopic.models.decoders.energy_softmax import EnergySoftmax
from neuraltopic.models.encoders.sufficient_statistics import SufficientStatisticsEncoder

_MAX_ITERATIONS = 500
_TOLERANCE = 1e-7


def varimax(loadings: Tensor) -> Tensor:
    """The rotation Q (K, K) that maximises the summed variance of the squared columns of `loadings` Q, from (V, K).

    By iterated polar decompositions of the criterion's gradient (Horst 1965).
    """
    rotation = torch.eye(loadings.shape[1], dtype=loadings.dtype, device=loadings.device)
    criterion = 0.0
    for _ in range(_MAX_ITERATIONS):
        rotated = loadings @ rotation
        gradient = loadings.T @ (rotated**3 - rotated * rotated.square().mean(0))
        left, singular, right = torch.linalg.svd(gradient)
        rotation = left @ right
        reached = float(singular.sum())
        if reached <= criterion * (1.0 + _TOLERANCE):
            break
        criterion = reached
    return rotation


@torch.no_grad()
def align_axes(model: TopicVAE) -> None:
    """Rotate encoder and decoder to varimax axes, in place; every bound is unchanged.

    The loadings are R less its mean, each word's row scaled to unit length (Kaiser's normalisation), so that every word
    has the same weight. This gave the most coherent words: see tests/benchmarks/README.md. An axis points to the tail
    of the energies of the unigram's words, to the few words that it raises much; axes are numbered by the variance of
    those energies, largest first.
    """
    encoder, decoder = model.encoder, model.decoder
    assert isinstance(encoder, SufficientStatisticsEncoder)
    assert isinstance(decoder, EnergySoftmax)
    unigram = torch.softmax(decoder.bias.cpu().double(), 0)
    weight = decoder.weight.cpu().double()
    centred = weight - unigram @ weight
    length = centred.norm(dim=1, keepdim=True)
    rotation = varimax(centred / length.clamp_min(torch.finfo(length.dtype).tiny))
    rotated = centred @ rotation
    tail = unigram @ rotated**3
    order = (unigram @ rotated.square()).argsort(descending=True, stable=True)
    rotation = (rotation * torch.where(tail < 0, -1.0, 1.0))[:, order]
    decoder.weight.copy_(weight @ rotation)
    encoder.rotate(rotation.to(decoder.weight))
