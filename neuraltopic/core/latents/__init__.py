"""Latent variables, one family a file."""

from neuraltopic.core.latents.dirichlet import Dirichlet, DirichletPosterior
from neuraltopic.core.latents.full_gaussian import FullGaussian, FullPosterior
from neuraltopic.core.latents.gamma import Gamma, GammaPosterior
from neuraltopic.core.latents.gaussian import (
    CorrelatedPosterior,
    DiagonalGaussian,
    DiagonalPosterior,
    gaussian_log_density,
    standard_normal_log_density,
)
from neuraltopic.core.latents.gaussian_mixture import GaussianMixture, MixturePriorPosterior
from neuraltopic.core.latents.gaussian_softmax import GaussianSoftmax
from neuraltopic.core.latents.laplace import Laplace, LaplacePosterior
from neuraltopic.core.latents.logistic_normal import LogisticNormal, laplace_of_dirichlet
from neuraltopic.core.latents.normalised import Normalised
from neuraltopic.core.latents.stick_breaking import KumaraswamyPosterior, StickBreaking
from neuraltopic.core.latents.two_layers import TwoLayerGaussian, TwoLayerPosterior
from neuraltopic.core.latents.weibull import Weibull, WeibullPosterior
from neuraltopic.core.protocols import Latent, Posterior

__all__ = [
    "CorrelatedPosterior",
    "DiagonalGaussian",
    "DiagonalPosterior",
    "Dirichlet",
    "DirichletPosterior",
    "FullGaussian",
    "FullPosterior",
    "Gamma",
    "GammaPosterior",
    "GaussianMixture",
    "GaussianSoftmax",
    "KumaraswamyPosterior",
    "Laplace",
    "LaplacePosterior",
    "Latent",
    "LogisticNormal",
    "MixturePriorPosterior",
    "Normalised",
    "Posterior",
    "StickBreaking",
    "TwoLayerGaussian",
    "TwoLayerPosterior",
    "Weibull",
    "WeibullPosterior",
    "gaussian_log_density",
    "laplace_of_dirichlet",
    "standard_normal_log_density",
]
