"""A linear-Gaussian model, whose log p(x) and exact posterior are known.

x | z ~ N(W z + c, s^2 I), z ~ N(0, I): then x ~ N(c, W W^T + s^2 I) and z | x is Gaussian in closed form.
With the columns of W orthogonal the exact posterior is diagonal, and q can be it.
"""

import math

import torch
from torch import nn

from neuraltopic.core.latents.gaussian import DiagonalGaussian, gaussian_log_density
from neuraltopic.core.vae import VAE
from tests.parts import generator

D, K, B = 4, 2, 6
LOG_STD = math.log(0.7)


class LinearGaussian(nn.Module):
    """The decoder of the linear-Gaussian model."""

    def __init__(self):
        super().__init__()
        orthogonal = torch.linalg.qr(torch.randn(D, K, generator=generator(3), dtype=torch.float64))[0]
        self.W = nn.Parameter((orthogonal * torch.tensor([1.5, 0.8], dtype=torch.float64)).contiguous())
        self.c = nn.Parameter(torch.linspace(-1, 1, D, dtype=torch.float64))

    def log_likelihood(self, z, x):
        log_variance = torch.full((D,), 2 * LOG_STD, dtype=torch.float64)
        return gaussian_log_density(x, z @ self.W.T + self.c, log_variance)


class Affine(nn.Module):
    """An encoder that puts out a mean affine in x, and one log variance for all x."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(K, D, dtype=torch.float64))
        self.shift = nn.Parameter(torch.zeros(K, dtype=torch.float64))
        self.log_variance = nn.Parameter(torch.zeros(K, dtype=torch.float64))

    def forward(self, x, decoder, generator=None):
        mean = x @ self.gain.T + self.shift
        return torch.cat([mean, self.log_variance.expand_as(mean)], 1)


def linear_gaussian(exact: bool = True) -> VAE:
    """The model; its encoder is the exact posterior, or one that is off in mean and variance."""
    model = VAE(Affine(), DiagonalGaussian(K), LinearGaussian())
    variance = math.exp(2 * LOG_STD)
    W, c = model.decoder.W.detach(), model.decoder.c.detach()
    posterior_variance = 1.0 / (1.0 + W.square().sum(0) / variance)  # (K,)
    gain = posterior_variance[:, None] * W.T / variance  # (K, D)
    with torch.no_grad():
        model.encoder.gain.copy_(gain if exact else 0.5 * gain)
        model.encoder.shift.copy_(-gain @ c)
        model.encoder.log_variance.copy_(posterior_variance.log() + (0.0 if exact else 0.8))
    return model


def log_evidence(model: VAE, x: torch.Tensor) -> torch.Tensor:
    """log p(x) of each row, (B,)."""
    W, c = model.decoder.W.detach(), model.decoder.c.detach()
    covariance = W @ W.T + math.exp(2 * LOG_STD) * torch.eye(D, dtype=torch.float64)
    return torch.distributions.MultivariateNormal(c, covariance).log_prob(x)
