"""Latent variables, one family a file."""

from neuraltopic.core.latents.gaussian import (
    CorrelatedPosterior,
    DiagonalGaussian,
    DiagonalPosterior,
    gaussian_log_density,
    standard_normal_log_density,
)
from neuraltopic.core.latents.protocols import Latent, Posterior

__all__ = [
    "CorrelatedPosterior",
    "DiagonalGaussian",
    "DiagonalPosterior",
    "Latent",
    "Posterior",
    "gaussian_log_density",
    "standard_normal_log_density",
]
