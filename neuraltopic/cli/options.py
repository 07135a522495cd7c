"""Options that several commands have, each said once."""

from pathlib import Path
from typing import Annotated

import typer

CorpusPath = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="Folder of text files, text file with a document a line, CSV, TSV, JSONL or Parquet, "
        "each also .gz, .zst or .bz2; - is standard input.",
    ),
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder or model folder.")]
TextColumn = Annotated[str | None, typer.Option("--text", metavar="COLUMN", help="Column of the text.")]
IdColumn = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of the ids.")]
Encoding = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="Encoding of the text; found by default.")
]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda or mps.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that exists.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
Words = Annotated[int, typer.Option("--words", min=1, help="Words of each topic.")]
