"""`neuraltopic corpus NAME FOLDER`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from neuraltopic.cli.common.help import examples
from neuraltopic.cli.common.options import Quiet
from neuraltopic.corpora import CORPORA, write_corpus
from neuraltopic.errors import UsageError


@examples("neuraltopic corpus --list", "neuraltopic corpus lee news")
def corpus(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help=f"Corpus: {', '.join(CORPORA)}.")] = None,
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="Path to the output folder.")] = None,
    subset: Annotated[
        str | None, typer.Option("--subset", metavar="NAME", help="newsgroups only: train, test or all.")
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            "--remove", metavar="PART", help="newsgroups only: remove headers, footers or quotes; repeatable."
        ),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the available corpora.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write an example corpus to a new folder."""
    from neuraltopic.progress import show_progress

    if show_list:
        for known, recipe in CORPORA.items():
            print(f"{known:<12}{recipe.summary}")
        return
    if name is None or folder is None:
        raise UsageError(
            "corpus",
            expected="the name of a corpus and a folder to write",
            got="no folder" if name else "neither",
            hint="See neuraltopic corpus --list",
        )
    options: dict[str, Any] = {"subset": subset, "remove": remove}
    with show_progress(quiet=quiet) as progress:
        written = write_corpus(
            name, folder, progress=progress, **{key: value for key, value in options.items() if value}
        )
        progress.note(f"{written:,} documents: {folder}")
