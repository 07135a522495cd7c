"""`neuraltopic update RUN PATH`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.fitted_run import make_run, print_forecast
from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import ReadAs, RunOptions, read_as, run_options, takes
from neuraltopic.cli.common.options import CorpusPath, Device, RunFolder, RunOutput
from neuraltopic.cli.common.resumable import note_output, noted
from neuraltopic.storage.outputs import update_output

if TYPE_CHECKING:
    from neuraltopic.progress import QuietProgress
    from neuraltopic.reading.rows import Corpus
    from neuraltopic.runs.documents import DocumentRun


Seed = Annotated[
    int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed. [default: that of the fit]")
]


@takes(read_as=read_as, options=run_options)
@examples("neuraltopic update run december.csv --text body -o run-december")
def update(
    run: RunFolder,
    path: CorpusPath,
    output: RunOutput,
    *,
    read_as: ReadAs,
    seed: Seed = None,
    device: Device = "auto",
    options: RunOptions,
) -> None:
    """Update a run with new documents and write a new run folder.

    Topics keep their numbers, and earlier documents their weight.
    """
    corpus = read_as.open(path)
    if options.dry_run:
        kind, source = update_output(run, output), corpus.path
        note_output(output, kind, source=source, force=options.force, quiet=options.quiet)
        _forecast(run, corpus, as_json=options.as_json, quiet=options.quiet)
        return
    from neuraltopic.runs.updates import update_run

    def make(progress: "QuietProgress") -> "DocumentRun":
        return update_run(
            run, corpus, output, random_state=seed, device=device, progress=progress, **options.arguments()
        )

    make_run(output, options, make)


def _forecast(run: Path, corpus: "Corpus", *, as_json: bool, quiet: bool) -> None:
    from neuraltopic.progress import show_progress
    from neuraltopic.runs.documents import open_run
    from neuraltopic.runs.forecast import estimate_update

    with show_progress(quiet=quiet) as progress, noted(progress):
        forecast = estimate_update(corpus, open_run(run))
    print_forecast(forecast, corpus.name, as_json=as_json)
