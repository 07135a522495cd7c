"""Options that several commands share and that together make one value: each group is declared once, as a function."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuraltopic.cli.common.options import (
    AsJson,
    DryRun,
    Encoding,
    Force,
    IdColumn,
    Quiet,
    ResumeFit,
    TextColumn,
    WriteReport,
)
from neuraltopic.cli.common.printing import print_json, records
from neuraltopic.storage.outputs import check_new_file
from neuraltopic.storage.tables import format_of, write_table

if TYPE_CHECKING:
    import pandas as pd

    from neuraltopic.reading.rows import Corpus
    from neuraltopic.report.content import Sources

FitCorpus = Annotated[
    str | None,
    typer.Option("--corpus", metavar="PATH", help="Path to the documents of the fit. [default: as in run.json]"),
]
TableFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Output file; the suffix gives the format. [default: stdout]"),
]


def takes(**groups: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of a group in place of one of its parameters.

    Parameters
    ----------
    **groups : callable
        For a parameter of the command, the function whose parameters are the options, and which returns the value.
        The groups are called in the order in which they are named, before the command.

    Examples
    --------
    >>> @takes(corpus=corpus_of_fit)
    ... def report(run: Path, corpus: "Corpus | None") -> None: ...
    >>> list(inspect.signature(report).parameters)
    ['run', 'corpus', 'text', 'id', 'encoding']
    """
    options = {name: inspect.signature(group).parameters for name, group in groups.items()}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_options(**given: Any) -> Any:
            values = {
                name: group(**{option: given.pop(option) for option in options[name]}) for name, group in groups.items()
            }
            return command(**given, **values)

        parameters: dict[str, inspect.Parameter] = {}
        for name, parameter in inspect.signature(command).parameters.items():
            parameters |= options.get(name, {name: parameter})
        described: Any = with_options
        described.__signature__ = inspect.Signature(
            [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters.values()]
        )
        described.__annotations__ = {name: parameter.annotation for name, parameter in parameters.items()}
        return with_options

    return decorate


@dataclass(frozen=True)
class ReadAs:
    """How the documents of a command are read."""

    text: list[str] | None
    id: str | None
    encoding: str | None

    def open(self, path: str) -> "Corpus":
        """The corpus at a path."""
        from neuraltopic.reading.readers import open_corpus

        return open_corpus(path, text=self.text, id=self.id, encoding=self.encoding)


def read_as(text: TextColumn = None, id: IdColumn = None, encoding: Encoding = None) -> ReadAs:
    """The columns and the encoding of documents."""
    return ReadAs(text, id, encoding)


@takes(read_as=read_as)
def corpus_of_fit(corpus: FitCorpus = None, *, read_as: ReadAs) -> "Corpus | None":
    """The corpus that was named, or None for the one that run.json names."""
    return None if corpus is None else read_as.open(corpus)


@takes(corpus=corpus_of_fit)
def page_sources(
    *,
    corpus: "Corpus | None",
    classes: Annotated[
        str | None,
        typer.Option("--classes", metavar="COLUMN", help="Name of the class column. [default: label, if any]"),
    ] = None,
    dates: Annotated[
        str | None, typer.Option("--dates", metavar="COLUMN", help="Name of the date column. [default: date, if any]")
    ] = None,
) -> "Sources":
    """The documents that the page of a run shows."""
    from neuraltopic.report.content import Sources

    return Sources(corpus=corpus, classes=classes, dates=dates)


@dataclass(frozen=True)
class RunOptions:
    """How a command that writes a run folder treats an earlier one, and what it prints."""

    force: bool
    resume: bool
    dry_run: bool
    report: bool
    as_json: bool
    quiet: bool

    def arguments(self) -> dict[str, Any]:
        """The arguments of the library functions that write a run folder, with the command line."""
        return {"force": self.force, "resume": self.resume, "command": ["neuraltopic", *sys.argv[1:]]}


def run_options(
    force: Force = False,
    resume: ResumeFit = False,
    dry_run: DryRun = False,
    report: WriteReport = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> RunOptions:
    """The options of a command that fits documents and writes a run folder."""
    return RunOptions(force, resume, dry_run, report, as_json, quiet)


def image_run_options(
    force: Force = False,
    resume: ResumeFit = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> RunOptions:
    """The options of a command that fits images, whose runs have no report."""
    return RunOptions(force, resume, dry_run, False, as_json, quiet)


@dataclass(frozen=True)
class TableOutput:
    """Where a command writes its table: a file, or stdout."""

    path: Path | None
    as_json: bool

    def write(self, table: "pd.DataFrame", run: Path) -> None:
        """Write the table to the file, as JSON to stdout, or without either as CSV to stdout."""
        self.write_file(table)
        if self.as_json:
            print_json({"run": str(run), "rows": records(table)})
        elif self.path is None:
            write_table(table, sys.stdout, "csv")

    def write_file(self, table: "pd.DataFrame") -> None:
        """Write the table to the file, if one was named."""
        if self.path is not None:
            write_table(table, self.path, format_of(self.path))


def table_output(output: TableFile = None, force: Force = False, as_json: AsJson = False) -> TableOutput:
    """The destination of a table; raises UsageError for a file that exists or has an unknown suffix."""
    if output is not None:
        format_of(output)
        check_new_file(output, force=force)
    return TableOutput(output, as_json)
