"""The interfaces of the parts of a model: encoder, latent and decoder, each a `torch.nn.Module`.

An encoder reads the data. A latent turns the encoder's output into a posterior q(z | x), which is sampled by
reparameterisation and has a density and a divergence from the prior. Prior and posterior are densities of the same z,
in coordinates that suit the family; `transform` maps z to what the decoder sees, such as a point of the simplex. A
decoder gives p(x | z).

Axes: S samples, B rows of data, Z numbers of a drawn z, K numbers that the decoder sees, V words; samples lead.
"""

from typing import Any, Protocol, Self

import torch
from torch import Tensor


class Encoder(Protocol):
    """An inference network: from data to the parameters of q(z | x)."""

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the weights."""
        ...

    def __call__(self, x: Any, decoder: Any, generator: torch.Generator | None = None, /) -> Tensor:
        """(B, n_parameters) of the rows of x. It may look at the decoder; its dropout, if any, is drawn from the
        generator, and without one it is a function of x alone."""
        ...


class Posterior(Protocol):
    """q(z | x) of B rows."""

    @property
    def mean(self) -> Tensor:
        """(B, Z)."""
        ...

    def variance(self) -> Tensor:
        """Variance of each number of z, (B, Z)."""
        ...

    def sample(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """(S, B, Z), differentiable in the parameters of q. The only call that draws latent noise."""
        ...

    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) in nats, (S, B) from z (S, B, Z)."""
        ...

    def kl(self) -> Tensor | None:
        """KL(q || p) in nats, (B, G): a column for each group of dimensions that are independent of the rest under q
        and p, Z of them where all are. None where there is no closed form."""
        ...

    def detach(self) -> "Posterior":
        """The same q, whose parameters take no gradient."""
        ...


class Latent(Protocol):
    """A family q(z | x) and the prior p(z).

    Attributes
    ----------
    n_components : int
        K, what the decoder sees.
    n_parameters : int
        Numbers per row that the encoder outputs.
    """

    n_components: int
    n_parameters: int

    def posterior(self, parameters: Tensor, x: Any, decoder: Any) -> Posterior:
        """q(z | x) from the encoder's output, (B, n_parameters)."""
        ...

    def train(self, mode: bool = True) -> Any:
        """Use the encoder's output as q; with False, refine it where the latent can."""
        ...

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) in nats, (S, B) from z (S, B, Z)."""
        ...

    def sample_prior(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """z ~ p(z), (S, 1, Z), on the CPU."""
        ...

    def transform(self, z: Tensor) -> Tensor:
        """What the decoder sees, (..., K) from z (..., Z)."""
        ...


class Decoder(Protocol):
    """p(x | z)."""

    def log_likelihood(self, h: Tensor, x: Any, /) -> Tensor:
        """log p(x | z) in nats, (S, B) from what the decoder sees of z, h (S, B, K)."""
        ...


class TopicDecoder(Decoder, Protocol):
    """A decoder of bags of words by topics: the K rows of R, and b."""

    def initialise(self, log_frequency: Tensor, std: float, generator: torch.Generator) -> None:
        """Start b at the log frequencies of the words, (V,), and draw the parameters of R from N(0, std^2)."""
        ...

    def start_topics(self, topics: list[int], log_lift: Tensor) -> None:
        """Set the rows of R of some topics, transposed (V, G)."""
        ...

    def topics(self) -> tuple[Tensor, Tensor]:
        """R transposed (V, K) and b (V,), computed from the parameters."""
        ...


class LogLikelihood(Protocol):
    """log p(x | z) of B rows as a concave function of z; the results have the dtype of z."""

    def __getitem__(self, rows: Tensor) -> Self:
        """The same of the rows with these numbers."""
        ...

    def expansion(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log p(x | z) (B,), its gradient (B, K), and minus its Hessian (B, K, K), which may be approximate."""
        ...


class ExactLogLikelihood(LogLikelihood, Protocol):
    """A likelihood that has a cheaper approximation."""

    def gradient(self, z: Tensor) -> Tensor:
        """d/dz log p(x | z), (B, K) from z (B, K)."""
        ...

    def rough(self) -> LogLikelihood | None:
        """A likelihood with about the same maximum; None where it would not be cheaper."""
        ...


class RefinableDecoder(Decoder, Protocol):
    """A decoder under which Newton's method can find the maximum of log p(x, z)."""

    def likelihood_of(self, x: Any, /) -> ExactLogLikelihood:
        """log p(x | z) of the rows of x as a function of z, with R and b in force; nothing is differentiable."""
        ...


class Curvature(Protocol):
    """A symmetric and positive semi-definite matrix (K, K) for each of B rows."""

    def diagonal(self) -> Tensor:
        """Their diagonals, (B, K)."""
        ...

    def times(self, vectors: Tensor) -> Tensor:
        """Their products with a vector each, (B, K) from (B, K)."""
        ...


class ShareLikelihood(Protocol):
    """log p(x | s) of B rows as a concave function of what the decoder sees, s = theta^a."""

    def __getitem__(self, rows: Tensor) -> Self:
        """The same of the rows with these numbers."""
        ...

    def value(self, seen: Tensor) -> Tensor:
        """log p(x | s) (B,) from s (B, K)."""
        ...

    def value_and_gradient(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x | s), and its gradient in s (B, K)."""
        ...

    def curvature(self, theta: Tensor) -> Curvature:
        """Minus the Hessian in s where the shares are theta (B, K), which may be approximate."""
        ...


class ShareRefinableDecoder(Decoder, Protocol):
    """A decoder under which Newton's method can improve shares on the simplex."""

    def share_likelihood_of(self, x: Any, /) -> ShareLikelihood:
        """log p(x | s) of the rows of x, which the decoder may weight as evidence of their shares."""
        ...
