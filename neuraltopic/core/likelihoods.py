"""Decoders of dense data: p(x | z) from the output of a network for each feature.

Axes: S samples, B rows of data, D features, K numbers that the decoder sees; samples lead.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuraltopic.core.boltzmann.machine import Terms
from neuraltopic.core.latents.binary import draw_units
from neuraltopic.core.networks import MLP

_LOG_2PI = math.log(2.0 * math.pi)
# exp(-12) is a standard deviation of 0.0025, finer than a grey level of 256 on [0, 1]: a model that reconstructs
# exactly would send its variance to 0 and its density to infinity.
_LEAST_LOG_VARIANCE = -12.0


class Bernoulli(nn.Module):
    """p(x | z) = prod_d p_d^x_d (1 - p_d)^(1 - x_d), each p_d the sigmoid of a network's output (Kingma & Welling
    2014, appendix C.1).

    Values of x between 0 and 1 are taken as the probability of a 1: the result is then the expected log-likelihood,
    minus the cross-entropy of (17.2).

    Parameters
    ----------
    network : MLP
        Logits (..., D) from h (..., K).
    """

    def __init__(self, network: MLP) -> None:
        super().__init__()
        self.network = network

    def initialise(self, generator: torch.Generator, mean: Tensor | None = None) -> None:
        """Draw the weights. With the data's mean, (D,), the logits start at its log odds, so that only the differences
        between rows must be learned (Burda et al. 2016); else at 0."""
        # Features that are always 0, or always 1, start at a probability of 1 in 1,000, from which a fit can still move
        # away.
        bias = None if mean is None else torch.logit(mean, eps=1e-3)
        self.network.initialise(generator, bias)

    def log_likelihood(self, h: Tensor, x: Tensor) -> Tensor:
        """log p(x | z) = sum_d x_d l_d - log(1 + exp l_d) in nats, finite for every logit l.

        Parameters
        ----------
        h : Tensor of shape (S, B, K)
        x : Tensor of shape (B, D)
            In [0, 1].

        Returns
        -------
        Tensor of shape (S, B)
        """
        logits = self.network(h)
        return (x * logits - F.softplus(logits)).sum(-1)

    def mean(self, h: Tensor) -> Tensor:
        """E[x | z], (..., D) from h (..., K)."""
        return torch.sigmoid(self.network(h))


class BernoulliEnergy(nn.Module):
    """p(x | z) = prod_d Bernoulli(x_d; sigmoid(z . R_d + b_d)): pixels under a restricted Boltzmann machine.

    Values of x between 0 and 1 are taken as the probability of a 1, as in `Bernoulli`.

    Parameters
    ----------
    n_components : int
        K.
    n_features : int
        D.

    `weight` (D, K) holds R transposed and `bias` (D,) holds b.
    """

    def __init__(self, n_components: int, n_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_features, n_components))
        self.bias = nn.Parameter(torch.zeros(n_features))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator, mean: Tensor | None = None) -> None:
        """Draw R from N(0, 0.01^2) (Hinton 2012); b starts at the log odds of the data's mean, (D,), or at 0."""
        self.weight.copy_(0.01 * torch.randn(self.weight.shape, generator=generator))
        self.bias.zero_() if mean is None else self.bias.copy_(torch.logit(mean, eps=1e-3))

    def logits(self, h: Tensor) -> Tensor:
        """Log odds of each feature, (..., D) from h (..., K)."""
        return F.linear(h, self.weight, self.bias)

    def log_likelihood(self, h: Tensor, x: Tensor) -> Tensor:
        """log p(x | z) in nats, (S, B) from h (S, B, K) and x (B, D) in [0, 1]."""
        logits = self.logits(h)
        return (x * logits - F.softplus(logits)).sum(-1)

    def mean(self, h: Tensor) -> Tensor:
        """E[x | z], (..., D) from h (..., K)."""
        return torch.sigmoid(self.logits(h))

    def terms(self, x: Tensor) -> Terms:
        """R x (B, K), b . x (B,) and 1 for each row."""
        return Terms(x @ self.weight, x @ self.bias, torch.ones_like(x[:, 0]))

    def log_partition(self, h: Tensor) -> Tensor:
        """sum_d log(1 + exp(h . R_d + b_d)) in nats, (...,) from h (..., K)."""
        return F.softplus(self.logits(h)).sum(-1)

    def sample_statistics(self, h: Tensor, trials: Tensor, generator: torch.Generator) -> Tensor:
        """R x of a draw x ~ p(x | z), (C, K) from h (C, K); `trials` are 1."""
        return draw_units(self.logits(h), generator) @ self.weight


class Gaussian(nn.Module):
    """p(x | z) = N(x; network(h), variance I), one variance for all features (Rybkin, Daniilidis, Levine 2021).

    With one per feature, features that hardly vary, such as the border of an image, would dominate the likelihood.

    Parameters
    ----------
    network : MLP
        The mean of x, (..., D) from h (..., K).
    variance : float, optional
        Of every feature. By default it starts at 1 and is learned.
    """

    def __init__(self, network: MLP, variance: float | None = None) -> None:
        super().__init__()
        self.network = network
        self._start = 0.0 if variance is None else math.log(variance)
        self.log_variance = nn.Parameter(torch.tensor(self._start), requires_grad=variance is None)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator, mean: Tensor | None = None) -> None:
        """Draw the weights; the output's bias starts at the data's mean, (D,), where it is given."""
        self.log_variance.fill_(self._start)
        self.network.initialise(generator, mean)

    def log_likelihood(self, h: Tensor, x: Tensor) -> Tensor:
        """log p(x | z) in nats, a density, (S, B) from h (S, B, K) and x (B, D)."""
        log_variance = self.log_variance.clamp_min(_LEAST_LOG_VARIANCE)
        squares = (x - self.network(h)).square().sum(-1)
        return -0.5 * (squares * torch.exp(-log_variance) + x.shape[-1] * (log_variance + _LOG_2PI))

    def mean(self, h: Tensor) -> Tensor:
        """E[x | z], (..., D) from h (..., K)."""
        return self.network(h)
