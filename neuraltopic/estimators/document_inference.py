"""What a fitted model of documents says: their vectors, its topics, and how well it foresees.

Axes: D documents, V words, K topics.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from neuraltopic.core.objectives import ELBO, ImportanceWeighted
from neuraltopic.core.training import bounds
from neuraltopic.core.vae import TopicVAE
from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.fitting import require_whole
from neuraltopic.models.batches import CountBatches
from neuraltopic.models.priors.earlier_topics import topic_precision
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.reading.embeddings import Embeddings, require_embeddings, require_given
from neuraltopic.topics.corpus_summary import CorpusSummary
from neuraltopic.topics.document_assignment import Listing
from neuraltopic.topics.document_metric import DocumentMetric
from neuraltopic.topics.interpretation import Reading, TopicWords
from neuraltopic.topics.responsibilities import explained_documents
from neuraltopic.topics.word_scores import word_scores

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Documents encoded at once by `transform`. It is no option: the answer depends on it by rounding only, 2e-7 at
# most for 1,024 documents of 20 Newsgroups, one by one and at once.
_AT_ONCE = 1024
# Length of the vector of a document of which nothing is known. Those of others are of the order of 1, the least
# 1/sqrt(K).
_NOTHING = 1e-6


class FittedDocuments(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """The half of `DocumentVAE` that reads documents with a trained network and learns nothing."""

    recipe: str
    vae_: TopicVAE
    n_documents_: int
    information_: NDArray[np.float32]
    share_: NDArray[np.floating]
    explained_: NDArray[np.float32] | None
    listing_: Listing | None
    precision_: NDArray[np.float32] | None
    n_dimensions_in_: int | None
    _metric: DocumentMetric | None

    def transform(self, X: Any, *, embeddings: Any = None) -> NDArray[np.float32]:
        """Vector of each document, (D, K): to rounding a function of that document alone, drawing nothing.

        It is made of what the decoder sees of the posterior mean of z, for distances to tell documents apart: see
        `latents`. `embeddings` are those of these documents, as for `fit`; with them a document without a word has the
        vector that its embedding gives.
        """
        check_is_fitted(self)
        counts, beside = self._checked(X, embeddings)
        return self._vectors(self._infer(counts, beside)[0], _unknown(counts, beside))

    def latents(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """z of documents with these vectors, both (D, K): what the decoder sees, p(word | z) = softmax(z^T R + b) with
        `components_` and `bias_` where it is the energy softmax.

        With the default and the recipes of embeddings z = theta^a of a point theta of the simplex (`LogisticNormal`),
        and the vectors are z in the metric of the words' energies (`DocumentMetric`), which belongs to the model as it
        is: after an update, vectors from before it are not its own. With the other recipes z is the vector. Only
        `vector_of_nothing` stands for the prior's z with all of them.

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
                expected=f"a row a document, of {K:,} numbers",
                got=f"an array of shape {vectors.shape}",
                hint="Pass what transform of this model gave",
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
        latents[np.linalg.norm(vectors, axis=1) < 2 * _NOTHING] = self._reading().of_nothing(K)
        return latents

    def posterior(self, X: Any, *, embeddings: Any = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and variance of q(z | x) for each document, in the coordinates in which the latent is drawn."""
        check_is_fitted(self)
        _, mean, variance = self._infer(*self._checked(X, embeddings))
        return mean, variance

    def vector_of_nothing(self) -> NDArray[np.float32]:
        """What `transform` gives for a document of which nothing is known, neither a word nor an embedding, (K,).

        It is almost 0, so that a search by products or distances passes it over. For recipes whose z is 0 or more it
        also points away from every document: v^T (I + G / g)^(-1/2) 1 = sum_k z_k > 0 for each, so that along the
        negative of that axis all cosines are below 0, and a search by cosines ranks it last. That of `nvdm` is 0.
        """
        check_is_fitted(self)
        K = len(self.components_)
        if not self._reading().of_nothing(K).any():
            return np.zeros(K, np.float32)
        axis = np.ones(K) if self._metric is None else self._metric.inverse.sum(1)
        return (-_NOTHING / np.linalg.norm(axis) * axis).astype(np.float32)

    def document_weights(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """How much documents with these vectors are about each topic, their shares, (D, K); rows sum to 1.

        With the default and the recipes of embeddings a topic's share is its part in the energies of the document's
        words: see `energy_shares`.
        """
        check_is_fitted(self)
        return self._reading().shares(self.latents(vectors), self._topic_words())

    def predict(self, X: Any, *, embeddings: Any = None) -> NDArray[np.int64]:
        """The topic that each document is listed under, (D,).

        With the default and the recipes of embeddings its words choose it, beside the shares, see `Listing`; with the
        others it is that of the largest share. A document of which nothing is known has one too.

        Raises as `transform` does.
        """
        check_is_fitted(self)
        counts, beside = self._checked(X, embeddings)
        return self._listed(self._infer(counts, beside)[0], counts)

    def topics_of(self, X: Any, vectors: NDArray[np.floating]) -> NDArray[np.int64]:
        """As `predict`, of documents whose vectors are at hand, (D, K)."""
        latents = self.latents(vectors)
        counts = self._counts(X, fitting=False)
        if len(latents) != len(counts):
            raise NeuralTopicError(
                "vectors",
                expected=f"one for each of the {len(counts):,} documents",
                got=f"{len(latents):,}",
                hint="Pass what transform gave",
            )
        return self._listed(latents, counts)

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
            One of `neuraltopic.topics.ranking_names.RANKINGS`: see `word_scores`.
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

    def summary(self) -> CorpusSummary:
        """What the model keeps of its training documents."""
        check_is_fitted(self)
        return CorpusSummary(
            self.n_documents_, self.information_, self.share_, self.explained_, self.precision_, self.listing_
        )

    def require_embeddings_given(self, embeddings: Any) -> None:
        """Raise a UsageError where embeddings are missing with a recipe that takes them, or given to one that takes
        none."""
        recipe = find_recipe(self.recipe)
        require_given(embeddings, recipe=recipe.name, taken=recipe.takes("embeddings"))

    def restore(
        self,
        vae: TopicVAE,
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
            weight, bias = vae.decoder.topics()
        self.components_ = weight.detach().T.contiguous().cpu().numpy()
        self.bias_ = bias.detach().cpu().numpy()
        self.n_features_in_ = self.components_.shape[1]
        self._n_features_out = len(self.components_)
        self.n_updates_ = n_updates
        self._metric = DocumentMetric.of(self.components_, self.bias_) if self._reading().by_energies else None
        self.explained_ = self.listing_ = None
        if summary is not None:
            self._take(summary)

    def _take(self, summary: CorpusSummary) -> None:
        self.n_documents_ = summary.n_documents
        self.information_ = summary.information
        self.share_ = summary.share
        self.explained_ = summary.explained
        self.precision_ = summary.precision
        self.listing_ = summary.listing

    def _summarise(
        self,
        counts: Counts,
        progress: "Progress | None",
        beside: Embeddings | None = None,
        earlier: Listing | None = None,
        weights: NDArray[np.floating] | None = None,
    ) -> tuple[NDArray[np.float32], CorpusSummary]:
        """Vectors of the documents, (D, K), and what they say of the topics, beside earlier ones.

        `weights` (D,) is how often each counts in the shares of the topics.
        """
        reading = self._reading()
        latents, _, variance = self._infer(counts, beside, progress)
        shares = reading.shares(latents, self._topic_words())
        claims = reading.claims(latents, shares, counts.totals())
        return self._vectors(latents, _unknown(counts, beside)), CorpusSummary(
            len(counts) if weights is None else round(float(weights.sum())),
            reading.information(latents, variance, shares),
            shares.mean(0, dtype=np.float64) if weights is None else np.average(shares, axis=0, weights=weights),
            None if claims is None else explained_documents(claims, self.components_, counts),
            topic_precision(latents, counts),
            None if reading.guidance is None else Listing.of(shares, counts, reading.guidance, earlier),
        )

    def _listed(self, latents: NDArray[np.float32], counts: Counts) -> NDArray[np.int64]:
        reading = self._reading()
        shares = reading.shares(latents, self._topic_words())
        if reading.guidance is None:
            return shares.argmax(1)
        assert self.listing_ is not None
        return self.listing_.topics(shares, counts, reading.guidance)

    def _vectors(self, latents: NDArray[np.float32], unknown: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Vectors of documents with these z (D, K), of some of which nothing is known (D,)."""
        vectors = latents.copy() if self._metric is None else self._metric.vectors(latents)
        vectors[unknown] = self.vector_of_nothing()
        return vectors

    def _infer(
        self, counts: Counts, embeddings: Embeddings | None, progress: "Progress | None" = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """What the decoder sees (D, K), and mean and variance in the coordinates of the draw, both (D, Z)."""
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
        latents, mean, variance = (np.concatenate(part) for part in zip(*parts, strict=True))
        latents[_unknown(counts, embeddings)] = self._reading().of_nothing(latents.shape[1])
        return latents, mean, variance

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
        covariance = None if self._metric is None else self._metric.covariance
        return TopicWords(self.components_, self.bias_, self.explained_, covariance)

    def __sklearn_tags__(self) -> Any:
        """Say that the input is non-negative and may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        tags.non_deterministic = False
        return tags


def _unknown(counts: Counts, embeddings: Embeddings | None) -> NDArray[np.bool_]:
    """Whether nothing is known of each document, neither a word nor an embedding, (D,)."""
    return (np.diff(counts.indptr) == 0) & (embeddings is None)
