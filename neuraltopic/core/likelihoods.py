"""Decoders of dense data: p(x | z) from what a network puts out for each feature.

Axes: S samples, B rows of data, D features, K numbers that the decoder sees; samples lead.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
        """Draw the weights. With the data's mean, (D,), the logits start at its log odds, so that what is to be
        learned is what differs from one row to another (Burda et al. 2016); else at 0."""
        # Features that are always 0, or always 1, start at a probability of 1 in 1,000, which a fit can still leave.
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


class Gaussian(nn.Module):
    """p(x | z) = N(x; network(h), variance I), one variance for all features (Rybkin, Daniilidis, Levine 2021).

    One for each feature would let those that hardly vary, such as the border of an image, decide the likelihood.

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
