"""`neuraltopic index RUN [DOCUMENTS]`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuraltopic.cli.common.embeddings import embedding_source
from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import ReadAs, read_as, takes
from neuraltopic.cli.common.options import (
    AsJson,
    Device,
    EmbeddingsFile,
    EmbedWith,
    Force,
    Quiet,
    RunFolder,
)
from neuraltopic.cli.common.printing import print_json
from neuraltopic.cli.common.resumable import noted
from neuraltopic.errors import UsageError

if TYPE_CHECKING:
    from neuraltopic.progress import QuietProgress
    from neuraltopic.reading.rows import Corpus
    from neuraltopic.search import SearchIndex


Documents = Annotated[
    str | None, typer.Argument(metavar="[DOCUMENTS]", help="Documents, as for fit. [default: those of the fit]")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="INDEX", help="Path to the index to write or change.")
]
Add = Annotated[bool, typer.Option("--add", help="Add the documents to an existing index.")]
Delete = Annotated[
    list[str] | None, typer.Option("--delete", metavar="ID", help="Delete the document with this id; repeatable.")
]
NoText = Annotated[bool, typer.Option("--no-text", help="Do not store the texts.")]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="URL",
        help="Export the index: qdrant://HOST/NAME, postgresql://HOST/DB?table=NAME, NAME.parquet, NAME.npy.",
    ),
]


@takes(read_as=read_as)
@examples("neuraltopic index run -o news.index", "neuraltopic index run december.csv --text body -o news.index --add")
def index(
    run: RunFolder,
    documents: Documents = None,
    output: Output = None,
    add: Add = False,
    delete: Delete = None,
    no_text: NoText = False,
    to: To = None,
    *,
    read_as: ReadAs,
    embeddings: EmbeddingsFile = None,
    embed_with: EmbedWith = None,
    device: Device = "auto",
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Build, extend or export a search index of documents."""
    from neuraltopic.progress import show_progress

    if output is None:
        raise UsageError("--output", expected="the index to write or to change", got="none", hint="Add -o INDEX")
    if delete and (add or documents or force):
        raise UsageError("--delete", expected="no documents", got="some", hint="Delete and add in two steps")
    with show_progress(quiet=quiet) as progress, noted(progress):
        if delete or (to and documents is None and not add and not force and (output / "index.json").exists()):
            from neuraltopic.search import SearchIndex

            changed = SearchIndex.open(output, device=device)
            changed = changed.delete(delete) if delete else changed
        else:
            from neuraltopic.search.runs import build_index, documents_of_run

            corpus, expected = documents_of_run(run, documents, read_as.text, read_as.id, read_as.encoding)
            if add:
                changed = _add(run, output, corpus, (embeddings, embed_with), device, progress)
            else:
                beside = embedding_source(embeddings, embed_with, corpus, device=device)
                options: dict[str, Any] = {"embeddings": beside, "text": not no_text, "device": device, "force": force}
                changed = build_index(run, corpus, output, **options, corpus_sha256=expected, progress=progress)
        progress.note(f"index: {output}, {len(changed):,} documents")
        if to:
            from neuraltopic.search.exports import export_index

            n_sent = export_index(changed, to, progress=progress)
            progress.note(f"copied to {to.rsplit('@')[-1]}: {n_sent:,} documents")
    if as_json:
        print_json({"index": str(output), "documents": len(changed), "columns": changed.columns})


def _add(
    run: Path,
    output: Path,
    corpus: "Corpus",
    embeddings: tuple[Path | None, Path | None],
    device: str,
    progress: "QuietProgress",
) -> "SearchIndex":
    """Add documents; if the run has another model than the index, embed those of the index again first.

    Without a file of embeddings or a model for them they are made by that of the index, where it is known.
    """
    from neuraltopic.runs.documents import open_run
    from neuraltopic.runs.facts import model_folder_of
    from neuraltopic.search import SearchIndex

    found = SearchIndex.open(output, device=device)
    model = None
    if not found.is_read_with(model_folder_of(run)):
        progress.note("the run has another model than the index: its documents are embedded again")
        model = open_run(run, device=device)
    embedder = found.generation.embedder
    if embeddings == (None, None) and embedder is not None:
        embeddings = None, Path(embedder["model"])
    beside = embedding_source(*embeddings, corpus, device=device)
    return found.add(corpus, embeddings=beside, model=model, progress=progress)
