"""`neuraltopic update RUN PATH`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.fit import note_run, print_forecast, write_run_report
from neuraltopic.cli.options import (
    AsJson,
    CorpusPath,
    Device,
    DryRun,
    Encoding,
    Force,
    IdColumn,
    Quiet,
    ResumeFit,
    RunFolder,
    RunOutput,
    TextColumn,
    WriteReport,
)
from neuraltopic.cli.printing import print_json, print_topics, records
from neuraltopic.cli.resumable import check_run_output, interruptible_fit, noted

if TYPE_CHECKING:
    from neuraltopic.reading.rows import Corpus


Seed = Annotated[
    int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed. [default: that of the fit]")
]


def update(
    run: RunFolder,
    path: CorpusPath,
    output: RunOutput,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    seed: Seed = None,
    device: Device = "auto",
    force: Force = False,
    resume: ResumeFit = False,
    dry_run: DryRun = False,
    report: WriteReport = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Update a run with new documents and write a new run folder.

    Topics keep their numbers, and earlier documents their weight.
    """
    from neuraltopic.reading.readers import open_corpus
    from neuraltopic.storage.outputs import update_output

    source = None if path == "-" else path
    check_run_output(
        output,
        update_output(run, output),
        source=source,
        see="neuraltopic topics",
        force=force,
        resume=resume,
        dry_run=dry_run,
        quiet=quiet,
    )
    corpus = open_corpus(path, text=text, id=id, encoding=encoding)
    if dry_run:
        _forecast(run, corpus, as_json=as_json, quiet=quiet)
        return
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.updates import update_run

    with show_progress(quiet=quiet) as progress:
        with noted(progress), interruptible_fit(output, progress, ready="counting") as watched:
            updated = update_run(
                run,
                corpus,
                output,
                random_state=seed,
                device=device,
                force=force,
                resume=resume,
                command=["neuraltopic", *sys.argv[1:]],
                progress=watched,
            )
        note_run(updated, progress)
        progress.note(f"unknown to the vocabulary: {updated.facts['unknown_share']:.1%} of the words")
        if report:
            write_run_report(updated.folder, progress)
    table = updated.model.get_topic_info(10)
    if as_json:
        print_json({"run": str(output), "facts": updated.facts, "topics": records(table)})
    else:
        print_topics(table)


def _forecast(run: Path, corpus: "Corpus", *, as_json: bool, quiet: bool) -> None:
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.documents import open_run
    from neuraltopic.runs.forecast import estimate_update

    with show_progress(quiet=quiet) as progress, noted(progress):
        forecast = estimate_update(corpus, open_run(run))
    print_forecast(forecast, corpus.name, as_json=as_json)
