"""TopicModel: documents in, topics and vectors out. It joins the parts and does no mathematics itself."""

import copy
import dataclasses
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neuraltopic.cluster.ray_cluster import Cluster, Plan, connected, planned
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError, parameter
from neuraltopic.estimators.divided_training import require_divided, train_on_cluster
from neuraltopic.estimators.document_vae import DocumentVAE
from neuraltopic.estimators.document_vae_state import MEMBERS, OPTIONAL
from neuraltopic.estimators.fitting import require_positive, require_whole
from neuraltopic.estimators.memory import processes_within, require_memory
from neuraltopic.estimators.state import CONFIG, Format, State, Stored, StoredState
from neuraltopic.estimators.topic_editing import TopicEditing, kept_ids
from neuraltopic.estimators.topic_model_state import (
    PREPROCESSING,
    TOPICS,
    read_preprocessor,
    read_topics,
    require_updates,
)
from neuraltopic.estimators.topic_pictures import TopicPictures
from neuraltopic.estimators.topic_search import TopicSearch
from neuraltopic.models.recipes import DEFAULT_RECIPE, find_recipe, require_takes_seeds, require_takes_word_vectors
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.ledger.ledger import Status
from neuraltopic.preprocessing.preparation import Preparation, corpus_sha256, prepare, reopen
from neuraltopic.preprocessing.preprocessor import Prepared, Preprocessing, Preprocessor
from neuraltopic.preprocessing.seed_words import seed_columns, seed_groups
from neuraltopic.preprocessing.tokenisation.processors import usable_cpus
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.rows import Corpus, TextColumns
from neuraltopic.reading.vectors.embeddings import Embeddings, embeddings_of_input
from neuraltopic.reading.vectors.pretrained_vectors import require_source, word_matrix
from neuraltopic.storage.edit_log import EDIT_LOG, read_edit_log
from neuraltopic.storage.formats import CHECKPOINT, MODEL_KIND, MODEL_SCHEMA_VERSION
from neuraltopic.storage.outputs import MODEL
from neuraltopic.topics.diagnostics import collapse
from neuraltopic.topics.ranking import top_words
from neuraltopic.topics.row_blocks import MadeRows, blocks
from neuraltopic.topics.tables import (
    TopicStatistics,
    documents_table,
    pooled_statistics,
    topic_statistics,
    topic_words_table,
    topics_table,
)

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.progress import Progress

# Share of unknown tokens above which an update is likely to miss what the new documents are about.
_MANY_UNKNOWN = 1 / 3
# As scikit-learn names the parameters of a parameter.
_PREPROCESSING = "preprocessing__"

# Texts, lists of their words, a data frame, or where they are.
Documents = Any


class TopicModel(
    TopicEditing,
    TopicSearch,
    TopicPictures,
    Stored,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Readable topics, and a vector for each document, from a collection of texts.

    Parameters
    ----------
    n_components : int, default 50
        K, the number of topics.
    preprocessing : Preprocessing, optional
        What is done to the words; `Preprocessing()` by default.
    seed_words : mapping of topic to words, or a list of lists, optional
        Words that are to stand high in some topics: {0: ["space", "nasa"], 7: ["god", "church"]}, or one list for each
        of topics 0, 1, ... They pass the preprocessing of the documents; those that the vocabulary does not hold are
        left out with a `NeuralTopicWarning`. See `DocumentVAE`.
    word_vectors : path, gensim KeyedVectors, or mapping of word to vector, optional
        Of the recipe etm: vectors of the words as the vocabulary has them, in a file of word2vec's text or binary
        format or GloVe's text, also .gz. They stay as they are; a word without one learns its own, with a
        `NeuralTopicWarning` that says how many tokens are covered.
    recipe, max_epochs, batch_size, learning_rate, patience, validation_fraction, max_seconds, device, random_state
        As for `DocumentVAE`; `max_seconds` includes the preprocessing, which it does not shorten.
    n_jobs : int, optional
        Processes that cut a long corpus into words, as many as there are processors by default. The result is the same
        with any number of them.
    max_memory : float, optional
        Bytes that a fit may have resident. Fewer processes cut texts where these would take too much; a fit that is
        expected to take more is refused once its documents are counted. The result does not depend on it.

    Attributes
    ----------
    document_vae_ : DocumentVAE
        The fitted model of the counts.
    preprocessor_ : Preprocessor
        Makes counts of texts, with the vocabulary of the fit.
    vocabulary_ : tuple of str
        V words; column v of `components_` is word v.
    components_ : float32 array of shape (K, V)
        R of equation (17.15).
    vectors_ : float32 array of shape (D, K)
        Vectors of the documents kept in the fit or the last update, in their order. Not saved with the model.
    edits_ : list of dict
        Edits of the topics in force, see `TopicEditing`. Everything that is about topics follows them. A vector has a
        further number for each split, and stays what it is under the others.
    topics_ : int array of shape (D,)
        The topic that each of these documents is assigned to, as `predict` gives it. Not saved with the model.
    ledger_ : DataFrame
        A line an input row of the fit or the last update: kept, or why not. Not saved with the model.
    updates_ : list of dict
        corpus_sha256 and n_documents of each update since the fit.
    unknown_share_ : float
        Of the tokens of the last update that the settings keep, the share of words that the fit did not meet. Not
        saved with the model.
    losses_ : Losses
        What preprocessing left out of the documents of the fit. Not saved with the model.

    Examples
    --------
    >>> from neuraltopic import TopicModel
    >>> model = TopicModel(n_components=50, random_state=0).fit("corpus/")  # doctest: +SKIP
    >>> model.get_topic(0)  # doctest: +SKIP
    """

    format = Format(MODEL_KIND, MODEL_SCHEMA_VERSION, MODEL, (CONFIG, PREPROCESSING, TOPICS), (EDIT_LOG,))

    def __init__(
        self,
        n_components: int = 50,
        *,
        preprocessing: Preprocessing | None = None,
        recipe: str = DEFAULT_RECIPE,
        max_epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        patience: int | None = None,
        validation_fraction: float | None = None,
        seed_words: Mapping[int, Sequence[str]] | Sequence[Sequence[str]] | None = None,
        word_vectors: Any = None,
        max_seconds: float | None = None,
        device: str = "auto",
        n_jobs: int | None = None,
        max_memory: float | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.preprocessing = preprocessing
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
        self.n_jobs = n_jobs
        self.max_memory = max_memory
        self.random_state = random_state

    def fit(
        self,
        documents: Documents,
        y: object = None,
        *,
        text: TextColumns = None,
        id: str | None = None,
        embeddings: Any = None,
        progress: "Progress | None" = None,
        workspace: Path | None = None,
        cluster: str | None = None,
    ) -> Self:
        """Learn the topics of a collection.

        Parameters
        ----------
        documents : sequence of str or bytes, of lists of words, data frame, path, or Corpus
            Texts, or where they are: anything that `neuraltopic.reading.readers.open_corpus` takes. Words in lists are
            taken as they are: see `pretokenised` of `Preprocessing`.
        y : ignored
        text, id : str, optional
            Columns of the texts and the ids in a data frame or a table.
        embeddings : floating-point array of shape (N, C) or EmbeddingSource, optional
            A point for each of the N input documents from a model of language, in input order or matched by id, as the
            recipes contextual and zeroshot take.
        progress : callable of (stage, done, total), optional
        workspace : Path, optional
            A folder for the counts, which are then mapped from disk, and for the state of the training. A fit that
            finds there what an earlier one with the same corpus and settings left behind goes on from it, to the same
            bits; what one with others left is refused. The texts are compared by a digest, unless they come as a
            `Corpus`, which is not read again.
        cluster : str, optional
            Address of a Ray cluster, "HOST:6379" or "auto", that preprocesses, trains and infers; "local" starts one
            here, of `n_jobs` processors. Training is divided among one process a machine or `n_jobs` processes. The
            result is that of a fit without to the order of summation, and the words are the same.

        Raises
        ------
        NeuralTopicError
            When the documents cannot be used: none with text, fewer than topics, a vocabulary pruned to nothing or
            without a seed of a seeded topic; when the workers of a cluster die again and again.
        UsageError
            When the embeddings are missing, not usable, or given to a recipe that takes none; when there is no such
            cluster, or the recipe's training is not divided.
        """
        self._fit(
            documents, text=text, id=id, embeddings=embeddings, progress=progress, workspace=workspace, cluster=cluster
        )
        return self

    def plan(self, cluster: str) -> Plan:
        """How a fit with this `cluster` would use it; a local one is not started for this.

        Raises
        ------
        UsageError
            When Ray is not installed, there is no such cluster, or the recipe's training is not divided.
        """
        require_divided(self.check_parameters())
        return planned(cluster, self.n_jobs, usable_cpus())

    def _fit(
        self,
        documents: Documents,
        *,
        text: TextColumns = None,
        id: str | None = None,
        embeddings: Any = None,
        progress: "Progress | None" = None,
        workspace: Path | None = None,
        cluster: str | None = None,
    ) -> tuple[Preparation, Embeddings | None]:
        """Fit; return what was counted, and the embedding of each input row."""
        vae = self.check_parameters()
        vae.require_embeddings_given(embeddings)
        corpus = _opened(documents, text, id)
        settings = self._settings_for(corpus, embeddings)
        if cluster is None:
            return self._fit_with(None, vae, documents, corpus, settings, embeddings, progress, workspace)
        require_divided(vae)
        with connected(cluster, self.n_jobs, usable_cpus()) as workers:
            return self._fit_with(workers, vae, documents, corpus, settings, embeddings, progress, workspace)

    def _fit_with(
        self,
        workers: Cluster | None,
        vae: DocumentVAE,
        documents: Documents,
        corpus: Corpus,
        settings: Preprocessing,
        embeddings: Any,
        progress: "Progress | None",
        workspace: Path | None,
    ) -> tuple[Preparation, Embeddings | None]:
        """Fit here, or with the workers of a cluster."""
        started = time.monotonic()
        unlearned = Preprocessor(settings, n_jobs=self._processes(), workers=workers)
        preparation = _prepared(corpus, unlearned, workspace, progress, compare=corpus is not documents)
        counts = preparation.training
        self._require_enough(counts, corpus.name, settings)
        require_memory(self.max_memory, len(preparation.ledger), counts.shape[1], int(self.n_components))
        vae.set_params(seed_words=seed_columns(self.seeds(), preparation.preprocessor) or None)
        of_rows = None
        if embeddings is not None:
            ledger = preparation.ledger
            of_rows = embeddings_of_input(
                embeddings, ledger["id"].tolist(), ledger["status"].to_numpy() != Status.UNDECODABLE
            )
        if self.word_vectors is not None:
            vae.set_params(word_vectors=word_matrix(self.word_vectors, preparation.preprocessor.vocabulary.words))
        if self.max_seconds is not None:
            vae.set_params(max_seconds=max(self.max_seconds - (time.monotonic() - started), 1e-3))
        points = None if of_rows is None else of_rows.of(_first_rows(preparation.position))
        fitted = _fitted_here if workers is None else partial(_fitted_on, workers)
        self._vectors = fitted(vae, counts, points, preparation.weights(), _checkpoint(workspace), progress)
        if preparation.passages is not None:
            self._vectors = vae.transform(preparation.counts)
        self.document_vae_ = vae.set_params(max_seconds=self.max_seconds, random_state=self.random_state)
        self.preprocessor_ = preparation.preprocessor
        self.corpus_sha256_ = preparation.corpus_sha256
        self.n_documents_ = vae.n_documents_
        self.losses_ = preparation.losses
        self._index = corpus.index
        self.updates_: list[dict[str, Any]] = []
        self._statistics = self._statistics_of(preparation)
        self._forget_edits()
        self._counts = None if workspace else preparation.counts
        if find_recipe(
            self.recipe
        ).interpretation.needs_explained:  # topics of a Gaussian z are axes, not lists of documents
            lists = top_words(self.word_weights(), 10)
            if (found := collapse(self.statistics_.share, self.statistics_.n_documents, lists)) is not None:
                warnings.warn(found, NeuralTopicWarning, stacklevel=3)
        return preparation, of_rows

    def partial_fit(
        self,
        documents: Documents,
        y: object = None,
        *,
        text: TextColumns = None,
        id: str | None = None,
        progress: "Progress | None" = None,
        workspace: Path | None = None,
    ) -> Self:
        """Update the model with new documents, or fit it: topic k stays topic k, and all documents weigh alike.

        The vocabulary stays that of the fit. Words, shares and information of the topics are then those of all
        documents, while `vectors_`, `ledger_` and `get_document_info` are of the new ones. Copies among the new
        documents count once; those of earlier ones are not known to be copies. On an unfitted model this is `fit`: see
        `DocumentVAE.partial_fit` for what the first documents decide.

        Parameters are those of `fit`.

        Raises
        ------
        UsageError
            When a parameter that shapes the model was changed after the fit.
        NeuralTopicError
            When no document has a word of the vocabulary, or the model was saved by a version that kept too little.
            The model stays as it was.

        Warns
        -----
        NeuralTopicWarning
            When more than a third of the tokens are words that the fit did not meet, and when the documents are those
            of the fit or of an update.
        """
        if not hasattr(self, "document_vae_"):
            return self.fit(documents, text=text, id=id, progress=progress, workspace=workspace)
        vae = self._updatable()
        corpus = _opened(documents, text, id)
        self.preprocessor_.n_jobs = self._processes()
        preparation = _prepared(corpus, self.preprocessor_, workspace, progress, compare=corpus is not documents)
        counts = preparation.training
        if not len(counts):
            raise NeuralTopicError(
                f"documents in {corpus.name}",
                expected="at least one with a word of the model",
                got="none",
                hint="Update with documents of the language and kind that the model was fitted on, or fit anew",
            )
        if preparation.corpus_sha256 in {self.corpus_sha256_, *(update["corpus_sha256"] for update in self.updates_)}:
            warnings.warn(
                f"{corpus.name}: these are the documents of the fit or of an earlier update; they now count twice",
                NeuralTopicWarning,
                stacklevel=2,
            )
        earlier, n_earlier = self._base(), self.n_documents_
        vectors = vae.partial_fit_transform(
            counts, weights=preparation.weights(), progress=progress, checkpoint=_checkpoint(workspace)
        )
        self._vectors = vectors if preparation.passages is None else vae.transform(preparation.counts)
        self._index = corpus.index
        self.document_vae_ = vae
        self.preprocessor_ = preparation.preprocessor.with_counts(counts)
        self.n_documents_ = vae.n_documents_
        self.updates_ = [
            *self.updates_,
            {"corpus_sha256": preparation.corpus_sha256, "n_documents": self.n_documents_ - n_earlier},
        ]
        new = self._statistics_of(preparation)
        self._statistics = pooled_statistics(self._statistics, new, vae.share_, vae.information_)
        self._update_edits(preparation.counts, new, n_earlier, earlier)
        self._counts = None if workspace else preparation.counts
        self.unknown_share_ = float(preparation.n_unknown / (preparation.n_unknown + counts.totals().sum()))
        if self.unknown_share_ > _MANY_UNKNOWN:
            warnings.warn(
                f"{self.unknown_share_:.0%} of the words of the new documents are unknown to the fit; "
                "fit anew with all documents if these are to count",
                NeuralTopicWarning,
                stacklevel=2,
            )
        return self

    def check_parameters(self) -> DocumentVAE:
        """The model of the counts, not yet fitted.

        Raises
        ------
        UsageError
            When a parameter is one that no fit could use.
        """
        if not isinstance(self.preprocessing, Preprocessing | None):
            raise UsageError(
                parameter("preprocessing"),
                expected="a Preprocessing, or None",
                got=type(self.preprocessing).__name__,
                hint="Try preprocessing=Preprocessing(min_df=3)",
            )
        if self.n_jobs is not None:
            require_whole("n_jobs", self.n_jobs)
        if self.max_memory is not None:
            require_positive("max_memory", self.max_memory, hint="Try 2 * 2**30, 2 GiB")
        shared = {name: getattr(self, name) for name in DocumentVAE().get_params()}
        vae = DocumentVAE(**shared | {"seed_words": None, "word_vectors": None})  # by column, once there are columns
        vae.check_parameters()
        if self.seeds():
            require_takes_seeds(find_recipe(self.recipe))
        if self.word_vectors is not None:
            require_takes_word_vectors(find_recipe(self.recipe))
            require_source(self.word_vectors)
        return vae

    def _processes(self) -> int | None:
        """Processes that cut texts; None for the default."""
        return (
            self.n_jobs if self.max_memory is None else processes_within(self.max_memory, self.n_jobs or usable_cpus())
        )

    def seeds(self) -> dict[int, tuple[str, ...]]:
        """Seed words of each seeded topic, checked, as they were given."""
        return seed_groups(self.seed_words, int(self.n_components), str)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; with `deep` also the fields of `preprocessing`, as preprocessing__min_df."""
        parameters: dict[str, Any] = super().get_params(deep=False)
        if deep and isinstance(self.preprocessing, Preprocessing | None):
            fields = vars(self.preprocessing or Preprocessing())
            parameters |= {f"{_PREPROCESSING}{name}": value for name, value in fields.items()}
        return parameters

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; preprocessing__min_df and the like replace one field of `preprocessing`."""
        fields = {name: value for name, value in params.items() if name.startswith(_PREPROCESSING)}
        super().set_params(**{name: value for name, value in params.items() if name not in fields})
        if fields:
            settings = vars(self.preprocessing or Preprocessing())
            self.preprocessing = Preprocessing.from_dict(
                settings | {name.removeprefix(_PREPROCESSING): value for name, value in fields.items()}
            )
        return self

    def transform(
        self, documents: Documents, *, text: TextColumns = None, id: str | None = None, embeddings: Any = None
    ) -> NDArray[np.float32]:
        """Vector of each document, (N, K), one row an input row: see `DocumentVAE.transform`.

        A row without a known word, or that could not be read, gets the vector of an empty document; with `embeddings`,
        as for `fit`, one without a known word gets the vector that its embedding gives.
        """
        check_is_fitted(self)
        self.document_vae_.require_embeddings_given(embeddings)
        prepared = self.prepare(_opened(documents, text, id))
        vectors = self.reader_.transform(prepared.counts, embeddings=self.embeddings_of(prepared, embeddings))
        # An array, also where scikit-learn is set to give tables.
        return _in_input_order(np.asarray(vectors), prepared.position, self.reader_.empty_document_vector())

    def predict(
        self, documents: Documents, *, text: TextColumns = None, id: str | None = None, embeddings: Any = None
    ) -> NDArray[np.int64]:
        """The topic that each document is assigned to, (N,), one an input row: see `DocumentVAE.predict`.

        -1 for a row of which nothing is known: that could not be read, or without `embeddings` has no known word; and
        for one that would be assigned to a topic that was dropped.
        """
        check_is_fitted(self)
        self.document_vae_.require_embeddings_given(embeddings)
        prepared = self.prepare(_opened(documents, text, id))
        given_embeddings = self.embeddings_of(prepared, embeddings)
        topics = self.reader_.predict(prepared.counts, embeddings=given_embeddings)
        known = given_embeddings is not None or prepared.ledger.n_tokens > 0
        return _in_input_order(topics, np.where(known, prepared.position, -1), -1)

    def fit_transform(self, documents: Documents, y: object = None, **fit_params: Any) -> NDArray[np.float32]:
        """Fit, and return the vector of each document, (N, K), as `transform` gives it, to rounding."""
        preparation, of_rows = self._fit(documents, **fit_params)
        vectors = _in_input_order(self._vectors, self._position, self.document_vae_.empty_document_vector())
        if of_rows is not None:
            # Rows that had no part in the fit have embeddings of their own.
            position, counts = preparation.position, preparation.counts
            repeated = np.setdiff1d(np.flatnonzero(position >= 0), _first_rows(position))
            readable = preparation.ledger["status"].to_numpy() != Status.UNDECODABLE
            wordless = np.flatnonzero((position < 0) & readable)
            empty = Counts.from_scipy(csr_array((len(wordless), counts.shape[1])))
            for rows, of_them in ((repeated, counts.rows(position[repeated])), (wordless, empty)):
                if len(rows):
                    vectors[rows] = self.document_vae_.transform(of_them, embeddings=of_rows.of(rows))
        return vectors

    def embeddings_of(self, prepared: Prepared, embeddings: Any) -> Embeddings | None:
        """The embedding of each document that was counted, of `embeddings` of the input rows.

        Raises
        ------
        UsageError
            When a document has none, or there is another number of them.
        """
        if embeddings is None:
            return None
        of_rows = embeddings_of_input(embeddings, prepared.ledger.ids, prepared.position >= 0)
        return of_rows.of(_first_rows(prepared.position))

    def prepare(
        self, documents: Documents, *, workspace: Path | None = None, progress: "Progress | None" = None
    ) -> Prepared:
        """Counts of documents over the vocabulary of the fit, with their ledger."""
        check_is_fitted(self)
        corpus = _opened(documents, None, None)
        return self.preprocessor_.transform(corpus, workspace=workspace, progress=progress)

    def topic_weights(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """How much documents with these vectors are about each topic, (N, K); rows sum to 1.

        See `DocumentVAE.document_weights`; `predict` names the one topic that a document is assigned to. Where topics
        were dropped rows sum to less, by what these account for.
        """
        check_is_fitted(self)
        return self.reader_.document_weights(vectors)

    def perplexity(self, documents: Documents, *, embeddings: Any = None, **options: Any) -> float:
        """Upper bound on the perplexity of documents; options as for `DocumentVAE.perplexity`."""
        prepared = self.prepare(documents)
        given_embeddings = self.embeddings_of(prepared, embeddings)
        return self.document_vae_.perplexity(prepared.counts, embeddings=given_embeddings, **options)

    def score(self, documents: Documents, y: object = None, *, embeddings: Any = None) -> float:
        """Bound on the log likelihood a token, in nats; higher is better."""
        prepared = self.prepare(documents)
        return self.document_vae_.score(prepared.counts, embeddings=self.embeddings_of(prepared, embeddings))

    @property
    def components_(self) -> NDArray[np.float32]:
        """R, (K, V), of the topics as they stand after edits."""
        return self._topics.components if hasattr(self, "_topics") else self.document_vae_.components_

    @property
    def vocabulary_(self) -> tuple[str, ...]:
        """The V words."""
        return self.preprocessor_.vocabulary.words

    def word_weights(self, ranking: str = "default") -> NDArray[np.floating]:
        """What ranks the words of each topic, (K, V).

        Parameters
        ----------
        ranking : str
            One of `neuraltopic.topics.ranking_names.RANKINGS`, see `neuraltopic.topics.word_scores`; the default is the
            recipe's own.

        Raises
        ------
        UsageError
            When there is no such ranking, or this recipe does not have it.
        """
        check_is_fitted(self)
        totals = np.asarray(self.preprocessor_.vocabulary.cf, np.float64)
        return self.reader_.word_weights(totals, ranking, self.statistics_.strength)

    def get_topics(self, top_n: int = 10, ranking: str = "default") -> dict[int, list[tuple[str, float]]]:
        """The highest-ranked words of each topic with their weights, best first; for `ranking` see `word_weights`."""
        weights = self.word_weights(ranking)
        return {
            topic: [(self.vocabulary_[w], float(weights[topic, w])) for w in row]
            for topic, row in enumerate(top_words(weights, top_n))
        }

    def get_topic(self, topic: int, top_n: int = 10, ranking: str = "default") -> list[tuple[str, float]]:
        """The highest-ranked words of one topic with their weights, best first.

        Raises
        ------
        UsageError
            When there is no such topic.
        """
        self._require_topic(topic)
        return self.get_topics(top_n, ranking)[topic]

    def get_topic_words(self, top_n: int = 10, ranking: str = "default") -> "pd.DataFrame":
        """A line a word: topic, label, rank, word, weight, frex, lift. The label is that of the default ranking."""
        check_is_fitted(self)
        log_probabilities = self.reader_.topic_log_probabilities(self.statistics_.strength)
        log_unigram = self.reader_.log_unigram()
        weights = self.word_weights(ranking)
        return topic_words_table(self.labels_, weights, log_probabilities, log_unigram, self.vocabulary_, top_n)

    def get_topic_info(self, top_n: int = 10, ranking: str = "default") -> "pd.DataFrame":
        """A line a topic: topic, label, share, n_documents, information, words (top_n), typical_documents, flags.

        Labels and flags are those of the default ranking, whatever ranks the words.
        """
        check_is_fitted(self)
        junk = self._topics.junk
        table = topics_table(self.word_weights(), self.vocabulary_, self.statistics_, top_n, self.labels_, junk)
        if ranking != "default":
            table["words"] = [" ".join(word for word, _ in row) for row in self.get_topics(top_n, ranking).values()]
        return table

    def get_document_info(self) -> "pd.DataFrame":
        """A line an input row of the fit, in order: the ledger, then topic, topic_label and topic_weight.

        Its index is that of the Series or the data frame that was given, if it was one of pandas.

        Raises
        ------
        NeuralTopicError
            After `load`: a saved model holds nothing of the documents.
        """
        self._require_documents()
        topics, vectors = self.topics_, self.vectors_
        weight = np.empty(len(topics), np.float32)
        for rows in blocks(len(topics)):
            shares = self.topic_weights(vectors[rows])
            weight[rows] = np.take_along_axis(shares, np.maximum(topics[rows, None], 0), 1)[:, 0]
        table = documents_table(self.ledger_, self._position, topics, weight, self.labels_)
        return table if self._index is None else table.set_axis(self._index, axis="index")

    def get_representative_docs(self, topic: int, n: int = 5) -> list[str]:
        """Ids of the documents with the largest z on this topic, most typical first.

        Raises
        ------
        UsageError
            When there is no such topic.
        """
        self._require_topic(topic)
        self._require_documents()
        ids = kept_ids(self.ledger_)
        made = MadeRows(self.vectors_, lambda vectors: self.reader_.latents(vectors)[:, [topic]])
        of_topic = np.concatenate([made[rows] for rows in blocks(len(made))])
        return [ids[d] for d in top_words(of_topic.T, n)[0]]

    def to_state(self) -> State:
        """All that the fitted model is made of."""
        vae = self.document_vae_
        config = {
            **vae.stored_config(),
            "corpus_sha256": self.corpus_sha256_,
            **({} if vae.precision_ is None else {"updates": self.updates_}),
        }
        objects = {
            CONFIG: config,
            PREPROCESSING: self.preprocessor_.state(),
            TOPICS: self._statistics.to_dict(),
        }
        return State(objects, vae.stored_tensors(), self.edit_entries(with_coordinates=False), self.topics_sha256())

    @classmethod
    def from_state(cls, state: StoredState, *, device: str) -> Self:
        """The fitted model again."""
        preprocessor = read_preprocessor(state.path(PREPROCESSING))
        words = preprocessor.vocabulary.words
        config = state.config({**MEMBERS, "corpus_sha256": str}, {**OPTIONAL, "updates": list})
        vae = DocumentVAE.of_config(config, state.path(CONFIG), n_words=len(words))
        updates = config.get("updates", [])
        require_updates(updates, config["n_documents"], state.path(CONFIG))
        statistics = read_topics(state.path(TOPICS), vae.n_components, config["n_documents"])
        vae.read_state(state, config, statistics.share, len(updates), device=device, precise="updates" in config)

        seeds = {topic: [words[column] for column in columns] for topic, columns in vae.seeds().items()}
        model = cls(preprocessing=preprocessor.settings, **vae.get_params() | {"seed_words": seeds or None})
        if vae.word_vectors is not None:
            rows = zip(words, vae.word_vectors, strict=True)
            model.set_params(word_vectors={word: vector for word, vector in rows if not np.isnan(vector[0])})
        model.document_vae_ = vae
        model.preprocessor_ = preprocessor
        model._statistics = statistics
        model.n_documents_ = config["n_documents"]
        model.corpus_sha256_ = config["corpus_sha256"]
        model.updates_ = updates
        model._forget_edits()
        if (log := state.edit_log()) is not None:
            model.take_edits(read_edit_log(log, model.topics_sha256()), log)
        return model

    def _updatable(self) -> DocumentVAE:
        """A copy of the model of the counts, with the parameters as they are set now."""
        vae = copy.copy(self.document_vae_)
        if self.recipe != vae.recipe:
            raise UsageError(
                parameter("recipe"),
                expected=f"{vae.recipe}, as in the fit",
                got=repr(self.recipe),
                hint="Fit anew with another",
            )
        # Seeds are columns there, and word vectors a matrix.
        shared = vae.get_params().keys() - {"seed_words", "word_vectors"}
        vae.set_params(**{name: getattr(self, name) for name in shared})
        vae.require_updatable()
        return vae

    def _statistics_of(self, preparation: Preparation) -> TopicStatistics:
        """Take what there is to know of single documents, and return what they say of the topics."""
        self.ledger_ = preparation.ledger
        self._position = preparation.position
        vae, vectors = self.document_vae_, self._vectors
        self._listed = vae.topics_of(preparation.counts, vectors)
        ids, copies = self.ledger_["id"][self.ledger_["status"] == "kept"].array, preparation.copies()
        return topic_statistics(MadeRows(vectors, vae.latents), self._listed, vae.share_, vae.information_, ids, copies)

    def _settings_for(self, corpus: Corpus, embeddings: Any) -> Preprocessing:
        """The settings, with texts that come as lists of words taken as they are."""
        settings = self.preprocessing or Preprocessing()
        if settings.split is not None and embeddings is not None:
            raise UsageError(
                parameter("split"),
                expected="none with embeddings, which are of whole documents",
                got="both",
                hint="Leave one out",
            )
        return dataclasses.replace(settings, pretokenised=True) if corpus.pretokenised else settings

    def _require_enough(self, counts: Counts, name: str, settings: Preprocessing) -> None:
        least = max(2, self.n_components)
        if len(counts) < least:
            of = "documents" if settings.split is None else "passages of documents"
            raise NeuralTopicError(
                f"{of} in {name}",
                expected=f"at least {least} with words of the vocabulary, one a topic",
                got=f"{len(counts):,}",
                hint="Ask for fewer topics, give more documents, or split long ones "
                f"({parameter('split', 'paragraphs')})",
            )

    def _require_topic(self, topic: int) -> None:
        check_is_fitted(self)
        if not isinstance(topic, int | np.integer) or not 0 <= topic < len(self.components_):
            raise UsageError(
                parameter("topic"),
                expected=f"a number from 0 to {len(self.components_) - 1}",
                got=repr(topic),
                hint="See topics",
            )

    def _require_documents(self) -> None:
        check_is_fitted(self)
        if not hasattr(self, "ledger_"):
            raise NeuralTopicError(
                "documents of the fit",
                expected="a model fitted in this session",
                got="a loaded one, which holds nothing of its documents",
                hint="Read documents.parquet in the run folder, or transform the documents again",
            )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "document_vae_")

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    def __sklearn_tags__(self) -> Any:
        """Say that the input is text."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags


def _opened(documents: Documents, text: TextColumns, id: str | None) -> Corpus:
    if not isinstance(documents, Corpus):
        return open_corpus(documents, text=text, id=id)
    for name, column in (("text", text), ("id", id)):
        if column is not None:
            raise UsageError(
                name, expected="it where the corpus is opened", got=repr(column), hint=f"open_corpus(..., {name}=...)"
            )
    return documents


def _in_input_order(of_documents: NDArray[Any], position: NDArray[np.int64], of_nothing: Any) -> NDArray[Any]:
    """What is said of each input row: an entry of `of_documents`, or `of_nothing` where the position is -1."""
    out = np.empty((len(position), *of_documents.shape[1:]), of_documents.dtype)
    out[:] = of_nothing
    has = position >= 0
    out[has] = of_documents[position[has]]
    return out


def _first_rows(position: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first input row of each document that was counted, from the document of each input row, -1 for none."""
    documents, rows = np.unique(position, return_index=True)
    return rows[documents >= 0]


def _prepared(
    corpus: Corpus,
    using: Preprocessor,
    workspace: Path | None,
    progress: "Progress | None",
    *,
    compare: bool,
) -> Preparation:
    """The counts of a corpus, or what an earlier call with the same left in the workspace.

    Parameters
    ----------
    compare : bool
        Whether to read the texts again to see that they are the same.
    """
    workspace = Path(workspace) if workspace else None
    preparation = reopen(workspace) if workspace else None
    if preparation is None:
        return prepare(corpus, using, workspace=workspace, progress=progress)
    found = preparation.preprocessor
    same = found.state() == using.state() if using.learned else found.settings == using.settings
    if not same or (compare and preparation.corpus_sha256 != corpus_sha256(corpus)):
        raise UsageError(
            f"workspace {workspace}",
            expected="that of a fit of these documents with these settings",
            got="that of another",
            hint="Name another folder",
        )
    return preparation


def _fitted_here(
    vae: DocumentVAE,
    counts: Counts,
    embeddings: Any,
    weights: NDArray[np.floating] | None,
    checkpoint: Path | None,
    progress: "Progress | None",
    workers: Cluster | None = None,
) -> NDArray[np.float32]:
    """Fit, and return the vectors, as an array also where scikit-learn is set to give tables."""
    return np.asarray(
        vae.fit_transform(
            counts, embeddings=embeddings, progress=progress, weights=weights, checkpoint=checkpoint, workers=workers
        )
    )


def _fitted_on(
    workers: Cluster,
    vae: DocumentVAE,
    counts: Counts,
    embeddings: Any,
    weights: NDArray[np.floating] | None,
    checkpoint: Path | None,
    progress: "Progress | None",
) -> NDArray[np.float32]:
    """Train on a cluster, go on from its last checkpoint, and return the vectors, inferred there too."""
    with tempfile.TemporaryDirectory(prefix="neuraltopic-") as folder:
        path = checkpoint or Path(folder) / CHECKPOINT
        train_on_cluster(workers, vae, counts, checkpoint=path, embeddings=embeddings, progress=progress)
        if vae.max_seconds is not None:
            vae.set_params(max_seconds=1e-3)  # training ended in its time, and does not go on here
        vectors = _fitted_here(vae, counts, embeddings, weights, path, progress, workers)
        return vectors if checkpoint else np.array(vectors)


def _checkpoint(workspace: Path | None) -> Path | None:
    return Path(workspace) / CHECKPOINT if workspace else None
