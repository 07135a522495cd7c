"""ImageVAE: images in, codes out, and images from codes, as a scikit-learn transformer.

Axes: N images, D pixels, K latent dimensions, Z numbers of a code: K, and those of a second layer.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.training import Schedule, Trainer, bounds
from neuraltopic.core.vae import VAE
from neuraltopic.errors import NeuralTopicError, UsageError, parameter
from neuraltopic.estimators.checkpoints import Checkpoint
from neuraltopic.estimators.devices import choose_device
from neuraltopic.estimators.fitting import (
    checked_codes,
    draw_seed,
    require_one_of,
    require_positive,
    require_random_state,
    require_share,
    require_whole,
    split_rows,
    train,
)
from neuraltopic.estimators.state import (
    CONFIG,
    Format,
    State,
    Stored,
    StoredState,
    estimator_of,
    plain_parameters,
)
from neuraltopic.images.batches import ImageBatches
from neuraltopic.images.binarisation import binarise, intensities
from neuraltopic.images.boltzmann import ImageMachine
from neuraltopic.images.recipes import (
    LIKELIHOODS,
    MODELS,
    OBJECTIVES,
    PACES,
    DenseDecoder,
    image_gan,
    image_vae,
    initialise_image_vae,
)
from neuraltopic.storage.formats import IMAGE_MODEL_KIND, IMAGE_MODEL_SCHEMA_VERSION
from neuraltopic.storage.members import require, require_history
from neuraltopic.storage.outputs import IMAGE_MODEL

if TYPE_CHECKING:
    from neuraltopic.core.protocols import Posterior
    from neuraltopic.progress import Progress

BINARISATIONS = ("dynamic", "fixed", "none")
# Parameters that the first saved models do not have.
_LATER = {"model": "vae"}
# Images encoded or decoded at once. It is not an option: results depend on it by rounding only.
_AT_ONCE = 1024


class ImageVAE(Stored, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A variational autoencoder of images, by the evidence lower bound (17.11) or the tighter one (17.24).

    Parameters
    ----------
    n_components : int, default 50
        K, the dimension of the latent z, or of the one that the decoder sees.
    model : {"vae", "rbm", "gan"}, default "vae"
        "rbm" is the restricted Boltzmann machine of K binary units, whose encoder is exact: `hidden` is not used, and
        the figures that are bounds of a VAE are estimates, with the error of the partition function by annealed
        importance sampling. "gan" is the generative adversarial network: a discriminator of grey levels trains its
        generator, which raises no bound; the reported bounds are those of its Bernoulli pixels under an encoder trained
        on its draws. Neither uses `n_above`, `objective` and `n_samples`, and pixels are Bernoulli.
    n_above : int, optional
        The dimension of a second stochastic layer above it; codes then hold both layers. By default there is none.
    hidden : sequence of int, default (200, 200)
        Widths of the encoder's layers of tanh units; the decoder mirrors them.
    objective : {"elbo", "iwae", "dreg"}, default "elbo"
        "dreg" is the bound of "iwae" with its doubly-reparameterised gradient.
    n_samples : int, default 1
        L of (17.13) for "elbo", k of (17.24) for the others.
    likelihood : {"bernoulli", "gaussian"}, default "bernoulli"
        p(x | z): black and white pixels, or grey levels with one learned variance.
    binarisation : {"dynamic", "fixed", "none"}, optional
        How grey levels become black and white: at each visit, once, or not at all; a Bernoulli likelihood of a
        grey level is minus the cross-entropy (17.2). By default "dynamic"; "none" for a Gaussian likelihood.
    schedule : {"cycle", "burda"}, default "cycle"
        Schedule of Adam's learning rate: up and down once, or down in eight steps as in the IWAE paper.
    max_epochs : int, optional
        Passes over the images, which the schedule covers. By default 100 for "cycle", or more to make 2,000 updates;
        3,280 for "burda".
    batch_size : int, optional
        By default 100 for "cycle", 20 for "burda".
    learning_rate : float, optional
        The peak rate; by default 0.004 for "cycle", 0.001 for "burda", 0.005 for an "rbm", 0.002 for a "gan".
    patience : int, optional
        Epochs without a better bound on the held-out images after which training stops; by default a sixth of all. An
        "rbm" is trained to the last epoch unless this is given, a "gan" always.
    validation_fraction : float, default 0.05
        Share of the images held out for early stopping; 0 trains on all of them to the last epoch.
    device : str, default "auto"
        "cpu", "cuda", "mps", or "auto" for the best there is.
    random_state : int, RandomState or None
        Seeds the one generator of the fit. Same input, seed, machine and number of threads: same bits.

    Attributes
    ----------
    vae_ : VAE
    history_ : list of dict
        epoch, train_bound and held_out_bound (nats per image), one entry per epoch.
    image_shape_ : tuple of int
        Shape of an image of the fit, (rows, columns), or (D,).
    seed_ : int
        Seed of the generator: `random_state` if that is a whole number.
    n_iter_ : int
        Epochs run.
    n_images_ : int
        N.
    n_features_in_ : int
        D.

    References
    ----------
    Kingma, Welling (2014), Auto-encoding variational Bayes.
    Burda, Grosse, Salakhutdinov (2016), Importance weighted autoencoders.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).integers(0, 2, (100, 1)) * np.ones(9)
    >>> model = ImageVAE(1, hidden=(8,), learning_rate=0.03, max_epochs=150, device="cpu", random_state=0).fit(X)
    >>> bool(abs(model.inverse_transform(model.transform(X)) - X).max() < 0.1)
    True
    """

    format = Format(IMAGE_MODEL_KIND, IMAGE_MODEL_SCHEMA_VERSION, IMAGE_MODEL)

    def __init__(
        self,
        n_components: int = 50,
        *,
        model: str = "vae",
        n_above: int | None = None,
        hidden: tuple[int, ...] = (200, 200),
        objective: str = "elbo",
        n_samples: int = 1,
        likelihood: str = "bernoulli",
        binarisation: str | None = None,
        schedule: str = "cycle",
        max_epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        patience: int | None = None,
        validation_fraction: float = 0.05,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.model = model
        self.n_above = n_above
        self.hidden = hidden
        self.objective = objective
        self.n_samples = n_samples
        self.likelihood = likelihood
        self.binarisation = binarisation
        self.schedule = schedule
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: object = None,
        *,
        progress: "Progress | None" = None,
        checkpoint: Path | None = None,
        after_epoch: "Callable[[ImageVAE, int], None] | None" = None,
    ) -> Self:
        """Fit the model to images.

        Parameters
        ----------
        X : array of shape (N, rows, columns) or (N, D)
            uint8 are grey levels from 0 to 255. Other numbers are as they are; for a Bernoulli likelihood they lie
            between 0, black, and 1, white.
        y : ignored
        progress : callable of (stage, done, total), optional
        checkpoint : Path, optional
            A file that is written after every epoch. If it exists, the fit resumes from it, to
            the same bits as if it had never stopped.
        after_epoch : callable of (this model, epochs done), optional
            Called after every epoch, before the checkpoint is written: the model can be used there as if fitted.

        Raises
        ------
        UsageError
            When a parameter is not valid.
        NeuralTopicError
            When the images are not usable, or training stops being finite.
        """
        self.check_parameters()
        X, shape = _flattened(X)
        levels = self._levels(X, fitting=True)
        self.seed_ = draw_seed(self.random_state)
        network, trainer = self._network_and_trainer(levels, torch.Generator().manual_seed(self.seed_))
        kept = Checkpoint(checkpoint, self._digest(levels, shape, trainer.schedule)) if checkpoint else None

        def take(trainer: Trainer) -> None:
            image_shape, history = shape or (levels.shape[1],), trainer.history
            self.restore(network, image_shape=image_shape, n_images=len(levels), history=history)

        def end_epoch(trainer: Trainer) -> None:
            self.history_, self.n_iter_ = trainer.history, trainer.epoch
            if after_epoch:
                after_epoch(self, trainer.epoch)

        take(trainer)
        rate = trainer.schedule.learning_rate
        hint = f"Lower the learning rate below {rate:g}, or look for extreme values there"
        train(trainer, kept, progress, hint=hint, after_epoch=end_epoch)
        take(trainer)
        return self

    def _network_and_trainer(
        self, levels: torch.Tensor, generator: torch.Generator
    ) -> tuple[VAE[DenseDecoder], Trainer]:
        """The network with its initial weights, and its trainer on images of these grey levels, (N, D)."""
        binarisation, device = self._chosen_binarisation(), choose_device(self.device)
        if binarisation == "fixed":
            levels = binarise(levels, generator)
        network = self.build(levels.shape[1])
        initialise_image_vae(network, _mean_image(levels), generator)
        held_out, training = split_rows(np.arange(len(levels)), self.validation_fraction, generator)
        dynamic, own = binarisation == "dynamic", MODELS[self.model]
        trainer = Trainer(
            network.to(device),
            # The discriminator compares a GAN's draws, which are means of pixels, with grey levels.
            ImageBatches(levels, training, dynamic=dynamic and self.model != "gan", device=device),
            ImageBatches(levels, held_out, dynamic=dynamic, device=device),
            OBJECTIVES[self.objective](int(self.n_samples)) if own is None else own.objective,
            self.resolved_schedule(len(training)),
            generator,
        )
        return network, trainer

    def _digest(self, levels: torch.Tensor, shape: tuple[int, ...], schedule: Schedule) -> str:
        """Digest of everything that the fit depends on, which a checkpoint must match."""
        digest = hashlib.sha256(levels.numpy().tobytes())
        parameters = self.get_params() | {"random_state": self.seed_, "device": choose_device(self.device).type}
        digest.update(repr((parameters, shape, schedule)).encode())
        return digest.hexdigest()

    def check_parameters(self) -> None:
        """Raise a UsageError for a parameter that is not valid."""
        require_whole("n_components", self.n_components)
        if self.n_above is not None:
            require_whole("n_above", self.n_above)
        if not isinstance(self.hidden, tuple | list) or not self.hidden:
            raise UsageError(
                parameter("hidden"),
                expected="the widths of one layer or more",
                got=repr(self.hidden),
                hint="Try (200, 200)",
            )
        for width in self.hidden:
            require_whole("hidden", width)
        require_one_of("model", self.model, MODELS)
        if self.model != "vae" and (self.n_above is not None or self.likelihood != "bernoulli"):
            raise UsageError(
                parameter("model", self.model),
                expected="one stochastic layer and Bernoulli pixels",
                got=f"n_above {self.n_above}, likelihood {self.likelihood}",
                hint="Leave both out, or fit a VAE",
            )
        require_one_of("objective", self.objective, OBJECTIVES)
        require_one_of("likelihood", self.likelihood, LIKELIHOODS)
        if self.binarisation is not None:
            require_one_of("binarisation", self.binarisation, BINARISATIONS)
        if self.likelihood == "gaussian" and self._chosen_binarisation() != "none":
            raise UsageError(
                parameter("binarisation"),
                expected="none for a Gaussian likelihood, which is one of grey levels",
                got=repr(self.binarisation),
                hint="Leave it out, or choose the Bernoulli likelihood",
            )
        require_one_of("schedule", self.schedule, PACES)
        require_whole("n_samples", self.n_samples)
        for name in ("max_epochs", "batch_size", "patience"):
            if getattr(self, name) is not None:
                require_whole(name, getattr(self, name))
        if self.learning_rate is not None:
            require_positive("learning_rate", self.learning_rate, hint="Try 0.001")
        require_share("validation_fraction", self.validation_fraction, hint="Try 0.05")
        require_random_state(self.random_state)

    def resolved_schedule(self, n_images: int) -> Schedule:
        """The schedule of a fit with this many training images."""
        own = MODELS[self.model]
        schedule = PACES[self.schedule].resolve(
            n_images,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate or (None if own is None else own.learning_rate),
            patience=self.patience,
        )
        if own is None:
            return schedule
        return replace(schedule, keep_best=own.keep_best, patience=schedule.patience or schedule.max_epochs)

    def build(self, n_pixels: int) -> VAE[DenseDecoder]:
        """The composition, its weights not yet drawn."""
        hidden = [int(width) for width in self.hidden]
        n_above = None if self.n_above is None else int(self.n_above)
        # torch's layers draw weights from the global generator when they are created; these are replaced by ours.
        if self.model == "rbm":
            return ImageMachine(int(self.n_components), n_pixels)
        with torch.random.fork_rng(devices=[]):
            if self.model == "gan":
                return image_gan(n_pixels, int(self.n_components), hidden)
            return image_vae(n_pixels, int(self.n_components), hidden, self.likelihood, n_above)

    def restore(
        self, vae: VAE[DenseDecoder], *, image_shape: tuple[int, ...], n_images: int, history: list[dict[str, float]]
    ) -> None:
        """Set a trained network and the fitted attributes."""
        self.n_images_ = n_images
        self.vae_ = vae
        self.image_shape_ = image_shape
        self.history_ = history
        self.n_iter_ = len(history)
        self.n_features_in_ = math.prod(image_shape)
        self._n_features_out = int(self.n_components) + int(self.n_above or 0)

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Posterior mean of z for each image, (N, Z): to rounding a function of that image alone, and deterministic."""
        return self.posterior(X)[0]

    def posterior(self, X: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and variance of q(z | x) for each image, given its grey levels, both (N, Z)."""
        check_is_fitted(self)
        levels = self._levels(X, fitting=False)
        moments = [(q.mean.cpu().numpy(), q.variance().cpu().numpy()) for q in self._posteriors(levels)]
        mean, variance = (np.concatenate(parts) for parts in zip(*moments, strict=True))
        return mean, variance

    def inverse_transform(self, Z: Any) -> NDArray[np.float32]:
        """Mean of p(x | z) for each code, ``(N, *image_shape_)`` from (N, Z): a probability for Bernoulli pixels."""
        check_is_fitted(self)
        Z = checked_codes(Z, self._n_features_out)
        return self._decode(torch.from_numpy(Z.astype(np.float32)))

    def sample(
        self, n_images: int = 100, *, random_state: int | np.random.RandomState | None = None
    ) -> NDArray[np.float32]:
        """Samples of the model: the mean of p(x | z) at z ~ p(z), float32 ``(N, *image_shape_)``."""
        check_is_fitted(self)
        require_whole("n_images", n_images)
        require_random_state(random_state)
        generator = torch.Generator().manual_seed(draw_seed(random_state))
        with torch.no_grad():
            return self._decode(self.vae_.sample_prior(n_images, generator)[:, 0])

    def observe(self, X: Any, *, random_state: int | np.random.RandomState | None = 0) -> NDArray[np.float32]:
        """The images x of p(x | z), (N, D): for a model of binarised images, the binarised grey levels."""
        check_is_fitted(self)
        require_random_state(random_state)
        levels = self._levels(X, fitting=False)
        if self._chosen_binarisation() == "none":
            return intensities(levels).numpy()
        return binarise(levels, torch.Generator().manual_seed(draw_seed(random_state))).numpy()

    def bound(
        self,
        X: Any,
        *,
        n_samples: int = 50,
        importance_weighted: bool = False,
        random_state: int | np.random.RandomState | None = 0,
        progress: "Progress | None" = None,
    ) -> NDArray[np.float64]:
        """Lower bound on log p(x) of each image in nats, (N,); of an "rbm" an estimate of it.

        For a model of binarised images, grey levels are binarised once, as for the published figures.

        Parameters
        ----------
        n_samples : int, default 50
            Draws from q(z | x).
        importance_weighted : bool, default False
            False is the ELBO (17.11) with the closed-form KL; True the tighter bound (17.24).
        random_state : int, RandomState or None, default 0
            Seeds the binarisation and the draws.
        progress : callable of (stage, done, total), optional
        """
        check_is_fitted(self)
        require_whole("n_samples", n_samples)
        observed = self.observe(X, random_state=random_state)
        n_samples = 1 if self.vae_.exact_posterior else n_samples
        data = ImageBatches(torch.from_numpy(observed), device=self._device())
        generator = torch.Generator().manual_seed(draw_seed(random_state))
        objective = ImportanceWeighted(n_samples) if importance_weighted else ELBO(n_samples)
        # A chunk of many samples fills a batch of this size; with larger ones progress would only be reported less
        # often.
        parts: list[torch.Tensor] = []
        for part in bounds(self.vae_, data, objective, generator, 100):
            parts.append(part)
            if progress:
                progress("bounding", sum(map(len, parts)), len(data))
        return torch.cat(parts).double().numpy()

    def score(self, X: Any, y: object = None) -> float:
        """Mean evidence lower bound per image in nats; higher is better."""
        return float(self.bound(X).mean())

    def to_state(self) -> State:
        """All that the fitted model is made of."""
        config = {
            "parameters": plain_parameters(self, self.seed_) | {"hidden": [int(width) for width in self.hidden]},
            "image_shape": list(self.image_shape_),
            "n_images": self.n_images_,
            "history": self.history_,
        }
        return State({CONFIG: config}, self.vae_.state_dict())

    @classmethod
    def from_state(cls, state: StoredState, *, device: str) -> Self:
        """The fitted model again."""
        path = state.path(CONFIG)
        config = state.config({"parameters": dict, "image_shape": list, "n_images": int, "history": list})
        model = estimator_of(cls, _LATER | config["parameters"], path)
        model.set_params(device=device, hidden=tuple(model.hidden))
        shape = config["image_shape"]
        sized = bool(shape) and all(type(size) is int and size > 0 for size in shape)
        require(sized, path, "image_shape as whole numbers above 0", shape)
        require(config["n_images"] > 1, path, "n_images above 1", config["n_images"])
        require_history(path, config["history"])
        network, _ = state.network(lambda: model.build(math.prod(shape)), device)
        model.restore(network.eval(), image_shape=tuple(shape), n_images=config["n_images"], history=config["history"])
        return model

    def _chosen_binarisation(self) -> str:
        return self.binarisation or ("dynamic" if self.likelihood == "bernoulli" else "none")

    def _levels(self, X: Any, *, fitting: bool) -> torch.Tensor:
        """Validate X: uint8 or float32, (N, D)."""
        X = validate_data(
            self,
            _flattened(X)[0],
            dtype=[np.float32, np.float64, np.uint8],
            reset=fitting,
            ensure_min_samples=2 if fitting else 1,
        )
        if X.dtype != np.uint8:
            X = X.astype(np.float32)
            if self.likelihood == "bernoulli" and not (X.min() >= 0.0 and X.max() <= 1.0):
                raise NeuralTopicError(
                    "pixels",
                    expected="values from 0 to 1, or grey levels to 255 as uint8",
                    got=f"values from {X.min():g} to {X.max():g}",
                    hint="Scale them, or choose the Gaussian likelihood",
                )
        elif fitting and X.max() == 1:
            raise NeuralTopicError(
                "pixels",
                expected="grey levels to 255, as uint8",
                got="none above 1",
                hint="Convert pixels that are 0 or 1 to bool or float",
            )
        return torch.from_numpy(np.ascontiguousarray(X))

    def _posteriors(self, levels: torch.Tensor) -> "Iterator[Posterior]":
        """q(z | x) of the images, (N, D), in batches."""
        was_training = self.vae_.training
        self.vae_.eval()
        try:
            with torch.no_grad():
                for part in levels.split(_AT_ONCE):
                    yield self.vae_.posterior(intensities(part).to(self._device()))
        finally:
            self.vae_.train(was_training)

    def _decode(self, Z: torch.Tensor) -> NDArray[np.float32]:
        latent: Any = self.vae_.latent
        decoder: Any = self.vae_.decoder
        with torch.no_grad():
            means = [decoder.mean(latent.transform(z.to(self._device()))).cpu() for z in Z.split(_AT_ONCE)]
        return torch.cat(means).numpy().reshape(-1, *self.image_shape_)

    def _device(self) -> torch.device:
        return next(self.vae_.parameters()).device

    def __sklearn_tags__(self) -> Any:
        """State that a Bernoulli likelihood needs non-negative pixels."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = self.likelihood == "bernoulli"
        tags.transformer_tags.preserves_dtype = []
        tags.non_deterministic = False
        return tags


def _flattened(X: Any) -> tuple[Any, tuple[int, ...]]:
    """Images as rows, (N, D), and the shape of each; anything that is not an array of images is left for the check."""
    if isinstance(X, list | tuple):
        X = np.asarray(X)
    shape = getattr(X, "shape", ())
    return (X.reshape(len(X), -1), shape[1:]) if len(shape) > 2 else (X, ())


def _mean_image(levels: torch.Tensor) -> torch.Tensor:
    """The mean of each pixel, (D,) from (N, D); a block at a time, in float64."""
    total = torch.zeros(levels.shape[1], dtype=torch.float64)
    for part in levels.split(_AT_ONCE):
        total += intensities(part).double().sum(0)
    return (total / len(levels)).float()
