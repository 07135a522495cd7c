"""Edit the topics of a run, and read its documents after the edits.

The files of the fit are not changed; edits.jsonl has the edits, see `neuraltopic.topics.editing.edits`.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuraltopic.errors import NeuralTopicError, UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.rows import Corpus
from neuraltopic.reading.vectors.embedding_files import EmbeddingFile, EmbeddingSource
from neuraltopic.runs.documents import open_run
from neuraltopic.runs.facts import read_run_facts, run_file
from neuraltopic.storage.edit_log import EDIT_LOG, read_edit_log, write_edit_log
from neuraltopic.storage.lock import only_writer
from neuraltopic.storage.vectors import VECTORS_NPY, VECTORS_PARQUET, read_vectors
from neuraltopic.topics.editing.edits import Split

if TYPE_CHECKING:
    import pandas as pd

_OF_TOPICS = ["topic", "topic_label", "topic_weight"]
_DUPLICATE = "duplicate of "


class EditedMeanwhileError(NeuralTopicError):
    """The topics are not those that the edits number."""


def edit_run(
    run: Path, operations: Sequence[Any], *, corpus: Corpus | None = None, known: int | None = None
) -> TopicModel:
    """Apply edits in order, all or none, and write them to the log of the run; one writer at a time.

    Parameters
    ----------
    run : Path
        Run folder.
    operations : sequence of Operation, or of dict as the log has them
    corpus : Corpus, optional
        The documents of the fit, which a split reads; by default those that run.json names.
    known : int, optional
        Number of entries that the log must have, including undone ones: the number when the caller read the topics. By
        default any.

    Returns
    -------
    TopicModel
        With the documents of the run.

    Raises
    ------
    UsageError
        When one cannot be done, or another process is editing; the log is then unchanged.
    EditedMeanwhileError
        When the log is not the one that is known.
    """
    run = Path(run)
    run_file(run, "documents.parquet")  # raises if it is no run
    log = run / EDIT_LOG
    with only_writer(run, thing=f"topics of {run}", expected="those that nobody is editing"):
        model = open_with_documents(run)
        before = len(model.edit_entries(with_coordinates=False))
        standing = read_edit_log(log, model.topics_sha256()) if log.exists() else []
        if len(standing) != before or known not in (None, before):
            raise EditedMeanwhileError(
                str(log),
                expected="the log of edits as it was read",
                got="a log that another program has changed since",
                hint="Try again",
            )
        model.edit(operations, documents=corpus or (corpus_of(run) if any(map(_splits, operations)) else None))
        entries = model.edit_entries(with_coordinates=True)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        new = [entry | {"time": now} for entry in entries[before:]]
        write_edit_log(log, [*standing, *new], model.topics_sha256())
    return model


def open_with_documents(run: Path, *, device: str = "cpu") -> TopicModel:
    """The model of a run folder with the documents of the fit: `get_document_info`, `vectors_` and `topics_`.

    Raises
    ------
    UsageError
        When `run` is a model folder, which holds nothing of the documents, or neither.
    NeuralTopicError
        When the files are not as they were written.
    """
    import pandas as pd

    run = Path(run)
    documents, vectors_path = run_file(run, "documents.parquet"), run_file(run, VECTORS_NPY)
    model = open_run(run, device=device)
    try:
        table = pd.read_parquet(documents)
        ledger = table.drop(columns=_OF_TOPICS)
        kept = np.flatnonzero(ledger["status"] == "kept")
        vectors = np.load(vectors_path, allow_pickle=False)
        listed = table["topic"].iloc[kept].to_numpy(np.int64)
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(run, f"{type(error).__name__}: {error}"[:200]) from error
    K = len(model.document_vae_.components_)
    if vectors.shape != (len(kept), K) or not np.isfinite(vectors).all() or not ((listed >= 0) & (listed < K)).all():
        raise _damaged(run, f"vectors of shape {vectors.shape} for {len(kept):,} documents")
    model.take_documents(ledger, _positions(ledger, kept), vectors, listed)
    return model


def corpus_of(run: Path) -> Corpus:
    """The corpus that a run was fitted on, as run.json names it.

    Raises
    ------
    UsageError
        When it was standard input, or is no longer there.
    """
    facts = read_run_facts(run)["run"]
    named = facts["corpus"] if facts else None
    if not isinstance(named, dict) or not isinstance(named.get("name"), str) or named["name"] == "-":
        raise UsageError(
            f"corpus of {run}", expected="a path in run.json", got="none", hint="Name the documents of the fit"
        )
    options = named.get("read_as")
    return open_corpus(_located(run, named["name"]), **(options if isinstance(options, dict) else {}))


def _located(run: Path, name: str) -> str:
    """A path of run.json; a relative one that does not exist here is looked for next to the run folder."""
    beside = Path(run).absolute().parent / name
    return str(beside) if "://" not in name and not os.path.lexists(name) and beside.exists() else name


def embeddings_of(run: Path, corpus: Corpus) -> EmbeddingSource:
    """The embeddings that a run was fitted with, as run.json names them: a file, or a model that makes them again.

    Raises
    ------
    UsageError
        When run.json names none, or what it names is no longer there.
    NeuralTopicError
        When it has changed.
    """
    facts = read_run_facts(run)["run"]
    named = facts.get("embeddings") if facts else None
    known = named if isinstance(named, dict) else {}
    source: EmbeddingSource
    if isinstance(known.get("model"), str):
        from neuraltopic.reading.vectors.embedding_models import EmbeddingModel, EmbeddingsByModel

        source = EmbeddingsByModel(EmbeddingModel(_located(run, known["model"])), corpus)
    elif isinstance(known.get("file"), str):
        source = EmbeddingFile(_located(run, known["file"]))
    else:
        raise UsageError(
            f"embeddings of {run}", expected="a file or a model in run.json", got="none", hint="Name those of the fit"
        )
    if source.facts()["sha256"] != known.get("sha256"):
        raise NeuralTopicError(
            f"embeddings of {run}",
            expected=f"{source.path} as it was at the fit",
            got="another content",
            hint="Name those of the fit",
        )
    return source


def documents_of_run(run: Path) -> "pd.DataFrame":
    """The table of documents of a run, by its edited topics."""
    import pandas as pd

    path = run_file(run, "documents.parquet")
    return open_with_documents(run).get_document_info() if (run / EDIT_LOG).exists() else pd.read_parquet(path)


def vectors_of_run(run: Path) -> "pd.DataFrame":
    """The vectors of a run, one line per document: id, z0, z1, ..., then a column for each split of a topic."""
    table = read_vectors(run_file(run, VECTORS_PARQUET))
    if (run / EDIT_LOG).exists():
        vectors, K = open_with_documents(run).vectors_, table.shape[1] - 1
        for column in range(K, vectors.shape[1]):
            table[f"z{column}"] = vectors[:, column]
    return table


def _splits(operation: Any) -> bool:
    return isinstance(operation, Split) or (isinstance(operation, dict) and operation.get("op") == "split")


def _positions(ledger: "pd.DataFrame", kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """The document of each row, -1 where it has none; a duplicate has that of its first."""
    position = np.full(len(ledger), -1)
    position[kept] = np.arange(len(kept))
    ids = ledger["id"].tolist()
    document_of = {ids[row]: document for document, row in enumerate(kept.tolist())}
    for row in np.flatnonzero(ledger["status"] == "duplicate").tolist():
        position[row] = document_of.get(str(ledger["detail"].iloc[row]).removeprefix(_DUPLICATE), -1)
    return position


def _damaged(run: Path, got: str) -> NeuralTopicError:
    return NeuralTopicError(
        str(run),
        expected="the documents and vectors of a run",
        got=got,
        hint="Restore it from a copy or fit again",
    )
