"""Options that several commands have, each said once."""

from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.topics.ranking_names import RANKINGS

CorpusPath = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="Folder of files or of tables, text file with a document a line, CSV, TSV, JSON, Parquet, spreadsheet or "
        "mailbox; text also .gz, .zst or .bz2; - is standard input.",
    ),
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder or model folder.")]
TextColumn = Annotated[str | None, typer.Option("--text", metavar="COLUMN", help="Column of the text.")]
IdColumn = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of the ids.")]
Encoding = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="Encoding of the text; found by default.")
]
EmbeddingsFile = Annotated[
    Path | None,
    typer.Option(
        "--embeddings",
        metavar="FILE",
        help="Embeddings of the documents: .npy with a row a document, or Parquet with a column id.",
    ),
]
EmbedWith = Annotated[
    Path | None,
    typer.Option(
        "--embed-with",
        metavar="FOLDER",
        help="Embed the documents by this local sentence-transformers or model2vec model.",
    ),
]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda or mps.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that exists.")]
WriteReport = Annotated[bool, typer.Option("--report/--no-report", help="Write report.html into the run folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
Words = Annotated[int, typer.Option("--words", min=1, help="Words of each topic.")]
Ranking = Annotated[
    str, typer.Option("--ranking", metavar="NAME", help=f"What ranks the words: one of {', '.join(RANKINGS)}.")
]
Label = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="Column of the labels; label by default.")]
HeldOut = Annotated[
    str | None,
    typer.Option(
        "--held-out", metavar="SHARE|PATH", help="Share of the documents, 0.2 by default, or documents of their own."
    ),
]
OrderedTexts = Annotated[
    Path | None,
    typer.Option(
        "--texts",
        metavar="FILE",
        help="With prepared counts: the words of each training document, a line each, in place of train_texts.txt.",
    ),
]
HeldOutEmbeddings = Annotated[
    Path | None,
    typer.Option(
        "--held-out-embeddings",
        metavar="FILE",
        help="The same of held-out documents of their own, or of test_bow.npz.",
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", metavar="NUMBER", help="Fits of each, from as many seeds.")]
FirstSeed = Annotated[
    int, typer.Option("--seed", min=0, max=2**31, help="The first seed, also of the documents held out.")
]
Threads = Annotated[int, typer.Option("--threads", metavar="NUMBER", help="Threads of each fit.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with one that was stopped; finished fits stay.")]
