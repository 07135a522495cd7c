"""Named compositions of image models: encoder, latent, decoder.

Axes: D pixels.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from neuraltopic.core.adversarial.gan import GAN, NonSaturating
from neuraltopic.core.boltzmann.contrastive_divergence import ContrastiveDivergence
from neuraltopic.core.latents.gaussian import DiagonalGaussian
from neuraltopic.core.latents.two_layers import TwoLayerGaussian
from neuraltopic.core.likelihoods import Bernoulli, BernoulliEnergy, Gaussian
from neuraltopic.core.networks import MLP, PerceptronEncoder
from neuraltopic.core.objectives import ELBO, ImportanceWeighted, Objective
from neuraltopic.core.optimisation.schedules import BURDA_STEPS, OneCycle
from neuraltopic.core.training import Schedule
from neuraltopic.core.vae import VAE

DenseDecoder = Bernoulli | Gaussian | BernoulliEnergy
LIKELIHOODS: dict[str, Callable[[MLP], DenseDecoder]] = {"bernoulli": Bernoulli, "gaussian": Gaussian}
OBJECTIVES: dict[str, Callable[[int], Objective]] = {
    "elbo": ELBO,
    "iwae": ImportanceWeighted,
    # The bound of iwae, differentiated with less variance.
    "dreg": lambda n_samples: ImportanceWeighted(n_samples, doubly_reparameterised=True),
}


@dataclass(frozen=True)
class OwnTraining:
    """The training of a model that is not a VAE.

    Attributes
    ----------
    objective : Objective
    learning_rate : float
        By default.
    keep_best : bool
        See `Schedule`.

    Neither model stops early by itself. The likelihood of a Boltzmann machine stays that of independent pixels until
    its units differ, which takes many epochs of a small collection.
    """

    objective: Objective
    learning_rate: float
    keep_best: bool = True


# None is trained as the parameters say.
MODELS: dict[str, OwnTraining | None] = {
    "vae": None,
    # One step an update (Tieleman 2008).
    "rbm": OwnTraining(ContrastiveDivergence(n_steps=1, persistent=True), 5e-3),
    "gan": OwnTraining(NonSaturating(penalty=2.0), 2e-3, keep_best=False),
}


def image_vae(
    n_pixels: int, n_components: int, hidden: Sequence[int], likelihood: str, n_above: int | None = None
) -> VAE[DenseDecoder]:
    """One stochastic layer between perceptrons of tanh units, or two (Kingma & Welling 2014; Burda et al. 2016).

    The decoder mirrors the encoder. Between the stochastic layers the networks are half as wide, as in the paper. The
    weights are not yet drawn.
    """
    latent = (
        DiagonalGaussian(n_components)
        if n_above is None
        else TwoLayerGaussian(n_components, n_above, [max(1, width // 2) for width in hidden])
    )
    return VAE(
        encoder=PerceptronEncoder(n_pixels, hidden, latent.n_parameters),
        latent=latent,
        decoder=LIKELIHOODS[likelihood](MLP([n_components, *reversed(hidden), n_pixels])),
    )


def image_gan(n_pixels: int, n_components: int, hidden: Sequence[int]) -> GAN[Bernoulli]:
    """The generative adversarial network (Goodfellow et al. 2014), of perceptrons of leaky rectifiers for generator and
    discriminator, which mirror each other, with the encoder of `image_vae`. The weights are not yet drawn.

    x (B, D) is in [0, 1], z is N(0, I) of `n_components`, and G(z) = sigmoid(network(z)).
    """
    latent = DiagonalGaussian(n_components)
    return GAN(
        encoder=PerceptronEncoder(n_pixels, hidden, latent.n_parameters),
        latent=latent,
        decoder=Bernoulli(MLP([n_components, *reversed(hidden), n_pixels], _leaky)),
        discriminator=MLP([n_pixels, *hidden, 1], _leaky),
    )


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


def initialise_image_vae(model: VAE[DenseDecoder], mean: Tensor, generator: torch.Generator) -> None:
    """Start at the mean image, (D,): what the encoder sees is centred on it, and it is what the decoder puts out."""
    encoder = model.encoder
    encoder.initialise(generator)
    if isinstance(encoder, PerceptronEncoder):
        with torch.no_grad():
            encoder.input.bias.sub_(mean @ encoder.input.weight)
    if isinstance(model.latent, TwoLayerGaussian):
        model.latent.initialise(generator)
    if isinstance(model, GAN):
        model.discriminator.initialise(generator)
    model.decoder.initialise(generator, mean)


# A network of tanh units needs neither decay nor a prior on its weights: the images are many and the KL holds it.
_PLAIN = Schedule(decoder_rate=1.0, weight_decay=0.0, decoder_precision=0.0)
# A small collection needs a minimum of updates.
_LEAST_UPDATES = 2000


@dataclass(frozen=True)
class Pace:
    """A schedule by its name, and the length and rate at which it is meant to run.

    Parameters
    ----------
    schedule : Schedule
    epochs : int
        How many by default; where they make fewer than 2,000 updates, as many as do.
    batch_size : int
        By default.
    """

    schedule: Schedule
    epochs: int
    batch_size: int

    def resolve(
        self,
        n_images: int,
        *,
        max_epochs: int | None,
        batch_size: int | None,
        learning_rate: float | None,
        patience: int | None,
    ) -> Schedule:
        """The schedule for this many training images, with the given parameters in place of its own."""
        batch_size = batch_size or self.batch_size
        n_batches = math.ceil(n_images / batch_size)
        return replace(
            self.schedule,
            max_epochs=max_epochs or max(self.epochs, math.ceil(_LEAST_UPDATES / n_batches)),
            batch_size=batch_size,
            learning_rate=learning_rate or self.schedule.learning_rate,
            patience=patience,
        )


PACES = {
    "cycle": Pace(replace(_PLAIN, rate=OneCycle(), learning_rate=4e-3), epochs=100, batch_size=100),
    # Burda, Grosse, Salakhutdinov (2016), section 5.
    "burda": Pace(replace(_PLAIN, rate=BURDA_STEPS, learning_rate=1e-3, epsilon=1e-4), epochs=3280, batch_size=20),
}
