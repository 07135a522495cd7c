"""Autoencoder: codes of the rows of a matrix, and reconstructions from codes, as a scikit-learn transformer.

Axes: D rows, V features, K dimensions of the code.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neuraltopic.core import autoencoders
from neuraltopic.core.autoencoders import Codes, CrossEntropy, Loss, Reconstruction, SquaredError
from neuraltopic.core.corruption import Corruption, GaussianNoise, MaskingNoise
from neuraltopic.core.training import Data, Schedule, Trainer, mean_bound
from neuraltopic.errors import NeuralTopicError, UsageError, parameter
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
from neuraltopic.estimators.matrix_batches import MatrixBatches
from neuraltopic.estimators.state import (
    CONFIG,
    Format,
    State,
    Stored,
    StoredState,
    estimator_of,
    plain_parameters,
)
from neuraltopic.storage.formats import AUTOENCODER_KIND, AUTOENCODER_SCHEMA_VERSION
from neuraltopic.storage.members import require, require_history
from neuraltopic.storage.outputs import AUTOENCODER

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

_ACTIVATIONS = {
    "sigmoid": autoencoders.SIGMOID,
    "tanh": autoencoders.TANH,
    "relu": autoencoders.RELU,
    "linear": autoencoders.LINEAR,
}
_LOSSES: dict[str, Loss] = {"squared_error": SquaredError(), "cross_entropy": CrossEntropy()}
_CORRUPTIONS: dict[str, Callable[[float], Corruption]] = {"gaussian": GaussianNoise, "masking": MaskingNoise}
# Rows encoded or decoded at once. It is not an option: results depend on it by rounding only.
_AT_ONCE = 1024


class Autoencoder(Stored, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """An autoencoder with a bottleneck, plain, denoising or stacked (17.1-17.4).

    Parameters
    ----------
    n_components : int, default 50
        K, the dimension of the code.
    hidden : sequence of int, default ()
        Sizes of the layers between input and code; the decoder mirrors them.
    activation : {"sigmoid", "tanh", "relu", "linear"}, default "sigmoid"
        s of (17.1), after every layer but the last of the decoder. "linear" with the squared error finds the
        subspace of the principal components.
    loss : {"squared_error", "cross_entropy"}, default "squared_error"
        (17.2). The cross-entropy is for inputs in [0, 1], and reconstructs by a sigmoid.
    corruption : {None, "gaussian", "masking"}, default None
        Corruption of the inputs in training; the loss compares with the clean ones (17.3, 17.4). Masking suits bags of
        words: it drops words, and sparse rows stay sparse.
    noise : float, default 0.3
        Standard deviation of the Gaussian noise in the units of X, or the fraction of the inputs that are masked.
    pretrain_epochs : int, default 0
        Epochs for which each layer is first trained alone to reconstruct the codes below it, from the
        input upwards: with a corruption, the stacked denoising autoencoder. 0 trains end to end from the start.
    max_epochs : int, optional
        Epochs of the training end to end; by default enough for 1,000 updates, from 10 to 200.
    batch_size : int, optional
        By default a thirty-second of the rows, from 32 to 400.
    learning_rate : float, default 0.01
        Peak rate of Adam, which rises and falls once over the epochs.
    patience : int, optional
        Epochs without a lower loss on the held-out rows after which training stops; by default a sixth of the epochs.
    validation_fraction : float, default 0.05
        Share of the rows held out for early stopping; 0 trains on all of them to the last epoch.
    device : str, default "auto"
        "cpu", "cuda", "mps", or "auto" for the best there is.
    random_state : int, RandomState or None
        Seeds the one generator of the fit. Same input, seed, machine and number of threads: same bits.

    Attributes
    ----------
    history_ : list of dict
        stage ("layer 1", ... while pre-training, then "end to end"), epoch, train_loss and held_out_loss (mean per row,
        on corrupted inputs if there is a corruption), one entry per epoch.
    n_iter_ : int
        Epochs run, of all stages.
    seed_ : int
        Seed of the generator: `random_state` if that is a whole number.
    n_features_in_ : int
        V.

    References
    ----------
    Vincent, Larochelle, Bengio, Manzagol (2008), Extracting and composing robust features with denoising autoencoders.
    Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked denoising autoencoders.
    Baldi, Hornik (1989), Neural networks and principal component analysis.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).integers(0, 2, (100, 1)) * np.ones(6)
    >>> model = Autoencoder(
    ...     1, loss="cross_entropy", corruption="masking", learning_rate=0.1, device="cpu", random_state=0
    ... )
    >>> codes = model.fit_transform(X)
    >>> model.inverse_transform(model.transform([[1, 1, 0, 1, 1, 1]])).round(1).tolist()
    [[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]]
    """

    format = Format(AUTOENCODER_KIND, AUTOENCODER_SCHEMA_VERSION, AUTOENCODER)

    network_: Any

    def __init__(
        self,
        n_components: int = 50,
        *,
        hidden: Sequence[int] = (),
        activation: str = "sigmoid",
        loss: str = "squared_error",
        corruption: str | None = None,
        noise: float = 0.3,
        pretrain_epochs: int = 0,
        max_epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float = 0.01,
        patience: int | None = None,
        validation_fraction: float = 0.05,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.corruption = corruption
        self.noise = noise
        self.pretrain_epochs = pretrain_epochs
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state

    def fit(self, X: Any, y: object = None, *, progress: "Progress | None" = None) -> Self:
        """Fit the model to the rows of X.

        Parameters
        ----------
        X : array or sparse matrix of shape (D, V)
            A sparse one stays sparse; only the reconstruction of a batch is dense.
        y : ignored
        progress : callable of (stage, done, total), optional

        Raises
        ------
        UsageError
            When a parameter is not valid.
        NeuralTopicError
            When inputs of the cross-entropy are outside [0, 1], or training stops being finite.
        """
        schedule, corruption = self._settings()
        X = self._rows(X, fitting=True)
        self._check_targets(X)
        self.seed_ = draw_seed(self.random_state)
        generator = torch.Generator().manual_seed(self.seed_)
        device = choose_device(self.device)
        network = self.build(X.shape[1])
        network.initialise(self._first_bias(X), generator)
        self.network_ = network.to(device)
        self._n_features_out = self.n_components

        split = split_rows(np.arange(X.shape[0]), self.validation_fraction, generator)
        held_out, training = (MatrixBatches(X, rows, device) for rows in split)
        self.history_: list[dict[str, Any]] = []
        for stage, model, data, unseen, epochs in self._stages(network, training, held_out, schedule):
            trainer = Trainer(model, data, unseen, Reconstruction(corruption), epochs, generator)
            self._train(stage, trainer, progress)
        self.n_iter_ = len(self.history_)
        return self

    def build(self, n_features: int) -> autoencoders.Autoencoder:
        """The network, its weights not yet drawn."""
        sizes = [n_features, *map(int, self.hidden), int(self.n_components)]
        # torch's layers draw weights from the global generator when they are created; these are replaced by ours.
        with torch.random.fork_rng(devices=[]):
            return autoencoders.mirrored(sizes, _ACTIVATIONS[self.activation], _LOSSES[self.loss])

    def check_parameters(self) -> None:
        """Raise a UsageError for a parameter that is not valid."""
        self._settings()

    def to_state(self) -> State:
        """All that the fitted model is made of."""
        config = {
            "parameters": plain_parameters(self, self.seed_) | {"hidden": [int(width) for width in self.hidden]},
            "n_features": self.n_features_in_,
            "history": self.history_,
        }
        return State({CONFIG: config}, self.network_.state_dict())

    @classmethod
    def from_state(cls, state: StoredState, *, device: str) -> Self:
        """The fitted model again."""
        path = state.path(CONFIG)
        config = state.config({"parameters": dict, "n_features": int, "history": list})
        model = estimator_of(cls, config["parameters"], path)
        model.set_params(device=device, hidden=tuple(model.hidden))
        require(config["n_features"] > 0, path, "n_features above 0", config["n_features"])
        staged = all(isinstance(entry, dict) and type(entry.get("stage")) is str for entry in config["history"])
        require(staged, path, "history as a list of objects with a stage")
        numbers = [{name: value for name, value in entry.items() if name != "stage"} for entry in config["history"]]
        require_history(path, numbers)
        network, _ = state.network(lambda: model.build(config["n_features"]), device)
        model.network_ = network.eval()
        model.history_ = config["history"]
        model.n_iter_ = len(model.history_)
        model.n_features_in_ = config["n_features"]
        model._n_features_out = model.n_components
        return model

    def transform(self, X: Any) -> NDArray[np.float32]:
        """The code of each row, (D, K): to rounding a function of that row alone, and deterministic."""
        check_is_fitted(self)
        data = MatrixBatches(self._rows(X, fitting=False), device=self._device())
        with torch.no_grad():
            batches = torch.arange(len(data)).split(_AT_ONCE)
            return np.concatenate([self.network_.encode(data.batch(rows)).cpu().numpy() for rows in batches])

    def inverse_transform(self, Z: Any) -> NDArray[np.float32]:
        """The reconstruction from each code, dense: (D, V) from (D, K)."""
        check_is_fitted(self)
        Z = checked_codes(Z, self._n_features_out)
        data, network = MatrixBatches(Z, device=self._device()), self.network_
        with torch.no_grad():
            batches = torch.arange(len(data)).split(_AT_ONCE)
            return np.concatenate(
                [network.loss.link(network.decode(data.batch(rows))).cpu().numpy() for rows in batches]
            )

    def score(self, X: Any, y: object = None) -> float:
        """Minus the mean loss per row, without corruption; higher is better."""
        check_is_fitted(self)
        X = self._rows(X, fitting=False)
        self._check_targets(X)
        data = MatrixBatches(X, device=self._device())
        return mean_bound(self.network_, data, Reconstruction(), torch.Generator(), _AT_ONCE)

    def _settings(self) -> tuple[Schedule, Corruption | None]:
        """The schedule and the corruption, every parameter checked."""
        require_whole("n_components", self.n_components)
        if not isinstance(self.hidden, tuple | list):
            raise UsageError(
                parameter("hidden"), expected="a list of layer sizes", got=repr(self.hidden), hint="Try (200,)"
            )
        for size in self.hidden:
            require_whole("hidden", size)
        require_one_of("activation", self.activation, _ACTIVATIONS)
        require_one_of("loss", self.loss, _LOSSES)
        require_whole("pretrain_epochs", self.pretrain_epochs, smallest=0)
        for name in ("max_epochs", "batch_size", "patience"):
            if getattr(self, name) is not None:
                require_whole(name, getattr(self, name))
        require_positive("learning_rate", self.learning_rate, hint="Try 0.001")
        require_share("validation_fraction", self.validation_fraction, hint="Try 0.05")
        require_random_state(self.random_state)
        schedule = Schedule(
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            patience=self.patience,
            decoder_rate=1.0,
            weight_decay=0.0,
            decoder_precision=0.0,
        )
        if self.corruption is None:
            return schedule, None
        require_one_of("corruption", self.corruption, _CORRUPTIONS)
        if self.corruption == "masking":
            require_share("noise", self.noise, hint="Try 0.3")
        else:
            require_positive("noise", self.noise, hint="Try 0.3")
        return schedule, _CORRUPTIONS[self.corruption](self.noise)

    def _rows(self, X: Any, *, fitting: bool) -> Any:
        """Validate X."""
        X = validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype=[np.float32, np.float64],
            reset=fitting,
            ensure_min_samples=2 if fitting else 1,
        )
        if sparse.issparse(X) and not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return X

    def _check_targets(self, X: Any) -> None:
        """Refuse inputs that the loss cannot compare with."""
        smallest, largest = X.min(), X.max()
        if self.loss == "cross_entropy" and not (smallest >= 0.0 and largest <= 1.0):
            raise NeuralTopicError(
                "X",
                expected="values from 0 to 1, which the cross-entropy compares",
                got=f"values from {smallest:g} to {largest:g}",
                hint="Scale them, or use loss='squared_error'",
            )

    def _first_bias(self, X: Any) -> torch.Tensor:
        """The output that reconstructs the mean row, (V,), with which the fit starts."""
        mean = torch.from_numpy(np.asarray(X.mean(axis=0), np.float32).ravel())
        # A feature that never varies would start at an infinite logit.
        return torch.logit(mean, eps=1e-4) if self.loss == "cross_entropy" else mean

    def _stages(
        self, network: autoencoders.Autoencoder, training: Data, held_out: Data, schedule: Schedule
    ) -> Iterator[tuple[Any, ...]]:
        """The stages of training with their data and epochs: each layer on the codes below it, then the whole."""
        if self.pretrain_epochs:
            epochs = dataclasses.replace(schedule, max_epochs=self.pretrain_epochs)
            for depth, layer in enumerate(autoencoders.layerwise(network)):
                below = Codes(training, network, depth), Codes(held_out, network, depth)
                yield f"layer {depth + 1}", layer, *below, epochs
        yield "end to end", network, training, held_out, schedule

    def _train(self, stage: str, trainer: Trainer, progress: "Progress | None") -> None:
        """Run one stage to its end, and add it to the history."""
        hint = f"Lower the learning rate below {self.learning_rate:g}, or look for extreme values there"
        train(trainer, None, progress, hint=hint, stage=f"training {stage}")
        for entry in trainer.history:
            losses = {name.replace("bound", "loss"): -value for name, value in entry.items() if name.endswith("_bound")}
            self.history_.append({"stage": stage, "epoch": entry["epoch"], **losses})

    def _device(self) -> torch.device:
        return next(self.network_.parameters()).device

    def __sklearn_tags__(self) -> Any:
        """Say that the input may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        tags.non_deterministic = False
        return tags
