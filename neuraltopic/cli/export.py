"""`neuraltopic export RUN TABLE`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.options import Force, Ranking, RunFolder, Words
from neuraltopic.errors import UsageError
from neuraltopic.storage.tables import FORMATS, format_of, write_table

if TYPE_CHECKING:
    import pandas as pd


TABLES = ("topics", "topic-words", "documents", "vectors")


def export(
    run: RunFolder,
    table: Annotated[str, typer.Argument(metavar="TABLE", help=f"One of {', '.join(TABLES)}.")],
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", help=f"One of {', '.join(FORMATS)}; csv by default."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The suffix names the format. Default: stdout."),
    ] = None,
    words: Words = 10,
    ranking: Ranking = "default",
    force: Force = False,
) -> None:
    """Write a table of a run for spreadsheets, programs or papers."""
    chosen = format or (format_of(output) if output else "csv")
    for option, value, known in (("table", table, TABLES), ("format", chosen, FORMATS)):
        if value not in known:
            raise UsageError(option, expected=f"one of {', '.join(known)}", got=repr(value), hint="Choose one of these")
    if output and output.exists() and not force:
        raise UsageError(
            f"output {output}",
            expected="a path that does not exist yet",
            got="one that does",
            hint="Choose another path, or replace it with --force",
        )
    frame = _frame(run, table, words, ranking)
    write_table(frame, sys.stdout if output is None else output, chosen)


def _frame(run: Path, table: str, words: int, ranking: str) -> "pd.DataFrame":
    if table in ("topics", "topic-words"):
        from neuraltopic.runs.documents import open_run

        model = open_run(run, device="cpu")
        return (model.get_topic_info if table == "topics" else model.get_topic_words)(words, ranking)

    from neuraltopic.runs.editing import documents_of_run, vectors_of_run

    return documents_of_run(run) if table == "documents" else vectors_of_run(run)
