"""The expected time and memory of a fit of images, for --dry-run.

Layers are dense and images are in memory, so that their sizes give the operations and the bytes; only a matrix product
is timed. `runs.forecast` says why documents have a forecast of their own. The constants were measured on MNIST with the
default network, on one core and on two.
"""

from dataclasses import dataclass
from itertools import pairwise

from neuraltopic.estimators.fitting import n_held_out
from neuraltopic.estimators.image_vae import ImageVAE
from neuraltopic.images.collection import Images
from neuraltopic.runs.costs import Forecast
from neuraltopic.runs.machine import best_of, matmul_rate

_START_SECONDS = 3.0  # importing torch, and writing the run
# Time of an update relative to that of its operations at the rate of one large matrix product.
_SLACK = 1.6
# Time of a GAN's update relative to a VAE's: the discriminator sees data and draws, and the penalty is a second
# derivative.
_ADVERSARIAL = 3.3
_BASE_BYTES = 450e6  # Python and torch
_FLOATS_AT_ONCE = 8  # times a batch's pixels and hidden units: they, their gradients, and what is between
_EVALUATED_AT_ONCE = 512  # images held out, between epochs


@dataclass(frozen=True, kw_only=True)
class ImageForecast(Forecast):
    """The expected cost of `images fit`: time and memory within a factor of about 2.

    Attributes
    ----------
    n_images, n_pixels : int
        N and D.
    n_weights : int
        Number of weights of the network.
    """

    n_images: int
    n_pixels: int
    n_weights: int


def estimate_image_fit(images: Images, model: ImageVAE) -> ImageForecast:
    """Estimate the cost of fitting `model` to `images`.

    Raises
    ------
    UsageError
        When a parameter is out of range.
    """
    model.check_parameters()
    D = images.pixels[0].size
    held_out = n_held_out(len(images), model.validation_fraction)
    trained = len(images) - held_out
    schedule = model.resolved_schedule(trained)
    epochs, batch = schedule.max_epochs or 0, schedule.batch_size or 0
    encoder, decoder = operations(D, model)
    adversarial = model.model == "gan"
    forward = _ADVERSARIAL * (encoder + decoder) if adversarial else encoder + model.n_samples * decoder
    # A gradient takes twice the operations of the value.
    total = 2.0 * forward * epochs * (3.0 * trained + held_out)
    rate = best_of(matmul_rate)
    floats = _FLOATS_AT_ONCE * max(batch, min(held_out, _EVALUATED_AT_ONCE)) * model.n_samples
    return ImageForecast(
        n_images=len(images),
        n_pixels=D,
        n_epochs=epochs,
        n_weights=encoder + decoder + (_products([D, *model.hidden, 1]) if adversarial else 0),
        stages={"starting": _START_SECONDS, "training": _SLACK * total / rate},
        memory_bytes=_BASE_BYTES + 3.0 * images.pixels.nbytes + 4.0 * floats * (D + sum(model.hidden)),
    )


def operations(n_pixels: int, model: ImageVAE) -> tuple[int, int]:
    """Multiply-adds to encode an image, and to decode a sample: the sizes of the matrices."""
    K = model.n_components
    if model.model == "rbm":
        return n_pixels * K, n_pixels * K
    up = [n_pixels, *model.hidden, 2 * K]
    down = [K, *reversed(model.hidden), n_pixels]
    if model.n_above is not None:
        half = [max(1, width // 2) for width in model.hidden]
        # Both networks between the layers see every sample.
        between = [K, *half, 2 * model.n_above], [model.n_above, *half, 2 * K]
        return _products(up), _products(down) + sum(map(_products, between))
    return _products(up), _products(down)


def _products(sizes: list[int]) -> int:
    return sum(below * above for below, above in pairwise(sizes))
