"""`neuraltopic over-time RUN`, `neuraltopic per-class RUN`, `neuraltopic effects RUN`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.options import AsJson, Encoding, Force, IdColumn, RunFolder, TextColumn
from neuraltopic.cli.printing import print_json, records
from neuraltopic.errors import UsageError
from neuraltopic.storage.tables import format_of, write_table

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.reading.rows import Corpus, TextColumns

GroupWords = Annotated[
    int, typer.Option("--words", min=0, help="Words of each topic in each group; the corpus is read again.")
]
FitCorpus = Annotated[
    str | None,
    typer.Option("--corpus", metavar="PATH", help="Documents of the fit; by default those of run.json."),
]
TableFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="The suffix names the format. Default: CSV to stdout."),
]


def over_time(
    run: RunFolder,
    by: Annotated[str, typer.Option("--by", metavar="COLUMN", help="Column of the dates.")],
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="PERIOD", help="year, quarter, month, week or day."),
    ] = None,
    words: GroupWords = 0,
    corpus: FitCorpus = None,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    output: TableFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Shares of the topics of a run in each period, with 95 % intervals."""
    from neuraltopic.runs.groups import topics_over_time

    check_table(output, force=force)
    given = opened(corpus, text, id, encoding)
    put_table(topics_over_time(run, by, every=every, words=words, corpus=given), run, output, as_json=as_json)


def per_class(
    run: RunFolder,
    by: Annotated[str, typer.Option("--by", metavar="COLUMN", help="Column of the classes.")],
    words: GroupWords = 0,
    corpus: FitCorpus = None,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    output: TableFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Shares of the topics of a run in each class of documents, with 95 % intervals."""
    from neuraltopic.runs.groups import topics_per_class

    check_table(output, force=force)
    given = opened(corpus, text, id, encoding)
    put_table(topics_per_class(run, by, words=words, corpus=given), run, output, as_json=as_json)


def effects(
    run: RunFolder,
    formula: Annotated[
        str, typer.Option("--formula", metavar="TERMS", help='Columns of the corpus: "source + year", "C(year)".')
    ],
    draws: Annotated[int, typer.Option("--draws", min=2, help="Draws of the shares of each document.")] = 50,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of the draws.")] = 0,
    corpus: FitCorpus = None,
    text: TextColumn = None,
    id: IdColumn = None,
    encoding: Encoding = None,
    output: TableFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Regress the shares of the topics of a run on metadata, with 95 % intervals."""
    from neuraltopic.runs.effects import topic_effects

    check_table(output, force=force)
    given = opened(corpus, text, id, encoding)
    table = topic_effects(run, formula, corpus=given, n_draws=draws, seed=seed)
    put_table(table, run, output, as_json=as_json)


def opened(corpus: str | None, text: "TextColumns", id: str | None, encoding: str | None) -> "Corpus | None":
    """The corpus that was named, if one was."""
    from neuraltopic.reading.readers import open_corpus

    return None if corpus is None else open_corpus(corpus, text=text, id=id, encoding=encoding)


def check_table(output: Path | None, *, force: bool) -> None:
    """Refuse, before any work is done, a file that may not be written."""
    if output is None:
        return
    format_of(output)
    if output.exists() and not force:
        raise UsageError(
            f"output {output}",
            expected="a path that does not exist yet",
            got="one that does",
            hint="Choose another path, or replace it with --force",
        )


def put_table(table: "pd.DataFrame", run: Path, output: Path | None, *, as_json: bool) -> None:
    """Write a table where it is wanted."""
    if output:
        write_table(table, output, format_of(output))
    if as_json:
        print_json({"run": str(run), "rows": records(table)})
    elif not output:
        write_table(table, sys.stdout, "csv")
