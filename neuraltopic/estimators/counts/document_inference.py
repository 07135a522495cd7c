"""Inference with a fitted model of documents: their vectors, its topics, and its perplexity.

Axes: D documents, V words, K topics.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from neuraltopic.core.latents.refined_logistic_normal import RefinedLogisticNormal
from neuraltopic.core.local_inference import fitted_posterior
from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.threads import in_threads
from neuraltopic.core.training import bounds
from neuraltopic.core.vae import VAE, TopicVAE
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.fitting import require_whole
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.reading.vectors.embeddings import Embeddings, require_embeddings, require_given
from neuraltopic.topics.documents.document_assignment import DocumentAssignment
from neuraltopic.topics.documents.document_metric import DocumentMetric
from neuraltopic.topics.documents.responsibilities import ResponsibilityPrior, explained_documents
from neuraltopic.topics.interpretation import TopicInterpretation, TopicWords
from neuraltopic.topics.row_blocks import blocks
from neuraltopic.topics.words.word_scores import word_scores

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Documents that a thread encodes at once, a tile of the refinement. The result depends on it by rounding only, by about
# 2e-7.
_AT_ONCE = 512
# Norm of the vector of an empty document. Norms of others are of the order of 1, the smallest 1/sqrt(K).
_NOTHING = 1e-6


class FittedDocuments(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """The part of `DocumentVAE` that applies the trained network to documents."""

    recipe: str
    vae_: TopicVAE
    explained_: NDArray[np.float32] | None
    assignment_: DocumentAssignment | None
    n_dimensions_in_: int | None
    _metric: DocumentMetric | None

    def transform(self, X: Any, *, embeddings: Any = None) -> NDArray[np.float32]:
        """Vector of each document, (D, K): a deterministic function of that document alone, to rounding.

        It is the decoder's input at the posterior mean of z, in a metric in which distances compare documents: see
        `latents`. `embeddings` are those of these documents, as for `fit`; with them a document without a known word
        gets the vector of its embedding.
        """
        check_is_fitted(self)
        counts, given_embeddings = self._checked(X, embeddings)
        return self._vectors(self._infer(counts, given_embeddings)[0], unknown_documents(counts, given_embeddings))

    def latents(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """z of documents with these vectors, both (D, K): the decoder's input, p(word | z) = softmax(z^T R + b) with
        `components_` and `bias_` for the energy softmax.

        For the default and the recipes of embeddings z = theta^a of a point theta of the simplex (`LogisticNormal`),
        and the vectors are z in the metric of the words' energies (`DocumentMetric`). The metric depends on the topics:
        vectors computed before an update are not comparable with those after it. For the other recipes z is the vector.
        For all of them `empty_document_vector` represents the prior's z.

        Raises
        ------
        NeuralTopicError
            When the vectors are not rows of K finite numbers.
        """
        check_is_fitted(self)
        vectors, K = np.asarray(vectors), len(self.components_)
        if vectors.ndim != 2 or vectors.shape[1] != K:
            raise NeuralTopicError(
                "vectors",
                expected=f"one row per document, of {K:,} numbers",
                got=f"an array of shape {vectors.shape}",
                hint="Pass vectors from transform of this model",
            )
        finite = np.isfinite(vectors)
        if not finite.all():
            row = int(np.flatnonzero(~finite.all(1))[0])
            raise NeuralTopicError(
                "vectors",
                expected="finite numbers",
                got=f"{vectors[row][~finite[row]][0]} in row {row:,}",
                hint="Leave out documents that have no vector",
            )
        if self._metric is None:
            latents = vectors.astype(np.float32, copy=True)
        else:
            latents = np.maximum(self._metric.latents(vectors), 0.0).astype(np.float32)
        latents[np.linalg.norm(vectors, axis=1) < 2 * _NOTHING] = self._interpretation().empty_document(K)
        return latents

    def posterior(self, X: Any, *, embeddings: Any = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and variance of q(z | x) for each document, in the coordinates in which the latent is drawn."""
        check_is_fitted(self)
        _, mean, variance = self._infer(*self._checked(X, embeddings))
        return mean, variance

    def empty_document_vector(self) -> NDArray[np.float32]:
        """Vector that `transform` gives for a document without a known word or an embedding, (K,).

        It is almost 0, so that a search by inner product or distance ranks it last. For recipes with z >= 0 it also
        points away from every document: v^T (I + G / g)^(-1/2) 1 = sum_k z_k > 0 for each vector v, so that its cosine
        with every document is negative. For `nvdm` it is 0.
        """
        check_is_fitted(self)
        K = len(self.components_)
        if not self._interpretation().empty_document(K).any():
            return np.zeros(K, np.float32)
        axis = np.ones(K) if self._metric is None else self._metric.inverse.sum(1)
        return (-_NOTHING / np.linalg.norm(axis) * axis).astype(np.float32)

    def document_weights(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Shares of the topics in documents with these vectors, (D, K); rows sum to 1.

        For the default and the recipes of embeddings a topic's share is its fraction of the energies of the document's
        words: see `energy_shares`.
        """
        return self.shares_of(self.latents(vectors))

    def amortised_shares(self, counts: Counts, embeddings: Embeddings | None) -> NDArray[np.float32]:
        """Shares of the topics in documents, (D, K), by the encoder alone, without the refinement of `transform`."""
        return self.shares_of(self._infer(counts, embeddings, amortised=True)[0])

    def shares_of(self, latents: NDArray[np.floating], X: Any = None) -> NDArray[np.float32]:
        """Shares of the topics in documents with these z, both (D, K)."""
        check_is_fitted(self)
        return self._interpretation().shares(latents, self._topic_words())

    def predict(self, X: Any, *, embeddings: Any = None) -> NDArray[np.int64]:
        """The topic that each document is assigned to, (D,).

        For the default and the recipes of embeddings it depends on the shares and the words, see
        `DocumentAssignment`; for the others it is the topic of the largest share. An empty document has one too.

        Raises as `transform` does.
        """
        check_is_fitted(self)
        counts, given_embeddings = self._checked(X, embeddings)
        return self._assigned(self._infer(counts, given_embeddings)[0], counts)

    def explained_in(self, X: Any, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Expected number of these documents in which each topic accounts for each word, (K, V), given vectors (D, K).

        See `explained_documents`. For nvdm, whose z is Gaussian, responsibilities are proportional to the shares alone.
        """
        check_is_fitted(self)
        counts, latents = self._counts(X, fitting=False), self.latents(vectors)
        interpretation = self._interpretation()
        shares = interpretation.shares(latents, self._topic_words())
        prior = interpretation.responsibility_prior(latents, shares, counts.totals())
        alone = ResponsibilityPrior(shares, pooled=np.ones(len(shares), np.float32))
        return explained_documents(alone if prior is None else prior, self.components_, counts)

    def topics_of(self, X: Any, vectors: NDArray[np.floating]) -> NDArray[np.int64]:
        """As `predict`, for documents whose vectors are known, (D, K)."""
        counts = self._counts(X, fitting=False)
        if len(vectors) != len(counts):
            raise NeuralTopicError(
                "vectors",
                expected=f"one for each of the {len(counts):,} documents",
                got=f"{len(vectors):,}",
                hint="Pass vectors from transform",
            )
        topics = np.empty(len(counts), np.int64)
        for rows in blocks(len(counts)):
            topics[rows] = self._assigned(self.latents(vectors[rows]), counts.slice(rows.start, rows.stop))
        return topics

    def word_weights(
        self,
        word_totals: NDArray[np.floating],
        ranking: str = "default",
        strength: NDArray[np.floating] | None = None,
    ) -> NDArray[np.floating]:
        """Weights that rank the words of each topic, (K, V).

        Parameters
        ----------
        word_totals : (V,)
            Count of each word in the training documents.
        ranking : str
            One of `neuraltopic.topics.words.ranking_names.RANKINGS`: see `word_scores`.
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
        return word_scores(ranking, self._interpretation(), self._topic_words(), word_totals, strength)

    def topic_log_probabilities(self, strength: NDArray[np.floating]) -> NDArray[np.floating]:
        """log p(w | topic), (K, V), for topics of this strength, (K,): see `TopicStatistics`."""
        check_is_fitted(self)
        return self._interpretation().log_probabilities(self._topic_words(), strength)

    def log_unigram(self) -> NDArray[np.floating]:
        """log p(w) of the unigram model, (V,), the baseline of lift."""
        check_is_fitted(self)
        return self._interpretation().log_unigram(self._topic_words())

    def log_likelihood(self, X: Any, vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """log p(x | z) of each document in nats at a given vector, (D,); without the multinomial coefficient.

        Parameters
        ----------
        X : Counts, sparse matrix or array of shape (D, V)
        vectors : (D, K)
            As `transform` gives them, for these documents or for parts of them.
        """
        check_is_fitted(self)
        data = CountBatches(self._counts(X, fitting=False), device=self._device())
        out = np.empty(len(data))
        latents = self.latents(vectors)
        with torch.no_grad():
            for rows in torch.arange(len(data)).split(_AT_ONCE):
                seen = torch.from_numpy(latents[rows.numpy()]).to(self._device())
                value = self.vae_.decoder.log_likelihood(seen[None], data.batch(rows))
                out[rows.numpy()] = value[0].double().cpu().numpy()
        return out

    def bound(
        self, X: Any, *, embeddings: Any = None, n_samples: int = 20, importance_weighted: bool = False
    ) -> NDArray[np.float64]:
        """Lower bound on log p(x) of each document in nats, (D,); without the multinomial coefficient.

        For the default and contextual q is fitted to each document's bound, see `fitted_posterior`: the mean behind
        `transform` serves to compare documents. For the recipe replicated_softmax it is an estimate and not
        a bound: log p(x) with the partition function estimated by annealed importance sampling, which in expectation is
        too high.

        Parameters
        ----------
        embeddings : floating-point array of shape (D, C), optional
            As for `transform`.
        n_samples : int, default 20
            Number of draws from q(z | x), by a generator with a fixed seed.
        importance_weighted : bool, default False
            False is the ELBO (17.11) with the closed-form KL; True the tighter bound (17.24).
        """
        check_is_fitted(self)
        require_whole("n_samples", n_samples)
        n_samples = 1 if self.vae_.exact_posterior else n_samples
        refined = isinstance(self.vae_.latent, RefinedLogisticNormal)
        kind = ImportanceWeighted if importance_weighted else ELBO
        objective = kind(n_samples, posterior=fitted_posterior if refined else VAE.posterior)
        counts, given_embeddings = self._checked(X, embeddings)
        data = CountBatches(counts, device=self._device(), embeddings=given_embeddings)
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
        """Upper bound on the perplexity of the documents that are not empty; lower is better.

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
        """Minus the log of the corpus perplexity: the bound per token, in nats; higher is better."""
        return -float(np.log(self.perplexity(X, embeddings=embeddings, per="corpus")))

    def require_embeddings_given(self, embeddings: Any) -> None:
        """Raise a UsageError if the recipe takes embeddings and none are given, or the reverse."""
        recipe = find_recipe(self.recipe)
        require_given(embeddings, recipe=recipe.name, taken=recipe.takes("embeddings"))

    def _assigned(self, latents: NDArray[np.float32], counts: Counts) -> NDArray[np.int64]:
        interpretation = self._interpretation()
        shares = interpretation.shares(latents, self._topic_words())
        if interpretation.proportion_exponent is None:
            return shares.argmax(1)
        assert self.assignment_ is not None
        return self.assignment_.topics(shares, counts, interpretation.proportion_exponent)

    def _vectors(self, latents: NDArray[np.float32], unknown: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Vectors of documents with these z (D, K); those marked in `unknown` (D,) are empty documents."""
        vectors = latents.copy() if self._metric is None else self._metric.vectors(latents)
        vectors[unknown] = self.empty_document_vector()
        return vectors

    def _infer(
        self,
        counts: Counts,
        embeddings: Embeddings | None,
        progress: "Progress | None" = None,
        done: int = 0,
        total: int | None = None,
        *,
        amortised: bool = False,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """The decoder's input at the posterior mean (D, K), and the posterior's mean and variance, both (D, Z).

        `done` of `total` documents were inferred before, for the progress. With `amortised` the mean is the encoder's.
        """
        data = CountBatches(counts, device=self._device(), embeddings=embeddings)
        self.vae_.eval()
        if amortised:
            self.vae_.amortise()

        def infer(rows: torch.Tensor) -> tuple[NDArray[np.float32], ...]:
            with torch.no_grad():
                q = self.vae_.posterior(data.batch(rows))
                found = (self.vae_.latent.transform(q.mean), q.mean, q.variance())
                return tuple(part.cpu().numpy() for part in found)

        parts = []
        for part in in_threads(infer, torch.arange(len(data)).split(_AT_ONCE)):
            parts.append(part)
            done += len(part[0])
            if progress:
                progress("inferring", done, len(counts) if total is None else total)
        self.vae_.eval()
        latents, mean, variance = (np.concatenate(part) for part in zip(*parts, strict=True))
        latents[unknown_documents(counts, embeddings)] = self._interpretation().empty_document(latents.shape[1])
        return latents, mean, variance

    def _counts(self, X: Any, *, fitting: bool) -> Counts:
        """Validate X."""
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
        """Validate the embeddings."""
        self.require_embeddings_given(embeddings)
        if fitting:
            self.n_dimensions_in_ = None
        if embeddings is None:
            return None
        given_embeddings = require_embeddings(embeddings, len(counts), self.n_dimensions_in_)
        self.n_dimensions_in_ = given_embeddings.n_dimensions
        return given_embeddings

    def _checked(self, X: Any, embeddings: Any) -> tuple[Counts, Embeddings | None]:
        counts = self._counts(X, fitting=False)
        return counts, self._embeddings(embeddings, counts, fitting=False)

    def _device(self) -> torch.device:
        return next(self.vae_.parameters()).device

    def _interpretation(self) -> TopicInterpretation:
        return find_recipe(self.recipe).interpretation

    def _topic_words(self) -> TopicWords:
        covariance = None if self._metric is None else self._metric.covariance
        mean_length = np.inf if self.assignment_ is None else self.assignment_.mean_length()
        return TopicWords(self.components_, self.bias_, self.explained_, covariance, mean_length=mean_length)

    def __sklearn_tags__(self) -> Any:
        """Say that the input is non-negative and may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        tags.non_deterministic = False
        return tags


def unknown_documents(counts: Counts, embeddings: Embeddings | None) -> NDArray[np.bool_]:
    """Whether each document has neither a known word nor an embedding, (D,)."""
    return (np.diff(counts.indptr) == 0) & (embeddings is None)
