"""Contrastive divergence: the gradient of a Boltzmann machine's log p(x), with the model term estimated from short
chains.

    d log p(x) = -d F(x) - n E[d (a . z + A(z))],      z ~ p(z),

with F the free energy (Hinton 2002; Tieleman 2008). Axes: B rows of data, K units.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from neuraltopic.core.boltzmann.machine import BoltzmannMachine
from neuraltopic.core.latents.binary import draw_units
from neuraltopic.core.objectives import Bound
from neuraltopic.core.vae import VAE


@dataclass(frozen=True)
class ContrastiveDivergence:
    """log p(x) as estimated, and the surrogate whose gradient is that of contrastive divergence.

    The value uses the last estimate of log Z(n) by `settle`: in training, that of the start of the epoch. The model
    term is E[x | z] at the chain's z instead of a draw of x, which has a lower variance.

    Parameters
    ----------
    n_steps : int
        k, the Gibbs steps of a chain.
    persistent : bool
        Whether chains continue from their state at the last update (Tieleman 2008), or start at the data (CD-k).
    """

    n_steps: int = 1
    persistent: bool = False

    def __call__(self, model: VAE[Any], x: Any, generator: torch.Generator, kl_weight: float = 1.0) -> Bound:
        """Estimate log p(x) of the rows of x; `kl_weight` is not used, since there is no KL. In eval mode the chains do
        not move, and the surrogate is the value."""
        assert isinstance(model, BoltzmannMachine)
        terms = model.decoder.terms(x)
        log_odds = model.log_odds(terms)
        data = terms.base + functional.softplus(log_odds).sum(-1)
        value = (data - model.log_normaliser(terms.trials)).detach()
        if not model.training:
            return Bound(value, value)
        model.longest = torch.maximum(model.longest, terms.trials.max())
        if self.persistent:
            z = model.persistent(terms.trials, self.n_steps, generator)
        else:
            z = model.gibbs(draw_units(log_odds.detach(), generator), terms.trials, self.n_steps, generator)
        return Bound(value, data - terms.trials * model.log_gain(z))
