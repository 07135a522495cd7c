"""Updates of a run: a new run folder, with the same topics after new documents.

The layout is that of `runs.documents`; its documents and vectors are the new ones, and run.json names the previous run.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.errors import UsageError
from neuraltopic.estimators.topic_model import TopicModel
from neuraltopic.reading.rows import Corpus
from neuraltopic.runs.documents import (
    DOCUMENTS,
    DocumentRun,
    coherence_of,
    open_run,
    request_of,
    results_of,
    write_outputs,
)
from neuraltopic.runs.facts import model_folder_of, read_run_facts
from neuraltopic.runs.folder import RunKind, new_run, require_output
from neuraltopic.storage.manifest import MANIFEST
from neuraltopic.storage.outputs import update_output

if TYPE_CHECKING:
    from neuraltopic.progress import Progress


def update_run(
    run: Path,
    corpus: Corpus,
    output: Path,
    *,
    random_state: int | None = None,
    device: str = "auto",
    force: bool = False,
    resume: bool = False,
    command: Sequence[str] = (),
    progress: "Progress | None" = None,
) -> DocumentRun:
    """Update the model of a run with new documents, and write a new run folder, complete or not at all.

    Parameters
    ----------
    run : Path
        Run folder or model folder. It is not changed, unless it is also `output`.
    corpus : Corpus
        The new documents.
    output : Path
        The run folder to write. With `force` it may be `run`, which is replaced once the new one is complete.
    random_state : int, optional
        That of the fit by default.
    device : str
    force, resume, command, progress
        As for `runs.fit_run`.

    Returns
    -------
    DocumentRun
        Its facts are those of a fit and `parent`: the corpus of the previous run, the digests of all corpora that it
        learned from, its documents, and the SHA-256 of the manifest of its model; and `unknown_share`, see
        `TopicModel.partial_fit`.

    Raises
    ------
    UsageError
        When `output` may not be written, or lies in `run`; when `run` is no run; with `resume`, when there is nothing
        to resume or the request differs.
    NeuralTopicError
        When the model or the corpus cannot be used; nothing is left behind.
    """
    run, output = Path(run), Path(output)
    kind = _kind_of_update(run, output)
    require_output(output, kind.output, source=corpus.path, force=force, resume=resume)
    model = open_run(run, device=device)
    parent = _parent(run, model)
    if random_state is not None:
        model.set_params(random_state=random_state)
    model.document_vae_.require_updatable()  # before `force` discards an interrupted update
    request = {**request_of(model, corpus), "parent": parent}
    with new_run(output, kind, request, force=force, resume=resume, command=command, progress=progress) as new:
        model.partial_fit(corpus, progress=new.progress, workspace=new.workspace)
        with new.files() as (folder, results):
            topics = write_outputs(model, folder)
            results |= results_of(model) | coherence_of(model, new.workspace)
            results["corpus_sha256"] = model.updates_[-1]["corpus_sha256"]
            results["unknown_share"] = model.unknown_share_
    return DocumentRun(output, model, new.facts, topics)


def _kind_of_update(run: Path, output: Path) -> RunKind:
    """The kind of the new run, with what it may replace; raises a UsageError when `output` lies in `run`."""
    if run.resolve() in output.resolve().parents:
        raise UsageError(
            f"output {output}",
            expected="a folder outside the run",
            got="a folder inside it",
            hint="Choose another path",
        )
    return dataclasses.replace(DOCUMENTS, output=update_output(run, output))


def _parent(run: Path, model: TopicModel) -> dict[str, Any]:
    """The entry of run.json on the previous run."""
    facts = read_run_facts(run)["run"]
    corpus = facts.get("corpus") if facts else None
    return {
        "corpus": corpus.get("name") if isinstance(corpus, dict) else None,
        "corpus_sha256": [model.corpus_sha256_, *(update["corpus_sha256"] for update in model.updates_)],
        "documents": model.n_documents_,
        "manifest_sha256": hashlib.sha256((model_folder_of(run) / MANIFEST).read_bytes()).hexdigest(),
    }
