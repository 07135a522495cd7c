"""Options that several commands share, each declared once."""

from pathlib import Path
from typing import Annotated

import typer

from neuraltopic.topics.words.ranking_names import RANKINGS

CorpusPath = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="Documents: a folder, a text file (one per line), CSV, TSV, JSON, Parquet, a spreadsheet or a mailbox; "
        "text may be .gz, .bz2, .xz, .zst. - is standard input; a URL, such as s3://bucket/folder/, reads from there.",
    ),
]
CorpusOrCounts = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="Documents as for fit, or a folder of counts: train_bow.npz, vocab.txt and optionally test_bow.npz, "
        "train_labels.txt, test_labels.txt, train_texts.txt.",
    ),
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Path to the run folder or model folder.")]
RunOutput = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Path to the run folder to write.")]
NewFolder = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Path to the output folder.")]
Topics = Annotated[int, typer.Option("--topics", "-k", help="Number of topics.")]
RandomSeed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Random seed.")]
LearningRate = Annotated[float | None, typer.Option("--learning-rate", help="Peak learning rate. [default: by model]")]
ResumeFit = Annotated[bool, typer.Option("--resume", help="Resume an interrupted fit.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the expected time and memory without fitting.")]
TextColumn = Annotated[
    list[str] | None,
    typer.Option("--text", metavar="COLUMN", help="Name of the text column; given again, the texts are joined."),
]
IdColumn = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Name of the id column.")]
Encoding = Annotated[str | None, typer.Option("--encoding", metavar="NAME", help="Text encoding. [default: detected]")]
EmbeddingsFile = Annotated[
    Path | None,
    typer.Option(
        "--embeddings",
        metavar="FILE",
        help="Document embeddings: .npy with one row per document, or Parquet with ids.",
    ),
]
EmbedWith = Annotated[
    Path | None,
    typer.Option(
        "--embed-with",
        metavar="FOLDER",
        help="Local sentence-transformers or model2vec model that embeds them.",
    ),
]
QueriesEmbedWith = Annotated[
    Path | None,
    typer.Option(
        "--embed-with",
        metavar="FOLDER",
        help="Model that embeds the queries. [default: the one of the index, where it was]",
    ),
]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="Device to compute on: auto, cpu, cuda or mps.")]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", min=1, metavar="NUMBER", help="Number of processes and threads. [default: all]"),
]
ClusterAddress = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Ray cluster to fit on, HOST:6379 or auto; local starts one here.",
    ),
]
MaxTime = Annotated[
    str | None, typer.Option("--max-time", metavar="TIME", help="Time limit, such as 90s, 30m or 1h30m.")
]
Memory = Annotated[
    str | None,
    typer.Option("--memory", metavar="SIZE", help="Memory limit, such as 800M or 2G; a larger fit is refused."),
]
Cache = Annotated[
    Path | None,
    typer.Option("--cache", metavar="FOLDER", help="Folder in which prepared corpora are kept for later fits."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing output.")]
WriteReport = Annotated[bool, typer.Option("--report/--no-report", help="Write report.html into the run folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no notes.")]
Words = Annotated[int, typer.Option("--words", min=1, help="Number of words per topic.")]
Ranking = Annotated[str, typer.Option("--ranking", metavar="NAME", help=f"Word ranking: {', '.join(RANKINGS)}.")]
Label = Annotated[
    str | None, typer.Option("--label", metavar="COLUMN", help="Name of the label column. [default: label]")
]
HeldOut = Annotated[
    str | None,
    typer.Option(
        "--held-out", metavar="SHARE|PATH", help="Held-out fraction, or path to held-out documents. [default: 0.2]"
    ),
]
OrderedTexts = Annotated[
    Path | None,
    typer.Option(
        "--texts",
        metavar="FILE",
        help="With prepared counts: training texts, one per line.",
    ),
]
HeldOutEmbeddings = Annotated[
    Path | None,
    typer.Option(
        "--held-out-embeddings",
        metavar="FILE",
        help="Embeddings of the documents given by --held-out or test_bow.npz.",
    ),
]
Seeds = Annotated[
    int, typer.Option("--seeds", metavar="NUMBER", help="Number of seeds; each model is fitted once per seed.")
]
FirstSeed = Annotated[
    int, typer.Option("--seed", min=0, max=2**31, help="First random seed; also draws the held-out documents.")
]
Threads = Annotated[int, typer.Option("--threads", metavar="NUMBER", help="Number of threads per fit.")]
Resume = Annotated[bool, typer.Option("--resume", help="Resume; finished fits are kept.")]
