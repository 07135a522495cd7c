"""DocumentVAE: bag-of-words counts in, topics and document vectors out, as a scikit-learn transformer.

Axes: D documents, V words, K latent dimensions.
"""

import copy
import dataclasses
import hashlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from neuraltopic.checkpoints import Checkpoint
from neuraltopic.core.map_objective import WithPrior
from neuraltopic.core.objectives import ELBO, ImportanceWeighted, Objective
from neuraltopic.core.training import Schedule, Trainer, bounds
from neuraltopic.core.vae import VAE
from neuraltopic.devices import choose_device
from neuraltopic.documents.batches import CountBatches
from neuraltopic.documents.counts import Counts
from neuraltopic.documents.earlier_topics import EarlierTopics, in_force, topic_precision
from neuraltopic.documents.embeddings import Embeddings, require_embeddings, require_given
from neuraltopic.documents.given_vectors import covered_share, require_matrix
from neuraltopic.documents.seed_prior import SeedPrior
from neuraltopic.documents.seed_words import Seeds, require_columns, seed_groups
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError
from neuraltopic.fitting import (
    draw_seed,
    require_positive,
    require_random_state,
    require_share,
    require_whole,
    split_rows,
    train,
)
from neuraltopic.recipes import DEFAULT_RECIPE, Recipe, find_recipe, require_takes_seeds, require_takes_word_vectors
from neuraltopic.topics.corpus_summary import CorpusSummary
from neuraltopic.topics.readings import Reading, TopicWords
from neuraltopic.topics.responsibilities import explained_documents
from neuraltopic.topics.word_scores import word_scores
from neuraltopic.updating import schedule_of_update, seed_of_update

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Documents encoded at once by `transform`. It is no option: the answer does not depend on it.
_AT_ONCE = 1024


class DocumentVAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A variational autoencoder of documents with the energy-softmax decoder (17.11, 17.14, 17.15).

    Parameters
    ----------
    n_components : int, default 50
        K, the number of topics: the dimension of the latent z.
    recipe : str, default "refined_prodlda"
        The composition, one of `neuraltopic.recipes.RECIPES`.
    max_epochs, batch_size, learning_rate, patience : optional
        The recipe's own where None.
    validation_fraction : float, optional
        Share of the documents held out for early stopping; 0 trains on all of them to the last epoch. By default a
        twentieth, but no more than 250 documents.
    seed_words : mapping of topic to columns, or a list of lists, optional
        Columns of X that are to stand high in some topics: {0: [12, 7]}, or one list for each of topics 0, 1, ... The
        topics start at the documents that hold them, and a prior keeps them there as far as the counts allow: see
        `neuraltopic.documents.seed_prior`. Not for the recipe nvdm.
    word_vectors : array of shape (V, E), optional
        Of the recipe etm: a vector for each column of X, a row of NaN where there is none. They stay as they are; words
        without one learn their own. By default all are learnt from the counts.
    device : str, default "auto"
        "cpu", "cuda", "mps", or "auto" for the best there is.
    random_state : int, RandomState or None
        Seeds the one generator of the fit. Same input, same seed, same machine: same bits.

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
        Mean share of each topic in the training documents.
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
        self.device = device
        self.random_state = random_state

    explained_: NDArray[np.float32] | None
    precision_: NDArray[np.float32] | None

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
            the same bits as if it had never stopped.

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
        progress: "Progress | None" = None,
        checkpoint: Path | None = None,
    ) -> NDArray[np.float32]:
        """Learn from counts, as `fit` does, and return the posterior means, (D, K), as `transform` would."""
        recipe, schedule = self._settings()
        counts = self._counts(X, fitting=True)
        seeds = self.seeds()
        require_columns(seeds, counts.shape[1])
        beside = self._embeddings(embeddings, counts, fitting=True)
        filled = _filled(counts)
        vectors_of_words = self._word_vectors(counts)
        self.seed_ = draw_seed(self.random_state)
        generator = torch.Generator().manual_seed(self.seed_)
        device = choose_device(self.device)
        # torch's layers draw weights as they are made, from the global generator; ours are drawn below.
        with torch.random.fork_rng(devices=[]):
            self.vae_ = recipe.compose(counts.shape[1], int(self.n_components), self.n_dimensions_in_)
        if vectors_of_words is not None:
            self.vae_.decoder.give(torch.from_numpy(vectors_of_words))  # type: ignore[operator]
        recipe.initialise(self.vae_, counts, generator, seeds)
        self.vae_.to(device)

        held_out, training = split_rows(filled, self.validation_fraction, generator)
        trainer = Trainer(
            self.vae_,
            CountBatches(counts, training, device, beside),
            CountBatches(counts, held_out, device, beside),
            self._objective(recipe, seeds, counts, len(training)),
            schedule,
            generator,
        )
        given = None if vectors_of_words is None else hashlib.sha256(vectors_of_words.tobytes()).hexdigest()
        settings = (recipe.name, schedule, self.n_components, self.validation_fraction, self.seed_)
        request = (*settings, counts, seeds, given)
        self._train(trainer, request, counts, checkpoint, progress, beside)
        recipe.align(self.vae_)
        self.restore(self.vae_, history=trainer.history)
        vectors, summary = self._summarise(counts, progress, beside)
        self._take(summary)
        return vectors

    def partial_fit(
        self,
        X: Any,
        y: object = None,
        *,
        progress: "Progress | None" = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Go on with new documents, or begin: topic k stays topic k, and earlier documents count by their number.

        A Gaussian prior holds R and b at what earlier documents found, by as much as they said of each word in each
        topic (see `neuraltopic.documents.earlier_topics`), and what is known of the topics beside (`explained_`,
        `information_`, `share_`) is of all documents. The earlier ones are not needed again. The same chunks in the
        same order give the same bits, also where the model is saved and loaded in between.

        On an unfitted model this is `fit`. The topics are then those of the first chunk, from whose factorisation the
        default starts: it should hold the themes to be told apart, in many more documents than there are topics. A
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
        progress: "Progress | None" = None,
        checkpoint: Path | None = None,
    ) -> NDArray[np.float32]:
        """Go on with new documents, as `partial_fit` does, and return their vectors, (D, K), as `transform` would."""
        if not hasattr(self, "vae_"):
            return np.asarray(self.fit_transform(X, progress=progress, checkpoint=checkpoint))
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
        self._train(trainer, request, counts, checkpoint, progress)
        after = copy.copy(self)
        after.restore(vae, history=trainer.history, n_updates=self.n_updates_ + 1)
        vectors, of_new = after._summarise(counts, progress)
        after._take(self.summary().pooled(of_new, recipe.reading))
        after.seed_ = seed
        self.__dict__.update(vars(after))
        return vectors

    def require_embeddings_given(self, embeddings: Any) -> None:
        """Raise a UsageError where embeddings are missing with a recipe that takes them, or given to one that takes
        none."""
        recipe = find_recipe(self.recipe)
        require_given(embeddings, recipe=recipe.name, taken=recipe.takes_embeddings)

    def check_parameters(self) -> None:
        """Raise a UsageError for a parameter that no fit could use."""
        self._settings()

    def seeds(self) -> dict[int, tuple[int, ...]]:
        """Columns of the seeds of each seeded topic, checked."""
        return seed_groups(self.seed_words, int(self.n_components), int)

    def restore(
        self,
        vae: VAE,
        *,
        history: list[dict[str, float]],
        summary: CorpusSummary | None = None,
        n_updates: int = 0,
    ) -> None:
        """Take a trained network, and read the fitted attributes off it."""
        self.vae_ = vae.eval()
        self.history_ = history
        self.n_iter_ = len(history)
        with torch.no_grad():
            weight, bias = vae.decoder.topics()  # type: ignore[operator]
        self.components_ = weight.detach().T.contiguous().cpu().numpy()
        self.bias_ = bias.detach().cpu().numpy()
        self.n_features_in_ = self.components_.shape[1]
        self._n_features_out = len(self.components_)
        self.n_updates_ = n_updates
        self.explained_ = None
        if summary is not None:
            self._take(summary)

    def summary(self) -> CorpusSummary:
        """What the model keeps of its training documents."""
        check_is_fitted(self)
        return CorpusSummary(self.n_documents_, self.information_, self.share_, self.explained_, self.precision_)

    def transform(self, X: Any, *, embeddings: Any = None) -> NDArray[np.float32]:
        """Vector of each document, (D, K): a function of that document alone, drawing nothing.

        It is what the decoder sees of the posterior mean of z: the mean itself of a Gaussian z, shares of the topics
        that sum to 1 of a z on the simplex. `embeddings` are those of these documents, as for `fit`; with them a
        document without a word has the vector that its embedding gives.
        """
        check_is_fitted(self)
        return self._infer(*self._checked(X, embeddings))[0]

    def posterior(self, X: Any, *, embeddings: Any = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and variance of q(z | x) for each document, in the coordinates in which the latent is drawn."""
        check_is_fitted(self)
        _, mean, variance = self._infer(*self._checked(X, embeddings))
        return mean, variance

    def vector_of_nothing(self) -> NDArray[np.float32]:
        """What `transform` gives for a document of which nothing is known, neither a word nor an embedding, (K,)."""
        check_is_fitted(self)
        return self._reading().of_nothing(len(self.components_))

    def document_weights(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Share of each topic in documents with these vectors, (D, K); rows sum to 1."""
        check_is_fitted(self)
        return self._reading().shares(vectors, self._topic_words())

    def word_weights(
        self,
        word_totals: NDArray[np.floating],
        ranking: str = "default",
        strength: NDArray[np.floating] | None = None,
    ) -> NDArray[np.floating]:
        """What ranks the words of each topic, (K, V).

        Parameters
        ----------
        word_totals : (V,)
            How often each word occurs in the training documents.
        ranking : str
            One of `neuraltopic.topics.rankings.RANKINGS`: see `word_scores`.
        strength : (K,), optional
            See `TopicStatistics`; 1, the prior's, by default.

        Raises
        ------
        UsageError
            When there is no such ranking, or this recipe does not have it.
        """
        check_is_fitted(self)
        if strength is None:
            strength = np.ones(len(self.components_))
        return word_scores(ranking, self._reading(), self._topic_words(), word_totals, strength)

    def topic_log_probabilities(self, strength: NDArray[np.floating]) -> NDArray[np.floating]:
        """log p(w | topic), (K, V), for topics of this strength, (K,): see `TopicStatistics`."""
        check_is_fitted(self)
        return self._reading().log_probabilities(self._topic_words(), strength)

    def log_unigram(self) -> NDArray[np.floating]:
        """log p(w) of no topic in particular, (V,), which lift compares with."""
        check_is_fitted(self)
        return self._reading().log_unigram(self._topic_words())

    def log_likelihood(self, X: Any, vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """log p(x | z) of each document in nats at a vector of its own, (D,); the multinomial coefficient left out.

        Parameters
        ----------
        X : Counts, sparse matrix or array of shape (D, V)
        vectors : (D, K)
            As `transform` gives them, of these documents or of what is known of them.
        """
        check_is_fitted(self)
        data = CountBatches(self._counts(X, fitting=False), device=self._device())
        out = np.empty(len(data))
        with torch.no_grad():
            for rows in torch.arange(len(data)).split(_AT_ONCE):
                seen = torch.from_numpy(np.asarray(vectors[rows.numpy()], np.float32)).to(self._device())
                value = self.vae_.decoder.log_likelihood(seen[None], data.batch(rows))  # type: ignore[operator]
                out[rows.numpy()] = value[0].double().cpu().numpy()
        return out

    def bound(
        self, X: Any, *, embeddings: Any = None, n_samples: int = 20, importance_weighted: bool = False
    ) -> NDArray[np.float64]:
        """Lower bound on log p(x) of each document in nats, (D,); the multinomial coefficient left out.

        Parameters
        ----------
        embeddings : floating-point array of shape (D, C), optional
            As for `transform`.
        n_samples : int, default 20
            Draws from q(z | x), from a generator of this call's own with a fixed seed.
        importance_weighted : bool, default False
            False is the ELBO (17.11) with the closed-form KL; True the tighter bound (17.24).
        """
        check_is_fitted(self)
        require_whole("n_samples", n_samples)
        objective = ImportanceWeighted(n_samples) if importance_weighted else ELBO(n_samples)
        counts, beside = self._checked(X, embeddings)
        data = CountBatches(counts, device=self._device(), embeddings=beside)
        parts = list(bounds(self.vae_, data, objective, torch.Generator().manual_seed(0), 256))
        return torch.cat(parts).double().numpy()

    def perplexity(
        self,
        X: Any,
        *,
        embeddings: Any = None,
        per: Literal["document", "corpus"] = "document",
        n_samples: int = 20,
        importance_weighted: bool = False,
    ) -> float:
        """Upper bound on the perplexity of the documents, empty ones left out; lower is better.

        Parameters
        ----------
        embeddings : floating-point array of shape (D, C), optional
            As for `transform`.
        per : {"document", "corpus"}
            "document": exp(-1/D sum_d (1/N_d) log p(x_d)), the paper's; "corpus": exp(-sum_d log p(x_d) / sum_d N_d).
        """
        check_is_fitted(self)
        if per not in ("document", "corpus"):
            raise UsageError("per", expected="document or corpus", got=repr(per), hint="Choose one of these")
        counts = self._counts(X, fitting=False)
        tokens = counts.totals()
        bound = self.bound(counts, embeddings=embeddings, n_samples=n_samples, importance_weighted=importance_weighted)
        filled = tokens > 0
        if not filled.any():
            raise NeuralTopicError(
                "counts",
                expected="documents with words",
                got="only empty ones",
                hint="Pass documents with known words",
            )
        bound, tokens = bound[filled], tokens[filled]
        return float(np.exp(-(bound / tokens).mean() if per == "document" else -bound.sum() / tokens.sum()))

    def score(self, X: Any, y: object = None, *, embeddings: Any = None) -> float:
        """Minus the log of the corpus perplexity: bound a token, in nats; higher is better."""
        return -float(np.log(self.perplexity(X, embeddings=embeddings, per="corpus")))

    def _train(
        self,
        trainer: Trainer,
        request: tuple[object, ...],
        counts: Counts,
        checkpoint: Path | None,
        progress: "Progress | None",
        beside: Embeddings | None = None,
    ) -> None:
        """Train to the end, from the checkpoint where there is one of the same request, counts and embeddings."""
        digest = hashlib.sha256(repr(request).encode() + counts.word_totals().tobytes())
        if beside is not None and checkpoint:
            digest.update(beside.digest())
        kept = Checkpoint(checkpoint, digest.hexdigest()) if checkpoint else None
        rate = trainer.schedule.learning_rate
        hint = f"Lower the learning rate below {rate:g}, or look for extreme counts there"
        train(trainer, kept, progress, hint=hint)

    def _summarise(
        self, counts: Counts, progress: "Progress | None", beside: Embeddings | None = None
    ) -> tuple[NDArray[np.float32], CorpusSummary]:
        """Vectors of the documents, (D, K), and what they say of the topics."""
        reading = self._reading()
        vectors, _, variance = self._infer(counts, beside, progress)
        return vectors, CorpusSummary(
            len(counts),
            reading.information(vectors, variance),
            self.document_weights(vectors).mean(0, dtype=np.float64),
            explained_documents(vectors, self.components_, counts) if reading.needs_explained else None,
            topic_precision(vectors, counts),
        )

    def _take(self, summary: CorpusSummary) -> None:
        self.n_documents_ = summary.n_documents
        self.information_ = summary.information
        self.share_ = summary.share
        self.explained_ = summary.explained
        self.precision_ = summary.precision

    def require_updatable(self) -> None:
        """Raise unless `partial_fit` can go on with the model, for the reasons it gives."""
        recipe, _ = self._settings()
        if recipe.takes_embeddings:
            raise UsageError(
                "recipe",
                expected="one of counts alone, which updates are of",
                got=f"{recipe.name}, which takes embeddings",
                hint="Fit anew with all documents",
            )
        K = len(self.components_)
        if self.n_components != K:
            raise UsageError(
                "n_components", expected=f"{K}, as in the fit", got=repr(self.n_components), hint="Fit anew for others"
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
                f"word_vectors: they cover {share:.1%} of the tokens; {without:,} of {len(vectors):,} words have none "
                "and learn their own",
                NeuralTopicWarning,
                stacklevel=2,
            )
        return vectors

    def _objective(self, recipe: Recipe, seeds: Seeds, counts: Counts, n_rows: int) -> Objective:
        """The recipe's bound, beside the prior of the seeds where there are any."""
        if not seeds:
            return recipe.objective
        prior = SeedPrior.of(seeds, counts, int(self.n_components), self._device())
        return WithPrior(recipe.objective, prior, n_rows)

    def _counts(self, X: Any, *, fitting: bool) -> Counts:
        """Check X once, at the edge."""
        if not isinstance(X, Counts):
            X = validate_data(
                self,
                X,
                accept_sparse="csr",
                dtype=[np.float32, np.float64],
                reset=fitting,
                ensure_min_samples=2 if fitting else 1,
            )
            check_non_negative(X, type(self).__name__)
            return Counts.from_scipy(X)
        if fitting:
            self.n_features_in_ = X.shape[1]
        elif X.shape[1] != self.n_features_in_:
            raise NeuralTopicError(
                "counts",
                expected=f"{self.n_features_in_:,} columns, the vocabulary of the fit",
                got=f"{X.shape[1]:,}",
                hint="Build counts with the saved vocabulary",
            )
        return X

    def _embeddings(self, embeddings: Any, counts: Counts, *, fitting: bool) -> Embeddings | None:
        """Check embeddings once, at the edge."""
        self.require_embeddings_given(embeddings)
        if fitting:
            self.n_dimensions_in_ = None
        if embeddings is None:
            return None
        beside = require_embeddings(embeddings, len(counts), self.n_dimensions_in_)
        self.n_dimensions_in_ = beside.n_dimensions
        return beside

    def _checked(self, X: Any, embeddings: Any) -> tuple[Counts, Embeddings | None]:
        counts = self._counts(X, fitting=False)
        return counts, self._embeddings(embeddings, counts, fitting=False)

    def _device(self) -> torch.device:
        return next(self.vae_.parameters()).device

    def _reading(self) -> Reading:
        return find_recipe(self.recipe).reading

    def _topic_words(self) -> TopicWords:
        return TopicWords(self.components_, self.bias_, self.explained_)

    def _infer(
        self, counts: Counts, embeddings: Embeddings | None, progress: "Progress | None" = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Vectors (D, K), and mean and variance of z, both (D, Z)."""
        data = CountBatches(counts, device=self._device(), embeddings=embeddings)
        parts: list[tuple[NDArray[np.float32], ...]] = []
        self.vae_.eval()
        with torch.no_grad():
            for rows in torch.arange(len(data)).split(_AT_ONCE):
                q = self.vae_.posterior(data.batch(rows))
                found = (self.vae_.latent.transform(q.mean), q.mean, q.variance())
                parts.append(tuple(part.cpu().numpy() for part in found))
                if progress:
                    progress("inferring", int(rows[-1]) + 1, len(counts))
        vectors, mean, variance = (np.concatenate(part) for part in zip(*parts, strict=True))
        if embeddings is None:
            vectors[np.diff(counts.indptr) == 0] = self._reading().of_nothing(vectors.shape[1])
        return vectors, mean, variance

    def __sklearn_tags__(self) -> Any:
        """Say that the input is non-negative and may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        tags.non_deterministic = False
        return tags


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
