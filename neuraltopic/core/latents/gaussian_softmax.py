"""The Gaussian softmax: Gaussian coordinates; the decoder sees the softmax of a learned linear map of them.

Axes: S samples, B rows of data, K components; samples lead.
"""

import torch
from torch import Tensor, nn

from neuraltopic.core.latents.gaussian import DiagonalGaussian


class GaussianSoftmax(DiagonalGaussian):
    """theta = softmax(W z) with the prior z ~ N(0, I) (Miao, Grefenstette, Blunsom 2017, section 3.1).

    Parameters
    ----------
    n_components : int
        K.

    W learns how sparse shares are under the prior, and which topics occur together. It starts at the identity, where
    theta is a logistic-normal of unit variance: the largest of fifty shares is rarely above a tenth.
    """

    def __init__(self, n_components: int) -> None:
        super().__init__(n_components)
        self.weight = nn.Parameter(torch.eye(n_components))

    def transform(self, z: Tensor) -> Tensor:
        """theta, (..., K)."""
        return torch.softmax(z @ self.weight.T, dim=-1)
