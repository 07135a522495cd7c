"""From a run folder to an index of its documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuraltopic.errors import UsageError
from neuraltopic.reading.readers import open_corpus
from neuraltopic.reading.rows import Corpus, TextColumns
from neuraltopic.runs.documents import open_run
from neuraltopic.runs.facts import model_folder_of, read_run_facts
from neuraltopic.search.index import SearchIndex
from neuraltopic.storage.outputs import INDEX, check_output

if TYPE_CHECKING:
    from neuraltopic.progress import Progress


def documents_of_run(
    run: Path, documents: str | None, text: TextColumns, id: str | None, encoding: str | None
) -> tuple[Corpus, str | None]:
    """The documents to index, and the digest that they must have where they are those of the fit.

    Parameters
    ----------
    run : Path
    documents : str, optional
        A path; by default what the run was fitted on, read as it was then.
    text, id, encoding : str, optional
        As for `open_corpus`.

    Raises
    ------
    UsageError
        When no documents are named and the run does not know any that can be read again.
    """
    if documents is not None:
        return open_corpus(documents, text=text, id=id, encoding=encoding), None
    facts = None if model_folder_of(run) == run else read_run_facts(run)["run"]
    name: str = "" if facts is None else facts["corpus"]["name"]
    if facts is None or name == "-" or not Path(name).exists():
        got = "a model folder" if facts is None else "standard input" if name == "-" else f"no {name} here"
        raise UsageError(
            "documents",
            expected="the documents of the fit where they were",
            got=got,
            hint="Name the documents to index after the run",
        )
    return open_corpus(name, **facts["corpus"]["read_as"]), facts["corpus_sha256"]


def build_index(
    run: Path,
    corpus: Corpus,
    output: Path,
    *,
    embeddings: Any = None,
    text: bool = True,
    corpus_sha256: str | None = None,
    device: str = "auto",
    force: bool = False,
    progress: "Progress | None" = None,
) -> SearchIndex:
    """`SearchIndex.build` with the model of a run.

    Raises
    ------
    UsageError, NeuralTopicError
        As `SearchIndex.build` and `open_run` do.
    """
    check_output(output, INDEX, force=force, source=corpus.path)
    return SearchIndex.build(
        output,
        open_run(run, device=device),
        corpus,
        embeddings=embeddings,
        text=text,
        corpus_sha256=corpus_sha256,
        force=force,
        progress=progress,
    )
