"""TopicModel: documents in, topics and vectors out. It composes the parts and does no mathematics itself."""

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
from neuraltopic.estimators.counts.document_vae_state import MEMBERS, OPTIONAL
from neuraltopic.estimators.divided_training import fit_on_cluster, require_divided
from neuraltopic.estimators.document_vae import DocumentVAE
from neuraltopic.estimators.fitting import require_positive, require_whole
from neuraltopic.estimators.memory import processes_within, release_free_memory, require_memory
from neuraltopic.estimators.state import CONFIG, Format, State, Stored, StoredState
from neuraltopic.estimators.texts.counted_documents import (
    Documents,
    as_corpus,
    counted,
    embeddings_of_rows,
    first_rows,
    in_input_order,
    readable_rows,
)
from neuraltopic.estimators.texts.documents_of_fit import DocumentsOfFit
from neuraltopic.estimators.texts.topic_editing import TopicEditing
from neuraltopic.estimators.texts.topic_model_state import (
    PREPROCESSING,
    TOPICS,
    read_preprocessor,
    read_topics,
    require_updates,
)
from neuraltopic.estimators.texts.topic_pictures import TopicPictures
from neuraltopic.estimators.texts.topic_search import TopicSearch
from neuraltopic.models.recipes import DEFAULT_RECIPE, find_recipe, require_takes_seeds, require_takes_word_vectors
from neuraltopic.preprocessing.counts import Counts
from neuraltopic.preprocessing.languages.detection import release_identifier
from neuraltopic.preprocessing.preparation import Preparation
from neuraltopic.preprocessing.preprocessor import Preprocessing, Preprocessor
from neuraltopic.preprocessing.seed_words import seed_columns, seed_groups
from neuraltopic.preprocessing.tokenisation.processors import usable_cpus
from neuraltopic.reading.rows import Corpus, TextColumns
from neuraltopic.reading.vectors.embeddings import Embeddings
from neuraltopic.reading.vectors.pretrained_vectors import require_source, word_matrix
from neuraltopic.storage.edit_log import EDIT_LOG, read_edit_log
from neuraltopic.storage.formats import CHECKPOINT, MODEL_KIND, MODEL_SCHEMA_VERSION
from neuraltopic.storage.outputs import MODEL
from neuraltopic.topics.diagnostics import collapse
from neuraltopic.topics.row_blocks import MadeRows
from neuraltopic.topics.tables import TopicStatistics, pooled_statistics, topic_statistics
from neuraltopic.topics.words.ranking import top_words

if TYPE_CHECKING:
    from neuraltopic.progress import Progress

# Share of unknown tokens above which an update is likely to miss the themes of the new documents.
_MANY_UNKNOWN = 1 / 3
# Rows from which on half a second for the next corpus costs less than 75 MiB during the rest of the fit.
_LARGE = 100_000
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
    """A topic model of texts: readable topics, and a vector for each document.

    Parameters
    ----------
    n_components : int, default 50
        K, the number of topics.
    preprocessing : Preprocessing, optional
        How texts become counts of words; `Preprocessing()` by default.
    seed_words : mapping of topic to words, or a list of lists, optional
        Words that should rank high in some topics: {0: ["space", "nasa"], 7: ["god", "church"]}, or one list for each
        of topics 0, 1, ... They are preprocessed as the documents are; those that are not in the vocabulary are left
        out with a `NeuralTopicWarning`. See `DocumentVAE`.
    word_vectors : path, gensim KeyedVectors, or mapping of word to vector, optional
        Pretrained word vectors for the recipe etm, in a file of word2vec's text or binary format or GloVe's text
        format, also .gz. They are frozen; the vector of a word without one is learned, with a `NeuralTopicWarning` that
        gives the share of tokens covered.
    recipe, max_epochs, batch_size, learning_rate, patience, validation_fraction, max_seconds, device, random_state
        As for `DocumentVAE`; `max_seconds` includes the time of the preprocessing, which it does not limit.
    n_jobs : int, optional
        Number of processes that tokenise a long corpus; by default the number of processors. The result does not depend
        on it.
    max_memory : float, optional
        Limit on the resident memory of a fit, in bytes. Texts are tokenised by fewer processes where necessary; a fit
        that is expected to need more is refused once its documents are counted. The result does not depend on it.

    Attributes
    ----------
    document_vae_ : DocumentVAE
        The fitted model of the counts.
    preprocessor_ : Preprocessor
        Turns texts into counts over the vocabulary of the fit.
    vocabulary_ : tuple of str
        V words; column v of `components_` is word v.
    components_ : float32 array of shape (K, V)
        R of equation (17.15).
    vectors_ : float32 array of shape (D, K)
        Vectors of the documents kept in the fit or the last update, in their order. Not saved with the model.
    edits_ : list of dict
        Edits of the topics that are in force, oldest first: see `merge_topics` and the other methods. All results about
        topics follow them. A split adds a coordinate to the vectors; other edits do not change them.
    topics_ : int array of shape (D,)
        The topic that each of these documents is assigned to, as in `predict`. Not saved with the model.
    ledger_ : DataFrame
        One line per input row of the fit or the last update: kept, or why not. Not saved with the model.
    updates_ : list of dict
        corpus_sha256 and n_documents of each update since the fit.
    unknown_share_ : float
        Share of the tokens of the last update that are not in the vocabulary. Not saved with the model.
    losses_ : Losses
        What preprocessing removed from the documents of the fit. Not saved with the model.

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
        """Fit the model to documents.

        Parameters
        ----------
        documents : sequence of str, bytes, or lists or counts of words, data frame, path, or Corpus
            Texts, or a path to them: anything that `neuraltopic.reading.readers.open_corpus` takes. Lists of words are
            not tokenised: see `pretokenised` of `Preprocessing`.
        y : ignored
        text, id : str, optional
            Columns of the texts and the ids in a data frame or a table.
        embeddings : floating-point array of shape (N, C) or EmbeddingSource, optional
            A sentence embedding of each of the N input documents, in input order or matched by id, for the recipes
            contextual and zeroshot.
        progress : callable of (stage, done, total), optional
        workspace : Path, optional
            A folder for the counts, which are then mapped from disk, and for the checkpoint of the training. If it
            holds those of an interrupted fit of the same documents with the same settings, the fit resumes, to the same
            bits; those of another fit are refused. Texts are compared by a digest, except those of a `Corpus`, which is
            not read again.
        cluster : str, optional
            Address of a Ray cluster, "HOST:6379" or "auto", that preprocesses, trains and infers; "local" starts one on
            this machine with `n_jobs` processors. Training is divided among one process per machine or `n_jobs`
            processes. The vocabulary is the same as without a cluster; the weights differ by the order of summation.

        Raises
        ------
        NeuralTopicError
            When the documents cannot be used: none has text, there are fewer than topics, the vocabulary is empty after
            pruning or lacks all seeds of a seeded topic; or when workers of a cluster die repeatedly.
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
        """Update the model with new documents; topics keep their numbers, and all documents have equal weight.

        The vocabulary stays that of the fit. Words, shares and information of the topics are then over all documents,
        while `vectors_`, `ledger_` and `get_document_info` are of the new ones. Copies among the new documents count
        once; copies of earlier documents are not recognised. On an unfitted model this is `fit`: see
        `DocumentVAE.partial_fit` for the role of the first documents.

        Parameters are those of `fit`.

        Raises
        ------
        UsageError
            When a parameter of the model's form was changed after the fit.
        NeuralTopicError
            When no document has a word of the vocabulary, or the model was saved without `precision_`. The model is
            then unchanged.

        Warns
        -----
        NeuralTopicWarning
            When more than a third of the tokens are not in the vocabulary, and when the documents are those of the fit
            or of an earlier update.
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
            # Rows that were not in the fit, copies and rows without a known word, have other embeddings.
            repeated = np.setdiff1d(np.flatnonzero(position >= 0), first_rows(position))
            wordless = np.flatnonzero((position < 0) & readable_rows(preparation))
            empty = Counts.from_scipy(csr_array((len(wordless), preparation.counts.shape[1])))
            for rows, of_them in ((repeated, preparation.counts.rows(position[repeated])), (wordless, empty)):
                if len(rows):
                    vectors[rows] = vae.transform(of_them, embeddings=of_rows.of(rows))
        return vectors

    def plan(self, cluster: str) -> Plan:
        """How a fit would use this cluster; a local one is not started.

        Raises
        ------
        UsageError
            When Ray is not installed, there is no such cluster, or the recipe's training is not divided.
        """
        require_divided(self.check_parameters())
        return planned(cluster, self.n_jobs, usable_cpus())

    def check_parameters(self) -> DocumentVAE:
        """The unfitted model of the counts.

        Raises
        ------
        UsageError
            When a parameter is not valid.
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
        """Seed words of each seeded topic, validated, before preprocessing."""
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
        """The fitted model as JSON objects and tensors."""
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
        """The fitted model of a stored state."""
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
            if len(preparation.ledger) >= _LARGE:
                release_identifier()
            release_free_memory()
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
        """Number of processes that tokenise; None for the default."""
        return (
            self.n_jobs if self.max_memory is None else processes_within(self.max_memory, self.n_jobs or usable_cpus())
        )

    def _settings_for(self, corpus: Corpus, embeddings: Any) -> Preprocessing:
        """The settings of the preprocessing, with `pretokenised` for lists of words."""
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
        """Raise an error if there are fewer documents than topics, or the fit would exceed the memory limit."""
        counts, least = preparation.training, max(2, self.n_components)
        if len(counts) < least:
            of = "documents" if settings.split is None else "passages of documents"
            raise NeuralTopicError(
                f"{of} in {name}",
                expected=f"at least {least} with words of the vocabulary, one per topic",
                got=f"{len(counts):,} ({preparation.rows()})",
                hint="Ask for fewer topics, give more documents, or split long ones "
                f"({parameter('split', 'paragraphs')})",
            )
        require_memory(self.max_memory, len(preparation.ledger), counts.shape[1], int(self.n_components))

    def _set_by_column(self, vae: DocumentVAE, preprocessor: Preprocessor) -> None:
        """Set the seed words and the word vectors of the model of the counts, by column of the vocabulary."""
        vae.set_params(seed_words=seed_columns(self.seeds(), preprocessor) or None)
        if self.word_vectors is not None:
            vae.set_params(word_vectors=word_matrix(self.word_vectors, preprocessor.vocabulary.words))

    def _limit(self, vae: DocumentVAE, started: float) -> None:
        """Limit the model of the counts to what is left of `max_seconds`."""
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
        """Take a trained model and its documents; return the statistics of the topics in them."""
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
                hint="Fit again with another",
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
                hint="Update with documents of the language and kind that the model was fitted on, or fit again",
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
                "fit again with all documents to include them",
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
