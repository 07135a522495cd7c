"""`neuraltopic export RUN TABLE`."""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.options import Force, Ranking, RunFolder, Words
from neuraltopic.errors import UsageError
from neuraltopic.storage.outputs import check_new_file
from neuraltopic.storage.tables import FORMATS, format_of, write_table

if TYPE_CHECKING:
    import pandas as pd


TABLES = ("topics", "topic-words", "documents", "vectors")
# Formats of other tools, and the module whose function `write(run, output, force=)` writes each.
_FOREIGN = {"ldavis": "neuraltopic.runs.exchange.ldavis", "mallet": "neuraltopic.runs.exchange.mallet"}


@examples("neuraltopic export run topic-words -o words.csv", "neuraltopic export run documents --format json")
def export(
    run: RunFolder,
    table: Annotated[str, typer.Argument(metavar="TABLE", help=f"{', '.join(TABLES)}; {', '.join(_FOREIGN)}.")],
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", help=f"Format: {', '.join(FORMATS)}. [default: csv]"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Output file; the suffix gives the format. [default: stdout]"
        ),
    ] = None,
    words: Words = 10,
    ranking: Ranking = "default",
    force: Force = False,
) -> None:
    """Export a table of a run as CSV, JSON, Parquet or LaTeX.

    ldavis is a JSON file for pyLDAvis, mallet a folder of MALLET's outputs; both need -o.
    """
    if table in _FOREIGN:
        _write_foreign(run, table, output, force=force)
        return
    chosen = format or (format_of(output) if output else "csv")
    for option, value, known in (("table", table, (*TABLES, *_FOREIGN)), ("format", chosen, FORMATS)):
        if value not in known:
            raise UsageError(option, expected=f"one of {', '.join(known)}", got=repr(value), hint="Choose one of these")
    if output:
        check_new_file(output, force=force)
    frame = _frame(run, table, words, ranking)
    write_table(frame, sys.stdout if output is None else output, chosen)


def _write_foreign(run: Path, table: str, output: Path | None, *, force: bool) -> None:
    if output is None:
        raise UsageError("--output", expected=f"a path for {table}", got="none", hint="Add -o PATH")
    importlib.import_module(_FOREIGN[table]).write(run, output, force=force)


def _frame(run: Path, table: str, words: int, ranking: str) -> "pd.DataFrame":
    if table in ("topics", "topic-words"):
        from neuraltopic.runs.documents import open_run

        model = open_run(run, device="cpu")
        return (model.get_topic_info if table == "topics" else model.get_topic_words)(words, ranking)

    from neuraltopic.runs.editing import documents_of_run, vectors_of_run

    return documents_of_run(run) if table == "documents" else vectors_of_run(run)
