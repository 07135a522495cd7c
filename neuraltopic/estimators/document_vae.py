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
from neuraltopic.estimators.devices import choose_device
from neuraltopic.estimators.document_vae_state import StoredDocuments
from neuraltopic.estimators.fitting import (
    draw_seed,
    require_positive,
    require_random_state,
    require_share,
    require_whole,
    split_rows,
    train,
)
from neuraltopic.estimators.update_schedule import schedule_of_update, seed_of_update
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
from neuraltopic.topics.document_metric import energy_covariance
from neuraltopic.topics.interpretation import TopicWords

if TYPE_CHECKING:
    from neuraltopic.cluster.ray_cluster import Cluster
    from neuraltopic.progress import Progress


# Share of the time of a fit that is for training, where it is limited.
_TRAINING_SHARE = 0.75


class DocumentVAE(StoredDocuments):
    """A variational autoencoder of documents with the energy-softmax decoder (17.11, 17.14, 17.15).

    Parameters
    ----------
    n_components : int, default 50
        K, the number of topics: the dimension of the latent z.
    recipe : str, default "semi_amortised_prodlda"
        The composition, one of `neuraltopic.models.recipes.RECIPES`.
    max_epochs, batch_size, learning_rate, patience : optional
        The recipe's own where None.
    validation_fraction : float, optional
        Share of the documents held out for early stopping; 0 trains on all of them to the last epoch. By default a
        twentieth, but no more than 250 documents.
    seed_words : mapping of topic to columns, or a list of lists, optional
        Columns of X that are to stand high in some topics: {0: [12, 7]}, or one list for each of topics 0, 1, ... The
        topics start at the documents that hold them, and a prior keeps them there as far as the counts allow: see
        `neuraltopic.models.priors.seed_prior`. Not for the recipe nvdm.
    word_vectors : array of shape (V, E), optional
        Of the recipe etm: a vector for each column of X, a row of NaN where there is none. They stay as they are; words
        without one learn their own. By default all are learnt from the counts.
    max_seconds : float, optional
        About how long a fit or an update may take. Training ends when three quarters of it are gone, its learning rate
        at the end of its course; the rest is for the vectors of all documents. How far it comes, and so the result,
        depends on the machine.
    device : str, default "auto"
        "cpu", "cuda", "mps", or "auto" for the best there is.
    random_state : int, RandomState or None
        Seeds the one generator of the fit. Same input, seed, machine and number of threads: same bits.

    Attributes
    ----------
    components_ : float32 array of shape (K, V)
        R, whose rows rank the words of each topic.
    bias_ : float32 array of shape (V,)
        b, near the log frequency of each word.
    history_ : list of dict
        epoch, train_bound and held_out_bound (nats per document), one entry an epoch of the fit or the last update.
    information_ : float32 array of shape (K,)
        What each topic tells of a training document, in nats: of a Gaussian z the mean KL of each dimension's
        marginal, of one on the simplex what each topic adds to the mutual information of documents and topics.
    explained_ : float32 array of shape (K, V), or None
        In how many training documents each topic accounts for each word, of a z on the simplex.
    share_ : float64 array of shape (K,)
        Mean share of each topic in the training documents: with the default and the recipes of embeddings, its mean
        part in the energies of their words, see `energy_shares`.
    assignment_ : DocumentAssignment, or None
        What the training documents assigned to each topic have; None with the recipes that list a document under its
        largest share.
    precision_ : float32 array of shape (K + 1, V), or None
        What the training documents said of R and, in the last row, of b: see `topic_precision`. None of a model that
        was saved without, which cannot be updated.
    n_documents_ : int
        Training documents: those of the fit and of all updates, which the figures above are of.
    n_updates_ : int
        Calls of `partial_fit` since the fit.
    seed_ : int
        What seeded the generator: `random_state` where that is a whole number. A fit with it gives the same bits.
    n_iter_ : int
        Epochs run.
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
        """Learn from counts.

        Parameters
        ----------
        X : Counts, sparse matrix or array of shape (D, V)
            How often each word occurs in each document, 0 or more.
        y : ignored
        embeddings : floating-point array of shape (D, C), optional
            A point for each document from a model of language, as the recipes contextual and zeroshot take. It may be
            mapped from disk; batches of it are read.
        progress : callable of (stage, done, total), optional
        checkpoint : Path, optional
            A file that is written after every epoch. Where it is there already, the fit goes on from it, to
            the same bits as if it had never stopped. The vectors are kept beside it, in vectors.npy, and are mapped
            from there.

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
        """Learn from counts, as `fit` does, and return the vectors, (D, K), as `transform` would.

        With `weights` (D,), as for `partial_fit_transform`, `share_` and `n_documents_` count each document so often.
        With `workers` the vectors are inferred on that cluster.
        """
        recipe, _ = self._settings()
        counts = self._counts(X, fitting=True)
        given_embeddings = self._embeddings(embeddings, counts, fitting=True)
        trainer = self._trained(counts, given_embeddings, progress, checkpoint)
        with pieces_alone():
            recipe.align(self.vae_)
        self.restore(self.vae_, history=trainer.history)
        del trainer  # the optimiser's moments and the best weights take four times the memory of the model
        self.vae_.zero_grad()
        vectors, summary = self._summarise(
            counts, progress, given_embeddings, folder=_folder(checkpoint), weights=weights, workers=workers
        )
        self._take(summary)
        return vectors

    def train(
        self, X: Any, *, embeddings: Any = None, progress: "Progress | None" = None, checkpoint: Path | None = None
    ) -> None:
        """Train the network as `fit` does, and no more: a `fit` with the same checkpoint goes on from it.

        Parameters are those of `fit`, and it raises what `fit` does.
        """
        counts = self._counts(X, fitting=True)
        self._trained(counts, self._embeddings(embeddings, counts, fitting=True), progress, checkpoint)

    def partial_fit(
        self,
        X: Any,
        y: object = None,
        *,
        progress: "Progress | None" = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Update the model with new documents, or fit it: topic k stays topic k, and all documents weigh alike.

        A Gaussian prior holds R and b at what earlier documents found, by as much as they said of each word in each
        topic (see `neuraltopic.models.priors.earlier_topics`), and the statistics of the topics (`explained_`,
        `assignment_`, `information_`, `share_`) are of all documents. The encoder and a learned prior mean continue
        from where they were, with the new documents alone. The earlier ones are not needed again. The same
        chunks in the same order give the same bits on the same machine with the same number of threads, also where the
        model is saved and loaded in between.

        On an unfitted model this is `fit`. The topics are then those of the first chunk, from whose factorisation the
        default starts: it should hold the themes that the model must distinguish, in many more documents than topics. A
        theme that only later chunks have finds its place in the topics nearest to it.

        Parameters are those of `fit`.

        Raises
        ------
        UsageError
            When `n_components` is not what it was in the fit, or the recipe takes embeddings.
        NeuralTopicError
            When the counts are not usable, training stops being finite, or the model was saved without `precision_`.
            The model stays as it was.
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
            How many documents each row stands for, such as copies of one text, in `share_` and `n_documents_`. What is
            learnt does not depend on them.
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
        vectors, of_new = after._summarise(
            counts, progress, earlier=self.assignment_, folder=_folder(checkpoint), weights=weights
        )
        after._take(self.summary().pooled(of_new, recipe.interpretation))
        after.seed_ = seed
        self.__dict__.update(vars(after))
        return vectors

    def _trained(
        self,
        counts: Counts,
        given_embeddings: Embeddings | None,
        progress: "Progress | None",
        checkpoint: Path | None,
    ) -> Trainer:
        """Make the network, and train it to the end."""
        started = time.monotonic()
        recipe, schedule = self._settings()
        seeds = self.seeds()
        require_columns(seeds, counts.shape[1])
        filled = _filled(counts)
        vectors_of_words = self._word_vectors(counts)
        self.seed_ = draw_seed(self.random_state)
        generator = torch.Generator().manual_seed(self.seed_)
        device = choose_device(self.device)
        # torch's layers draw weights as they are made, from the global generator; ours are drawn below.
        with torch.random.fork_rng(devices=[]):
            self.vae_ = recipe.compose(counts.shape[1], int(self.n_components), self.n_dimensions_in_)
        if vectors_of_words is not None:
            assert isinstance(self.vae_.decoder, WordVectorDecoder)  # as the recipe says
            self.vae_.decoder.hold_vectors(torch.from_numpy(vectors_of_words))
        recipe.initialise(self.vae_, counts, generator, seeds)
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
        return trainer

    def check_parameters(self) -> None:
        """Raise a UsageError for a parameter that no fit could use."""
        self._settings()

    def schedule(self) -> Schedule:
        """The recipe's schedule with what the user set in place."""
        return self._settings()[1]

    def _limit(self, trainer: Trainer, started: float) -> None:
        """End training in time, where there is a limit, for a fit that began then."""
        if self.max_seconds is None:
            return
        begun = time.monotonic()
        allowed = max(_TRAINING_SHARE * (self.max_seconds - (begun - started)), 1e-3)
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
        """Train to the end, from the checkpoint where there is one of the same request, counts and embeddings."""
        digest = hashlib.sha256(repr(request).encode() + counts.word_totals().tobytes())
        if given_embeddings is not None and checkpoint:
            digest.update(given_embeddings.digest())
        kept = Checkpoint(checkpoint, digest.hexdigest()) if checkpoint else None
        rate = trainer.schedule.learning_rate
        hint = f"Lower the learning rate below {rate:g}, or look for extreme counts there"
        # Where the decoder divides its work by itself the bits need not depend on the number of threads.
        with pieces_alone() if getattr(trainer.model.decoder, "in_pieces", False) else nullcontext():
            train(trainer, kept, progress, hint=hint, after_epoch=after_epoch)

    def require_updatable(self) -> None:
        """Raise unless `partial_fit` can update the model, for the reasons it gives."""
        recipe, _ = self._settings()
        if recipe.takes("embeddings"):
            raise UsageError(
                parameter("recipe"),
                expected="one of counts alone, which updates are of",
                got=f"{recipe.name}, which takes embeddings",
                hint="Fit anew with all documents",
            )
        if recipe is GIVEN_TOPICS:
            raise UsageError(
                parameter("recipe"),
                expected="topics that documents may change",
                got="those of another tool, which stay as they are",
                hint="Import them again with all documents",
            )
        K = len(self.components_)
        if self.n_components != K:
            raise UsageError(
                parameter("n_components"),
                expected=f"{K}, as in the fit",
                got=repr(self.n_components),
                hint="Fit anew for others",
            )
        if self.precision_ is None:
            raise NeuralTopicError(
                "model",
                expected="one that says how sure it is of each topic",
                got="one saved by an earlier version of neuraltopic, which did not keep it",
                hint="Fit it anew with this version",
            )

    def _settings(self) -> tuple[Recipe, Schedule]:
        """The recipe, and its schedule with what the user set in place."""
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
        """The recipe's bound, its KL weighted by a design effect or not, beside the prior of the seeds where there are
        any."""
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
        """What happens to dead topics between the epochs of a fit."""
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
    """The documents with words."""
    filled = np.flatnonzero(np.diff(counts.indptr))
    if not len(filled):
        raise NeuralTopicError(
            "counts",
            expected="documents with words",
            got="only empty ones",
            hint="Look at the preprocessing",
        )
    return filled
