"""Run folders of documents: fit one, resume an interrupted fit, open one, embed documents with one.

model/               TopicModel.save
topics.csv           one line per topic
topic_words.csv      one line per word of a topic
documents.parquet    one line per input row: the ledger, and the topic of the document
vectors.npy          float32 (D, K), the documents kept, in input order
vectors.parquet      id and vector of the same
ledger.csv           one line per input row: kept, or why not
training.jsonl       one line per epoch
edits.jsonl          the log of edits of topics, if there are any, which is replayed when the run is opened
run.json             command, machine, seed, corpus, sizes, seconds; size and SHA-256 of the files above except
                     the log of edits
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.estimators.fitting import best_epoch
from neuraltopic.estimators.memory import release_free_memory
from neuraltopic.estimators.texts.counted_documents import no_known_word
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.models.recipes import find_recipe
from neuraltopic.preprocessing.ledger.ledger import Ledger, Status
from neuraltopic.preprocessing.preparation import reopen
from neuraltopic.preprocessing.preprocessor import Prepared
from neuraltopic.preprocessing.settings import Preprocessing
from neuraltopic.reading.readers import corpus_facts
from neuraltopic.reading.rows import Corpus
from neuraltopic.reading.vectors.embedding_files import EmbeddingSource
from neuraltopic.reading.vectors.embeddings import Embeddings
from neuraltopic.reading.vectors.pretrained_vectors import fingerprint
from neuraltopic.runs.facts import model_folder_of
from neuraltopic.runs.folder import Run, RunKind, new_run, prepared, require_output, write_history
from neuraltopic.runs.preparation_cache import PreparationCache
from neuraltopic.storage.atomic import atomic_folder
from neuraltopic.storage.edit_log import EDIT_LOG, write_edit_log
from neuraltopic.storage.formats import MODEL_FOLDER, RUN_KIND, RUN_SCHEMA_VERSION
from neuraltopic.storage.outputs import RUN, VECTORS, check_output
from neuraltopic.storage.tables import write_table
from neuraltopic.storage.vectors import write_vectors
from neuraltopic.topics.coherence import document_npmi
from neuraltopic.topics.diagnostics import live_topics
from neuraltopic.topics.row_blocks import blocks
from neuraltopic.topics.words.ranking import top_words
from neuraltopic.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.progress import Progress

# Words of each topic in topic_words.csv.
_TOPIC_WORDS = 20
# Words of each topic whose coherence run.json has.
_COHERENCE_WORDS = 10
# Documents that `embed` encodes before it writes them.
_EMBEDDED_AT_ONCE = 1 << 14


DOCUMENTS = RunKind(RUN, RUN_KIND, RUN_SCHEMA_VERSION)


@dataclass(frozen=True)
class DocumentRun(Run[TopicModel]):
    """A finished fit or update of documents.

    Attributes
    ----------
    topics : DataFrame
        `TopicModel.get_topic_info` of its model.
    """

    topics: "pd.DataFrame"


def fit_run(
    model: TopicModel,
    corpus: Corpus,
    output: Path,
    *,
    embeddings: EmbeddingSource | None = None,
    force: bool = False,
    resume: bool = False,
    cache: Path | None = None,
    cluster: str | None = None,
    command: Sequence[str] = (),
    progress: "Progress | None" = None,
) -> DocumentRun:
    """Fit a model to a corpus and write the run folder, complete or not at all.

    Parameters
    ----------
    model : TopicModel
        Its parameters are used; it stays unfitted. Without a random_state a seed is drawn and recorded.
    corpus : Corpus
    output : Path
        The run folder, which must not exist.
    embeddings, cluster : optional
        As for `TopicModel.fit`.
    force : bool
        Replace an earlier run once the new one is complete, and discard an interrupted fit. Any other folder that is
        not empty is refused.
    resume : bool
        Resume an interrupted fit into `output`, to the same bits.
    cache : Path, optional
        A folder in which prepared corpora are kept: see `PreparationCache`.
    command : sequence of str
        The command line, for run.json.
    progress : callable of (stage, done, total), optional

    Raises
    ------
    UsageError
        As `require_output` does; with `resume`, when there is nothing to resume or the request differs; when the cache
        cannot be written.
    NeuralTopicError
        When the corpus cannot be used; nothing is left behind.
    """
    output = Path(output)
    require_output(output, RUN, source=corpus.path, force=force, resume=resume)
    # `fit`, which has callers of its own, checks them too, but `force` discards an interrupted fit before it is called.
    model.check_parameters().require_embeddings_given(embeddings)
    model = prepared(model, output, resume=resume)
    request = request_of(model, corpus) | ({"embeddings": embeddings.facts()} if embeddings else {})
    cached = None if cache is None else PreparationCache(Path(cache))
    if cached:
        cached.make()
    settings = model.preprocessing or Preprocessing()
    with new_run(output, DOCUMENTS, request, force=force, resume=resume, command=command, progress=progress) as run:
        keeping: AbstractContextManager[Progress] = nullcontext(run.progress)
        if cached and (n_rows := cached.take(corpus, settings, run.workspace)):
            run.progress("reading the cache", n_rows, n_rows)
        elif cached:
            keeping = cached.keeping(corpus, settings, run.workspace, run.progress)
        with keeping as fit_progress:
            model.fit(corpus, embeddings=embeddings, progress=fit_progress, workspace=run.workspace, cluster=cluster)
        with run.files() as (folder, results):
            topics = write_outputs(model, folder)
            results |= results_of(model) | coherence_of(model, run.workspace)
    return DocumentRun(output, model, run.facts, topics)


def open_run(folder: Path, *, device: str = "auto") -> TopicModel:
    """Load the model of a run folder, or of a model folder.

    Raises
    ------
    UsageError
        When `folder` is neither.
    NeuralTopicError
        When it differs from what was written.
    """
    return TopicModel.load(model_folder_of(Path(folder)), device=device)


def embed(
    model: TopicModel,
    corpus: Corpus,
    output: Path,
    *,
    embeddings: EmbeddingSource | None = None,
    force: bool = False,
    progress: "Progress | None" = None,
) -> Ledger:
    """Write the vector of each document: vectors.npy, vectors.parquet (id, status, vector) and ledger.csv.

    Every row that could be read has a vector, in input order; a row without a known word has the vector of an empty
    document, or with `embeddings` that of its embedding, and its status says so. Counts stay on disk, and vectors are
    written as they are computed.

    Returns
    -------
    Ledger
        What became of every row.

    Raises
    ------
    UsageError
        When `output` exists, unless `force` and it is an earlier output of `embed`; when it is, holds or lies in
        the corpus; when the embeddings are missing, not usable, or given to a recipe that takes none.
    NeuralTopicError
        When no document has a word of the model, nor an embedding; nothing is written.
    """
    model.document_vae_.require_embeddings_given(embeddings)
    check_output(output, VECTORS, force=force, source=corpus.path)
    with atomic_folder(output, force=force, why_not=VECTORS.why_not) as unfinished:
        workspace = unfinished / "workspace"
        counted = model.prepare(corpus, workspace=workspace, progress=progress)
        given_embeddings = model.embeddings_of(counted, embeddings)
        if given_embeddings is None and not counted.ledger.counts()[Status.KEPT]:
            raise no_known_word(corpus.name, counted.ledger)
        ledger, readable = counted.ledger, np.flatnonzero(counted.position >= 0).tolist()
        write_vectors(
            unfinished,
            {
                "id": [ledger.ids[row] for row in readable],
                "status": [str(ledger.statuses[row]) for row in readable],
            },
            _vectors(model, counted, given_embeddings, progress),
            shape=(len(counted.counts), len(model.reader_.empty_document_vector())),
        )
        write_table(ledger.to_frame(), unfinished / "ledger.csv", "csv")
        del counted  # which maps the counts
        shutil.rmtree(workspace)
    return ledger


def _vectors(
    model: TopicModel, prepared: Prepared, embeddings: Embeddings | None, progress: "Progress | None"
) -> Iterator[NDArray[np.float32]]:
    counts = prepared.counts
    for start in range(0, len(counts), _EMBEDDED_AT_ONCE):
        stop = min(start + _EMBEDDED_AT_ONCE, len(counts))
        given_embeddings = None if embeddings is None else embeddings.of(np.arange(start, stop))
        yield model.reader_.transform(counts.slice(start, stop), embeddings=given_embeddings)
        if progress:
            progress("embedding", stop, len(counts))


def request_of(model: TopicModel, corpus: Corpus) -> dict[str, Any]:
    """Everything the result depends on, as JSON."""
    parameters = model.get_params(deep=False)
    preprocessing = parameters.pop("preprocessing") or Preprocessing()
    for name in ("n_jobs", "max_memory"):  # the result is the same with any
        parameters.pop(name)
    parameters["seed_words"] = {str(topic): list(words) for topic, words in model.seeds().items()} or None
    if model.word_vectors is not None:
        parameters["word_vectors"] = {"sha256": fingerprint(model.word_vectors)}
    return {
        "neuraltopic": __version__,
        "corpus": corpus_facts(corpus),
        "preprocessing": preprocessing.to_dict(),
        "parameters": parameters,
    }


def write_outputs(model: TopicModel, folder: Path) -> "pd.DataFrame":
    """Write the files of a run folder except run.json: the topics of the fit, and the log of edits if there are any.

    Returns
    -------
    DataFrame
        The table of the topics after the edits.
    """
    edited = topics = model.get_topic_info()
    if entries := model.edit_entries(with_coordinates=True):
        write_edit_log(folder / EDIT_LOG, entries, model.topics_sha256())
        model = model.unedited()
        topics = model.get_topic_info()
    release_free_memory()
    model.save(folder / MODEL_FOLDER)
    write_table(topics, folder / "topics.csv", "csv")
    write_table(model.get_topic_words(_TOPIC_WORDS), folder / "topic_words.csv", "csv")
    write_table(model.get_document_info(), folder / "documents.parquet", "parquet")
    write_table(model.ledger_, folder / "ledger.csv", "csv")
    kept = model.ledger_["status"] == "kept"
    write_vectors(
        folder,
        {"id": model.ledger_["id"][kept].array},
        (model.vectors_[rows] for rows in blocks(len(model.vectors_))),
        shape=model.vectors_.shape,
    )
    write_history(folder / "training.jsonl", model.document_vae_.history_)
    return edited


def coherence_of(model: TopicModel, workspace: Path) -> dict[str, Any]:
    """NPMI of the top ten words of each topic in the documents that were fitted, for run.json."""
    preparation = reopen(workspace)
    assert preparation is not None  # the fit that has just ended left it
    values = document_npmi(top_words(model.word_weights(), _COHERENCE_WORDS), preparation.counts)
    return {"npmi_document": [round(value, 6) for value in values.tolist()]}


def results_of(model: TopicModel) -> dict[str, Any]:
    """The results of a finished fit, for run.json."""
    model = model.unedited()
    ledger = model.ledger_
    return {
        "corpus_sha256": model.corpus_sha256_,
        **({"losses": losses.to_dict()} if (losses := getattr(model, "losses_", None)) else {}),
        "rows": _counted(ledger["status"]),
        "encodings": _counted(ledger["encoding"]),
        "languages": [language.facts() for language in model.preprocessor_.languages],
        "segmenter": model.preprocessor_.segmenter,
        "sizes": {
            "documents": len(model.vectors_),
            "words": len(model.vocabulary_),
            "topics": len(model.components_),
            "tokens": int(ledger["n_tokens"][ledger["status"] == "kept"].sum()),
        },
        "live_topics": int(live_topics(model.statistics_.share, model.statistics_.n_documents).sum()),
        "epochs": model.document_vae_.n_iter_,
        "best": best_epoch(model.document_vae_.history_, keep_best=find_recipe(model.recipe).schedule.keep_best),
    }


def _counted(column: "pd.Series") -> dict[str, int]:
    """Number of rows of each text that is not empty, in the order of first occurrence."""
    counted = column.value_counts(sort=False)
    return {str(text): int(n) for text, n in counted.items() if text}
