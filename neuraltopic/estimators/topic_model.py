"""TopicModel: documents in, topics and vectors out. It joins the parts and does no mathematics itself."""

import copy
import dataclasses
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from neuraltopic.cluster.ray_cluster import Cluster, Plan, connected, planned
from neuraltopic.errors import NeuralTopicError, NeuralTopicWarning, UsageError, parameter
from neuraltopic.estimators.counted_documents import (
    Documents,
    as_corpus,
    counted,
    embeddings_of_rows,
    first_rows,
    in_input_order,
    readable_rows,
)
from neuraltopic.estimators.divided_training import fit_on_cluster, require_divided
from neuraltopic.estimators.document_vae import DocumentVAE
from neuraltopic.estimators.document_vae_state import MEMBERS, OPTIONAL
from neuraltopic.estimators.documents_of_fit import DocumentsOfFit
from neuraltopic.estimators.fitting import require_positive, require_whole
from neuraltopic.estimators.memory import processes_within, require_memory
from neuraltopic.estimators.state import CONFIG, Format, State, Stored, StoredState
from neuraltopic.estimators.topic_editing import TopicEditing
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
from neuraltopic.preprocessing.preparation import Preparation
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.processors import usable_cpus
from neuraltopic.preprocessing.seed_words import seed_columns, seed_groups
from neuraltopic.reading.embeddings import Embeddings
from neuraltopic.reading.pretrained_vectors import require_source, word_matrix
from neuraltopic.reading.rows import Corpus, TextColumns
from neuraltopic.storage.edit_log import EDIT_LOG, read_edit_log
from neuraltopic.storage.formats import CHECKPOINT, MODEL_KIND, MODEL_SCHEMA_VERSION
from neuraltopic.storage.outputs import MODEL
from neuraltopic.topics.diagnostics import collapse
from neuraltopic.topics.ranking import top_words
from neuraltopic.topics.row_blocks import MadeRows
from neuraltopic.topics.tables import TopicStatistics, pooled_statistics, topic_statistics

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Share of unknown tokens above which an update is likely to miss what the new documents are about.
_MANY_UNKNOWN = 1 / 3
# As scikit-learn names the parameters of a parameter.
_PREPROCESSING = "preprocessing__"
# Words of each topic by which topics are compared after a fit.
_COMPARED_WORDS = 10


class TopicModel(
    TopicEditing,
    TopicSearch,
    TopicPictures,
    Stored,
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
        corpus = as_corpus(documents, text, id)
        self.preprocessor_.n_jobs = self._processes()
        preparation = counted(corpus, self.preprocessor_, workspace, progress, compare=corpus is not documents)
        self._require_known_words(preparation, corpus.name)
        self._warn_of_documents_seen_before(preparation, corpus.name)
        counts, unedited, n_earlier = preparation.training, self._edits.unedited, self.n_documents_
        vectors = vae.partial_fit_transform(
            counts, weights=preparation.weights(), progress=progress, checkpoint=_checkpoint(workspace)
        )
        if preparation.passages is not None:
            vectors = np.asarray(vae.transform(preparation.counts))
        self.preprocessor_ = preparation.preprocessor.with_counts(counts)
        new = self._take(vae, preparation, vectors, corpus, keep_counts=not workspace)
        added = {"corpus_sha256": preparation.corpus_sha256, "n_documents": self.n_documents_ - n_earlier}
        self.updates_ = [*self.updates_, added]
        self._statistics = pooled_statistics(self._statistics, new, vae.share_, vae.information_)
        self._update_edits(preparation.counts, new, n_earlier, unedited)
        self._warn_of_unknown_words(preparation)
        return self

    def fit_transform(self, documents: Documents, y: object = None, **fit_params: Any) -> NDArray[np.float32]:
        """Fit, and return the vector of each document, (N, K), as `transform` gives it, to rounding."""
        preparation, of_rows = self._fit(documents, **fit_params)
        vae, position = self.document_vae_, preparation.position
        vectors = in_input_order(self.model_vectors_, position, vae.empty_document_vector())
        if of_rows is not None:
            # Rows that had no part in the fit have embeddings of their own.
            repeated = np.setdiff1d(np.flatnonzero(position >= 0), first_rows(position))
            wordless = np.flatnonzero((position < 0) & readable_rows(preparation))
            empty = Counts.from_scipy(csr_array((len(wordless), preparation.counts.shape[1])))
            for rows, of_them in ((repeated, preparation.counts.rows(position[repeated])), (wordless, empty)):
                if len(rows):
                    vectors[rows] = vae.transform(of_them, embeddings=of_rows.of(rows))
        return vectors

    def plan(self, cluster: str) -> Plan:
        """How a fit with this `cluster` would use it; a local one is not started for this.

        Raises
        ------
        UsageError
            When Ray is not installed, there is no such cluster, or the recipe's training is not divided.
        """
        require_divided(self.check_parameters())
        return planned(cluster, self.n_jobs, usable_cpus())

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
        corpus = as_corpus(documents, text, id)
        settings = self._settings_for(corpus, embeddings)
        with self._workers(vae, cluster) as workers:
            started = time.monotonic()
            unlearned = Preprocessor(settings, n_jobs=self._processes(), workers=workers)
            preparation = counted(corpus, unlearned, workspace, progress, compare=corpus is not documents)
            self._require_enough(preparation, corpus.name, settings)
            of_rows = embeddings_of_rows(preparation, embeddings)
            self._set_by_column(vae, preparation.preprocessor)
            self._limit(vae, started)
            vectors = _trained(vae, preparation, of_rows, workers, _checkpoint(workspace), progress)
        vae.set_params(max_seconds=self.max_seconds, random_state=self.random_state)
        self.preprocessor_ = preparation.preprocessor
        self.corpus_sha256_ = preparation.corpus_sha256
        self.losses_ = preparation.losses
        self.updates_ = []
        self._statistics = self._take(vae, preparation, vectors, corpus, keep_counts=not workspace)
        self._forget_edits()
        self._warn_of_collapse()
        return preparation, of_rows

    def _workers(self, vae: DocumentVAE, cluster: str | None) -> AbstractContextManager[Cluster | None]:
        """The workers of a cluster while they are used, or None for this machine."""
        if cluster is None:
            return nullcontext()
        require_divided(vae)
        return connected(cluster, self.n_jobs, usable_cpus())

    def _processes(self) -> int | None:
        """Processes that cut texts; None for the default."""
        return (
            self.n_jobs if self.max_memory is None else processes_within(self.max_memory, self.n_jobs or usable_cpus())
        )

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

    def _require_enough(self, preparation: Preparation, name: str, settings: Preprocessing) -> None:
        """Raise where there are fewer documents than topics, or the fit would take more memory than it may."""
        counts, least = preparation.training, max(2, self.n_components)
        if len(counts) < least:
            of = "documents" if settings.split is None else "passages of documents"
            raise NeuralTopicError(
                f"{of} in {name}",
                expected=f"at least {least} with words of the vocabulary, one a topic",
                got=f"{len(counts):,}",
                hint="Ask for fewer topics, give more documents, or split long ones "
                f"({parameter('split', 'paragraphs')})",
            )
        require_memory(self.max_memory, len(preparation.ledger), counts.shape[1], int(self.n_components))

    def _set_by_column(self, vae: DocumentVAE, preprocessor: Preprocessor) -> None:
        """Give the model of the counts the seed words and the word vectors by column of the vocabulary."""
        vae.set_params(seed_words=seed_columns(self.seeds(), preprocessor) or None)
        if self.word_vectors is not None:
            vae.set_params(word_vectors=word_matrix(self.word_vectors, preprocessor.vocabulary.words))

    def _limit(self, vae: DocumentVAE, started: float) -> None:
        """Give the model of the counts the time that is left of `max_seconds`."""
        if self.max_seconds is not None:
            vae.set_params(max_seconds=max(self.max_seconds - (time.monotonic() - started), 1e-3))

    def _take(
        self,
        vae: DocumentVAE,
        preparation: Preparation,
        vectors: NDArray[np.float32],
        corpus: Corpus,
        *,
        keep_counts: bool,
    ) -> TopicStatistics:
        """Take a trained model and the documents that it was trained on; return what these say of the topics."""
        counts = preparation.counts
        listed = vae.topics_of(counts, vectors)
        self.document_vae_, self.n_documents_ = vae, vae.n_documents_
        self._documents = DocumentsOfFit(
            preparation.ledger, preparation.position, vectors, listed, counts if keep_counts else None, corpus.index
        )
        ids = preparation.ledger["id"][preparation.ledger["status"] == "kept"].array
        latents = MadeRows(vectors, vae.latents)
        return topic_statistics(latents, listed, vae.share_, vae.information_, ids, preparation.copies())

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

    def _require_known_words(self, preparation: Preparation, name: str) -> None:
        if not len(preparation.training):
            raise NeuralTopicError(
                f"documents in {name}",
                expected="at least one with a word of the model",
                got="none",
                hint="Update with documents of the language and kind that the model was fitted on, or fit anew",
            )

    def _warn_of_documents_seen_before(self, preparation: Preparation, name: str) -> None:
        if preparation.corpus_sha256 in {self.corpus_sha256_, *(update["corpus_sha256"] for update in self.updates_)}:
            warnings.warn(
                f"{name}: these are the documents of the fit or of an earlier update; they now count twice",
                NeuralTopicWarning,
                stacklevel=3,
            )

    def _warn_of_unknown_words(self, preparation: Preparation) -> None:
        n_unknown = preparation.n_unknown
        self.unknown_share_ = float(n_unknown / (n_unknown + preparation.training.totals().sum()))
        if self.unknown_share_ > _MANY_UNKNOWN:
            warnings.warn(
                f"{self.unknown_share_:.0%} of the words of the new documents are unknown to the fit; "
                "fit anew with all documents if these are to count",
                NeuralTopicWarning,
                stacklevel=3,
            )

    def _warn_of_collapse(self) -> None:
        # Topics of a Gaussian z are axes, not lists of documents.
        if not find_recipe(self.recipe).interpretation.needs_explained:
            return
        lists = top_words(self.word_weights(), _COMPARED_WORDS)
        if (found := collapse(self.statistics_.share, self.statistics_.n_documents, lists)) is not None:
            warnings.warn(found, NeuralTopicWarning, stacklevel=4)

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


def _trained(
    vae: DocumentVAE,
    preparation: Preparation,
    embeddings: Embeddings | None,
    workers: Cluster | None,
    checkpoint: Path | None,
    progress: "Progress | None",
) -> NDArray[np.float32]:
    """Fit the model of the counts, here or on a cluster, and return the vectors of the documents, (D, K)."""
    of_documents = None if embeddings is None else embeddings.of(first_rows(preparation.position))
    settings: dict[str, Any] = {
        "embeddings": of_documents,
        "weights": preparation.weights(),
        "checkpoint": checkpoint,
        "progress": progress,
    }
    counts = preparation.training
    vectors = (
        vae.fit_transform(counts, **settings) if workers is None else fit_on_cluster(workers, vae, counts, **settings)
    )
    if preparation.passages is not None:
        vectors = vae.transform(preparation.counts)
    return np.asarray(vectors)  # an array also where scikit-learn is set to give tables


def _checkpoint(workspace: Path | None) -> Path | None:
    return Path(workspace) / CHECKPOINT if workspace else None
