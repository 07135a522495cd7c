"""`neuraltopic embed RUN PATH`."""

from neuraltopic.cli.common.embeddings import embedding_source
from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import ReadAs, read_as, takes
from neuraltopic.cli.common.options import (
    AsJson,
    CorpusPath,
    Device,
    EmbeddingsFile,
    EmbedWith,
    Force,
    NewFolder,
    Quiet,
    RunFolder,
)
from neuraltopic.cli.common.printing import print_json
from neuraltopic.cli.common.resumable import noted


@takes(read_as=read_as)
@examples("neuraltopic embed run december.csv --text body -o vectors")
def embed(
    run: RunFolder,
    path: CorpusPath,
    output: NewFolder,
    *,
    read_as: ReadAs,
    embeddings: EmbeddingsFile = None,
    embed_with: EmbedWith = None,
    device: Device = "auto",
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compute document vectors with the model of a run.

    Writes vectors.npy, vectors.parquet and ledger.csv.
    """
    from neuraltopic.progress import show_progress

    corpus = read_as.open(path)
    embedding_file = embedding_source(embeddings, embed_with, corpus, device=device)
    from neuraltopic.runs import documents as runs

    with show_progress(quiet=quiet) as progress, noted(progress):
        if embedding_file is not None:
            embedding_file.report_to(progress)
        model = runs.open_run(run, device=device)
        ledger = runs.embed(model, corpus, output, embeddings=embedding_file, force=force, progress=progress)
        progress.note(ledger.summary())
        progress.note(f"vectors: {output}")
    if as_json:
        rows = {str(status): count for status, count in ledger.counts().items()}
        dimensions = len(model.reader_.empty_document_vector())
        print_json({"output": str(output), "dimensions": dimensions, "rows": rows})
