"""`neuraltopic import FORMAT PATH`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import ReadAs, read_as, takes
from neuraltopic.cli.common.options import AsJson, Force, Quiet, WriteReport
from neuraltopic.cli.common.printing import print_json, print_topics, records

FORMATS = ("gensim", "mallet", "bertopic")


@takes(read_as=read_as)
@examples("neuraltopic import gensim lda.model --documents texts/ -o run")
def import_(
    format: Annotated[str, typer.Argument(metavar="FORMAT", help=f"Format: {', '.join(FORMATS)}.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Path to the file or folder that the tool wrote.")],
    documents: Annotated[
        str,
        typer.Option("--documents", metavar="PATH", help="Path to the documents that the topics were learned from."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Path to the run folder to write.")],
    words: Annotated[
        Path | None, typer.Option("--words", metavar="FILE", help="Words of a gensim .npy file, one per line.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Load a gensim pickle, which can run code: only one of your own.")
    ] = False,
    *,
    read_as: ReadAs,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Maximum number of epochs of the inference network.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed. [default: drawn]")
    ] = None,
    report: WriteReport = True,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Import topics of gensim, MALLET or BERTopic as a run."""
    from neuraltopic.progress import show_progress
    from neuraltopic.reading.topic_files import read_topics

    topics = read_topics(format, path, words=words, trusted=trust)
    corpus = read_as.open(documents)
    from neuraltopic.report.page import write_report
    from neuraltopic.runs.exchange.importing import import_run
    from neuraltopic.storage.formats import REPORT

    with show_progress(quiet=quiet) as progress:
        imported = import_run(
            topics, corpus, output, epochs=epochs, seed=seed, force=force, command=sys.argv[1:], progress=progress
        )
        progress.note(
            f"{imported.n_words:,} of {len(topics.words):,} words of the topics are in the documents: "
            f"{imported.mass:.1%} of their probability, {imported.tokens:.1%} of the words of the documents"
        )
        if report:
            write_report(output, output / REPORT)
    table = imported.run.model.get_topic_info()
    if as_json:
        print_json(
            {
                "run": str(output),
                "words": imported.n_words,
                "mass": imported.mass,
                "tokens": imported.tokens,
                "topics": records(table),
            }
        )
    else:
        print_topics(table)
