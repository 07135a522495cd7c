"""DocumentVAE: bag-of-words counts in, topics and document vectors out, as a scikit-learn transformer.

Axes: D documents, V words, K latent dimensions.
"""

import copy
import dataclasses
import hashlib
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from neuraltopic.core.map_objective import WithPrior
from neuraltopic.core.objectives import ELBO, Objective
from neuraltopic.core.threads import pieces_alone
from neuraltopic.core.training import Schedule, Trainer
from neuraltopic.core.vae import TopicVAE
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError, parameter
from neuraltopic.estimators.checkpoints import Checkpoint
from neuraltopic.estimators.counts.document_vae_state import StoredDocuments
from neuraltopic.estimators.counts.update_schedule import schedule_of_update, seed_of_update
from neuraltopic.estimators.counts.word_evidence import Earlier, weigh_words
from neuraltopic.estimators.devices import choose_device
from neuraltopic.estimators.fitting import (
    draw_seed,
    require_positive,
    require_random_state,
    require_share,
    require_whole,
    split_rows,
    train,
)
from neuraltopic.estimators.memory import release_free_memory
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.decoders.mixture import WordVectorDecoder
from neuraltopic.models.initialisation.reinitialisation import Reinitialisation
from neuraltopic.models.overdispersion import DesignEffect
from neuraltopic.models.priors.earlier_topics import EarlierTopics, in_force
from neuraltopic.models.priors.seed_prior import SeedPrior
from neuraltopic.models.recipes import (
    DEFAULT_RECIPE,
    GIVEN_TOPICS,
    Recipe,
    find_recipe,
    require_takes_seeds,
    require_takes_word_vectors,
)
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.seed_words import Seeds, require_columns
from neuraltopic.reading.vectors.embeddings import Embeddings
from neuraltopic.reading.vectors.pretrained_vectors import covered_share, require_matrix
from neuraltopic.topics.documents.document_metric import energy_covariance
from neuraltopic.topics.interpretation import TopicWords

if TYPE_CHECKING:
    from neuraltopic.cluster.ray_cluster import Cluster
    from neuraltopic.progress import Progress


# Fraction of what is left of a time limit, once topics have their start, that training may take.
TRAINING_SHARE = 0.75


class DocumentVAE(StoredDocuments):
    """A variational autoencoder of documents with the energy-softmax decoder (17.11, 17.14, 17.15).

    Parameters
    ----------
    n_components : int, default 50
        K, the number of topics: the dimension of the latent z.
    recipe : str, default "semi_amortised_prodlda"
        The composition, one of `neuraltopic.models.recipes.RECIPES`.
    max_epochs, batch_size, learning_rate, patience : optional
        By default those of the recipe.
    validation_fraction : float, optional
        Share of the documents held out for early stopping; 0 trains on all of them to the last epoch. By default a
        twentieth, but no more than 250 documents.
    seed_words : mapping of topic to columns, or a list of lists, optional
        Columns of X that should rank high in some topics: {0: [12, 7]}, or one list for each of topics 0, 1, ... The
        topics are initialised from the documents that contain these words, and a prior favours the words as far as the
        counts allow: see `neuraltopic.models.priors.seed_prior`. Not for the recipe nvdm.
    word_vectors : array of shape (V, E), optional
        Pretrained word vectors for the recipe etm, one for each column of X; a row of NaN where there is none. They are
        frozen; those of the other words are learned. By default all are learned from the counts.
    max_seconds : float, optional
        Approximate time limit of a fit or an update, in seconds. Training takes at most three quarters of it, and the
        learning-rate schedule is shortened to end there; the rest is for the vectors of all documents. The result then
        depends on the speed of the machine.
    device : str, default "auto"
        "cpu", "cuda", "mps", or "auto" for the fastest available.
    random_state : int, RandomState or None
        Seeds the one generator of the fit. Same input, seed, machine and number of threads: same bits.

    Attributes
    ----------
    components_ : float32 array of shape (K, V)
        R, the energies of each topic's words (17.15).
    bias_ : float32 array of shape (V,)
        b, near the log frequency of each word.
    history_ : list of dict
        epoch, train_bound and held_out_bound (nats per document), one entry per epoch of the fit or the last update.
    information_ : float32 array of shape (K,)
        Information of each topic about a training document, in nats: for a Gaussian z the mean KL of the marginal of
        each dimension, for a z on the simplex each topic's term in the mutual information of documents and topics.
    explained_ : float32 array of shape (K, V), or None
        Expected number of training documents in which each topic accounts for each word, for a z on the simplex.
    share_ : float64 array of shape (K,)
        Mean share of each topic in the training documents: for the default and the recipes of embeddings its mean
        fraction of the energies of their words, see `energy_shares`.
    assignment_ : DocumentAssignment, or None
        Words and number of the training documents assigned to each topic; None for the recipes that assign a document
        to the topic of its largest share.
    precision_ : float32 array of shape (K + 1, V), or None
        Precision of R and, in the last row, of b, given the training documents: see `topic_precision`. None for a model
        that was saved without it, which cannot be updated.
    n_documents_ : int
        Number of training documents in the fit and all updates; the statistics above are over all of them.
    n_updates_ : int
        Number of calls of `partial_fit` since the fit.
    seed_ : int
        Seed of the generator: `random_state` where that is a whole number. A fit with this seed gives the same bits.
    n_iter_ : int
        Number of epochs run.
    n_features_in_ : int
        V.
    n_dimensions_in_ : int, or None
        C, the dimensions of a document's embedding, of a recipe that takes embeddings.

    References
    ----------
    Miao, Yu, Blunsom (2016), Neural variational inference for text processing.
    Kingma, Welling (2014), Auto-encoding variational Bayes.
    """

    def __init__(
        self,
        n_components: int = 50,
        *,
        recipe: str = DEFAULT_RECIPE,
        max_epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        patience: int | None = None,
        validation_fraction: float | None = None,
        seed_words: Mapping[int, Sequence[int]] | Sequence[Sequence[int]] | None = None,
        word_vectors: NDArray[np.floating] | None = None,
        max_seconds: float | None = None,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.recipe = recipe
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.seed_words = seed_words
        self.word_vectors = word_vectors
        self.max_seconds = max_seconds
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: object = None,
        *,
        embeddings: Any = None,
        progress: "Progress | None" = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Fit the model to counts.

        Parameters
        ----------
        X : Counts, sparse matrix or array of shape (D, V)
            Count of each word in each document, 0 or more.
        y : ignored
        embeddings : floating-point array of shape (D, C), optional
            A sentence embedding of each document, for the recipes contextual and zeroshot. The array may be mapped from
            disk; it is read in batches.
        progress : callable of (stage, done, total), optional
        checkpoint : Path, optional
            A file that is written after every epoch. If it exists, the fit resumes from it, to the same bits as an
            uninterrupted fit. The vectors are written to vectors.npy in its folder, and mapped from there.

        Raises
        ------
        NeuralTopicError
            When the counts are not usable, or training stops being finite.
        UsageError
            When the embeddings are missing, not usable, or given to a recipe that takes none.
        """
        self.fit_transform(X, embeddings=embeddings, progress=progress, checkpoint=checkpoint)
        return self

    def fit_transform(
        self,
        X: Any,
        y: object = None,
        *,
        embeddings: Any = None,
        weights: NDArray[np.floating] | None = None,
        progress: "Progress | None" = None,
        checkpoint: Path | None = None,
        workers: "Cluster | None" = None,
    ) -> NDArray[np.float32]:
        """Fit the model as `fit` does, and return the vectors, (D, K), as `transform` would.

        With `weights` (D,), as for `partial_fit_transform`, `share_` and `n_documents_` count each document that often.
        With `workers` the vectors are inferred on that cluster.
        """
        counts, given_embeddings, history = self._train_network(X, embeddings, progress, checkpoint)
        with pieces_alone():
            find_recipe(self.recipe).align(self.vae_)
        self.restore(self.vae_, history=history)
        self.vae_.zero_grad()
        release_free_memory()
        weigh_words(self, counts, given_embeddings)
        vectors, summary = self._summarise(
            counts, progress, given_embeddings, folder=_folder(checkpoint), weights=weights, workers=workers
        )
        self._take(summary)
        return vectors

    def train(
        self, X: Any, *, embeddings: Any = None, progress: "Progress | None" = None, checkpoint: Path | None = None
    ) -> None:
        """Train the network as `fit` does, without inferring vectors; `fit` with the same checkpoint resumes from it.

        Parameters are those of `fit`, and it raises what `fit` does.
        """
        self._train_network(X, embeddings, progress, checkpoint)

    def partial_fit(
        self,
        X: Any,
        y: object = None,
        *,
        progress: "Progress | None" = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Update the model with new documents; topics keep their numbers, and all documents have equal weight.

        The new documents have a Gaussian prior on R and b, whose mean is the result of the earlier documents and whose
        precision is their information about each word in each topic (see `neuraltopic.models.priors.earlier_topics`).
        The statistics of the topics (`explained_`, `assignment_`, `information_`, `share_`) are over all documents. The
        encoder and a learned prior mean are trained further on the new documents alone; the earlier ones are not needed
        again. The same chunks in the same order give the same bits on the same machine with the same number of threads,
        also if the model is saved and loaded in between.

        On an unfitted model this is `fit`. The topics are then those of the first chunk, whose factorisation is the
        start of the default: it should contain the themes that the model must distinguish, in many more documents than
        topics. A theme that occurs only in later chunks is absorbed by the nearest topics.

        Parameters are those of `fit`.

        Raises
        ------
        UsageError
            When `n_components` is not what it was in the fit, or the recipe takes embeddings.
        NeuralTopicError
            When the counts are not usable, training stops being finite, or the model was saved without `precision_`.
            The model is then unchanged.
        """
        self.partial_fit_transform(X, progress=progress, checkpoint=checkpoint)
        return self

    def partial_fit_transform(
        self,
        X: Any,
        y: object = None,
        *,
        weights: NDArray[np.floating] | None = None,
        progress: "Progress | None" = None,
        checkpoint: Path | None = None,
    ) -> NDArray[np.float32]:
        """Update the model as `partial_fit` does, and return the vectors of the new documents, as `transform` would.

        Parameters
        ----------
        weights : array of shape (D,), optional
            Number of documents that each row stands for, such as copies of one text, in `share_` and `n_documents_`.
            Training does not depend on them.
        """
        if not hasattr(self, "vae_"):
            return np.asarray(self.fit_transform(X, weights=weights, progress=progress, checkpoint=checkpoint))
        started = time.monotonic()
        self.require_updatable()
        recipe, schedule = self._settings()
        counts = self._counts(X, fitting=False)
        filled = _filled(counts)
        seed = int(self.random_state) if isinstance(self.random_state, int | np.integer) else self.seed_
        generator = torch.Generator().manual_seed(seed_of_update(seed, self.n_updates_ + 1))
        held_out, training = split_rows(filled, self.validation_fraction, generator)
        schedule = schedule_of_update(schedule, len(training))
        device = self._device()
        earlier = in_force(self.vae_).detach()
        precision = torch.from_numpy(self.precision_).to(device, copy=True)
        precision[:-1] += recipe.schedule.decoder_precision
        objective = self._objective(recipe, self.seeds(), counts, len(training))
        # A copy, so that an update which fails or is stopped leaves the model as it was.
        vae = copy.deepcopy(self.vae_)
        trainer = Trainer(
            vae,
            CountBatches(counts, training, device),
            CountBatches(counts, held_out, device),
            WithPrior(objective, EarlierTopics(earlier, precision), len(training)),
            schedule,
            generator,
        )
        before = hashlib.sha256(earlier.cpu().numpy().tobytes()).hexdigest()
        request = ("update", before, self.n_updates_, schedule, self.validation_fraction, seed, counts)
        self._limit(trainer, started)
        self._train(trainer, request, counts, checkpoint, progress)
        after = copy.copy(self)
        after.restore(vae, history=trainer.history, n_updates=self.n_updates_ + 1)
        if self.explained_ is not None:
            weigh_words(after, counts, None, Earlier(self.explained_, self.share_, self.n_documents_))
        vectors, of_new = after._summarise(
            counts, progress, earlier=self.assignment_, folder=_folder(checkpoint), weights=weights
        )
        after._take(self.summary().pooled(of_new, recipe.interpretation))
        after.seed_ = seed
        self.__dict__.update(vars(after))
        return vectors

    def _train_network(
        self, X: Any, embeddings: Any, progress: "Progress | None", checkpoint: Path | None
    ) -> tuple[Counts, Embeddings | None, list[dict[str, float]]]:
        """Validate the input, build the network, and train it to the end of its schedule.

        Returns the counts, the embeddings and the history. The trainer is dropped: the optimiser's moments and the best
        weights take four times the memory of the model.
        """
        started = time.monotonic()
        recipe, schedule = self._settings()
        counts = self._counts(X, fitting=True)
        given_embeddings = self._embeddings(embeddings, counts, fitting=True)
        seeds = self.seeds()
        require_columns(seeds, counts.shape[1])
        filled = _filled(counts)
        vectors_of_words = self._word_vectors(counts)
        self.seed_ = draw_seed(self.random_state)
        generator = torch.Generator().manual_seed(self.seed_)
        device = choose_device(self.device)
        self.vae_ = self._new_network(recipe, counts, seeds, vectors_of_words, generator)
        self.vae_.to(device)
        held_out, training = split_rows(filled, self.validation_fraction, generator)
        effect = DesignEffect.of(counts)
        trainer = Trainer(
            self.vae_,
            CountBatches(counts, training, device, given_embeddings),
            CountBatches(counts, held_out, device, given_embeddings),
            self._objective(recipe, seeds, counts, len(training), effect if recipe.weights_by_design_effect else None),
            schedule,
            generator,
        )
        given = None if vectors_of_words is None else hashlib.sha256(vectors_of_words.tobytes()).hexdigest()
        settings = (recipe.name, recipe.revision, schedule, self.n_components, self.validation_fraction, self.seed_)
        request = (*settings, counts, seeds, given)
        self._limit(trainer, started)
        self._train(
            trainer,
            request,
            counts,
            checkpoint,
            progress,
            given_embeddings,
            self._restarts(recipe, seeds, effect, self.vae_),
        )
        return counts, given_embeddings, trainer.history

    def _new_network(
        self,
        recipe: Recipe,
        counts: Counts,
        seeds: Seeds,
        word_vectors: NDArray[np.float32] | None,
        generator: torch.Generator,
    ) -> TopicVAE:
        """The network of a recipe with its initial weights, on the CPU."""
        # torch draws weights of its layers from the global generator; `initialise` draws the ones that are used.
        with torch.random.fork_rng(devices=[]):
            network = recipe.compose(counts.shape[1], int(self.n_components), self.n_dimensions_in_)
        if word_vectors is not None:
            assert isinstance(network.decoder, WordVectorDecoder)  # as the recipe says
            network.decoder.hold_vectors(torch.from_numpy(word_vectors))
        recipe.initialise(network, counts, generator, seeds)
        return network

    def check_parameters(self) -> None:
        """Raise a UsageError for a parameter that no fit could use."""
        self._settings()

    def schedule(self) -> Schedule:
        """The recipe's schedule with the parameters that the user set."""
        return self._settings()[1]

    def _limit(self, trainer: Trainer, started: float) -> None:
        """Make training end within `max_seconds`, if set, of a fit that began at the time `started`."""
        if self.max_seconds is None:
            return
        begun = time.monotonic()
        allowed = max(TRAINING_SHARE * (self.max_seconds - (begun - started)), 1e-3)
        trainer.time_used = lambda: (time.monotonic() - begun) / allowed

    def _train(
        self,
        trainer: Trainer,
        request: tuple[object, ...],
        counts: Counts,
        checkpoint: Path | None,
        progress: "Progress | None",
        given_embeddings: Embeddings | None = None,
        after_epoch: Callable[[Trainer], None] = lambda _: None,
    ) -> None:
        """Train to the end of the schedule, from the checkpoint of the same request, counts and embeddings if any."""
        digest = hashlib.sha256(repr(request).encode() + counts.word_totals().tobytes())
        if given_embeddings is not None and checkpoint:
            digest.update(given_embeddings.digest())
        kept = Checkpoint(checkpoint, digest.hexdigest()) if checkpoint else None
        rate = trainer.schedule.learning_rate
        hint = f"Lower the learning rate below {rate:g}, or look for extreme counts there"
        # A decoder that divides its own work makes the bits independent of the number of threads.
        with pieces_alone() if getattr(trainer.model.decoder, "in_pieces", False) else nullcontext():
            train(trainer, kept, progress, hint=hint, after_epoch=after_epoch)

    def require_updatable(self) -> None:
        """Raise what `partial_fit` would, unless it can update the model."""
        recipe, _ = self._settings()
        if recipe.takes("embeddings"):
            raise UsageError(
                parameter("recipe"),
                expected="one of counts alone, which updates are of",
                got=f"{recipe.name}, which takes embeddings",
                hint="Fit again with all documents",
            )
        if recipe is GIVEN_TOPICS:
            raise UsageError(
                parameter("recipe"),
                expected="a recipe whose topics are learned",
                got="imported topics, which are fixed",
                hint="Import them again with all documents",
            )
        K = len(self.components_)
        if self.n_components != K:
            raise UsageError(
                parameter("n_components"),
                expected=f"{K}, as in the fit",
                got=repr(self.n_components),
                hint="Fit again for others",
            )
        if self.precision_ is None:
            raise NeuralTopicError(
                "model",
                expected="one saved with the precision of its topics",
                got="one saved by an earlier version of neuraltopic, which did not store it",
                hint="Fit it again with this version",
            )

    def _settings(self) -> tuple[Recipe, Schedule]:
        """The recipe, and its schedule with the parameters that the user set."""
        recipe = find_recipe(self.recipe)
        require_whole("n_components", self.n_components, smallest=recipe.fewest_topics)
        given = {}
        for name in ("max_epochs", "batch_size", "patience"):
            if getattr(self, name) is not None:
                require_whole(name, getattr(self, name))
                given[name] = getattr(self, name)
        if self.max_seconds is not None:
            require_positive("max_seconds", self.max_seconds, hint="Try 3600")
        if self.learning_rate is not None:
            require_positive("learning_rate", self.learning_rate, hint="Try 0.001")
            given["learning_rate"] = self.learning_rate
        if self.validation_fraction is not None:
            require_share("validation_fraction", self.validation_fraction, hint="Try 0.05")
        require_random_state(self.random_state)
        if self.seeds():
            require_takes_seeds(recipe)
        if self.word_vectors is not None:
            require_takes_word_vectors(recipe)
            require_matrix(self.word_vectors)
        return recipe, dataclasses.replace(recipe.schedule, **given)

    def _word_vectors(self, counts: Counts) -> NDArray[np.float32] | None:
        """The given vectors (V, E), with a warning where they do not cover every token."""
        if self.word_vectors is None:
            return None
        vectors = require_matrix(self.word_vectors)
        share = covered_share(vectors, counts.word_totals())
        without = int(np.isnan(vectors[:, 0]).sum())
        if without:
            warnings.warn(
                f"{parameter('word_vectors')}: they cover {share:.1%} of the tokens; {without:,} of "
                f"{len(vectors):,} words have none and learn their own",
                NeuralTopicWarning,
                stacklevel=2,
            )
        return vectors

    def _objective(
        self, recipe: Recipe, seeds: Seeds, counts: Counts, n_rows: int, effect: DesignEffect | None = None
    ) -> Objective:
        """The recipe's bound, its KL weighted by a design effect if given, with the prior of the seed words if any."""
        objective = recipe.objective
        if effect is not None:
            assert isinstance(objective, ELBO)
            objective = dataclasses.replace(objective, row_weight=effect)
        if not seeds:
            return objective
        prior = SeedPrior.of(seeds, counts, int(self.n_components), self._device())
        return WithPrior(objective, prior, n_rows)

    def _restarts(
        self, recipe: Recipe, seeds: Seeds, effect: DesignEffect, model: TopicVAE
    ) -> Callable[[Trainer], None]:
        """The reinitialisation of dead topics after an epoch of a fit."""
        if not recipe.reinitialises_topics:
            return lambda _: None
        assert recipe.interpretation.proportion_exponent is not None

        def shares(latents: NDArray[np.floating]) -> NDArray[np.float32]:
            with torch.no_grad():
                weight, log_frequency = model.decoder.topics()
            components, bias = weight.detach().T.cpu().numpy(), log_frequency.detach().cpu().numpy()
            topics = TopicWords(components, bias, covariance=energy_covariance(components, bias))
            return recipe.interpretation.shares(latents, topics)

        return Reinitialisation(
            shares,
            recipe.interpretation.proportion_exponent,
            lambda lengths: 1.0 / effect.of_lengths(lengths),
            frozenset(seeds),
        )


def _folder(checkpoint: Path | None) -> Path | None:
    return None if checkpoint is None else Path(checkpoint).parent


def _filled(counts: Counts) -> NDArray[np.int64]:
    """Rows of the documents that have words."""
    filled = np.flatnonzero(np.diff(counts.indptr))
    if not len(filled):
        raise NeuralTopicError(
            "counts",
            expected="documents with words",
            got="only empty ones",
            hint="Check the preprocessing settings",
        )
    return filled
