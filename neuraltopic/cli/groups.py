"""`neuraltopic over-time RUN`, `neuraltopic per-class RUN`, `neuraltopic effects RUN`."""

from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.option_groups import TableOutput, corpus_of_fit, table_output, takes
from neuraltopic.cli.common.options import RunFolder

if TYPE_CHECKING:
    from neuraltopic.reading.rows import Corpus

GroupWords = Annotated[
    int, typer.Option("--words", min=0, help="Number of words per topic and group; reads the documents again.")
]


@takes(table=table_output, corpus=corpus_of_fit)
@examples("neuraltopic over-time run --by date --every year -o years.csv")
def over_time(
    run: RunFolder,
    *,
    by: Annotated[str, typer.Option("--by", metavar="COLUMN", help="Name of the date column.")],
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="PERIOD", help="year, quarter, month, week or day. [default: month, or year]"),
    ] = None,
    words: GroupWords = 0,
    corpus: "Corpus | None",
    table: TableOutput,
) -> None:
    """Print the topic shares of each period, with 95 % intervals."""
    from neuraltopic.runs.groups import topics_over_time

    table.write(topics_over_time(run, by, every=every, words=words, corpus=corpus), run)


@takes(table=table_output, corpus=corpus_of_fit)
@examples("neuraltopic per-class run --by label --words 5")
def per_class(
    run: RunFolder,
    *,
    by: Annotated[str, typer.Option("--by", metavar="COLUMN", help="Name of the class column.")],
    words: GroupWords = 0,
    corpus: "Corpus | None",
    table: TableOutput,
) -> None:
    """Print the topic shares of each class, with 95 % intervals."""
    from neuraltopic.runs.groups import topics_per_class

    table.write(topics_per_class(run, by, words=words, corpus=corpus), run)


@takes(table=table_output, corpus=corpus_of_fit)
@examples("neuraltopic effects run --formula 'source + year'")
def effects(
    run: RunFolder,
    *,
    formula: Annotated[
        str, typer.Option("--formula", metavar="TERMS", help='Metadata columns: "source + year" or "C(year)".')
    ],
    draws: Annotated[int, typer.Option("--draws", min=2, help="Number of posterior draws per document.")] = 50,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed of the draws.")] = 0,
    corpus: "Corpus | None",
    table: TableOutput,
) -> None:
    """Regress topic shares on metadata, with 95 % intervals."""
    from neuraltopic.runs.effects import topic_effects

    table.write(topic_effects(run, formula, corpus=corpus, n_draws=draws, seed=seed), run)
