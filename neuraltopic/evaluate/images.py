"""Evaluation of a model of images on held-out images, with the figures that papers report.

Axes: N images, Z numbers of a code.
"""

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuraltopic.core.active_units import active_units
from neuraltopic.core.objectives import draw
from neuraltopic.core.vae import VAE
from neuraltopic.estimators.image_vae import ImageVAE

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Draws that estimate the first term of (17.11).
_ELBO_SAMPLES = 50
# Images whose draws stand in memory together.
_AT_ONCE = 512


@dataclass(frozen=True)
class ImageEvaluation:
    """Figures of N images, in nats per image.

    Attributes
    ----------
    n_images, n_samples : int
        N, and the k of the bound `nll`.
    nll, nll_standard_error : float
        Upper bound on -log p(x), minus the mean of (17.24); the standard error is that over images,
        None for a single one.
    elbo : float
        Mean of (17.11), from 50 draws.
    kl : float
        Mean KL(q(z | x) || p(z)).
    active_units, n_components : int
        Number of dimensions whose posterior mean varies by more than 0.01 over the images, and of all dimensions.
    """

    n_images: int
    n_samples: int
    nll: float
    nll_standard_error: float | None
    elbo: float
    kl: float
    active_units: int
    n_components: int

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def evaluate_images(
    model: ImageVAE, X: Any, *, n_samples: int = 5000, random_state: int = 0, progress: "Progress | None" = None
) -> ImageEvaluation:
    """Evaluate a fitted model as for the published figures on MNIST (Burda, Grosse, Salakhutdinov 2016).

    Parameters
    ----------
    model : ImageVAE
    X : array of shape (N, rows, columns) or (N, D)
        Grey levels are binarised once, unless the model is one of grey levels.
    n_samples : int, default 5000
        k of (17.24).
    random_state : int, default 0
        Seeds binarisation and draws.
    progress : callable of (stage, done, total), optional
    """
    X = model.observe(X, random_state=random_state)
    bound = model.bound(X, n_samples=n_samples, importance_weighted=True, random_state=random_state, progress=progress)
    elbo, kl = _elbo_and_kl(model.vae_, X, torch.Generator().manual_seed(random_state))
    means = np.asarray(model.transform(X))
    return ImageEvaluation(
        n_images=len(bound),
        n_samples=n_samples,
        nll=-float(bound.mean()),
        nll_standard_error=float(bound.std(ddof=1) / math.sqrt(len(bound))) if len(bound) > 1 else None,
        elbo=elbo,
        kl=kl,
        active_units=int(active_units(torch.from_numpy(means).double()).sum()),
        n_components=means.shape[1],
    )


def _elbo_and_kl(vae: VAE, X: NDArray[np.float32], generator: torch.Generator) -> tuple[float, float]:
    """Mean of the bound (17.11) and of its KL, which is estimated from the draws where it has no closed form."""
    device = next(vae.parameters()).device
    elbo = kl = 0.0
    with torch.no_grad():
        for x in torch.from_numpy(X).split(_AT_ONCE):
            x = x.to(device)
            q = vae.posterior(x)
            draws = draw(vae, x, q, _ELBO_SAMPLES, generator)
            groups = q.kl()
            divergence = -draws.log_ratio.mean(0) if groups is None else groups.sum(-1)
            kl += float(divergence.double().sum())
            elbo += float((draws.log_likelihood.mean(0) - divergence).double().sum())
    return elbo / len(X), kl / len(X)
